namespace BatchPlane.Agent.Limits;

/// <summary>A hierarchy of control groups as this process sees it.</summary>
/// <param name="Top">Directory of its topmost group.</param>
/// <param name="Own">Directory of the group that this process is in.</param>
/// <param name="Root">What <paramref name="Top"/> is called in <c>/proc/PID/cgroup</c>; empty: it is the topmost of all.</param>
internal sealed record Hierarchy(string Top, string Own, string Root)
{
    /// <summary>Directory of the group that is called so in <c>/proc/PID/cgroup</c>; null: it is not below what is mounted.</summary>
    internal string? DirectoryOf(string path) => DirectoryOf(Top, Root, path);

    internal static string? DirectoryOf(string top, string root, string path) =>
        path == root || path.StartsWith(root + "/", StringComparison.Ordinal) ? (top + path[root.Length..]).TrimEnd('/') : null;
}

/// <summary>The hierarchies that matter here; null: not mounted, or this process is not below what is mounted.</summary>
/// <param name="Unified">Version 2.</param>
/// <param name="Memory">Version 1, with the controller memory.</param>
/// <param name="Cpu">Version 1, with the controller cpu.</param>
/// <param name="Accounting">Version 1, with the controller cpuacct.</param>
internal sealed record Hierarchies(Hierarchy? Unified, Hierarchy? Memory, Hierarchy? Cpu, Hierarchy? Accounting)
{
    // A line of mountinfo: id, parent, device, root, mount point, options, optional fields, -, type, source, options of the file system.
    private const int RootField = 3;
    private const int PointField = 4;
    private const string Separator = "-";

    /// <summary>What <c>mountinfo</c> and <c>cgroup</c> below a directory of <c>/proc</c> tell.</summary>
    internal static Hierarchies Read(string procSelf)
    {
        var (mounts, own) = (Lines(procSelf, "mountinfo"), Lines(procSelf, "cgroup"));
        return new(
            Find(mounts, "cgroup2", _ => true, own, controllers => controllers.Length == 0),
            Find(mounts, "cgroup", options => options.Contains("memory"), own, controllers => controllers.Split(',').Contains("memory")),
            Find(mounts, "cgroup", options => options.Contains("cpu"), own, controllers => controllers.Split(',').Contains("cpu")),
            Find(mounts, "cgroup", options => options.Contains("cpuacct"), own, controllers => controllers.Split(',').Contains("cpuacct")));
    }

    private static Hierarchy? Find(string[] mounts, string type, Func<string[], bool> isIt, string[] own, Func<string, bool> isOwn)
    {
        // A line of cgroup: number, controllers, path, with colons between.
        var path = own.Select(line => line.Split(':', 3)).FirstOrDefault(parts => parts.Length == 3 && isOwn(parts[1]))?[2];
        foreach (var fields in mounts.Select(line => line.Split(' ')))
        {
            var end = Array.IndexOf(fields, Separator);
            if (path is null || end < PointField || fields.Length <= end + 3 || fields[end + 1] != type || !isIt(fields[end + 3].Split(',')))
            {
                continue;
            }

            // What is mounted may be a group below the top, in whose terms the path is told.
            var root = fields[RootField].TrimEnd('/');
            var point = Unescape(fields[PointField]);
            if (Hierarchy.DirectoryOf(point, root, path) is { } directory)
            {
                return new(point, directory, root);
            }
        }

        return null;
    }

    // Blanks and backslashes are in octal.
    private static string Unescape(string text) =>
        text.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    private static string[] Lines(string directory, string file)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(directory, file));
        }
        catch (IOException)
        {
            return [];
        }
    }
}
