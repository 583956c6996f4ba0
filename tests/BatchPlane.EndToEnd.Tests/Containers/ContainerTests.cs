using System.Runtime.CompilerServices;
using System.Text.Json;
using BatchPlane.Testing;

namespace BatchPlane.EndToEnd.Tests.Containers;

/// <summary>Containers from a job's document to its output, with the executable as people use it.</summary>
public sealed class ContainerTests(ContainerStack stack) : IClassFixture<ContainerStack>
{
    [Fact]
    public async Task Example_RunsInContainers()
    {
        var example = await File.ReadAllTextAsync(Repository("examples/containers/job.json"));

        var run = await stack.RunAsync(example.Replace("docker.io/library/busybox:1.36", PodmanSandbox.Image, StringComparison.Ordinal), "submit", "-", "--wait");

        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        var job = run.Out.Split('\n')[0];
        Assert.Matches("^box 2 in /.+/attempts/", (await stack.RunAsync(null, "logs", job, "boxes", "2")).Out);
        Assert.Contains("100% from a box", (await stack.RunAsync(null, "instances", job, "boxes")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MissingImage_FailsWithItsOwnCause()
    {
        var run = await stack.RunAsync("""{"tasks":[{"application":{"command":"true","docker":{"image":"localhost/none:1"}}}]}""", "submit", "-", "--wait");

        Assert.Equal(1, run.ExitCode);
        var instance = JsonDocument.Parse((await stack.RunAsync(null, "instances", run.Out.Split('\n')[0], "task", "-o", "json")).Out).RootElement[0];
        Assert.Equal("image_pull_failed", instance.GetProperty("cause").GetString());
        Assert.Contains("localhost/none:1 could not be pulled", instance.GetProperty("state_reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AgentKilledAndStartedAgain_GoesOnWithItsContainers()
    {
        var (job, container) = await StartedAsync("while ! [ -e go ]; do sleep 0.1; done; echo attempt $BATCH_ATTEMPT");

        await stack.KillAgentAsync();
        stack.RestartAgent();
        stack.Go(job);

        Assert.Equal(0, (await stack.RunAsync(null, "wait", job)).ExitCode);
        Assert.Equal("attempt 1\n", (await stack.RunAsync(null, "logs", job, "task", "0")).Out);
        Assert.DoesNotContain(container, await stack.Podman.ContainersAsync());
    }

    [Fact]
    public async Task AgentAndKeeperKilledAndStartedAgain_LeaveNoContainerRunning()
    {
        var (job, container) = await StartedAsync("[ $BATCH_ATTEMPT = 2 ] && exit 0; sleep 300");

        await stack.KillAgentAsync();
        stack.KillKeeper();
        stack.RestartAgent();

        await stack.EventuallyAsync(() => !Running().Contains(container), "the container of the dead agent is gone");
        Assert.Equal(0, (await stack.RunAsync(null, "wait", job)).ExitCode);
        Assert.DoesNotContain(container, await stack.Podman.ContainersAsync());
    }

    private async Task<(string Job, string Container)> StartedAsync(string command)
    {
        var job = JsonSerializer.Serialize(new { tasks = new[] { new { application = new { command, docker = new { image = PodmanSandbox.Image } } } } });
        var run = await stack.RunAsync(job, "submit", "-");
        await stack.EventuallyAsync(() => Running() is [_], "the container runs");
        return (run.Out.Split('\n')[0], Assert.Single(Running()));
    }

    private string[] Running() => stack.Podman.PodmanAsync("ps", "--format", "{{.Names}}").GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Repository(string relative, [CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "..", relative));
}
