using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace BatchPlane.Bench.Figures;

/// <summary>What the figures depend on; nothing that names a machine.</summary>
internal static class Machine
{
    /// <summary>Lines such as <c>processors: 2</c>.</summary>
    internal static IEnumerable<string> Describe(string peersDirectory)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"processors: {Environment.ProcessorCount} ({Processor()})");
        yield return string.Create(CultureInfo.InvariantCulture, $"memory: {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024):0} GiB");
        yield return $"kernel: Linux {Environment.OSVersion.Version}";
        yield return $".NET: {RuntimeInformation.FrameworkDescription}";
        yield return $"PostgreSQL: {FirstLine("psql", "--version")}";
        yield return $"RabbitMQ: {FirstLine("dpkg-query", "--show", "--showformat=${Version}", "rabbitmq-server")}";
        yield return $"Slurm: {FirstLine("sbatch", "--version")}";
        yield return $"pgbench: that of PostgreSQL; graphile-worker: {GraphileVersion(peersDirectory)} on node {FirstLine("node", "--version")}";
        yield return $"load before the first benchmark: {LoadAverage()} (1 min)";
    }

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";

    private static string GraphileVersion(string peersDirectory)
    {
        using var package = JsonDocument.Parse(File.ReadAllText(Path.Combine(peersDirectory, "graphile-worker", "package.json")));
        return package.RootElement.GetProperty("dependencies").GetProperty("graphile-worker").GetString()!;
    }

    private static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string FirstLine(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            return process.StandardOutput.ReadLine() ?? "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "not installed";
        }
    }
}
