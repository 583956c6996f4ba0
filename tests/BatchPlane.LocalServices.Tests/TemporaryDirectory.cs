namespace BatchPlane.LocalServices.Tests;

/// <summary>An empty directory that the servers' accounts can reach, removed at the end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("batchplane-services-").FullName;

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
