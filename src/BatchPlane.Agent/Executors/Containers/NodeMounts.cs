using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>A directory of the node that a container sees at its own path.</summary>
/// <param name="Path">Absolute, without a slash at its end.</param>
/// <param name="IsReadOnly">True when nothing of it is stored after the command.</param>
internal sealed record NodeMount(string Path, bool IsReadOnly)
{
    internal string Argument => $"--volume={Path}:{Path}{(IsReadOnly ? ":ro" : "")}";
}

/// <summary>
/// The directories of the node that the mappings of an attempt name: what absolute inputs brought, to read, and what is stored from a <c>GLOBAL_WORKSPACE</c>, to write. All of them
/// are below the roots that the agent lets containers name (<see cref="Files.NodeRoots"/>).
/// </summary>
internal static class NodeMounts
{
    /// <summary>Those of an attempt, each once; null with a <paramref name="failure"/> when one cannot be mounted.</summary>
    internal static IReadOnlyList<NodeMount>? Of(FileSpec? files, out string? failure)
    {
        failure = null;
        if (files is null)
        {
            return [];
        }

        var outputs = files.OutputMappings.Where(mapping => mapping.OutputMappingOption?.Workspace == OutputWorkspace.GlobalWorkspace).Select(mapping => Plain(mapping.SourcePath)).ToHashSet(StringComparer.Ordinal);
        var inputs = files.InputMappings.Select(mapping => mapping.DestinationPath).Where(Path.IsPathRooted).Select(Plain);
        var mounts = outputs.Select(path => new NodeMount(path, IsReadOnly: false))
            .Concat(inputs.Distinct(StringComparer.Ordinal).Where(path => !outputs.Contains(path)).Select(path => new NodeMount(path, IsReadOnly: true)))
            .OrderBy(mount => mount.Path, StringComparer.Ordinal)
            .ToList();
        var bad = mounts.Find(mount => mount.Path.Length == 0 || mount.Path.Contains(':', StringComparison.Ordinal));
        if (bad is null)
        {
            return mounts;
        }

        failure = bad.Path.Length == 0 ? "the whole file system of the node cannot be mounted, as a mapping asks for" : $"{bad.Path} has a colon in its name and cannot be mounted";
        return null;
    }

    private static string Plain(string path) => path.TrimEnd('/');
}
