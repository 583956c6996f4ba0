using BatchPlane.Agent.Hosts;

namespace BatchPlane.Agent.Tests;

/// <summary>Which output files are used again.</summary>
public sealed class OutputFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-outputs-").FullName;

    [Fact]
    public void Empty_IsUsedAgain()
    {
        var files = new OutputFiles(_directory, new HashSet<string>());
        var file = files.Take();
        File.WriteAllText(file.Path, "");

        files.Return(file);

        Assert.Equal(file.Path, files.Take().Path);
    }

    [Fact]
    public void ReturnedTwice_IsHandedOutOnce()
    {
        var files = new OutputFiles(_directory, new HashSet<string>());
        var file = files.Take();
        File.WriteAllText(file.Path, "");

        files.Return(file);
        files.Return(file);

        Assert.NotEqual(files.Take().Path, files.Take().Path);
    }

    [Fact]
    public void Written_IsRemoved()
    {
        var files = new OutputFiles(_directory, new HashSet<string>());
        var file = files.Take();
        File.WriteAllText(file.Path, "x");

        files.Return(file);

        Assert.False(File.Exists(file.Path));
        Assert.NotEqual(file.Path, files.Take().Path);
    }

    [Fact]
    public void HeldOpenByOthers_IsRemoved()
    {
        var files = new OutputFiles(_directory, new HashSet<string>());
        var file = files.Take();
        using var held = File.OpenHandle(file.Path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);

        files.Return(file);

        Assert.False(File.Exists(file.Path));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
