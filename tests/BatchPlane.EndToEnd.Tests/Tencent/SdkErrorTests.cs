using System.Net.Http.Headers;
using System.Text.Json;
using BatchPlane.Cli.Dev;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Testing;
using static BatchPlane.EndToEnd.Tests.Tencent.SdkTests;

namespace BatchPlane.EndToEnd.Tests.Tencent;

/// <summary>The codes that Tencent publishes, thrown by its SDK: each pair of an action and a code that anybody can have (<see cref="PublishedErrors.AtWill"/>).</summary>
[Collection(SdkFixture.Collection)]
public sealed class SdkErrorTests(SdkFixture fixture)
{
    private const int SigStop = 19;
    private const int SigContinue = 18;
    private const string NoJob = """{"JobId":"job-00000000"}""";
    private const string BadJob = """{"JobId":"nonsense"}""";
    private const string NoEnv = """{"EnvId":"env-00000000"}""";
    private const string BadEnv = """{"EnvId":"nonsense"}""";
    private const string Colour = """{"Filters":[{"Name":"colour","Values":["a"]}]}""";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>What may be wrong with a task, the same in jobs and templates: its members, <c>ENV</c> standing for an environment that is there.</summary>
    private static readonly (string Members, string Code)[] BadTasks =
    [
        ("""  "TaskName":"t" """, "AllowedOneAttributeInEnvIdAndComputeEnv"),
        (""" "EnvId":"ENV","ComputeEnv":{} """, "AllowedOneAttributeInEnvIdAndComputeEnv"),
        (""" "ComputeEnv":{"EnvData":{"InstanceTypeOptions":{"CPU":0,"Memory":1} } } """, "InvalidParameter.CvmParameters"),
        (""" "EnvId":"ENV","TaskName":" t" """, "InvalidParameter.TaskName"),
        ($$""" "EnvId":"ENV","TaskName":"{{Long(61)}}" """, "InvalidParameter.TaskNameTooLong"),
        (""" "EnvId":"ENV","RedirectLocalInfo":{"StdoutLocalPath":"logs/"} """, "InvalidParameterValue.LocalPath"),
        (""" "EnvId":"ENV","InputMappings":[{"SourcePath":"cos:/b","DestinationPath":"/in/"}] """, "InvalidParameterValue.RemoteStoragePath"),
        (""" "EnvId":"ENV","InputMappings":[{"SourcePath":"cfs://h/in/","DestinationPath":"/in/"}] """, "InvalidParameterValue.RemoteStorageSchemeType"),
        (""" "EnvId":"ENV","MaxRetryCount":1000 """, "InvalidParameterValue.MaxRetryCount"),
        (""" "EnvId":"ENV","Timeout":-1 """, "InvalidParameterValue.Negative"),
        (""" "EnvId":"ENV","Timeout":"soon" """, "InvalidParameterValue.NotFloat"),
        (""" "EnvId":"ENV","TaskInstanceNum":0 """, "InvalidParameterValue.TaskInstanceNum"),
    ];

    private static readonly (string Notifications, string Code)[] BadNotifications =
    [
        ("""[{"TopicName":"1","EventConfigs":[{"EventName":"ComputeNodeRunning"}]}]""", "InvalidParameter.NotificationTopicName"),
        ($$"""[{"TopicName":"{{Long(65)}}","EventConfigs":[{"EventName":"ComputeNodeRunning"}]}]""", "InvalidParameter.NotificationTopicNameTooLong"),
        ("""[{"TopicName":"t","EventConfigs":[{"EventName":"ComputeNodeRunning"},{"EventName":"COMPUTE_NODE_RUNNING"}]}]""", "InvalidParameter.NotificationEventNameDuplicate"),
    ];

    private readonly HashSet<(string Action, string Code)> _thrown = [];
    private readonly List<string> _others = [];

    private Sdk Sdk => fixture.Sdk;

    [Fact]
    public async Task PublishedErrors_AreThrown()
    {
        var local = (await Sdk.CallAsync("DescribeComputeEnvs", """{"Filters":[{"Name":"env-name","Values":["local"]}]}""")).GetProperty("ComputeEnvSet")[0];
        await SubmittedWrongAsync(Text(local, "EnvId"));
        await MadeWrongAsync();
        await JobsAsync();
        await EnvironmentsAsync(Text(local, "EnvId"));
        await GoingEnvironmentAsync();
        await TemplatesAsync(Text(local, "EnvId"));

        Assert.Empty(_others);
        Assert.Empty(PublishedErrors.AtWill.Except(_thrown));
    }

    private async Task SubmittedWrongAsync(string env)
    {
        foreach (var (members, code) in BadTasks)
        {
            await ThrowsAsync("SubmitJob", Submit(Task(members.Replace("ENV", env, StringComparison.Ordinal))), code);
        }

        var task = Task($"\"TaskName\":\"t\",\"EnvId\":\"{env}\"");
        foreach (var (notifications, code) in BadNotifications)
        {
            await ThrowsAsync("SubmitJob", Submit(task, $",\"Notifications\":{notifications}"), code);
        }

        (string Request, string Code)[] calls =
        [
            (Submit(Task(""" "EnvId":"nonsense" """)), "InvalidParameter.EnvIdMalformed"),
            (Submit(Task(""" "EnvId":"env-00000000" """)), "ResourceNotFound.ComputeEnv"),
            (Submit(Task(""" "ComputeEnv":{"EnvType":"THPC_QUEUE"} """)), "InvalidParameterValue.ComputeEnv"),
            (Submit(Task(""" "ComputeEnv":{"EnvData":{"InstanceTypes":["a","a"]} } """)), "InvalidParameterValue.InstanceTypeDuplicate"),
            (Submit(Task(""" "ComputeEnv":{"EnvData":{"InstanceChargeType":"FREE"} } """)), "InvalidParameterValue.UnsupportedBatchInstanceChargeType"),
            (Submit(task.Replace("\"Command\":", "\"Commands\":[{\"Command\":\"true\"}],\"Command\":", StringComparison.Ordinal)), "InvalidParameter.InvalidParameterCombination"),
            (Submit(task, $",\"JobName\":\"{Long(61)}\""), "InvalidParameter.JobNameTooLong"),
            (Submit(task, $",\"JobDescription\":\"{Long(201)}\""), "InvalidParameter.JobDescriptionTooLong"),
            (Submit(task, """,  "Dependences":[{"StartTask":"t","EndTask":"none"}]"""), "InvalidParameterValue.DependenceNotFoundTaskName"),
            (Submit(task, """,  "Dependences":[{"StartTask":"t","EndTask":"t"}]"""), "InvalidParameterValue.DependenceUnfeasible"),
            (Submit(task, """,  "Notifications":[{"TopicName":"t","EventConfigs":[{"EventName":"ComputeEnvCreated"}]}]"""), "InvalidParameterValue"),
            (Submit(task, $",\"Tags\":[{string.Join(',', Enumerable.Range(0, 11).Select(n => $$"""{"Key":"{{n}}","Value":""}"""))}]"), "InvalidParameterValue.LimitExceeded"),
            (Submit(task, """,  "Tags":7"""), "InvalidParameterValue.InvalidDataTypeAny"),
            (Submit(task).Replace("local-1", "moon-1", StringComparison.Ordinal), "InvalidParameterValue.UnavailableZone"),
            (Submit(task, """,  "Nothing":7"""), "UnknownParameter"),
        ];
        foreach (var (request, code) in calls)
        {
            await ThrowsAsync("SubmitJob", request, code);
        }
    }

    private async Task MadeWrongAsync()
    {
        foreach (var (notifications, code) in BadNotifications)
        {
            await ThrowsAsync("CreateComputeEnv", Make("e", $",\"Notifications\":{notifications}"), code);
        }

        (string Request, string Code)[] calls =
        [
            (Make(Long(61)), "InvalidParameter.EnvNameTooLong"),
            (Make("e", $",\"EnvDescription\":\"{Long(201)}\""), "InvalidParameter.EnvDescriptionTooLong"),
            (Make("e", """,  "EnvData":{"InstanceTypeOptions":{"CPU":0,"Memory":1} }"""), "InvalidParameter.CvmParameters"),
            (Make("e", """,  "EnvData":{"InstanceType":"local.small","InstanceTypes":["local.small"]}"""), "InvalidParameter.InvalidParameterCombination"),
            (Make("local"), "InvalidParameterValue.ComputeEnv"),
            (Make("e", """,  "EnvData":{"InstanceTypes":["S9.NONE"]}"""), "InvalidParameterValue.InstanceType"),
            (Make("e", """,  "EnvData":{"InstanceTypes":["a","a"]}"""), "InvalidParameterValue.InstanceTypeDuplicate"),
            (Make("e", """,  "EnvData":{"InstanceTypes":[]}"""), "InvalidParameterValue.InstanceTypesEmpty"),
            (Make("e", """,  "EnvData":{"InstanceChargeType":"FREE"}"""), "InvalidParameterValue.UnsupportedBatchInstanceChargeType"),
            (Make("e", """,  "EnvData":7"""), "InvalidParameterValue.InvalidDataTypeAny"),
            (Make("e", """,  "ResourceMaxRetryCount":-1"""), "InvalidParameterValue.Negative"),
            (Make("e").Replace("local-1", "moon-1", StringComparison.Ordinal), "InvalidParameterValue.UnavailableZone"),
        ];
        foreach (var (request, code) in calls)
        {
            await ThrowsAsync("CreateComputeEnv", request, code);
        }
    }

    /// <summary>Around a job whose task has an environment of its own, which runs until it may end, and ends well.</summary>
    private async Task JobsAsync()
    {
        var go = Path.Combine(fixture.Stack.Directory, "errors.go");
        var job = Text(await Sdk.CallAsync("SubmitJob", Submit(
            $$"""{"TaskName":"t","ComputeEnv":{"EnvData":{"InstanceTypes":["local.small"]} },"Application":{"DeliveryForm":"LOCAL","Command":"until test -e {{go}}; do sleep 0.1; done"} }""")), "JobId");
        var of = $$"""{"JobId":"{{job}}"}""";
        await ThrowsAsync("DeleteJob", of, "ResourceInUse.Job");
        await ThrowsAsync("ModifyComputeEnv", $$"""{"EnvId":"{{await EnvironmentOfAsync(job)}}","DesiredComputeNodeCount":1}""", "UnsupportedOperation.AcceptOtherRequest");
        await File.WriteAllTextAsync(go, "");
        await UntilAsync(() => Sdk.CallAsync("DescribeJob", of), found => Text(found, "JobState") == "SUCCEED");

        (string Action, string Request, string Code)[] calls =
        [
            ("RetryJobs", $$"""{"JobIds":["{{job}}"]}""", "UnsupportedOperation"),
            ("RetryJobs", """{"JobIds":["job-00000000"]}""", "ResourceNotFound.Job"),
            ("RetryJobs", """{"JobIds":["nonsense"]}""", "InvalidParameter.JobIdMalformed"),
            .. new[] { "TerminateJob", "DeleteJob", "DescribeJob", "DescribeJobSubmitInfo" }.SelectMany(action => new[]
            {
                (action, NoJob, "ResourceNotFound.Job"),
                (action, BadJob, "InvalidParameter.JobIdMalformed"),
            }),
            ("DescribeJobMonitorData", Instance("job-00000000"), "ResourceNotFound.Job"),
            ("DescribeJobMonitorData", Instance("nonsense"), "InvalidParameter.JobIdMalformed"),
            ("DescribeJobs", """{"JobIds":["job-00000000"],"Filters":[{"Name":"zone","Values":["a"]}]}""", "InvalidParameter.InvalidParameterCombination"),
            ("DescribeJobs", """{"Filters":[{"Name":"job-id","Values":["nonsense"]}]}""", "InvalidParameter.JobIdMalformed"),
            ("DescribeJobs", """{"Filters":[{"Name":"job-state","Values":["SUCCEEDED"]}]}""", "InvalidParameterValue"),
            ("DescribeJobs", Colour, "InvalidParameterValue.InvalidFilter"),
            ("DescribeJobs", $$"""{"JobIds":[{{string.Join(',', Enumerable.Repeat("\"job-00000000\"", 101))}}]}""", "InvalidParameterValue.LimitExceeded"),
            ("DescribeJobs", """{"Nothing":1}""", "UnknownParameter"),
            ("DescribeTask", """{"JobId":"job-00000000","TaskName":"t"}""", "ResourceNotFound.Task"),
            ("DescribeTask", """{"JobId":"nonsense","TaskName":"t"}""", "InvalidParameter.JobIdMalformed"),
            ("DescribeTaskLogs", """{"JobId":"job-00000000","TaskName":"t"}""", "ResourceNotFound.Job"),
            ("DescribeTaskLogs", """{"JobId":"nonsense","TaskName":"t"}""", "InvalidParameter.JobIdMalformed"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"other"}""", "ResourceNotFound.Task"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"t","TaskInstanceIndexes":[7]}""", "ResourceNotFound.TaskInstance"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":" "}""", "InvalidParameter.TaskName"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"{{Long(61)}}"}""", "InvalidParameter.TaskNameTooLong"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"t","Limit":11}""", "InvalidParameterValue"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"t","Offset":-1}""", "InvalidParameterValue.Negative"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{job}}","TaskName":"t","Nothing":1}""", "UnknownParameter"),
            ("TerminateTaskInstance", """{"JobId":"job-00000000","TaskName":"t","TaskInstanceIndex":0}""", "ResourceNotFound.TaskInstance"),
            ("TerminateTaskInstance", """{"JobId":"nonsense","TaskName":"t","TaskInstanceIndex":0}""", "InvalidParameter.JobIdMalformed"),
        ];
        foreach (var (action, request, code) in calls)
        {
            await ThrowsAsync(action, request, code);
        }
    }

    private async Task EnvironmentsAsync(string local)
    {
        var node = (await Sdk.CallAsync("DescribeComputeEnv", $$"""{"EnvId":"{{local}}"}""")).GetProperty("ComputeNodeSet")[0];
        (string Action, string Request, string Code)[] calls =
        [
            .. new[] { "ModifyComputeEnv", "DeleteComputeEnv", "DescribeComputeEnv", "DescribeComputeEnvCreateInfo", "DescribeComputeEnvActivities" }.SelectMany(action => new[]
            {
                (action, NoEnv, "ResourceNotFound.ComputeEnv"),
                (action, BadEnv, "InvalidParameter.EnvIdMalformed"),
            }),
            ("ModifyComputeEnv", $$"""{"EnvId":"{{local}}","EnvName":"{{Long(61)}}"}""", "InvalidParameter.EnvNameTooLong"),
            ("ModifyComputeEnv", $$"""{"EnvId":"{{local}}","EnvDescription":"{{Long(201)}}"}""", "InvalidParameter.EnvDescriptionTooLong"),
            ("ModifyComputeEnv", Types(local, "\"S9.NONE\""), "InvalidParameterValue.InstanceType"),
            ("ModifyComputeEnv", Types(local, "\"a\",\"a\""), "InvalidParameterValue.InstanceTypeDuplicate"),
            ("ModifyComputeEnv", Types(local, ""), "InvalidParameterValue.InstanceTypesEmpty"),
            ("ModifyComputeEnv", Types(local, string.Join(',', Enumerable.Range(0, 11).Select(n => $"\"{n}\""))), "InvalidParameterValue.LimitExceeded"),
            ("ModifyComputeEnv", $$"""{"EnvId":"{{local}}","DesiredComputeNodeCount":-1}""", "InvalidParameterValue.Negative"),
            ("DeleteComputeEnv", $$"""{"EnvId":"{{local}}"}""", "UnsupportedOperation.ComputeEnvOperation"),
            ("DescribeComputeEnvs", """{"EnvIds":["nonsense"]}""", "InvalidParameter.EnvIdMalformed"),
            ("DescribeComputeEnvs", """{"EnvIds":["env-00000000"],"Filters":[{"Name":"zone","Values":["a"]}]}""", "InvalidParameter.InvalidParameterCombination"),
            ("DescribeComputeEnvs", """{"Limit":101}""", "InvalidParameterValue"),
            ("DescribeComputeEnvs", Colour, "InvalidParameterValue.InvalidFilter"),
            ("DescribeComputeEnvs", """{"Filters":[{"Name":"resource-type","Values":["boat"]}]}""", "InvalidParameterValue.ResourceType"),
            ("DescribeComputeEnvs", """{"Nothing":1}""", "UnknownParameter"),
            ("DescribeComputeEnvActivities", $$"""{"EnvId":"{{local}}","Filters":{"Name":"compute-node-id","Values":["nonsense"]} }""", "InvalidParameter.ComputeNodeIdMalformed"),
            ("DescribeComputeEnvActivities", $$"""{"EnvId":"{{local}}","Nothing":1}""", "UnknownParameter"),
            .. new[] { ("TerminateComputeNode", "\"ComputeNodeId\":\"NODE\""), ("TerminateComputeNodes", "\"ComputeNodeIds\":[\"NODE\"]") }.SelectMany(action => new[]
            {
                (action.Item1, OfNode("env-00000000", action.Item2, "node-00000000"), "ResourceNotFound.ComputeEnv"),
                (action.Item1, OfNode("nonsense", action.Item2, "node-00000000"), "InvalidParameter.EnvIdMalformed"),
                (action.Item1, OfNode(local, action.Item2, "node-00000000"), "ResourceNotFound.ComputeNode"),
                (action.Item1, OfNode(local, action.Item2, "nonsense"), "InvalidParameter.ComputeNodeIdMalformed"),
            }),
            .. new[] { ("AttachInstances", """ "Instances":[{"InstanceId":"ins-0"}] """), ("DetachInstances", """ "InstanceIds":["ins-0"] """) }.SelectMany(action => new[]
            {
                (action.Item1, OfNode("env-00000000", action.Item2, ""), "ResourceNotFound.ComputeEnv"),
                (action.Item1, OfNode("nonsense", action.Item2, ""), "InvalidParameter.EnvIdMalformed"),
            }),
            ("AttachInstances", $$"""{"EnvId":"{{local}}","Instances":[{"InstanceId":"ins-0"},{"InstanceId":"ins-0"}]}""", "InvalidParameterValue.InstanceIdDuplicated"),
            ("AttachInstances", $$"""{"EnvId":"{{local}}","Instances":[{"InstanceId":"ins-0"}]}""", "UnsupportedOperation.InstancesNotAllowToAttach"),
            ("DetachInstances", $$"""{"EnvId":"{{local}}","InstanceIds":["ins-0","ins-0"]}""", "InvalidParameterValue.InstanceIdDuplicated"),
            ("DetachInstances", $$"""{"EnvId":"{{local}}","InstanceIds":["{{Text(node, "ComputeNodeInstanceId")}}"]}""", "UnsupportedOperation"),
        ];
        foreach (var (action, request, code) in calls)
        {
            await ThrowsAsync(action, request, code);
        }
    }

    /// <summary>An environment cannot go while the agent of a machine in it stands still.</summary>
    private async Task GoingEnvironmentAsync()
    {
        var stack = fixture.Stack;
        var env = (await stack.RunWithInputAsync("""{"env_name":"going","provider":"attached"}""", "envs", "create", "-")).Out.Trim();
        var of = $$"""{"EnvId":"{{env}}"}""";
        using var agent = await StartAgentAsync(stack, env, "going");
        var joined = await UntilAsync(() => Sdk.CallAsync("DescribeComputeEnv", of), found => found.GetProperty("ComputeNodeSet").EnumerateArray().Any(node => Text(node, "ComputeNodeState") == "RUNNING"));
        var node = Text(joined.GetProperty("ComputeNodeSet")[0], "ComputeNodeId");
        Posix.Signal(agent.Pid, SigStop);
        try
        {
            await Sdk.CallAsync("DeleteComputeEnv", of);
            await ThrowsAsync("DeleteComputeEnv", of, "UnsupportedOperation.ComputeEnvAcceptOtherRequest");
            await ThrowsAsync("ModifyComputeEnv", $$"""{"EnvId":"{{env}}","EnvDescription":"late"}""", "UnsupportedOperation.ComputeEnvAcceptOtherRequest");
            await ThrowsAsync("TerminateComputeNode", OfNode(env, "\"ComputeNodeId\":\"NODE\"", node), "UnsupportedOperation.ComputeNodeIsTerminating");
            await ThrowsAsync("TerminateComputeNodes", OfNode(env, "\"ComputeNodeIds\":[\"NODE\"]", node), "UnsupportedOperation.ComputeNodeIsTerminating");
        }
        finally
        {
            Posix.Signal(agent.Pid, SigContinue);
        }

        await Eventually.TrueAsync(async () => await Sdk.RefusalAsync("DescribeComputeEnv", of) == "ResourceNotFound.ComputeEnv", Limit, () => "The environment is still there.");
        agent.Terminate();
        await agent.ExitCodeAsync(Limit);
    }

    private async Task TemplatesAsync(string env)
    {
        foreach (var (members, code) in BadTasks)
        {
            var task = Task(members.Replace("ENV", env, StringComparison.Ordinal));
            await ThrowsAsync("CreateTaskTemplate", $$"""{"TaskTemplateName":"t","TaskTemplateInfo":{{task}} }""", code);
            await ThrowsAsync("ModifyTaskTemplate", $$"""{"TaskTemplateId":"task-tmpl-00000000","TaskTemplateInfo":{{task}} }""", code);
        }

        foreach (var (members, code) in new[]
        {
            ("\"TaskTemplateName\":\" t\"", "InvalidParameter.TaskTemplateName"),
            ($"\"TaskTemplateName\":\"{Long(61)}\"", "InvalidParameter.TaskTemplateNameTooLong"),
            ($"\"TaskTemplateName\":\"t\",\"TaskTemplateDescription\":\"{Long(201)}\"", "InvalidParameter.TaskTemplateDescriptionTooLong"),
        })
        {
            await ThrowsAsync("CreateTaskTemplate", $$"""{ {{members}},"TaskTemplateInfo":{{Task($"\"EnvId\":\"{env}\"")}} }""", code);
            await ThrowsAsync("ModifyTaskTemplate", $$"""{"TaskTemplateId":"task-tmpl-00000000",{{members}} }""", code);
        }

        await ThrowsAsync("ModifyTaskTemplate", """{"TaskTemplateId":"task-tmpl-00000000"}""", "InvalidParameterAtLeastOneAttribute");
        await ThrowsAsync("ModifyTaskTemplate", """{"TaskTemplateId":"nonsense","TaskTemplateName":"t"}""", "InvalidParameter.TaskTemplateIdMalformed");
        await ThrowsAsync("ModifyTaskTemplate", """{"TaskTemplateId":"task-tmpl-00000000","TaskTemplateName":"t"}""", "ResourceNotFound.TaskTemplate");
        await ThrowsAsync("DeleteTaskTemplates", """{"TaskTemplateIds":["task-tmpl-00000000"]}""", "ResourceNotFound.TaskTemplate");
        await ThrowsAsync("DeleteTaskTemplates", """{"TaskTemplateIds":["nonsense"]}""", "InvalidParameter.TaskTemplateIdMalformed");
    }

    private async Task ThrowsAsync(string action, string request, string code)
    {
        var thrown = await Sdk.RefusalAsync(action, request);
        _thrown.Add((action, thrown));
        if (thrown != code)
        {
            _others.Add($"{action} {request}: {code} was expected, not {thrown}");
        }
    }

    /// <summary>The environment that was made for the task of a job; Tencent's interface does not tell it.</summary>
    private async Task<string> EnvironmentOfAsync(string job)
    {
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Stack.Info.HttpUrl) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", fixture.Stack.Info.ApiKey);
        return Text(JsonDocument.Parse(await http.GetStringAsync(new Uri($"/v1/jobs/{job}", UriKind.Relative))).RootElement.GetProperty("tasks")[0], "env_id");
    }

    private static string Submit(string task, string more = "") => $$"""{"Placement":{"Zone":"local-1"},"Job":{"Tasks":[{{task}}]{{more}} } }""";

    private static string Task(string members) => $$"""{"Application":{"DeliveryForm":"LOCAL","Command":"true"},{{members}} }""";

    private static string Make(string name, string more = "") => $$"""{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"{{name}}","DesiredComputeNodeCount":0{{more}} } }""";

    private static string Types(string env, string types) => $$"""{"EnvId":"{{env}}","EnvData":{"InstanceTypes":[{{types}}]} }""";

    private static string OfNode(string env, string members, string node) => $$"""{"EnvId":"{{env}}",{{members.Replace("NODE", node, StringComparison.Ordinal)}} }""";

    private static string Instance(string job) => $$"""{"JobId":"{{job}}","TaskName":"t","TaskInstanceIndex":0,"MetricName":"CpuUsage"}""";

    private static string Long(int length) => new('x', length);
}
