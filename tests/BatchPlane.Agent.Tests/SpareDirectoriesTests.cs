using System.Diagnostics;
using BatchPlane.Agent.Hosts;

namespace BatchPlane.Agent.Tests;

/// <summary>Which working directories another attempt may get.</summary>
public sealed class SpareDirectoriesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("batchplane-spares-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Untouched_IsUsedAgain()
    {
        var spares = Spares();
        var (path, stamp) = Made("first");

        Assert.True(spares.TryTake(path, stamp));
        Assert.False(Directory.Exists(path));
        Assert.True(spares.TryUse(In("second")));
        Assert.Equal(stamp!.Value.Inode, DirectoryStamp.Of(In("second"))!.Value.Inode);
    }

    [Fact]
    public void NoSpare_IsNotUsed() => Assert.False(Spares().TryUse(In("first")));

    [Theory]
    [InlineData("touch file")]
    [InlineData("touch file; rm file")]
    [InlineData("mkdir inner")]
    [InlineData("chmod 777 .")]
    [InlineData("chmod 777 .; chmod 755 .")]
    [InlineData("mkdir inner; rmdir inner")]
    public void Touched_StaysWhereItIs(string command)
    {
        var (path, stamp) = Made("first");
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { WorkingDirectory = path })!;
        shell.WaitForExit();

        Assert.False(Spares().TryTake(path, stamp));
        Assert.True(Directory.Exists(path));
    }

    [Theory]
    [InlineData("sleep 60", false)]
    [InlineData("exec 3< .; cd /; sleep 60", false)]
    [InlineData("sleep 60", true)]
    public async Task HeldByAProcessThatGotAway_IsRemoved(string command, bool throughLink)
    {
        var spares = Spares(throughLink);
        var (path, stamp) = Made("first");
        using var daemon = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command + "; :"]) { WorkingDirectory = path })!;
        try
        {
            // Where the shell is when it has done what comes before the sleep.
            await Eventually.ReachAsync(() => Process.GetProcessesByName("sleep").Any(process => IsChild(process, daemon.Id)), () => "the command does not sleep");

            Assert.True(spares.TryTake(path, stamp));
            Assert.False(spares.TryUse(In("second")));
            Assert.Empty(Directory.EnumerateFileSystemEntries(In("spares")));
        }
        finally
        {
            daemon.Kill(entireProcessTree: true);
        }
    }

    private static bool IsChild(Process process, int parent)
    {
        using (process)
        {
            try
            {
                var stat = File.ReadAllText($"/proc/{process.Id}/stat");
                return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == parent.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    private SpareDirectories Spares(bool throughLink = false)
    {
        if (!throughLink)
        {
            return new SpareDirectories(In("spares"), suspectsPerLook: 1);
        }

        Directory.CreateSymbolicLink(In("link"), _root);
        return new SpareDirectories(In("link/spares"), suspectsPerLook: 1);
    }

    private (string Path, DirectoryStamp? Stamp) Made(string name)
    {
        Directory.CreateDirectory(In(name));
        return (In(name), DirectoryStamp.Of(In(name)));
    }

    private string In(string name) => Path.Combine(_root, name);
}
