using System.Text.Json;
using BatchPlane.Cli.Dev;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>Environments that are made for one task, nodes that keep something for inspection, and machines that join by a token, with real agents.</summary>
public sealed class TaskEnvironmentTests(StackFixture stack) : IClassFixture<StackFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task TaskWithAnEnvironmentOfItsOwn_HoldsNoNodeBeforeItMayRun_AndNoneAfter_ThroughTheDeathOfTheServer()
    {
        await stack.RunAsync("topics", "create", "own-env");
        await using var queue = await QueueReader.BindAsync(stack.Info.AmqpUrl, "own-env", "#");
        var (begin, end) = (Path.Combine(stack.Directory, "own-env.begin"), Path.Combine(stack.Directory, "own-env.end"));
        var job = await SubmitAsync($$"""
            {"tasks":[{"task_name":"first","application":{"command":"while [ ! -e {{begin}} ]; do sleep 0.1; done"} },
                      {"task_name":"second","task_instance_num":2,"compute_env":{"slots_per_node":1,"max_compute_node_count":2},"application":{"command":"while [ ! -e {{end}} ]; do sleep 0.1; done"} }],
             "dependences":[{"start_task":"first","end_task":"second"}],
             "notifications":[{"topic_name":"own-env","event_configs":[{"event_name":"COMPUTE_NODE_CREATED"},{"event_name":"COMPUTE_NODE_RUNNING"},{"event_name":"COMPUTE_NODE_DELETING"},
                                                                       {"event_name":"TASK_RUNNING"},{"event_name":"JOB_SUCCEED"}]}]}
            """);
        await Eventually.TrueAsync(() => queue.Messages.Any(message => message.RoutingKey == "task.running"), Limit, () => Told(queue));
        var env = (await JsonAsync("job", job)).GetProperty("tasks")[1].GetProperty("env_id").GetString()!;
        var before = await NodesAsync(env);
        int Count(string routingKey) => queue.Messages.Where(message => message.RoutingKey == routingKey).DistinctBy(message => message.Id).Count();

        await File.WriteAllTextAsync(begin, "");

        // A node that joins at the moment of the death joins once more, as its agent has no answer, and is told of twice.
        await Eventually.TrueAsync(() => Count("task.running") == 2 && Count("compute_node.running") == 2, Limit, () => Told(queue));
        Posix.Signal(stack.ServerPid, Posix.SigKill);
        await File.WriteAllTextAsync(end, "");
        var waited = await stack.RunAsync("wait", job, "--timeout", "90");
        await Eventually.TrueAsync(() => Count("compute_node.deleting") == 2, Limit, () => Told(queue));
        var state = "";
        await Eventually.TrueAsync(async () => (state = (await JsonAsync("env", env)).GetProperty("env_state").GetString()!) == "DELETED", Limit, () => state);

        Assert.Empty(before);
        Assert.True(waited.ExitCode == 0, waited.Out + waited.Error);
        var told = queue.Messages.DistinctBy(message => message.Id).ToList();
        Assert.Equal(["compute_node.created", "compute_node.running"], told.Where(message => message.RoutingKey.StartsWith("compute_node", StringComparison.Ordinal)).Select(message => message.RoutingKey).Distinct().Take(2));
        Assert.True(told.Count(message => message.RoutingKey == "compute_node.running") == 2, string.Join("\n", told.Select(message => $"{message.Id} {message.RoutingKey} {message.Body}")));
        var sequences = told.Select(message => long.Parse(message.Id.Split(':')[1])).ToList();
        Assert.Equal(sequences.Order(), sequences);
        Assert.All(told, message => Assert.Equal(job, message.JobId));
        foreach (var body in told.Where(message => message.RoutingKey.StartsWith("compute_node", StringComparison.Ordinal)).Select(message => JsonDocument.Parse(message.Body).RootElement.GetProperty("Events")[0].GetProperty("Batch")))
        {
            Assert.Equal((job, "second", env), (body.GetProperty("JobId").GetString(), body.GetProperty("TaskName").GetString(), body.GetProperty("EnvId").GetString()));
        }
    }

    [Fact]
    public async Task NodeThatKeepsADirectory_IsNotTakenByAResize_AndTheDirectoryIsShown()
    {
        var env = (await stack.RunWithInputAsync("""{"env_name":"keeps","desired_compute_node_count":1,"slots_per_node":1}""", "envs", "create", "-")).Out.Trim();
        var job = await SubmitAsync($$"""{"env_id":"{{env}}","tasks":[{"task_name":"fails","failed_action":"INTERRUPT","application":{"command":"echo seen >left; exit 3"} }]}""");
        await stack.RunAsync("wait", job, "--timeout", "60");
        var nodes = default(JsonElement);
        await Eventually.TrueAsync(async () => (nodes = await JsonAsync("nodes", env))[0].GetProperty("kept_attempts").GetInt32() == 1, Limit, () => nodes.ToString());

        var directory = (await JsonAsync("instances", job, "fails"))[0].GetProperty("kept_directory").GetString()!;
        var shown = (await stack.RunAsync("instances", job, "fails")).Out;
        await stack.RunAsync("envs", "resize", env, "0");
        // The number that goes up proves that a pass of the reconciler lay in between.
        await stack.RunAsync("envs", "resize", env, "2");
        await Eventually.TrueAsync(async () => (await NodesAsync(env)).Count == 2, Limit, () => "no second node");
        await stack.RunAsync("envs", "resize", env, "0");
        await Eventually.TrueAsync(async () => (await NodesAsync(env)).Count == 1, Limit, () => "still two nodes");

        Assert.Equal("seen", (await File.ReadAllTextAsync(Path.Combine(directory, "left"))).Trim());
        Assert.Contains(directory, shown, StringComparison.Ordinal);
        Assert.Equal([nodes[0].GetProperty("compute_node_id").GetString()!], await NodesAsync(env));

        await stack.RunAsync("nodes", "terminate", env, nodes[0].GetProperty("compute_node_id").GetString()!);
        await Eventually.TrueAsync(async () => (await NodesAsync(env)).Count == 0, Limit, () => "a user's wish did not count");
        await stack.RunAsync("terminate", job);
        await stack.RunAsync("envs", "delete", env);
    }

    [Fact]
    public async Task CommandThatAJoinTokenPrints_MakesAMachineANodeOfThatEnvironment()
    {
        var env = (await stack.RunWithInputAsync("""{"env_name":"joined","provider":"attached"}""", "envs", "create", "-")).Out.Trim();
        var printed = (await stack.RunAsync("envs", "join-token", env, "--ttl", "600")).Out.Trim();
        var (assignment, command) = (printed[..printed.IndexOf(' ', StringComparison.Ordinal)], printed[(printed.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split(' '));

        Assert.Equal(["batchplane", "agent", "--server", new Uri(stack.Info.HttpUrl).ToString(), "--env", env], command);
        using var agent = BatchPlaneProcess.StartBy(
            "/usr/bin/env", stack.Directory, [assignment, BatchPlaneProcess.Program, .. command[1..], "--slots", "1", "--container-engine", "none", "--dir", Path.Combine(stack.Directory, "joined")]);
        await Eventually.TrueAsync(async () => (await NodesAsync(env)).Count == 1, Limit, () => agent.Output);
        agent.Terminate();

        Assert.Equal(0, await agent.ExitCodeAsync(Limit));
        var listed = await JsonAsync("envs", "join-token", env, "--list");
        await stack.RunAsync("envs", "join-token", env, "--revoke", listed[0].GetProperty("token_id").GetString()!);
        Assert.Equal(0, (await JsonAsync("envs", "join-token", env, "--list")).GetArrayLength());
    }

    private async Task<string> SubmitAsync(string document)
    {
        var submitted = await stack.RunWithInputAsync(document, "submit", "-");
        Assert.True(submitted.ExitCode == 0, submitted.Out + submitted.Error);
        return submitted.Out.Trim();
    }

    private async Task<IReadOnlyList<string>> NodesAsync(string env) =>
        [.. (await JsonAsync("nodes", env)).EnumerateArray().Select(node => node.GetProperty("compute_node_id").GetString()!)];

    private async Task<JsonElement> JsonAsync(params string[] args)
    {
        using var document = JsonDocument.Parse((await stack.RunAsync([.. args, "-o", "json"])).Out);
        return document.RootElement.Clone();
    }

    private static string Told(QueueReader queue) => string.Join(", ", queue.Messages.Select(message => message.RoutingKey));
}
