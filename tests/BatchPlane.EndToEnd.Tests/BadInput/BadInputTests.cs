using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.BadInput;

/// <summary>What users get wrong, and nodes that have no room: each ends with its cause, none of them hangs. A missing image: ContainerTests.</summary>
public sealed class BadInputTests(SmallNodeStack stack) : IClassFixture<SmallNodeStack>
{
    [Theory]
    [InlineData("""{"command":"true"}""", """, "input_mappings":[{"source_path":"file://LARGE/","destination_path":"in/"}]""", "input_failed", "No space left on device")]
    [InlineData("""{"command":"head -c 16M /dev/zero > file"}""", "", "exit_code", "exit code 1")]
    [InlineData("""{"command":"true"}""", """, "input_mappings":[{"source_path":"s3://none/in/","destination_path":"in/"}]""", "input_failed", "there is no such bucket")]
    [InlineData("""{"command":"mkdir out; echo x > out/x"}""", """, "output_mappings":[{"source_path":"out/","destination_path":"s3://none/out/"}]""", "output_failed", "there is no such bucket")]
    public async Task InstanceThatCannotBeServed_EndsWithItsCauseAndTheNodeLivesOn(string application, string more, string cause, string reason)
    {
        var job = $$"""{"tasks":[{"application":{{application}}{{more}} } ] }""".Replace("LARGE", stack.Large, StringComparison.Ordinal);

        var run = await stack.RunAsync(job, "submit", "-", "--wait", "--timeout", "60");
        var next = await stack.RunAsync("""{"tasks":[{"application":{"command":"echo fine"}}]}""", "submit", "-", "--wait", "--timeout", "60");

        Assert.True(run.ExitCode == 1, run.Out + run.Error + stack.Output);
        using var instances = JsonDocument.Parse((await stack.RunAsync(null, "instances", run.Out.Split('\n')[0], "task", "-o", "json")).Out);
        var instance = Assert.Single(instances.RootElement.EnumerateArray());
        Assert.Equal(cause, instance.GetProperty("cause").GetString());
        Assert.Contains(reason, instance.GetProperty("state_reason").GetString(), StringComparison.Ordinal);
        Assert.True(next.ExitCode == 0, next.Out + next.Error + stack.Output);
    }

    /// <summary>One problem that is not told would hide the others.</summary>
    [Theory]
    [InlineData("""{"env_name":"moon","provider":"slurm"}""", "$.provider", "not configured for Slurm")]
    [InlineData("""{"env_name":"less","desired_compute_node_count":-1,"slots_per_node":-1}""", "$.desired_compute_node_count", "$.slots_per_node")]
    [InlineData("""{"env_name":"less","cpu_per_node":-1,"memory_mib_per_node":-1,"max_compute_node_count":-1}""", "$.cpu_per_node", "$.memory_mib_per_node", "$.max_compute_node_count")]
    [InlineData("""{"env_name":"cluster","provider":"attached","memory_mib_per_node":1024}""", "$.memory_mib_per_node", "--memory-mib")]
    public async Task EnvironmentThatCannotBe_IsRefusedWithEachReason(string document, params string[] words) => AssertRefused(await stack.RunAsync(document, "envs", "create", "-"), words);

    [Fact]
    public async Task LimitsOfATaskBelowZero_AreRefusedTogether() => AssertRefused(
        await stack.RunAsync("""{"tasks":[{"application":{"command":"true"},"timeout":-1,"max_retry_count":-1,"resources":{"cpu":-1,"memory_mib":-1,"slots":-1}}]}""", "submit", "-"),
        "$.tasks[0].timeout", "$.tasks[0].max_retry_count", "$.tasks[0].resources.cpu", "$.tasks[0].resources.memory_mib", "$.tasks[0].resources.slots");

    private static void AssertRefused(Cli.CliRun run, params string[] words)
    {
        Assert.NotEqual(0, run.ExitCode);
        Assert.All(words, word => Assert.Contains(word, run.Out + run.Error, StringComparison.Ordinal));
    }
}
