namespace BatchPlane.EndToEnd.Tests.Slurm;

/// <summary>Environments whose nodes are jobs of a real Slurm, and what they do when parts of it are killed. One Slurm for all, so that ids are really used again.</summary>
public sealed class SlurmTests(SlurmStack stack) : IClassFixture<SlurmStack>
{
    [Fact]
    public async Task Job_RunsOnPilotsAndNoAllocationIsLeft()
    {
        var envId = await stack.CreateEnvironmentAsync("start-to-end", nodes: 2);

        var job = await stack.SubmitAsync(envId, instances: 8, "echo \"on $(hostname)\"");
        Assert.Equal("SUCCEED", await stack.EndedAsync(job));
        await stack.RunningAsync(envId, 2);
        Assert.Equal(2, (await stack.QueueAsync()).Count(line => line.Contains(envId, StringComparison.Ordinal)));

        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
        Assert.Empty(Directory.EnumerateDirectories(stack.WorkDirectory));
    }

    [Fact]
    public async Task ServerAway_PilotsAreTakenOverByItsSuccessor()
    {
        var envId = await stack.CreateEnvironmentAsync("adopted", nodes: 2);
        await stack.RunningAsync(envId, 2);
        var before = await stack.NodesAsync(envId);

        await stack.StopServerAsync();
        await stack.StartServerAsync();

        await stack.RunningAsync(envId, 2);
        Assert.Equal(before, await stack.NodesAsync(envId));
        Assert.Equal(2, (await stack.QueueAsync()).Count(line => line.Contains(envId, StringComparison.Ordinal)));
        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
    }
}
