using BatchPlane.Server.Listeners;
using BatchPlane.Testing;

namespace BatchPlane.Server.Tests.Listeners;

/// <summary>Directories of plug-ins that would keep a server from starting.</summary>
public sealed class PlugInLoaderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-plug-ins-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task ConstructorsThatHang_TakeTheTimeOfOneTogether()
    {
        var limit = TimeSpan.FromSeconds(1);
        string[] hanging = [.. Enumerable.Range(10, 10).Select(number => $"hangs-{number}")];
        foreach (var name in hanging)
        {
            PlugIns.Install(PlugIns.BadListeners, _directory, name);
            File.Copy(Path.Combine(_directory, name, "bad-listeners.dll"), Path.Combine(_directory, name, $"{name}.dll"));
            await File.WriteAllTextAsync(Path.Combine(_directory, name, "hang"), "");
        }

        PlugIns.Install(PlugIns.JsonLines, _directory, "json-lines");
        var loader = new PlugInLoader(new() { Directory = _directory, LoadTimeout = limit }, TimeProvider.System);

        // One after the other they would take ten times the limit.
        await loader.LoadAllAsync().WaitAsync(6 * limit);

        Assert.Equal(["json-lines"], loader.Listeners.Select(listener => listener.Name));
        Assert.Equal(hanging, loader.Problems.Select(problem => problem.Name));
        Assert.All(loader.Problems, problem => Assert.Equal("loading it took longer than 00:00:01", problem.Error));
    }

    [Theory]
    [InlineData(1, "there is no directory ")]
    [InlineData(300, " cannot be read: ")]
    public async Task RootThatCannotBeRead_IsAProblemAndNoMore(int nameLength, string error)
    {
        // A name that no file system takes: the tests may run as root, who reads everything.
        var loader = new PlugInLoader(new() { Directory = Path.Combine(_directory, new string('x', nameLength)) }, TimeProvider.System);

        await loader.LoadAllAsync();

        Assert.Contains(error, Assert.Single(loader.Problems).Error, StringComparison.Ordinal);
    }
}
