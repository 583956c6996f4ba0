using System.Globalization;
using BatchPlane.Agent.Limits;

namespace BatchPlane.Agent.Tests.Limits;

/// <summary>
/// A unified hierarchy in a directory, which does what the kernel does: a group has the files of the controllers that the one above passes on, passes none on while it holds a
/// process, and cannot be removed while it holds a process or another group.
/// </summary>
internal sealed class UnifiedHierarchy : IGroupFiles, IDisposable
{
    private const string Processes = "cgroup.procs";
    private const string PassedOn = "cgroup.subtree_control";

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-groups-").FullName;

    /// <param name="own">The group of this process, below the top.</param>
    /// <param name="controllers">Those that this group may use.</param>
    /// <param name="others">Pids that are in this group besides.</param>
    internal UnifiedHierarchy(string own, string controllers = "cpu io memory pids", string others = "")
    {
        Top = Path.Combine(_directory, "cgroup");
        Own = Top + own;
        ProcSelf = Path.Combine(_directory, "self");
        Directory.CreateDirectory(ProcSelf);
        File.WriteAllText(Path.Combine(ProcSelf, "mountinfo"), $"25 20 0:22 / /proc rw - proc proc rw\n30 24 0:26 / {Top} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
        File.WriteAllText(Path.Combine(ProcSelf, "cgroup"), $"0::{own}\n");
        Directory.CreateDirectory(Own);
        Fill(Own, controllers);
        File.WriteAllText(Path.Combine(Own, Processes), $"{Environment.ProcessId}\n{others}");
    }

    internal string Top { get; }

    internal string Own { get; }

    /// <summary>What stands in for <c>/proc/self</c>.</summary>
    internal string ProcSelf { get; }

    public void Make(string group)
    {
        if (!Directory.Exists(group))
        {
            Make(Path.GetDirectoryName(group)!);
            Directory.CreateDirectory(group);
            Fill(group, Read(Path.GetDirectoryName(group)!, PassedOn) ?? "");
        }
    }

    public bool TryRemove(string group)
    {
        if (Directory.Exists(group) && (Read(group, Processes)!.Length > 0 || Children(group).Count > 0))
        {
            return false;
        }

        if (Directory.Exists(group))
        {
            Directory.Delete(group, recursive: true);
        }

        return true;
    }

    public void Write(string group, string file, string value)
    {
        var path = Path.Combine(group, file);
        if (!File.Exists(path) || (file == PassedOn && Read(group, Processes)!.Length > 0))
        {
            throw new IOException($"{path}: no such file, or busy");
        }

        if (file == Processes)
        {
            foreach (var other in Directory.EnumerateFiles(Top, Processes, SearchOption.AllDirectories))
            {
                File.WriteAllLines(other, File.ReadAllLines(other).Where(pid => pid != value));
            }
        }

        File.WriteAllText(path, file == PassedOn ? value.Replace("+", "", StringComparison.Ordinal) : value + "\n");
    }

    public string? Read(string group, string file) => File.Exists(Path.Combine(group, file)) ? File.ReadAllText(Path.Combine(group, file)) : null;

    public IReadOnlyList<string> Children(string group) => Directory.Exists(group) ? [.. Directory.GetDirectories(group).Select(child => Path.GetFileName(child))] : [];

    /// <summary>As with the kernel, a process enters where its own group and the other have their nearest group above in common; here always.</summary>
    public bool CanEnter(LimitOrder limits) => limits.Groups.All(Directory.Exists);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static void Fill(string group, string controllers)
    {
        File.WriteAllText(Path.Combine(group, "cgroup.controllers"), controllers + "\n");
        File.WriteAllText(Path.Combine(group, PassedOn), "\n");
        File.WriteAllText(Path.Combine(group, Processes), "");
        string[] files = [.. controllers.Contains("memory", StringComparison.Ordinal) ? ["memory.max", "memory.swap.max", "memory.oom.group"] : Array.Empty<string>(), .. controllers.Contains("cpu", StringComparison.Ordinal) ? ["cpu.max"] : Array.Empty<string>()];
        foreach (var file in files)
        {
            File.WriteAllText(Path.Combine(group, file), "max\n");
        }

        if (files.Length > 1)
        {
            File.WriteAllText(Path.Combine(group, "memory.peak"), "4096\n");
            File.WriteAllText(Path.Combine(group, "memory.events"), string.Create(CultureInfo.InvariantCulture, $"low 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 1\n"));
        }
    }
}
