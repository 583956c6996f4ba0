using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BatchPlane.Cli.Dev;
using BatchPlane.EndToEnd.Tests.Stack;
using RabbitMQ.Client;
using static BatchPlane.EndToEnd.Tests.Tencent.SdkTests;

namespace BatchPlane.EndToEnd.Tests.Tencent;

/// <summary>The whole story by the SDK alone, and every event that was asked for out of the queue that it subscribed.</summary>
[Collection(SdkFixture.Collection)]
public sealed class SdkStoryTests(SdkFixture fixture)
{
    private const string Queue = "story-queue";

    /// <summary>Variables come back as they were given: in their order, with any text.</summary>
    private const string Vars = """[{"Name":"by","Value":"told"},{"Name":"a","Value":"ü ☃ <&> \"'"},{"Name":"by","Value":""}]""";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly string[] JobEvents =
    [
        "JOB_RUNNING", "JOB_SUCCEED", "JOB_FAILED", "TASK_RUNNING", "TASK_SUCCEED", "TASK_FAILED", "TASK_INSTANCE_RUNNING", "TASK_INSTANCE_SUCCEED", "TASK_INSTANCE_FAILED",
        "JOB_FAILED_INTERRUPTED", "TASK_FAILED_INTERRUPTED", "TASK_INSTANCE_FAILED_INTERRUPTED",
    ];

    private static readonly string[] EnvironmentEvents =
        ["COMPUTE_ENV_CREATED", "COMPUTE_NODE_CREATED", "COMPUTE_NODE_CREATION_FAILED", "COMPUTE_NODE_RUNNING", "COMPUTE_NODE_ABNORMAL", "COMPUTE_NODE_DELETING", "COMPUTE_ENV_DELETED"];

    private Sdk Sdk => fixture.Sdk;

    [Fact]
    public async Task Story_EndsWithEveryEventInTheQueue()
    {
        await Sdk.CallAsync("CreateCmqTopic", """{"TopicName":"Story"}""", "tdmq");
        await Sdk.CallAsync("CreateCmqSubscribe", $$"""{"TopicName":"Story","SubscriptionName":"story","Protocol":"queue","Endpoint":"{{Queue}}","NotifyContentFormat":"SIMPLIFIED"}""", "tdmq");
        Assert.Equal(1, (await Sdk.CallAsync("DescribeCmqTopicDetail", """{"TopicName":"Story"}""", "tdmq")).GetProperty("TopicDescribe").GetProperty("SubscriptionCount").GetInt32());
        Assert.Equal(1, (await Sdk.CallAsync("DescribeTopicDetail", """{"TopicName":"Story"}""", "cmq")).GetProperty("TotalCount").GetInt32());
        var message = Text(await Sdk.CallAsync("PublishCmqMsg", """{"TopicName":"Story","MsgContent":"héllo ☃"}""", "tdmq"), "MsgId");
        var env = Text(await Sdk.CallAsync("CreateComputeEnv", SdkTests.Environment("story", 1, $",{Notifications(EnvironmentEvents)}")), "EnvId");
        var go = Path.Combine(fixture.Stack.Directory, "story.go");

        var dag = await SubmitAsync(
            $$"""
            {{Task("extract", env, "echo 'héllo ☃'")}},{{Task("transform", env, $"test -e {go} || exit 3", ",\"TaskInstanceNum\":2")}},{{Task("load", env, "echo loaded")}}],
            "Dependences":[{"StartTask":"extract","EndTask":"transform"},{"StartTask":"transform","EndTask":"load"}
            """);
        await EndedAsync(dag, "FAILED");
        Assert.Equal("héllo ☃\n", await LogAsync(Sdk, dag, "extract"));
        await File.WriteAllTextAsync(go, "");
        await Sdk.CallAsync("RetryJobs", $$"""{"JobIds":["{{dag}}"]}""");
        await EndedAsync(dag, "SUCCEED");
        Assert.Equal("loaded\n", await LogAsync(Sdk, dag, "load"));
        await Sdk.CallAsync("TerminateTaskInstance", Instance(dag, "load"));
        Assert.Equal("SUCCEED", Text(await DescribeAsync(dag), "JobState"));
        var kept = await InterruptedAsync(env);

        var sleeping = await SubmitAsync(Task("sleep", env, "sleep 1000"));
        await UntilAsync(() => DescribeAsync(sleeping), job => Text(job, "JobState") == "RUNNING");
        await Sdk.CallAsync("TerminateJob", Of(sleeping));
        await EndedAsync(sleeping, "FAILED");
        var wanted = await JournalAsync($"jobs/{dag}", JobEvents);
        wanted.UnionWith(await JournalAsync($"jobs/{sleeping}", JobEvents));
        wanted.UnionWith(await JournalAsync($"jobs/{kept}", JobEvents));
        await Sdk.CallAsync("DeleteJob", Of(dag));
        await Sdk.CallAsync("DeleteJob", Of(sleeping));
        await Sdk.CallAsync("DeleteJob", Of(kept));
        await LoseNodeAsync(env);
        await FailToMakeNodeAsync(env);
        Assert.Equal("ResourceNotFound.Job", await Sdk.RefusalAsync("DescribeJob", Of(dag)));
        await Sdk.CallAsync("DeleteComputeEnv", $$"""{"EnvId":"{{env}}"}""");

        var taken = await TakeAsync(Queue, messages => messages.ContainsKey(message) && messages.Values.Any(text => text.Contains("COMPUTE_ENV_DELETED", StringComparison.Ordinal)) && wanted.IsSubsetOf(messages.Keys));
        wanted.UnionWith(await JournalAsync($"environments/{env}", EnvironmentEvents));
        Assert.Equal("héllo ☃", taken[message]);
        taken.Remove(message);
        Assert.Equal(wanted.Order(), taken.Keys.Order());
        var events = taken.Values.Select(text => JsonDocument.Parse(text).RootElement.GetProperty("Events")[0]).ToList();
        Assert.Equal([.. JobEvents.Concat(EnvironmentEvents).Order()], events.Select(told => Text(told, "EventName")).Distinct().Order());
        Assert.All(events, told => Assert.Equal(Sdk.Region, Text(told, "Region")));
        Assert.All(events, told => Assert.Equal(Vars, told.GetProperty("EventVars").GetRawText()));
        await Sdk.CallAsync("DeleteCmqTopic", """{"TopicName":"story"}""", "tdmq");
    }

    /// <summary>A job that is kept for inspection when it fails: it cannot be deleted or tried again before what is kept is given up.</summary>
    private async Task<string> InterruptedAsync(string env)
    {
        var job = await SubmitAsync(Task("kept", env, "exit 3", ",\"FailedAction\":\"FAST_INTERRUPT\",\"MaxRetryCount\":5"));
        await EndedAsync(job, "FAILED_INTERRUPTED");
        Assert.Equal("ResourceInUse.Job", await Sdk.RefusalAsync("DeleteJob", Of(job)));
        Assert.Equal("UnsupportedOperation", await Sdk.RefusalAsync("RetryJobs", $$"""{"JobIds":["{{job}}"]}"""));
        await Sdk.CallAsync("TerminateTaskInstance", Instance(job, "kept"));
        await EndedAsync(job, "FAILED");
        await Sdk.CallAsync("TerminateTaskInstance", Instance(job, "kept"));
        return job;
    }

    /// <summary>Without its keeper a node is lost, and its agent joins anew.</summary>
    private async Task LoseNodeAsync(string env)
    {
        var node = Text((await Sdk.CallAsync("DescribeComputeEnv", $$"""{"EnvId":"{{env}}"}""")).GetProperty("ComputeNodeSet")[0], "ComputeNodeId");
        var record = Directory.EnumerateFiles(Path.Combine(fixture.Stack.Directory), "keeper.pid", SearchOption.AllDirectories).Single(path => path.Contains(node, StringComparison.Ordinal));
        Posix.Signal(ProcessRecord.Read(record)!.Pid, Posix.SigKill);
        await Eventually.TrueAsync(async () => (await JournalAsync($"environments/{env}", ["COMPUTE_NODE_ABNORMAL"])).Count > 0, Limit, () => $"The node {node} is not lost.");
    }

    /// <summary>A node for which there is no directory. What runs does not mind, as long as nobody takes something from there.</summary>
    private async Task FailToMakeNodeAsync(string env)
    {
        var nodes = Path.GetDirectoryName(Directory.EnumerateFiles(fixture.Stack.Directory, "host.id", SearchOption.AllDirectories).Single())!;
        Directory.Move(nodes, nodes + ".away");
        await File.WriteAllTextAsync(nodes, "");
        try
        {
            await Sdk.CallAsync("ModifyComputeEnv", $$"""{"EnvId":"{{env}}","DesiredComputeNodeCount":2}""");
            await Eventually.TrueAsync(async () => (await JournalAsync($"environments/{env}", ["COMPUTE_NODE_CREATION_FAILED"])).Count > 0, Limit, () => "The node was made.");
        }
        finally
        {
            File.Delete(nodes);
            Directory.Move(nodes + ".away", nodes);
        }
    }

    [Fact]
    public async Task Example_CountsWordsAndLeavesItsEventInTheQueue()
    {
        var (exitCode, output) = await Sdk.RunExampleAsync("wordcount.js", Path.Combine(fixture.Stack.Directory, "dev.json"));

        Assert.True(exitCode == 0, output);
        Assert.EndsWith(" SUCCEED: 6 + 4 words\n", output, StringComparison.Ordinal);
        var told = await TakeAsync("wordcount-events", messages => messages.Count > 0);
        Assert.Contains("\"JOB_SUCCEED\"", Assert.Single(told.Values), StringComparison.Ordinal);
    }

    private static string Notifications(IEnumerable<string> events)
    {
        var configs = events.Select(name => $$"""{"EventName":"{{name}}","EventVars":{{Vars}}}""");
        return $$""" "Notifications":[{"TopicName":"story","EventConfigs":[{{string.Join(',', configs)}}]}] """;
    }

    private static string Task(string name, string env, string command, string more = "") =>
        $$"""{"TaskName":"{{name}}","EnvId":"{{env}}","Application":{"DeliveryForm":"LOCAL","Command":"{{command}}"}{{more}} }""";

    private static string Instance(string job, string task) => $$"""{"JobId":"{{job}}","TaskName":"{{task}}","TaskInstanceIndex":0}""";

    private static string Of(string job) => $$"""{"JobId":"{{job}}"}""";

    private async Task<string> SubmitAsync(string tasks) =>
        Text(await Sdk.CallAsync("SubmitJob", $$"""{"Placement":{"Zone":"local-1"},"Job":{"JobName":"story","Tasks":[{{tasks}}],{{Notifications(JobEvents)}} } }"""), "JobId");

    private Task<JsonElement> DescribeAsync(string job) => Sdk.CallAsync("DescribeJob", Of(job));

    private async Task EndedAsync(string job, string state) => await UntilAsync(() => DescribeAsync(job), found => Text(found, "JobState") == state);

    /// <summary>Ids of the events of these names, by the REST API.</summary>
    private async Task<HashSet<string>> JournalAsync(string subject, string[] names)
    {
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Stack.Info.HttpUrl) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", fixture.Stack.Info.ApiKey);
        var page = JsonDocument.Parse(await http.GetStringAsync(new Uri($"/v1/{subject}/events?limit=100", UriKind.Relative))).RootElement;
        return [.. page.GetProperty("items").EnumerateArray().Where(told => names.Contains(Text(told, "event_name"))).Select(told => Text(told, "event_id"))];
    }

    /// <summary>What is read from the queue, by AMQP, until it is enough. A message may come twice.</summary>
    private async Task<Dictionary<string, string>> TakeAsync(string queue, Func<Dictionary<string, string>, bool> isEnough)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(fixture.Stack.Info.AmqpUrl) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        await Eventually.TrueAsync(
            async () =>
            {
                while (await channel.BasicGetAsync(queue, autoAck: true) is { } got)
                {
                    taken[got.BasicProperties.MessageId!] = Encoding.UTF8.GetString(got.Body.Span);
                }

                return isEnough(taken);
            },
            Limit,
            () => string.Join('\n', taken));
        return taken;
    }
}
