namespace BatchPlane.TestRunner;

/// <summary>
/// Where a test run keeps its results and the tests their temporary files. A run that is interrupted ends its tests at once: servers that
/// these had started for themselves are stopped here, and nothing of either stays behind.
/// </summary>
internal sealed class ScratchDirectory : IAsyncDisposable
{
    private readonly string _root;

    internal ScratchDirectory()
    {
        _root = Directory.CreateTempSubdirectory("batchplane-results-").FullName;
        // Servers that run under accounts of their own must be able to pass.
        File.SetUnixFileMode(_root, File.GetUnixFileMode(_root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Results = Directory.CreateDirectory(Path.Combine(_root, "results")).FullName;
        Temporary = Directory.CreateDirectory(Path.Combine(_root, "tmp")).FullName;
    }

    /// <summary>For result files.</summary>
    internal string Results { get; }

    /// <summary>The tests' directory for temporary files.</summary>
    internal string Temporary { get; }

    public async ValueTask DisposeAsync()
    {
        var abandoned = Directory.GetFiles(Temporary, "owner.lock", SearchOption.AllDirectories)
            .Select(file => Path.GetDirectoryName(Path.GetDirectoryName(file))!)
            .Distinct()
            .ToList();
        foreach (var directory in abandoned)
        {
            await LocalServices.LocalServices.StopAbandonedAsync(directory, CancellationToken.None);
        }

        Directory.Delete(_root, recursive: true);
    }
}
