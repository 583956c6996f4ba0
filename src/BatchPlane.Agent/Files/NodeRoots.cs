using BatchPlane.Contracts;

namespace BatchPlane.Agent.Files;

/// <summary>
/// Which directories of the node a run may name. A command with the rights of the agent could reach them by itself: any. All others would get at files
/// through the agent that they have no right to: those below <see cref="StagingOptions.Roots"/>, and no link is followed there.
/// </summary>
internal sealed class NodeRoots
{
    private readonly List<string[]> _roots;

    /// <param name="options">Names the roots.</param>
    internal NodeRoots(StagingOptions options) =>
        _roots = [.. options.RootList.Select(root => HeldDirectory.Names(root).ToArray()).OrderByDescending(names => names.Length)];

    /// <summary>Says in words why a run may not have its files; null: it may. Looks at paths only.</summary>
    internal string? WhyRefused(RunSpec run) =>
        run.Files is null || HasRightsOfAgent(run) ? null : PathsOf(run.Files).Where(path => RootOf(path) is null).Select(Refusal).FirstOrDefault();

    /// <summary>Opens a directory that a run names.</summary>
    /// <exception cref="StagingException">It may not, or the directory cannot be opened.</exception>
    internal HeldDirectory Open(RunSpec run, string path, bool makes)
    {
        if (HasRightsOfAgent(run))
        {
            return HeldDirectory.Open(path, makes);
        }

        var (root, below) = RootOf(path) ?? throw new StagingException(Refusal(path));
        using var held = HeldDirectory.Open(root);
        return held.Descend(below, makes);
    }

    /// <summary>Opens a regular file that a run names.</summary>
    /// <exception cref="StagingException">It may not, or the file cannot be opened.</exception>
    internal FileStream OpenFile(RunSpec run, string path)
    {
        if (HasRightsOfAgent(run))
        {
            return HeldDirectory.OpenNodeFile(path);
        }

        var (root, below) = RootOf(path) ?? throw new StagingException(Refusal(path));
        using var held = HeldDirectory.Open(root);
        return held.OpenFile(below);
    }

    // Whether its command may do all that the agent may.
    private static bool HasRightsOfAgent(RunSpec run) => run.Docker is null && run.RunAsUser is null;

    private (string Root, string Below)? RootOf(string path)
    {
        var names = path.Split('/').Contains("..") ? null : HeldDirectory.Names(path).ToArray();
        return names is not null && _roots.Find(root => names.AsSpan().StartsWith(root)) is { } root
            ? ($"/{string.Join('/', root)}", string.Join('/', names[root.Length..]))
            : null;
    }

    private static string Refusal(string path) =>
        $"{path}: this node does not let such a task name directories of the node, except those below {AgentVariables.Files}{nameof(StagingOptions.Roots).ToUpperInvariant()}";

    private static IEnumerable<string> PathsOf(FileSpec files)
    {
        string?[] places =
        [
            files.PackagePath,
            .. files.InputMappings.Select(mapping => mapping.SourcePath),
            .. files.OutputMappings.Select(mapping => mapping.DestinationPath),
            files.RedirectInfo?.StdoutRedirectPath,
            files.RedirectInfo?.StderrRedirectPath,
        ];
        string?[] paths =
        [
            .. places.OfType<string>().Select(NodePathOf),
            .. files.InputMappings.Select(mapping => mapping.DestinationPath).Where(path => path.StartsWith('/')),
            .. files.OutputMappings.Where(mapping => mapping.OutputMappingOption?.Workspace == OutputWorkspace.GlobalWorkspace).Select(mapping => mapping.SourcePath),
            files.RedirectLocalInfo?.StdoutLocalPath,
            files.RedirectLocalInfo?.StderrLocalPath,
        ];
        return paths.OfType<string>();
    }

    private static string? NodePathOf(string place) => StorageLocation.SchemeOf(place) == "file" ? place[(place.IndexOf("://", StringComparison.Ordinal) + "://".Length)..] : null;
}
