using System.Globalization;
using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>An environment of real agents that is resized and follows the work, with its events in a real queue.</summary>
public sealed class ScalingTests(StackFixture stack) : IClassFixture<StackFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly string[] Names =
    [
        "COMPUTE_ENV_CREATED", "COMPUTE_ENV_DELETED", "COMPUTE_NODE_CREATED", "COMPUTE_NODE_CREATION_FAILED", "COMPUTE_NODE_RUNNING", "COMPUTE_NODE_ABNORMAL", "COMPUTE_NODE_DELETING",
    ];

    [Fact]
    public async Task SmallerEnvironment_EndsNothingThatRunsAndTellsEveryStep()
    {
        await stack.RunAsync("topics", "create", "resized");
        await using var queue = await QueueReader.BindAsync(stack.Info.AmqpUrl, "resized", "#");
        var env = await CreateAsync("resized", """ "desired_compute_node_count":2,"slots_per_node":1 """);
        await RunningAsync(env, 2);
        var go = Path.Combine(stack.Directory, "resized.go");
        var job = await SubmitAsync(env, $"while [ ! -e {go} ]; do sleep 0.1; done", 1);
        var busy = await BusyNodeAsync(job);
        await HeardAsync(env, busy);

        await stack.RunAsync("envs", "resize", env, "1");
        await NodesAsync(env, nodes => nodes.Count == 1);
        var kept = (await NodesOfAsync(env)).Single();
        await stack.RunAsync("envs", "resize", env, "0");
        await NodesAsync(env, nodes => nodes is [{ State: "DELETING" }]);
        await File.WriteAllTextAsync(go, "");
        var waited = await stack.RunAsync("wait", job, "--timeout", "60");
        await NodesAsync(env, nodes => nodes.Count == 0);
        await stack.RunAsync("envs", "delete", env);

        Assert.Equal(busy, kept.NodeId);
        Assert.True(waited.ExitCode == 0, waited.Out + waited.Error);
        Assert.Equal(1, (await InstanceAsync(job)).GetProperty("attempt").GetInt32());
        await Eventually.TrueAsync(() => queue.Messages.Any(message => message.RoutingKey == "compute_env.deleted"), Limit, () => Told(queue));
        AssertEvents(queue, env, busy);
        var activities = (await stack.RunAsync("envs", "activities", env, "--node", busy)).Out;
        Assert.Contains("Termination: more nodes than desired", activities, StringComparison.Ordinal);
        Assert.Equal(2, activities.Split("SUCCEED").Length - 1);
    }

    [Fact]
    public async Task EnvironmentThatFollowsTheWork_GrowsForItAndShrinksWhenItIsDone()
    {
        var env = await CreateAsync("follows", """ "max_compute_node_count":3,"idle_seconds":10,"slots_per_node":1 """);
        var job = await SubmitAsync(env, "sleep 3", 2);

        await RunningAsync(env, 2);
        var waited = await stack.RunAsync("wait", job, "--timeout", "60");
        await NodesAsync(env, nodes => nodes.Count == 0);

        Assert.True(waited.ExitCode == 0, waited.Out + waited.Error);
        var scalings = (await stack.RunAsync("envs", "activities", env, "-o", "json")).Out;
        Assert.Contains("raised from 0 to 2, instances waiting: 2", scalings, StringComparison.Ordinal);
        Assert.Contains("nodes idle for 10 seconds", scalings, StringComparison.Ordinal);
    }

    private static void AssertEvents(QueueReader queue, string env, string node)
    {
        var events = queue.Messages.Select(message => JsonDocument.Parse(message.Body).RootElement.GetProperty("Events")[0])
            .Select(entry => (Name: entry.GetProperty("EventName").GetString()!, Subject: entry.GetProperty("Batch"))).ToArray();
        var ofEnvironment = events.Where(entry => !entry.Subject.TryGetProperty("ComputeNodeId", out _)).ToArray();
        var ofNode = events.Where(entry => entry.Subject.TryGetProperty("ComputeNodeId", out var id) && id.GetString() == node).ToArray();

        Assert.All(events, entry => Assert.Equal(env, entry.Subject.GetProperty("EnvId").GetString()));
        Assert.Equal(
            [("COMPUTE_ENV_CREATED", 2), ("COMPUTE_ENV_DELETED", 0)],
            ofEnvironment.Select(entry => (entry.Name, entry.Subject.GetProperty("DesiredComputeNodeCount").GetInt32())));
        Assert.Equal(
            [("COMPUTE_NODE_CREATED", "CREATED"), ("COMPUTE_NODE_RUNNING", "RUNNING"), ("COMPUTE_NODE_DELETING", "DELETING")],
            ofNode.Select(entry => (entry.Name, entry.Subject.GetProperty("ComputeNodeState").GetString()!)));
        Assert.Single(ofNode.Select(entry => entry.Subject.GetProperty("ComputeNodeInstanceId").GetString()).Distinct());
    }

    private async Task<string> CreateAsync(string name, string members)
    {
        var configs = string.Join(',', Names.Select(each => $$"""{"event_name":"{{each}}"}"""));
        var document = $$"""{"env_name":"{{name}}",{{members}},"notifications":[{"topic_name":"{{name}}","event_configs":[{{configs}}]}]}""";
        var created = await stack.RunWithInputAsync(document, "envs", "create", "-");
        Assert.True(created.ExitCode == 0, created.Out + created.Error);
        return created.Out.Trim();
    }

    private async Task<string> SubmitAsync(string env, string command, int instances)
    {
        var document = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"env_id":"{{env}}","tasks":[{"task_name":"work","task_instance_num":{{instances}},"application":{"command":{{JsonSerializer.Serialize(command)}} } }]}""");
        var submitted = await stack.RunWithInputAsync(document, "submit", "-");
        Assert.True(submitted.ExitCode == 0, submitted.Out + submitted.Error);
        return submitted.Out.Trim();
    }

    private async Task<JsonElement> InstanceAsync(string job)
    {
        using var document = JsonDocument.Parse((await stack.RunAsync("instances", job, "work", "-o", "json")).Out);
        return document.RootElement[0].Clone();
    }

    private async Task<string> BusyNodeAsync(string job)
    {
        var last = default(JsonElement);
        await Eventually.TrueAsync(
            async () => (last = await InstanceAsync(job)).GetProperty("task_instance_state").GetString() == "RUNNING", Limit, () => last.ToString());
        return last.GetProperty("compute_node_id").GetString()!;
    }

    /// <summary>Waits for the heartbeat that says so.</summary>
    private Task HeardAsync(string env, string busy) => NodesAsync(env, nodes => nodes.Any(node => node.NodeId == busy && node.BusySlots == 1));

    private Task RunningAsync(string env, int count) => NodesAsync(env, nodes => nodes.Count(node => node.State == "RUNNING") == count);

    private async Task NodesAsync(string env, Func<IReadOnlyList<Seen>, bool> condition)
    {
        IReadOnlyList<Seen> seen = [];
        await Eventually.TrueAsync(async () => condition(seen = await NodesOfAsync(env)), Limit, () => string.Join(", ", seen));
    }

    private async Task<IReadOnlyList<Seen>> NodesOfAsync(string env)
    {
        using var document = JsonDocument.Parse((await stack.RunAsync("nodes", env, "-o", "json")).Out);
        return [.. document.RootElement.EnumerateArray().Select(node => new Seen(node.GetProperty("compute_node_id").GetString()!, node.GetProperty("compute_node_state").GetString()!, node.GetProperty("busy_slots").GetInt32()))];
    }

    private static string Told(QueueReader queue) => string.Join(", ", queue.Messages.Select(message => message.RoutingKey));

    private sealed record Seen(string NodeId, string State, int BusySlots);
}
