using System.Globalization;
using System.Reflection;

namespace BatchPlane.Agent.Hosts;

/// <summary>What the agent tells of its machine.</summary>
internal static class HostFacts
{
    private const int KibPerMib = 1024;
    private const long BytesPerMib = 1024 * 1024;
    private const int MibPerGib = 1024;

    /// <summary>Host name, as the kernel knows it.</summary>
    internal static string HostName => ReadOrNull("/proc/sys/kernel/hostname")?.Trim() is { Length: > 0 } name ? name : Environment.MachineName;

    /// <summary>Processors that this process may use.</summary>
    internal static int Cpu => Environment.ProcessorCount;

    /// <summary>Memory in GiB, rounded up, at least 1.</summary>
    internal static int MemoryGib => Math.Max(1, (MemoryMib + MibPerGib - 1) / MibPerGib);

    /// <summary>Memory in MiB, rounded down; 0 where the system does not tell.</summary>
    internal static int MemoryMib => ParseMemoryMib(ReadOrNull("/proc/meminfo") ?? "");

    /// <summary>Version of the agent, without build metadata.</summary>
    internal static string AgentVersion { get; } =
        typeof(HostFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Load average of the last minute; null where the system has none.</summary>
    internal static double? Load() =>
        double.TryParse(ReadOrNull("/proc/loadavg")?.Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var load) ? load : null;

    /// <summary>MiB of memory that are available without swapping; null where the system does not tell.</summary>
    internal static int? MemoryFreeMib() => ParseMib(ReadOrNull("/proc/meminfo") ?? "", "MemAvailable:");

    /// <summary>MiB free for this user, and altogether, of the file system with a directory; null when it cannot be asked.</summary>
    internal static (long FreeMib, long TotalMib)? Disk(string directory)
    {
        try
        {
            var drive = new DriveInfo(Path.GetFullPath(directory));
            return (drive.AvailableFreeSpace / BytesPerMib, drive.TotalSize / BytesPerMib);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>MiB, rounded down, of a <c>/proc/meminfo</c>; 0 when it does not tell.</summary>
    internal static int ParseMemoryMib(string memInfo) => ParseMib(memInfo, "MemTotal:") ?? 0;

    private static int? ParseMib(string memInfo, string name)
    {
        var found = memInfo.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        var kib = found?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1);
        return long.TryParse(kib, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? (int)(value / KibPerMib) : null;
    }

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
