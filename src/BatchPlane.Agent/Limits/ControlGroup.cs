using System.Globalization;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Limits;

/// <summary>What a control group tells when nothing of its attempt runs any more.</summary>
/// <param name="PeakMemoryBytes">Most memory that all its processes held together, pages of files that they read included; null where the kernel does not tell.</param>
/// <param name="OutOfMemoryKills">Processes that the kernel killed because all together needed more than the limit.</param>
internal readonly record struct GroupEnd(long? PeakMemoryBytes, long OutOfMemoryKills);

/// <summary>
/// The group of one attempt, in one hierarchy (version 2) or in two (version 1). The keeper makes it before the start, and removes it after the end with all that is left in it.
/// The attempt's first process enters it by itself before it becomes the command (<see cref="LimitWay.Wrap"/>), so that no child can be born outside.
/// </summary>
internal sealed class ControlGroup
{
    private const long BytesPerMib = 1024 * 1024;
    private const int PeriodMicroseconds = 100_000;
    private const int MicrosecondsPerMilli = PeriodMicroseconds / 1000;
    private const int LeastQuotaMicroseconds = 1_000; // The kernel's.
    private const string Processes = "cgroup.procs";
    private const int KilledAtOnce = 10_000;

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly LimitOrder _order;
    private readonly IGroupFiles _files;

    private ControlGroup(LimitOrder order, IGroupFiles files)
    {
        _order = order;
        _files = files;
    }

    /// <summary>MiB that the attempt may hold; 0: no limit.</summary>
    internal int MemoryMib => _order.MemoryMib;

    /// <summary>The group of an order, made and with its limits; null: the order needs none.</summary>
    /// <exception cref="IOException">It cannot be made, or the kernel refuses a limit; nothing stays behind.</exception>
    internal static ControlGroup? Make(LimitOrder order, IGroupFiles files, TimeProvider time)
    {
        if (order.Groups.Count == 0)
        {
            return null;
        }

        var made = new ControlGroup(order, files);
        try
        {
            foreach (var group in order.Groups)
            {
                files.Make(group);
            }

            made.SetLimits();
            return made;
        }
        catch (IOException)
        {
            made.End(time);
            throw;
        }
    }

    /// <summary>Kills all that is in the groups. What the kernel has not let go yet is still there afterwards.</summary>
    internal void Kill() => Kill(_order.Groups, _files);

    /// <summary>Kills what is left, waits until it is gone, and removes the groups.</summary>
    internal GroupEnd End(TimeProvider time)
    {
        var since = time.GetTimestamp();
        while (Kill(_order.Groups, _files) > 0 && time.GetElapsedTime(since) < EndLimit)
        {
        }

        var end = Tell();
        Remove(_order.Groups, _files, time);
        return end;
    }

    /// <summary>Ends and removes groups of attempts that nobody goes on with. Returns how many processes were killed.</summary>
    internal static int Sweep(string parent, IReadOnlySet<string> kept, IGroupFiles files, TimeProvider time)
    {
        var left = files.Children(parent).Select(name => Path.Combine(parent, name)).Where(group => !kept.Contains(group)).ToList();
        var killed = 0;
        var since = time.GetTimestamp();
        for (var more = Kill(left, files); more > 0 && time.GetElapsedTime(since) < EndLimit; more = Kill(left, files))
        {
            killed = Math.Max(killed, more);
        }

        Remove(left, files, time);
        return killed;
    }

    private void SetLimits()
    {
        var (memory, cpu) = (_order.Groups[0], _order.Groups[^1]);
        var isUnified = _order.Method == LimitMethod.Cgroup2;
        if (_order.MemoryMib > 0)
        {
            var bytes = (_order.MemoryMib * BytesPerMib).ToString(CultureInfo.InvariantCulture);
            if (isUnified)
            {
                _files.Write(memory, "memory.max", bytes);
                WriteWhereThereIsOne(memory, "memory.swap.max", "0");

                // One that is killed takes the others along: half an attempt is of no use.
                WriteWhereThereIsOne(memory, "memory.oom.group", "1");
            }
            else
            {
                _files.Write(memory, "memory.limit_in_bytes", bytes);
                WriteWhereThereIsOne(memory, "memory.memsw.limit_in_bytes", bytes);
            }
        }

        if (_order.CpuMillis > 0)
        {
            var quota = Math.Max(LeastQuotaMicroseconds, (long)_order.CpuMillis * MicrosecondsPerMilli).ToString(CultureInfo.InvariantCulture);
            if (isUnified)
            {
                _files.Write(cpu, "cpu.max", string.Create(CultureInfo.InvariantCulture, $"{quota} {PeriodMicroseconds}"));
            }
            else
            {
                _files.Write(cpu, "cpu.cfs_period_us", PeriodMicroseconds.ToString(CultureInfo.InvariantCulture));
                _files.Write(cpu, "cpu.cfs_quota_us", quota);
            }
        }
    }

    // Not every kernel counts swap, or has the newer files.
    private void WriteWhereThereIsOne(string group, string file, string value)
    {
        if (_files.Read(group, file) is not null)
        {
            _files.Write(group, file, value);
        }
    }

    private GroupEnd Tell()
    {
        var group = _order.Groups[0];
        var (peak, events) = _order.Method == LimitMethod.Cgroup2 ? ("memory.peak", "memory.events") : ("memory.max_usage_in_bytes", "memory.oom_control");
        return new(Number(_files.Read(group, peak)), Number(Field(_files.Read(group, events), "oom_kill")) ?? 0);
    }

    private static string? Field(string? text, string name) =>
        text?.Split('\n').Select(line => line.Split(' ')).FirstOrDefault(words => words.Length == 2 && words[0] == name)?[1];

    private static long? Number(string? text) => long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // How many processes there were; waits a moment for each, so that a loop around this does not spin.
    private static int Kill(IReadOnlyList<string> groups, IGroupFiles files)
    {
        var found = groups.SelectMany(group => Members(group, files)).Distinct().Take(KilledAtOnce).ToList();
        foreach (var pid in found)
        {
            _ = Native.Kill(pid, Native.SigKill);
        }

        foreach (var pid in found)
        {
            Native.WaitForExit(pid);
        }

        return found.Count;
    }

    private static IEnumerable<int> Members(string group, IGroupFiles files) =>
        (files.Read(group, Processes) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && pid != Environment.ProcessId);

    // Groups that a command made below its own go first. The kernel may need a moment after the last process.
    private static void Remove(IReadOnlyList<string> groups, IGroupFiles files, TimeProvider time)
    {
        var since = time.GetTimestamp();
        foreach (var group in groups)
        {
            Remove([.. files.Children(group).Select(child => Path.Combine(group, child))], files, time);
            while (!files.TryRemove(group) && time.GetElapsedTime(since) < EndLimit)
            {
                if (Kill([group], files) == 0)
                {
                    Native.WaitForExit(Environment.ProcessId);
                }
            }
        }
    }
}
