using System.Globalization;
using BatchPlane.Core.Environments;

namespace BatchPlane.Server.Nodes;

/// <summary>What this host is, as agents on it will report it.</summary>
internal static class LocalMachine
{
    private const long BytesPerGib = 1L << 30;
    private const long BytesPerMib = 1L << 20;

    /// <summary>The facts of a node on this host with these slots; null: one for each processor.</summary>
    internal static MachineFacts Facts(int? slots)
    {
        var memory = MemoryBytes();
        return new(Environment.MachineName, Environment.ProcessorCount, (int)((memory + BytesPerGib - 1) / BytesPerGib), slots ?? Environment.ProcessorCount)
        {
            // Rounded down: a promise must not be more than there is.
            MemoryMib = (int)(memory / BytesPerMib),
        };
    }

    private static long MemoryBytes()
    {
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return line is null
            ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
            : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
