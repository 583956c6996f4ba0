using System.Diagnostics;
using System.Globalization;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>
/// A file system with next to no room, in a mount namespace of its own, which needs no privilege and is seen by nobody else. Reached through the process
/// that keeps it.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Process _keeper;

    private SmallDisk(Process keeper) => _keeper = keeper;

    internal string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/{_keeper.Id}/root/mnt");

    internal static async Task<SmallDisk> MountAsync(int kib)
    {
        var script = string.Create(CultureInfo.InvariantCulture, $"mount -t tmpfs -o size={kib}k tmpfs /mnt && echo ready && exec cat");
        var keeper = Process.Start(new ProcessStartInfo("unshare", ["--map-root-user", "--mount", "sh", "-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("ready", await keeper.StandardOutput.ReadLineAsync());
        return new(keeper);
    }

    public void Dispose()
    {
        _keeper.StandardInput.Close();
        _keeper.WaitForExit();
        _keeper.Dispose();
    }
}
