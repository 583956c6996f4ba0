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
    public async Task AgentKilledAndStartedAgain_LeavesNoContainerRunning()
    {
        var run = await stack.RunAsync(
            """{"tasks":[{"application":{"command":"[ $BATCH_ATTEMPT = 2 ] && exit 0; sleep 300","docker":{"image":"IMAGE"}}}]}""".Replace("IMAGE", PodmanSandbox.Image, StringComparison.Ordinal),
            "submit", "-");
        var job = run.Out.Split('\n')[0];
        await stack.EventuallyAsync(() => Running() is [_], "the container runs");
        var first = Assert.Single(Running());

        await stack.KillAgentAsync();
        Assert.Equal([first], Running());
        stack.RestartAgent();

        await stack.EventuallyAsync(() => !Running().Contains(first), "the container of the dead agent is gone");
        Assert.Equal(0, (await stack.RunAsync(null, "wait", job)).ExitCode);
        Assert.Empty(await stack.Podman.ContainersAsync());
    }

    private string[] Running() => stack.Podman.PodmanAsync("ps", "--format", "{{.Names}}").GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Repository(string relative, [CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "..", relative));
}
