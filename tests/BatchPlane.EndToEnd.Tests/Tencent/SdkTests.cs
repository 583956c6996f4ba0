using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.EndToEnd.Tests.Stack;

namespace BatchPlane.EndToEnd.Tests.Tencent;

/// <summary>The real SDK against a real stack: every action once and refused as documented, whatever way it is pointed here.</summary>
[Collection(SdkFixture.Collection)]
public sealed class SdkTests(SdkFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly string[] BatchActions =
    [
        "AttachInstances", "CreateComputeEnv", "CreateTaskTemplate", "DeleteComputeEnv", "DeleteJob", "DeleteTaskTemplates", "DescribeAvailableCvmInstanceTypes", "DescribeComputeEnv",
        "DescribeComputeEnvActivities", "DescribeComputeEnvCreateInfo", "DescribeComputeEnvCreateInfos", "DescribeComputeEnvs", "DescribeCvmZoneInstanceConfigInfos", "DescribeInstanceCategories",
        "DescribeJob", "DescribeJobMonitorData", "DescribeJobSubmitInfo", "DescribeJobs", "DescribeTask", "DescribeTaskLogs", "DescribeTaskTemplates", "DetachInstances", "ModifyComputeEnv",
        "ModifyTaskTemplate", "RetryJobs", "SubmitJob", "TerminateComputeNode", "TerminateComputeNodes", "TerminateJob", "TerminateTaskInstance",
    ];

    private readonly HashSet<string> _called = new(StringComparer.Ordinal);

    private Sdk Sdk => fixture.Sdk;

    [Fact]
    public async Task EveryAction_AnswersWithTheMembersOfItsModel()
    {
        await DoEnvironmentsAsync();
        await DoMachinesAsync();
        await DoJobsAsync();
        await DoTemplatesAsync();
        Assert.Equal("GENERAL", (await CallAsync("DescribeInstanceCategories", "null")).GetProperty("InstanceCategorySet")[0].GetProperty("InstanceCategory").GetString());
        Assert.True((await CallAsync("DescribeAvailableCvmInstanceTypes", "{}")).GetProperty("InstanceTypeConfigSet")[0].GetProperty("Cpu").GetInt32() > 0);
        Assert.Equal("SELL", (await CallAsync("DescribeCvmZoneInstanceConfigInfos", "{}")).GetProperty("InstanceTypeQuotaSet")[0].GetProperty("Status").GetString());

        Assert.Equal(BatchActions, _called.Order(StringComparer.Ordinal));
    }

    private async Task DoEnvironmentsAsync()
    {
        var env = Text(await CallAsync("CreateComputeEnv", Environment("every", 1)), "EnvId");
        var of = $$"""{"EnvId":"{{env}}"}""";
        var node = (await UntilAsync(() => CallAsync("DescribeComputeEnv", of), shown => Nodes(shown, "RUNNING").Any())).GetProperty("ComputeNodeSet")[0];
        var machine = Text(node, "ComputeNodeInstanceId");
        Assert.Equal((1, "MANAGED", "BATCH_CREATED"), (
            (await CallAsync("DescribeComputeEnvs", $$"""{"EnvIds":["{{env}}"]}""")).GetProperty("TotalCount").GetInt32(),
            Text(await CallAsync("DescribeComputeEnvCreateInfo", of), "EnvType"), Text(node, "ResourceOrigin")));
        Assert.Equal(env, Text((await CallAsync("DescribeComputeEnvCreateInfos", $$"""{"EnvIds":["{{env}}"]}""")).GetProperty("ComputeEnvCreateInfoSet")[0], "EnvId"));
        Assert.Equal("UnsupportedOperation.InstancesNotAllowToAttach", await Sdk.RefusalAsync("AttachInstances", $$"""{"EnvId":"{{env}}","Instances":[{"InstanceId":"ins-00000000"}]}"""));
        Assert.Equal("UnsupportedOperation", await Sdk.RefusalAsync("DetachInstances", $$"""{"EnvId":"{{env}}","InstanceIds":["{{machine}}"]}"""));
        await CallAsync("TerminateComputeNode", $$"""{"EnvId":"{{env}}","ComputeNodeId":"{{Text(node, "ComputeNodeId")}}"}""");
        await CallAsync("ModifyComputeEnv", $$"""{"EnvId":"{{env}}","DesiredComputeNodeCount":1,"EnvDescription":"changed"}""");
        var first = Text(node, "ComputeNodeId");
        var found = await UntilAsync(() => CallAsync("DescribeComputeEnv", of), shown => Nodes(shown, "RUNNING").Any(another => Text(another, "ComputeNodeId") != first));
        var second = Text(Nodes(found, "RUNNING").First(another => Text(another, "ComputeNodeId") != first), "ComputeNodeId");
        await CallAsync("TerminateComputeNodes", $$"""{"EnvId":"{{env}}","ComputeNodeIds":["{{second}}"]}""");
        Assert.NotEqual(0, (await CallAsync("DescribeComputeEnvActivities", of)).GetProperty("TotalCount").GetInt32());
        await CallAsync("DeleteComputeEnv", of);
    }

    /// <summary>A machine that joins an environment by itself, as somebody's agent does, is known by its id, and leaves.</summary>
    private async Task DoMachinesAsync()
    {
        var stack = fixture.Stack;
        var env = (await stack.RunWithInputAsync("""{"env_name":"machines","provider":"attached"}""", "envs", "create", "-")).Out.Trim();
        using var agent = await StartAgentAsync(stack, env, "machine");
        var joined = await UntilAsync(() => CallAsync("DescribeComputeEnv", $$"""{"EnvId":"{{env}}"}"""), found => Nodes(found, "RUNNING").Any());
        var machine = Text(Nodes(joined, "RUNNING").Single(), "ComputeNodeInstanceId");

        Assert.Equal("USER_ATTACHED", Text(Nodes(joined, "RUNNING").Single(), "ResourceOrigin"));
        await CallAsync("AttachInstances", $$"""{"EnvId":"{{env}}","Instances":[{"InstanceId":"{{machine}}"}]}""");
        await CallAsync("DetachInstances", $$"""{"EnvId":"{{env}}","InstanceIds":["{{machine}}"]}""");
        await UntilAsync(() => CallAsync("DescribeComputeEnv", $$"""{"EnvId":"{{env}}"}"""), found => !Nodes(found, "RUNNING").Any());
        agent.Terminate();
        await agent.ExitCodeAsync(Limit);
    }

    /// <summary>An agent that somebody starts on a machine, with a token of the environment.</summary>
    internal static async Task<BatchPlaneProcess> StartAgentAsync(StackFixture stack, string env, string directory)
    {
        var printed = (await stack.RunAsync("envs", "join-token", env, "--ttl", "600")).Out.Trim().Split(' ');
        return BatchPlaneProcess.StartBy(
            "/usr/bin/env", stack.Directory, [printed[0], BatchPlaneProcess.Program, .. printed[2..], "--slots", "1", "--container-engine", "none", "--dir", Path.Combine(stack.Directory, directory)]);
    }

    private async Task DoJobsAsync()
    {
        var job = await SubmitAsync("every", "exit 3", 2);
        var of = $$"""{"JobId":"{{job}}"}""";
        var task = $$"""{"JobId":"{{job}}","TaskName":"t"}""";
        await UntilAsync(() => CallAsync("DescribeJob", of), found => Text(found, "JobState") == "FAILED");
        Assert.Equal("every", Text(await CallAsync("DescribeJobSubmitInfo", of), "JobName"));
        Assert.Equal(1, (await CallAsync("DescribeJobs", $$"""{"Filters":[{"Name":"job-id","Values":["{{job}}"]}]}""")).GetProperty("TotalCount").GetInt32());
        var instances = (await CallAsync("DescribeTask", task)).GetProperty("TaskInstanceSet");
        Assert.Equal([(0, 3), (1, 3)], instances.EnumerateArray().Select(instance => (instance.GetProperty("TaskInstanceIndex").GetInt32(), instance.GetProperty("ExitCode").GetInt32())));
        Assert.Equal(2, (await CallAsync("DescribeTaskLogs", task)).GetProperty("TotalCount").GetInt32());
        Assert.True((await CallAsync("DescribeJobMonitorData", $$"""{"JobId":"{{job}}","TaskName":"t","TaskInstanceIndex":0,"MetricName":"CpuUsage"}""")).GetProperty("Period").GetInt32() > 0);
        await CallAsync("RetryJobs", $$"""{"JobIds":["{{job}}"]}""");
        await UntilAsync(() => CallAsync("DescribeJob", of), found => Text(found, "JobState") == "FAILED");
        await CallAsync("DeleteJob", of);

        var sleeping = await SubmitAsync("sleeping", "sleep 1000", 2);
        await CallAsync("TerminateTaskInstance", $$"""{"JobId":"{{sleeping}}","TaskName":"t","TaskInstanceIndex":0}""");
        Assert.Equal("ResourceInUse.Job", await Sdk.RefusalAsync("DeleteJob", $$"""{"JobId":"{{sleeping}}"}"""));
        await CallAsync("TerminateJob", $$"""{"JobId":"{{sleeping}}"}""");
    }

    private async Task DoTemplatesAsync()
    {
        var id = Text(await CallAsync("CreateTaskTemplate", """{"TaskTemplateName":"every","TaskTemplateInfo":{"TaskName":"t","EnvId":"env-00000000","Application":{"DeliveryForm":"LOCAL","Command":"true"}}}"""), "TaskTemplateId");
        await CallAsync("ModifyTaskTemplate", $$"""{"TaskTemplateId":"{{id}}","TaskTemplateDescription":"chängéd"}""");
        Assert.Equal("chängéd", Text((await CallAsync("DescribeTaskTemplates", $$"""{"TaskTemplateIds":["{{id}}"]}""")).GetProperty("TaskTemplateSet")[0], "TaskTemplateDescription"));
        await CallAsync("DeleteTaskTemplates", $$"""{"TaskTemplateIds":["{{id}}"]}""");
    }

    [Fact]
    public async Task ClientsOfAllKinds_AreTakenOrRefusedByName()
    {
        var port = new Uri($"http://{Sdk.Endpoint}").Port;
        Action<JsonObject>[] taken =
        [
            call => call["endpoint"] = FormattableString.Invariant($"127.0.0.1:{port}"),
            call => call["endpoint"] = FormattableString.Invariant($"localhost:{port}"),
            call => call.Remove("region"),
            call => call["method"] = "GET",
            call => call["signMethod"] = "HmacSHA1",
            call => call["signMethod"] = "HmacSHA256",
            call => call["shift"] = -200,
        ];
        foreach (var change in taken)
        {
            var answer = await Sdk.CallAsync("DescribeJobs", """{"Filters":[{"Name":"job-name","Values":["héllo ☃"]}],"Limit":1}""", change: change);
            Assert.Equal(0, answer.GetProperty("TotalCount").GetInt32());
        }

        foreach (var host in new[] { "127.0.0.1", "localhost" })
        {
            void Change(JsonObject call) => call["endpoint"] = FormattableString.Invariant($"{host}:{port}");
            var submitted = await Sdk.CallAsync(
                "SubmitJob", $$"""{"Placement":{"Zone":"local-1"},"Job":{"Tasks":[{"EnvId":"{{await DefaultAsync()}}","Application":{"DeliveryForm":"LOCAL","Command":"true"} }]} }""", change: Change);
            var job = Text(submitted, "JobId");
            Assert.Equal(job, Text(await Sdk.CallAsync("DescribeJob", $$"""{"JobId":"{{job}}"}""", change: Change), "JobId"));
        }

        (Action<JsonObject> Change, string Code)[] refused =
        [
            (call => call["secretKey"] = "another", "AuthFailure.SignatureFailure"),
            (call => call["secretId"] = "AKIDnobody", "AuthFailure.SecretIdNotFound"),
            (call => call["shift"] = -400, "AuthFailure.SignatureExpire"),
            (call => call["shift"] = 400, "AuthFailure.SignatureExpire"),
            (call => call["token"] = "temporary", "AuthFailure.TokenFailure"),
            (call => call["action"] = "CreateCpmComputeEnv", "InvalidAction"),
            (call => call["version"] = "2016-01-01", "NoSuchVersion"),
        ];
        foreach (var (change, code) in refused)
        {
            Assert.Equal(code, await Sdk.RefusalAsync("DescribeJobs", "{}", change: change));
        }
    }

    [Fact]
    public async Task UnicodeAndRepetition_AreKept()
    {
        var request = $$"""{"Placement":{"Zone":"local-1"},"ClientToken":"tok-1","Job":{"JobName":"héllo ☃ 你好","Priority":"1","Tasks":[{"TaskName":"t","EnvId":"{{await DefaultAsync()}}","Application":{"DeliveryForm":"LOCAL","Command":"echo 'héllo ☃ 你好'"} }]} }""";
        var (first, again) = (await Sdk.CallAsync("SubmitJob", request), await Sdk.CallAsync("SubmitJob", request));
        var job = Text(first, "JobId");

        await UntilAsync(() => Sdk.CallAsync("DescribeJob", $$"""{"JobId":"{{job}}"}"""), found => Text(found, "JobState") == "SUCCEED");

        Assert.Equal(job, Text(again, "JobId"));
        Assert.NotEqual(Text(first, "RequestId"), Text(again, "RequestId"));
        Assert.Equal("héllo ☃ 你好", Text(await Sdk.CallAsync("DescribeJob", $$"""{"JobId":"{{job}}"}"""), "JobName"));
        Assert.Equal("héllo ☃ 你好\n", await LogAsync(Sdk, job, "t"));
    }

    /// <summary>The standard output of an instance, out of the data URI that it comes in.</summary>
    internal static async Task<string> LogAsync(Sdk sdk, string job, string task)
    {
        const string Prefix = "data:text/plain;charset=utf-8;base64,";
        var uri = Text((await sdk.CallAsync("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"{{task}}","TaskInstanceIndexes":[0]}""")).GetProperty("TaskInstanceLogSet")[0], "StdoutLog");
        Assert.StartsWith(Prefix, uri, StringComparison.Ordinal);
        return Encoding.UTF8.GetString(Convert.FromBase64String(uri[Prefix.Length..]));
    }

    internal static string Environment(string name, int nodes, string more = "") =>
        $$"""{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"{{name}}","EnvType":"MANAGED","DesiredComputeNodeCount":{{nodes}},"EnvData":{"InstanceTypes":["local.small"],"ImageId":"img-local"}{{more}}} }""";

    internal static string Text(JsonElement answer, string name) => answer.GetProperty(name).GetString()!;

    /// <summary>Asks until the answer is as wanted.</summary>
    internal static async Task<JsonElement> UntilAsync(Func<Task<JsonElement>> ask, Func<JsonElement, bool> wanted)
    {
        var answer = default(JsonElement);
        await Eventually.TrueAsync(async () => wanted(answer = await ask()), Limit, () => answer.ToString());
        return answer;
    }

    private static IEnumerable<JsonElement> Nodes(JsonElement env, string state) => env.GetProperty("ComputeNodeSet").EnumerateArray().Where(node => Text(node, "ComputeNodeState") == state);

    private async Task<string> SubmitAsync(string name, string command, int instances) => Text(
        await CallAsync("SubmitJob", $$"""{"Placement":{"Zone":"local-1"},"Job":{"JobName":"{{name}}","Tasks":[{"TaskName":"t","TaskInstanceNum":{{instances}},"EnvId":"{{await DefaultAsync()}}","Application":{"DeliveryForm":"LOCAL","Command":"{{command}}"} }]} }"""), "JobId");

    private async Task<string> DefaultAsync() => Text((await CallAsync("DescribeComputeEnvs", """{"Filters":[{"Name":"env-name","Values":["local"]}]}""")).GetProperty("ComputeEnvSet")[0], "EnvId");

    private Task<JsonElement> CallAsync(string action, string request)
    {
        _called.Add(action);
        return Sdk.CallAsync(action, request);
    }
}
