using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Lines of the conformance checklist of docs/testing.md that no other test is about.</summary>
public sealed class ConformanceTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private const string NodeId = "node-conform0";
    private const long Epoch = 1;

    /// <summary>A topic is addressed by its name: its id is the name of another topic, which may not be there.</summary>
    [Fact]
    public async Task IdOfATopic_IsAnUnknownName()
    {
        var id = Text(await SendTopicAsync("CreateCmqTopic", """{"TopicName":"by-name"}"""), "TopicId");
        foreach (var (action, more) in new[] { ("DescribeCmqTopicDetail", ""), ("PublishCmqMsg", ""","MsgContent":"x" """), ("ModifyCmqTopicAttribute", ""","MaxMsgSize":2048""") })
        {
            Assert.Equal("ResourceNotFound.Topic", TencentFixture.CodeOf(await SendTopicAsync(action, $$"""{"TopicName":"{{id}}"{{more}}}""")));
        }

        await SubmitAsync(Task("t"), $$""","Notifications":[{"TopicName":"{{id}}","EventConfigs":[{"EventName":"JobFailed"}]}]""");

        // Unless unknown topics are refused, it is made: beside the one whose id it is.
        var topics = (await SendTopicAsync("DescribeCmqTopics", $$"""{"TopicNameList":["by-name","{{id}}"]}""")).GetProperty("TopicList").EnumerateArray().ToDictionary(topic => Text(topic, "TopicName"), topic => Text(topic, "TopicId"));
        Assert.Equal(id, topics["by-name"]);
        Assert.NotEqual(id, topics[id]);
    }

    /// <summary>What comes with a request that makes something is kept for its events; what is no name of a region makes nothing.</summary>
    [Fact]
    public async Task Region_IsKeptOrRefused()
    {
        var call = new TencentFixture.Call { Action = "CreateComputeEnv", Body = """{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"far","DesiredComputeNodeCount":0}}""" };
        foreach (var region in new[] { "ap guangzhou", "ap/x", new string('a', 65) })
        {
            Assert.Equal("UnsupportedRegion", TencentFixture.CodeOf(await server.SendAsync(call with { Region = region })));
        }

        var envId = Text(await server.SendAsync(call with { Region = "ap-guangzhou" }), "EnvId");
        var jobId = Text(await server.SendAsync(call with { Action = "SubmitJob", Region = "eu-x", Body = $$"""{"Placement":{"Zone":"local-1"},"Job":{"Tasks":[{{Task("t")}}]} }""" }), "JobId");
        var without = await SubmitAsync(Task("t"));

        Assert.Equal(1, await server.CountAsync($"environments WHERE env_id = '{envId}' AND region = 'ap-guangzhou'"));
        Assert.Equal(2, await server.CountAsync($"jobs WHERE (job_id, coalesce(region, '-')) IN (('{jobId}', 'eu-x'), ('{without}', '-'))"));
    }

    [Fact]
    public async Task EventsOfNodes_AreForJobsToo()
    {
        const string Told = """,{"TopicName":"told","EventConfigs":[{"EventName":"ComputeNodeRunning"},{"EventName":"COMPUTE_NODE_DELETING"},{"EventName":"task_instance_failed"}]}""";
        await SubmitAsync(Task("t"), $""","Notifications":[{Told[1..]}]""");

        Assert.Equal(1, await server.CountAsync("topics WHERE topic_name = 'told'"));
    }

    [Fact]
    public async Task TerminatedInstance_EndsAsItsStateSays()
    {
        var tasks = Task("t", ""","TaskInstanceNum":5,"FailedAction":"INTERRUPT" """) + "," + Task("u", ""","TaskInstanceNum":2""");
        var jobId = await SubmitAsync(tasks, ""","Dependences":[{"StartTask":"t","EndTask":"u"}]""");
        await ClaimAsync(jobId, 4);
        await ReportAsync(jobId, Report(1, AttemptOutcome.Running), Report(2, AttemptOutcome.Exited, 0), Report(3, AttemptOutcome.Exited, 1));
        Assert.Equal(["STARTING", "RUNNING", "SUCCEED", "FAILED_INTERRUPTED", "RUNNABLE"], await StatesAsync(jobId, "t"));

        await TerminateAsync(jobId, "t", 0, 1, 2, 3, 4);
        await TerminateAsync(jobId, "u", 0);

        // What a node holds ends when the node has said so. What never ran, or is kept, at once.
        Assert.Equal(["STARTING", "RUNNING", "SUCCEED", "FAILED", "FAILED"], await StatesAsync(jobId, "t"));
        Assert.Equal(["FAILED", "PENDING"], await StatesAsync(jobId, "u"));
        await ReportAsync(jobId, Report(0, AttemptOutcome.Terminated), Report(1, AttemptOutcome.Terminated));
        await TerminateAsync(jobId, "t", 0, 1, 2, 3, 4);
        Assert.Equal(["FAILED", "FAILED", "SUCCEED", "FAILED", "FAILED"], await StatesAsync(jobId, "t"));
        Assert.Equal("FAILED", Text(await server.CallAsync("DescribeJob", Of(jobId)), "JobState"));
    }

    [Fact]
    public async Task JobThatIsKept_IsDeletedOnlyWhenItWasTerminated()
    {
        var jobId = await SubmitAsync(Task("t", ""","FailedAction":"FAST_INTERRUPT" """));
        await ClaimAsync(jobId, 1);
        await ReportAsync(jobId, Report(0, AttemptOutcome.Exited, 1));

        Assert.Equal("FAILED_INTERRUPTED", Text(await server.CallAsync("DescribeJob", Of(jobId)), "JobState"));
        Assert.Equal("ResourceInUse.Job", await server.RefusalAsync("DeleteJob", Of(jobId)));
        await server.CallAsync("TerminateJob", Of(jobId));
        await server.CallAsync("DeleteJob", Of(jobId));
    }

    /// <summary>Waiting again it is on no machine and has not been launched, though its last attempt was; why that failed stays.</summary>
    [Fact]
    public async Task InstanceThatWaitsForAnotherAttempt_ShowsNoMachine()
    {
        var jobId = await SubmitAsync(Task("t", ""","MaxRetryCount":1"""));
        await ClaimAsync(jobId, 1);
        var running = await InstanceAsync(jobId);
        await ReportAsync(jobId, Report(0, AttemptOutcome.Exited, 3));
        var waiting = await InstanceAsync(jobId);

        Assert.Equal(("STARTING", "ins-conform0"), (Text(running, "TaskInstanceState"), Text(running, "ComputeNodeInstanceId")));
        Assert.Equal(("RUNNABLE", 3), (Text(waiting, "TaskInstanceState"), waiting.GetProperty("ExitCode").GetInt32()));
        Assert.All(["ComputeNodeInstanceId", "LaunchTime", "RunningTime", "EndTime"], name => Assert.Equal(JsonValueKind.Null, waiting.GetProperty(name).ValueKind));
        Assert.Contains("3", Text(waiting, "StateReason"), StringComparison.Ordinal);
    }

    private static string Text(JsonElement answer, string name) => answer.GetProperty(name).GetString()!;

    private static string Of(string jobId) => $$"""{"JobId":"{{jobId}}"}""";

    private static string Task(string name, string more = "") =>
        $$"""{"TaskName":"{{name}}","EnvId":"env-default0","Application":{"DeliveryForm":"LOCAL","Command":"true"}{{more}} }""";

    private static AttemptReport Report(int index, AttemptOutcome outcome, int? exitCode = null) => new() { Index = index, Attempt = 1, Outcome = outcome, ExitCode = exitCode, BeganMsAgo = 1, EndedMsAgo = 0 };

    private Task<JsonElement> SendTopicAsync(string action, string body) => server.SendAsync(new() { Version = "2020-02-17", Action = action, Body = body });

    private async Task<string> SubmitAsync(string tasks, string more = "") =>
        Text(await server.CallAsync("SubmitJob", $$"""{"Placement":{"Zone":"local-1"},"Job":{"JobName":"conform","Tasks":[{{tasks}}]{{more}} } }"""), "JobId");

    private async Task<string[]> StatesAsync(string jobId, string task) =>
    [
        .. (await server.CallAsync("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"{{task}}"}""")).GetProperty("TaskInstanceSet").EnumerateArray().Select(instance => Text(instance, "TaskInstanceState")),
    ];

    private async Task<JsonElement> InstanceAsync(string jobId) =>
        (await server.CallAsync("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"t"}""")).GetProperty("TaskInstanceSet")[0];

    private async Task TerminateAsync(string jobId, string task, params int[] indexes)
    {
        foreach (var index in indexes)
        {
            await server.CallAsync("TerminateTaskInstance", $$"""{"JobId":"{{jobId}}","TaskName":"{{task}}","TaskInstanceIndex":{{index}}}""");
        }
    }

    private async Task<long> TaskIdAsync(string jobId) => (await server.Services.GetRequiredService<JobQueries>().FindTaskIdAsync(jobId, "t", default))!.Value;

    /// <summary>A node of the default environment takes instances of the task <c>t</c>.</summary>
    private async Task ClaimAsync(string jobId, int count)
    {
        await server.ExecuteAsync($"""
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, cpu, memory_gib, slots, busy_slots, created_at, state_since, lease_until)
            VALUES ('{NodeId}', 'env-default0', 'RUNNING', {Epoch}, 'USER_ATTACHED', 'ins-conform0', 4, 8, 64, 0, now(), now(), now() + interval '1 hour') ON CONFLICT DO NOTHING
            """);
        var claim = await Writer.WriteAsync(new ClaimRequest(NodeId, Epoch, [new(jobId, await TaskIdAsync(jobId), count)]), default);
        Assert.Equal(count, Assert.Single(claim.Claims).Attempts.Sum(attempts => attempts.Count));
    }

    private async Task ReportAsync(string jobId, params AttemptReport[] reports) =>
        await Writer.WriteAsync(new NodeReport(NodeId, new() { Epoch = Epoch, Tasks = [new() { JobId = jobId, TaskId = await TaskIdAsync(jobId), Attempts = reports }] }), default);

    private TransitionWriter Writer => server.Services.GetRequiredService<TransitionWriter>();
}
