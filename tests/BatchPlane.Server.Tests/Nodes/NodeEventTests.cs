using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Dispatch;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BatchPlane.Server.Tests.Nodes;

/// <summary>
/// Every event of nodes and environments in a real queue, in order and with its body: of an environment that users made in its own topic, of one that was made for a task in the
/// topic of the job. The server is whole; the program of its agents only sleeps, or ends at once while there is a file, and the test joins in its place.
/// </summary>
public sealed class NodeEventTests(NodeEventTests.SleepingAgents server) : IClassFixture<NodeEventTests.SleepingAgents>
{
    private const string NodeEvents =
        """{"event_name":"COMPUTE_NODE_CREATED"},{"event_name":"COMPUTE_NODE_CREATION_FAILED"},{"event_name":"COMPUTE_NODE_RUNNING"},{"event_name":"COMPUTE_NODE_ABNORMAL"},{"event_name":"COMPUTE_NODE_DELETING"}""";

    private static readonly string[] OfEveryNode = ["ComputeNodeId", "EnvId", "ComputeNodeState", "Mem", "ResourceCreatedTime", "EnvName", "ComputeNodeInstanceId", "Cpu"];

    [Fact]
    public async Task LifeOfANode_IsToldInOrder_OfANamedAndOfAnAnonymousEnvironment()
    {
        await using var named = await ListenAsync("named-life");
        await using var ofJob = await ListenAsync("job-life");
        var envId = await CreateAsync("named-life", "NONE");
        var jobId = await SubmitAsync("job-life", "");
        var anonymous = await EnvOfAsync(jobId);

        await JoinAsync(envId);
        await JoinAsync(anonymous);
        // Nobody beats for them.
        await named.HeardAsync("compute_node.abnormal");
        await ofJob.HeardAsync("compute_node.abnormal");
        using var deleted = await server.Client.DeleteAsync($"/v1/environments/{envId}");
        using var terminated = await server.PostAsync($"/v1/jobs/{jobId}/terminate", "{}");
        await named.HeardAsync("compute_env.deleted");
        await ofJob.HeardAsync("compute_node.deleting");

        Assert.Equal(["compute_env.created", "compute_node.created", "compute_node.running", "compute_node.abnormal", "compute_node.deleting", "compute_env.deleted"], named.Keys);
        Assert.Equal(["compute_node.created", "compute_node.running", "compute_node.abnormal", "task.failed", "job.failed", "compute_node.deleting"], ofJob.Keys);
        AssertInSequence(named, envId);
        AssertInSequence(ofJob, jobId);
        Assert.All(named.OfNodes, body => Assert.Equal((envId, "named-life"), (Text(body, "EnvId"), Text(body, "EnvName"))));
        Assert.All(ofJob.OfNodes, body => Assert.Equal((anonymous, $"{jobId}.solo", jobId, "solo"), (Text(body, "EnvId"), Text(body, "EnvName"), Text(body, "JobId"), Text(body, "TaskName"))));
        foreach (var listener in new[] { named, ofJob })
        {
            Assert.Equal(["CREATED", "RUNNING", "ABNORMAL", "DELETING"], listener.OfNodes.Select(body => Text(body, "ComputeNodeState")));
            Assert.All(listener.OfNodes, body => Assert.All(OfEveryNode, key => Assert.True(body.TryGetProperty(key, out _), $"{key} in {body}")));
            Assert.Single(listener.OfNodes.Select(body => Text(body, "ComputeNodeId") + Text(body, "ComputeNodeInstanceId")).Distinct());
            Assert.Equal("no sign of life within its lease", Text(listener.OfNodes.Single(body => Text(body, "ComputeNodeState") == "ABNORMAL"), "StateReason"));
        }

        await GoneAsync(anonymous);
    }

    [Fact]
    public async Task NodeThatCannotBeMade_IsTold_AndEndsTheTaskUnlessItIsToWait()
    {
        await using var named = await ListenAsync("named-fails");
        await using var ofJob = await ListenAsync("job-fails");
        await using var ofPatient = await ListenAsync("job-waits");
        using var failing = server.Fail();

        var envId = await CreateAsync("named-fails", "NONE");
        var jobId = await SubmitAsync("job-fails", "");
        var anonymous = await EnvOfAsync(jobId);
        var patient = await SubmitAsync("job-waits", "\"state_if_create_cvm_failed\":\"RUNNABLE\",");
        var patientEnv = await EnvOfAsync(patient);
        await named.HeardAsync("compute_node.creation_failed");
        await ofJob.HeardAsync("compute_node.deleting");
        await ofPatient.HeardAsync("compute_node.creation_failed", times: 3);
        var waiting = await server.GetAsync<JobDetail>($"/v1/jobs/{patient}");
        using var deleted = await server.Client.DeleteAsync($"/v1/environments/{envId}");
        using var terminated = await server.PostAsync($"/v1/jobs/{patient}/terminate", "{}");
        await named.HeardAsync("compute_env.deleted");

        Assert.Equal(["compute_env.created", "compute_node.created", "compute_node.creation_failed", "compute_node.deleting", "compute_env.deleted"], named.Keys);
        Assert.Equal(["compute_node.created", "compute_node.creation_failed", "task.failed", "job.failed", "compute_node.deleting"], ofJob.Keys);
        AssertInSequence(ofJob, jobId);
        Assert.All(named.OfNodes.Concat(ofJob.OfNodes).Where(body => Text(body, "ComputeNodeState") == "CREATION_FAILED"), body => Assert.Equal("its agent ended 1 times before it reported in", Text(body, "StateReason")));
        Assert.Equal(RunState.Runnable, waiting.JobState);
        var ended = await server.GetAsync<JobDetail>($"/v1/jobs/{jobId}");
        Assert.Equal((RunState.Failed, Cause.NodeCreationFailed), (ended.Tasks[0].TaskState, ended.Tasks[0].Cause));
        Assert.Contains("its agent ended 1 times before it reported in", ended.StateReason, StringComparison.Ordinal);
        await GoneAsync(anonymous);
        await GoneAsync(patientEnv);
    }

    private static void AssertInSequence(Listener listener, string subjectId)
    {
        var ids = listener.Messages.Select(message => message.Id.Split(':')).ToList();
        Assert.All(ids, id => Assert.Equal(subjectId, id[0]));
        Assert.Equal(ids.Select(id => long.Parse(id[1])).Order().Distinct(), ids.Select(id => long.Parse(id[1])));
    }

    private static string Text(JsonElement body, string key) => body.TryGetProperty(key, out var value) ? value.ToString() : "(none)";

    private async Task<Listener> ListenAsync(string topic)
    {
        using var created = await server.PostAsync("/v1/topics", $$"""{"topic_name":"{{topic}}"}""");
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
        return await Listener.BindAsync(server.AmqpUri, topic);
    }

    private async Task<string> CreateAsync(string name, string action)
    {
        using var created = await server.PostAsync("/v1/environments", $$"""
            {"env_name":"{{name}}","desired_compute_node_count":1,"action_if_compute_node_inactive":"{{action}}",
             "notifications":[{"topic_name":"{{name}}","event_configs":[{"event_name":"COMPUTE_ENV_CREATED"},{"event_name":"COMPUTE_ENV_DELETED"},{{NodeEvents}}]}]}
            """);
        return (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId;
    }

    private async Task<string> SubmitAsync(string topic, string members)
    {
        using var submitted = await server.PostAsync("/v1/jobs", $$"""
            {{{members}}"tasks":[{"task_name":"solo","compute_env":{"slots_per_node":1},"application":{"command":"true"} }],
             "notifications":[{"topic_name":"{{topic}}","event_configs":[{"event_name":"JOB_FAILED"},{"event_name":"TASK_FAILED"},{{NodeEvents}}]}]}
            """);
        Assert.True(submitted.IsSuccessStatusCode, await submitted.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<SubmitJobResponse>(submitted)).JobId;
    }

    private async Task<string> EnvOfAsync(string jobId)
    {
        var task = Assert.Single((await server.GetAsync<JobDetail>($"/v1/jobs/{jobId}")).Tasks);
        Assert.True(task.OwnsEnv);
        var environment = await server.GetAsync<EnvironmentView>($"/v1/environments/{task.EnvId}");
        Assert.Equal((jobId, "solo"), (environment.JobId, environment.TaskName));
        Assert.Equal(task.EnvId, Assert.Single((await server.GetAsync<Page<EnvironmentView>>($"/v1/environments?anonymous=true&job_id={jobId}")).Items).EnvId);
        return task.EnvId;
    }

    /// <summary>As the agent of the environment's node, once that is made.</summary>
    private async Task JoinAsync(string envId)
    {
        var nodes = await Until.ReachedAsync(
            async () => (await server.GetAsync<Page<NodeView>>($"/v1/environments/{envId}/nodes")).Items,
            nodes => nodes is [{ ComputeNodeState: NodeState.Created }],
            nodes => string.Join(", ", nodes.Select(node => $"{node.ComputeNodeState} {node.StateReason}")));
        using var request = new HttpRequestMessage(HttpMethod.Post, AgentRoutes.Join)
        {
            Content = new StringContent(
                JsonSerializer.Serialize(new JoinRequest { NodeId = nodes[0].ComputeNodeId, HostName = "h", Cpu = 2, Mem = 4, Slots = 1, AgentVersion = "1.0" }, BatchPlaneJson.Options),
                Encoding.UTF8,
                "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ServerFixture.JoinToken);
        using var joined = await server.Anonymous.SendAsync(request);
        Assert.True(joined.IsSuccessStatusCode, await joined.Content.ReadAsStringAsync());
    }

    private Task<EnvironmentView> GoneAsync(string envId) => Until.ReachedAsync(
        () => server.GetAsync<EnvironmentView>($"/v1/environments/{envId}"), environment => environment.EnvState == EnvironmentState.Deleted, environment => $"{environment.EnvState}");

    /// <summary>A plain AMQP client with a queue of its own.</summary>
    private sealed class Listener : IAsyncDisposable
    {
        private readonly IConnection _connection;

        private Listener(IConnection connection) => _connection = connection;

        internal ConcurrentQueue<(string Key, string Id, JsonElement Body)> Messages { get; } = [];

        internal IEnumerable<string> Keys => Messages.Select(message => message.Key);

        internal IReadOnlyList<JsonElement> OfNodes => [.. Messages.Where(message => message.Key.StartsWith("compute_node.", StringComparison.Ordinal)).Select(message => message.Body)];

        internal static async Task<Listener> BindAsync(Uri broker, string topic)
        {
            var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync();
            var channel = await connection.CreateChannelAsync();
            var queue = await channel.QueueDeclareAsync();
            await channel.QueueBindAsync(queue.QueueName, topic, "#");
            var listener = new Listener(connection);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += (_, message) =>
            {
                using var body = JsonDocument.Parse(message.Body);
                listener.Messages.Enqueue((message.RoutingKey, message.BasicProperties.MessageId!, body.RootElement.GetProperty("Events")[0].GetProperty("Batch").Clone()));
                return Task.CompletedTask;
            };
            await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer);
            return listener;
        }

        internal Task<List<string>> HeardAsync(string key, int times = 1) =>
            Until.ReachedAsync(() => Task.FromResult(Keys.ToList()), keys => keys.Count(other => other == key) >= times, keys => string.Join(", ", keys));

        public ValueTask DisposeAsync() => _connection.DisposeAsync();
    }

    /// <summary>A whole server whose agents do nothing.</summary>
    public sealed class SleepingAgents : ServerFixture
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-agents-").FullName;

        protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Engine | ServerRoles.Dispatcher;

        private string Failing => Path.Combine(_directory, "fail");

        /// <summary>From now on agents end at once, until the answer is disposed.</summary>
        internal IDisposable Fail()
        {
            File.WriteAllText(Failing, "");
            return new Succeeding(Failing);
        }

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            Directory.Delete(_directory, recursive: true);
        }

        protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync()
        {
            var program = Path.Combine(_directory, "agent");
            await File.WriteAllTextAsync(program, $"#!/bin/sh\n[ -e '{Failing}' ] && exit 1\nexec sleep 600\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
            }

            return
            [
                new("Nodes:AgentProgram", program),
                new("Nodes:MaxStarts", "1"),
                new("Nodes:LeaseSeconds", "2"),
                new("Nodes:HeartbeatSeconds", "1"),
                new("Nodes:MonitorSeconds", "0.1"),
                new("Nodes:ReconcileSeconds", "0.1"),
                new("Nodes:MaxRestartPauseSeconds", "1"),
            ];
        }

        private sealed class Succeeding(string file) : IDisposable
        {
            public void Dispose() => File.Delete(file);
        }
    }
}
