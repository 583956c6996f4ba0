using System.Globalization;

namespace BatchPlane.Bench.Stack;

/// <summary>What the kernel says about running processes.</summary>
internal static class ProcessUsage
{
    /// <summary>Clock ticks a second of <c>/proc/*/stat</c>: a constant of the kernel's interface.</summary>
    private const double TicksPerSecond = 100;

    private const int ParentField = 1;
    private const int FirstTimeField = 11;
    private const int OwnTimes = 2;
    private const int OwnAndWaitedTimes = 4;

    /// <summary>Processor seconds used by one process so far.</summary>
    internal static double Seconds(int pid) => Read(pid) is { } stat ? Sum(stat, OwnTimes) : 0;

    /// <summary>Processor seconds used by a process and by those of its children that have ended.</summary>
    internal static double SecondsWithWaited(int pid) => Read(pid) is { } stat ? Sum(stat, OwnAndWaitedTimes) : 0;

    /// <summary>Processor seconds used so far by a server that forks: its own, those of its children, and of children that ended.</summary>
    internal static double SecondsWithChildren(int pid) => SecondsWithWaited(pid) + OfChildren(pid, OwnTimes);

    /// <summary>Processor seconds used so far by an agent, its keeper, and what that ran.</summary>
    internal static double SecondsWithKeeper(int pid) => SecondsWithWaited(pid) + OfChildren(pid, OwnAndWaitedTimes);

    private static double OfChildren(int pid, int fields) =>
        Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var other) ? Read(other) : null)
            .OfType<string[]>().Where(stat => Parent(stat) == pid).Sum(stat => Sum(stat, fields));

    /// <summary>Resident memory of a process in bytes.</summary>
    internal static long ResidentBytes(int pid)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status")).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static int Parent(string[] stat) => int.Parse(stat[ParentField], CultureInfo.InvariantCulture);

    private static double Sum(string[] stat, int fields) =>
        stat.Skip(FirstTimeField).Take(fields).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;

    // From the third field on: the second is a name that may hold anything.
    private static string[]? Read(int pid)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
