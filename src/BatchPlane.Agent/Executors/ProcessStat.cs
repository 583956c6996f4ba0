using System.Globalization;

namespace BatchPlane.Agent.Executors;

/// <summary>What <c>/proc/&lt;pid&gt;/stat</c> tells of a process.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Session">Its session: the pid of the session's leader; 0 where the leader is outside the process namespace.</param>
/// <param name="IsKernelThread">It is a thread of the kernel, which holds no file and has no session.</param>
/// <param name="StartTicks">When it started, in ticks since boot.</param>
internal sealed record ProcessStat(int Pid, int Session, bool IsKernelThread, long StartTicks)
{
    // PF_KTHREAD of the kernel's include/linux/sched.h.
    private const long KernelThreadFlag = 0x0020_0000;

    /// <summary>Every process that runs, except zombies and those that vanish while they are read.</summary>
    internal static IReadOnlyList<ProcessStat> All() =>
        [.. Directory.EnumerateDirectories("/proc")
            .Where(directory => char.IsAsciiDigit(Path.GetFileName(directory)[0]))
            .Select(directory => Read(Path.Combine(directory, "stat")))
            .OfType<ProcessStat>()];

    /// <summary>One process; null when it is a zombie, or gone.</summary>
    internal static ProcessStat? Of(int pid) => Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));

    private static ProcessStat? Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }

        // The program's name is in parentheses and may hold anything; the fields after it start with the state (number 3).
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] == "Z"
            ? null
            : new ProcessStat(
                int.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture),
                int.Parse(fields[3], CultureInfo.InvariantCulture),
                (long.Parse(fields[6], CultureInfo.InvariantCulture) & KernelThreadFlag) != 0,
                long.Parse(fields[19], CultureInfo.InvariantCulture));
    }
}
