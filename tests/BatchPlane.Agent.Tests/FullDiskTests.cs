using BatchPlane.Contracts;
using BatchPlane.Testing;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>An agent whose disk is full: a small file system that the test makes. Needs root, or sudo without a password.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _disk = Directory.CreateTempSubdirectory("batchplane-disk-").FullName;
    private readonly MountedDisk _mounted;

    public FullDiskTests() => _mounted = MountedDisk.Mount(_disk, "size=2m,nr_inodes=200,mode=777");

    public void Dispose()
    {
        _mounted.Dispose();
        Directory.Delete(_disk);
    }

    [Fact]
    public async Task NoRoomForAnAttempt_ItFailsWithTheCauseAndTheNodeLivesOn()
    {
        await using var agent = await StartAsync(options: (url, _) => Options(url, _disk, slots: 1));
        agent.Server.Offer(Shell("true"));
        await agent.Server.EndAsync();
        Fill();

        agent.Server.Offer(Shell("true"), taskId: 2);
        var failed = await agent.Server.EndAsync(taskId: 2);
        Assert.Equal(AttemptOutcome.StartFailed, failed.Outcome);
        Assert.Contains("space", failed.Reason, StringComparison.OrdinalIgnoreCase);

        File.Delete(Path.Combine(_disk, "ballast"));
        foreach (var file in Directory.EnumerateFiles(_disk, "inode*"))
        {
            File.Delete(file);
        }

        agent.Server.Offer(Shell("exit 3"), taskId: 3);
        Assert.Equal(3, (await agent.Server.EndAsync(taskId: 3)).ExitCode);
        Assert.Single(agent.Server.Joins);
    }

    private void Fill()
    {
        // First the inodes, then the blocks: whichever an attempt wants is not there.
        try
        {
            for (var n = 0; ; n++)
            {
                File.Create(Path.Combine(_disk, $"inode{n}")).Dispose();
            }
        }
        catch (IOException)
        {
            File.Delete(Path.Combine(_disk, "inode0"));
        }

        try
        {
            using var ballast = File.OpenHandle(Path.Combine(_disk, "ballast"), FileMode.Create, FileAccess.Write);
            for (var at = 0L; ; at += 1024)
            {
                RandomAccess.Write(ballast, new byte[1024], at);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
