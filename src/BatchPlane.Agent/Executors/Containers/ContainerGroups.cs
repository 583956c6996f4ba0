using System.Globalization;
using BatchPlane.Agent.Limits;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>What a container has used so far.</summary>
/// <param name="Usage">Processor time and peak memory of all its processes, pages of files that they read included.</param>
/// <param name="OutOfMemoryKills">Processes of it that the kernel killed because all together needed more than its limit.</param>
internal readonly record struct ContainerReading(AttemptUsage Usage, long OutOfMemoryKills);

/// <summary>The control group of one container, which its engine made: in one hierarchy (version 2) or in two (version 1).</summary>
/// <param name="Memory">Directory of the group that counts memory.</param>
/// <param name="Cpu">Directory of the group that counts processor time; the same with version 2.</param>
internal sealed record ContainerGroup(string Memory, string Cpu)
{
    private const long NanosecondsPerTick = 100;

    /// <summary>What it tells now; null: it is gone, or does not count.</summary>
    internal ContainerReading? Read(IGroupFiles files) => (Memory == Cpu ? ReadUnified(files) : ReadDivided(files)) is var (ticks, peak, kills) && ticks is { } used && peak is { } most
        ? new(new(TimeSpan.FromTicks(used), most), kills ?? 0)
        : null;

    /// <summary>A process of it; null: there is none.</summary>
    internal int? AnyProcess(IGroupFiles files) =>
        int.TryParse((files.Read(Cpu, "cgroup.procs") ?? "").Split('\n')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;

    private (long? Ticks, long? Peak, long? Kills) ReadUnified(IGroupFiles files) => (
        Number(Field(files.Read(Cpu, "cpu.stat"), "usage_usec")) * TimeSpan.TicksPerMicrosecond,
        Number(files.Read(Memory, "memory.peak")) ?? Number(files.Read(Memory, "memory.current")),
        Number(Field(files.Read(Memory, "memory.events"), "oom_kill")));

    private (long? Ticks, long? Peak, long? Kills) ReadDivided(IGroupFiles files) => (
        Number(files.Read(Cpu, "cpuacct.usage")) / NanosecondsPerTick,
        Number(files.Read(Memory, "memory.max_usage_in_bytes")),
        Number(Field(files.Read(Memory, "memory.oom_control"), "oom_kill")));

    private static string? Field(string? text, string name) =>
        text?.Split('\n').Select(line => line.Split(' ')).FirstOrDefault(words => words.Length == 2 && words[0] == name)?[1];

    private static long? Number(string? text) => long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>
/// Finds the control groups of containers. Every engine puts the container's id into their names, and nothing else of them is the same everywhere: the first one is found by a look at all processes, the
/// others where the last one was. Not safe for use by two threads at once.
/// </summary>
/// <param name="hierarchies">Those of this machine.</param>
/// <param name="files">Reads groups.</param>
/// <param name="proc">Where processes are.</param>
internal sealed class ContainerGroups(Hierarchies hierarchies, IGroupFiles files, string proc)
{
    // In place of the id in what was found last; no path holds it.
    private const string IdMark = "\0";

    private ContainerGroup? _last;

    internal static ContainerGroups OfThisMachine() => new(Hierarchies.Read("/proc/self"), KernelGroupFiles.Instance, "/proc");

    internal IGroupFiles Files => files;

    /// <summary>The group of a container; null: there is none yet, or it cannot be seen from here.</summary>
    /// <param name="id">The whole id.</param>
    /// <param name="looksAtAll">Whether it is worth a look at all processes.</param>
    internal ContainerGroup? Find(string id, bool looksAtAll)
    {
        if (_last is not null && new ContainerGroup(_last.Memory.Replace(IdMark, id, StringComparison.Ordinal), _last.Cpu.Replace(IdMark, id, StringComparison.Ordinal)) is var likely && likely.AnyProcess(files) is not null)
        {
            return likely;
        }

        if (!looksAtAll || id.Length == 0)
        {
            return null;
        }

        foreach (var process in Directory.EnumerateDirectories(proc).Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            if (files.Read(process, "cgroup") is { } own && own.Contains(id, StringComparison.Ordinal) && Of(own, id) is { } found)
            {
                _last = new(found.Memory.Replace(id, IdMark, StringComparison.Ordinal), found.Cpu.Replace(id, IdMark, StringComparison.Ordinal));
                return found;
            }
        }

        return null;
    }

    // A line: number, controllers, path, with colons between.
    private ContainerGroup? Of(string own, string id)
    {
        var lines = own.Split('\n').Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3).ToList();
        string? Group(Hierarchy? hierarchy, Func<string, bool> isIt) =>
            hierarchy is not null && lines.Find(parts => isIt(parts[1])) is { } line && Container(line[2], id) is { } path ? hierarchy.DirectoryOf(path) : null;

        var memory = Group(hierarchies.Memory, controllers => controllers.Split(',').Contains("memory"));
        var cpu = Group(hierarchies.Accounting, controllers => controllers.Split(',').Contains("cpuacct"));
        return memory is not null && cpu is not null ? new(memory, cpu)
            : Group(hierarchies.Unified, controllers => controllers.Length == 0) is { } unified ? new(unified, unified)
            : null;
    }

    // Up to the group of the container itself, whatever that made below; null for that of the process beside it that an engine starts.
    private static string? Container(string path, string id)
    {
        var at = path.IndexOf(id, StringComparison.Ordinal);
        var (start, end) = at < 0 ? (0, 0) : (path.LastIndexOf('/', at) + 1, path.IndexOf('/', at));
        return at < 0 || path[start..at].Contains("conmon", StringComparison.Ordinal) ? null : end < 0 ? path : path[..end];
    }
}
