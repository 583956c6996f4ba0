using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Actions about jobs, on the same records as the REST API. Nothing runs here; the whole story is told by the real client.</summary>
public sealed class JobActionTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private const string Task = """{"TaskName":"t1","Application":{"DeliveryForm":"LOCAL","Command":"echo héllo"},"EnvId":"env-default0"}""";

    private static string Job(string name, string tasks = Task, string more = "", string request = "") =>
        $$"""{"Placement":{"Zone":"local-2","ProjectId":"7"}{{request}},"Job":{"JobName":"{{name}}","Priority":"9","Tasks":[{{tasks}}]{{more}} } }""";

    private async Task<string> SubmitAsync(string body) => (await server.CallAsync("SubmitJob", body)).GetProperty("JobId").GetString()!;

    private static string Of(string jobId) => $$"""{"JobId":"{{jobId}}"}""";

    [Fact]
    public async Task SubmittedJob_IsSeenByBothSurfaces()
    {
        var jobId = await SubmitAsync(Job("both", more: ""","Tags":[{"Key":"team","Value":"both"}]"""));

        var job = await server.CallAsync("DescribeJob", Of(jobId));
        var detail = await server.GetAsync<JobDetail>($"/v1/jobs/{jobId}");
        var listed = (await server.CallAsync("DescribeJobs", """{"Filters":[{"Name":"tag:team","Values":["both","other"]},{"Name":"zone","Values":["local-2"]},{"Name":"job-state","Values":["RUNNABLE"]}]}""")).GetProperty("JobSet");

        Assert.Equal(("both", 9, "local-2", "RUNNABLE", "", ""), (
            job.GetProperty("JobName").GetString(), job.GetProperty("Priority").GetInt32(), job.GetProperty("Zone").GetString(), job.GetProperty("JobState").GetString(),
            job.GetProperty("StateReason").GetString(), job.GetProperty("NextAction").GetString()));
        Assert.Equal((JsonValueKind.Null, 1), (job.GetProperty("EndTime").ValueKind, job.GetProperty("TaskInstanceMetrics").GetProperty("RunnableCount").GetInt32()));
        Assert.Equal(("both", 9, "t1"), (detail.JobName, detail.Priority, Assert.Single(detail.Tasks).TaskName));
        var placement = Assert.Single(listed.EnumerateArray()).GetProperty("Placement");
        Assert.Equal(("local-2", 7), (placement.GetProperty("Zone").GetString(), placement.GetProperty("ProjectId").GetInt32()));
    }

    [Fact]
    public async Task JobOfTheRestApi_IsDescribedInTencentsWords()
    {
        using var response = await server.PostAsync("/v1/jobs", """{"job_name":"native","tasks":[{"application":{"argv":["true"]}}],"tags":[{"key":"from","value":"rest"}]}""");
        var jobId = (await ServerFixture.ReadAsync<SubmitJobResponse>(response)).JobId;

        var info = await server.CallAsync("DescribeJobSubmitInfo", Of(jobId));
        var listed = await server.CallAsync("DescribeJobs", """{"Filters":[{"Name":"zone","Values":["local-1"]},{"Name":"tag-value","Values":["rest"]},{"Name":"job-name","Values":["native"]}]}""");
        var elsewhere = await server.CallAsync("DescribeJobs", """{"Filters":[{"Name":"zone","Values":["local-2"]},{"Name":"job-name","Values":["native"]}]}""");

        Assert.Equal(("task", "true"), (info.GetProperty("Tasks")[0].GetProperty("TaskName").GetString(), info.GetProperty("Tasks")[0].GetProperty("Application").GetProperty("Command").GetString()));
        Assert.Equal((jobId, 0), (Assert.Single(listed.GetProperty("JobSet").EnumerateArray()).GetProperty("JobId").GetString(), elsewhere.GetProperty("TotalCount").GetInt32()));
    }

    [Fact]
    public async Task RepeatedToken_GivesTheSameJobAndNoOther()
    {
        var first = await SubmitAsync(Job("token", request: ""","ClientToken":"tok-1" """));
        var again = await SubmitAsync(Job("token", request: ""","ClientToken":"tok-1" """));

        Assert.Equal(first, again);
        Assert.Equal("InvalidParameterValue", await server.RefusalAsync("SubmitJob", Job("another", request: ""","ClientToken":"tok-1" """)));
        Assert.Equal("InvalidParameterValue", await server.RefusalAsync("SubmitJob", Job("long", request: $",\"ClientToken\":\"{new string('x', 65)}\"")));
        Assert.Equal(1, await server.CountAsync("jobs WHERE job_name IN ('token', 'another', 'long')"));
    }

    [Fact]
    public async Task SubmitInfo_EchoesWhatHasNoEffectAndMasksSecrets()
    {
        const string Secret = """
            {"TaskName":"secret","Application":{"DeliveryForm":"LOCAL","Commands":[{"Command":"true"}],"Docker":{"Image":"tool","User":"u","Password":"geheim"}},
             "Authentications":[{"Scene":"COS","SecretId":"id","SecretKey":"geheim"}],"RestartComputeNode":"FALSE",
            """;
        const string Machines = """ "ComputeEnv":{"EnvData":{"InstanceTypes":["S5.X","local.small"],"LoginSettings":{"Password":"geheim"},"SystemDisk":{"DiskSize":"50"}}}}""";
        Assert.Equal("InvalidParameter.CvmParameters", await server.RefusalAsync("SubmitJob", Job("attached", Secret + Machines)));
        var jobId = await SubmitAsync(Job("masked", Secret + """ "EnvId":"env-default0"}"""));

        var info = await server.CallAsync("DescribeJobSubmitInfo", Of(jobId));

        Assert.DoesNotContain("geheim", info.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("******", info.GetProperty("Tasks")[0].GetProperty("Application").GetProperty("Docker").GetProperty("Password").GetString());
        Assert.Equal(0, await server.CountAsync("jobs WHERE document::text LIKE '%geheim%' OR tencent::text LIKE '%geheim%'"));
        Assert.Equal(0, await server.CountAsync("tasks WHERE run::text LIKE '%geheim%'"));
    }

    [Fact]
    public async Task RefusedJob_HasTencentsCodeAndIsNotStored()
    {
        const string Other = """{"TaskName":"t2","Application":{"DeliveryForm":"LOCAL","Command":"true"},"EnvId":"env-default0"}""";
        (string Body, string Code)[] bodies =
        [
            (Job("refused").Replace("local-2", "mars", StringComparison.Ordinal), "InvalidParameterValue.UnavailableZone"),
            (Job("refused", Task.Replace(""","EnvId":"env-default0" """.TrimEnd(), "", StringComparison.Ordinal)), "AllowedOneAttributeInEnvIdAndComputeEnv"),
            (Job("refused", Task.Replace("env-default0", "env-nobody00", StringComparison.Ordinal)), "ResourceNotFound.ComputeEnv"),
            (Job("refused", Task.Replace("env-default0", "ENV", StringComparison.Ordinal)), "InvalidParameter.EnvIdMalformed"),
            (Job("refused", Task.Replace("\"t1\"", "\"a b\"", StringComparison.Ordinal)), "InvalidParameter.TaskName"),
            (Job("refused", $"{Task},{Other}", ""","Dependences":[{"StartTask":"t1","EndTask":"t3"}]"""), "InvalidParameterValue.DependenceNotFoundTaskName"),
            (Job("refused", $"{Task},{Other}", ""","Dependences":[{"StartTask":"t1","EndTask":"t2"},{"StartTask":"t2","EndTask":"t1"}]"""), "InvalidParameterValue.DependenceUnfeasible"),
            (Job("refused", more: ""","Notifications":[{"TopicName":"t","EventConfigs":[{"EventName":"JobFailed"},{"EventName":"JOB_FAILED"}]}]"""), "InvalidParameter.NotificationEventNameDuplicate"),
            (Job("refused", more: ""","Notifications":[{"TopicName":"t","EventConfigs":[{"EventName":"COMPUTE_ENV_CREATED"}]}]"""), "InvalidParameterValue"),
            (Job("refused", more: ""","Notifications":[{"TopicName":"1","EventConfigs":[{"EventName":"JobFailed"}]}]"""), "InvalidParameter.NotificationTopicName"),
            (Job(new string('n', 61)), "InvalidParameter.JobNameTooLong"),
            (Job("refused", Task.Replace("\"EnvId\"", "\"TaskInstanceNum\":0,\"EnvId\"", StringComparison.Ordinal)), "InvalidParameterValue.TaskInstanceNum"),
            (Job("refused", Task.Replace("\"EnvId\"", "\"MaxRetryCount\":101,\"EnvId\"", StringComparison.Ordinal)), "InvalidParameterValue.MaxRetryCount"),
            (Job("refused", Task.Replace("\"EnvId\"", "\"InputMappings\":[{\"SourcePath\":\"nfs://h/\",\"DestinationPath\":\"/a\"}],\"EnvId\"", StringComparison.Ordinal)), "InvalidParameterValue.RemoteStorageSchemeType"),
            (Job("refused", Task.Replace("\"Command\":", "\"Commands\":[],\"Command\":", StringComparison.Ordinal)), "InvalidParameter.InvalidParameterCombination"),
            (Job("refused", ""), "InvalidParameterValue"),
        ];
        foreach (var (body, code) in bodies)
        {
            Assert.Equal((body, code), (body, await server.RefusalAsync("SubmitJob", body)));
        }

        Assert.Equal(0, await server.CountAsync("jobs WHERE job_name = 'refused'"));
    }

    [Fact]
    public async Task LifeOfAJob_FollowsTheRulesOfTheRestApi()
    {
        var jobId = await SubmitAsync(Job("life", Task.Replace("\"EnvId\"", "\"TaskInstanceNum\":3,\"EnvId\"", StringComparison.Ordinal)));

        Assert.Equal("ResourceInUse.Job", await server.RefusalAsync("DeleteJob", Of(jobId)));
        Assert.Equal("UnsupportedOperation", await server.RefusalAsync("RetryJobs", $$"""{"JobIds":["{{jobId}}"]}"""));
        await server.CallAsync("TerminateTaskInstance", $$"""{"JobId":"{{jobId}}","TaskName":"t1","TaskInstanceIndex":"1"}""");
        var task = await server.CallAsync("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"t1","Filters":[{"Name":"task-instance-state","Values":["RUNNABLE"]}],"Offset":1}""");
        await server.CallAsync("TerminateJob", Of(jobId));
        var ended = await server.CallAsync("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"t1"}""");
        await server.CallAsync("RetryJobs", $$"""{"JobIds":["{{jobId}}"]}""");
        await server.CallAsync("TerminateJob", Of(jobId));
        await server.CallAsync("DeleteJob", Of(jobId));

        Assert.Equal(2, Assert.Single(task.GetProperty("TaskInstanceSet").EnumerateArray()).GetProperty("TaskInstanceIndex").GetInt32());
        Assert.Equal(2, task.GetProperty("TaskInstanceTotalCount").GetInt32());
        Assert.Equal(["FAILED", "FAILED", "FAILED"], ended.GetProperty("TaskInstanceSet").EnumerateArray().Select(instance => instance.GetProperty("TaskInstanceState").GetString()));
        Assert.Equal("ResourceNotFound.Job", await server.RefusalAsync("DescribeJob", Of(jobId)));
    }

    [Fact]
    public async Task Retry_IsOfAllJobsOrOfNoneAndMayBeRepeated()
    {
        string[] jobIds = [await SubmitAsync(Job("again")), await SubmitAsync(Job("again")), await SubmitAsync(Job("again"))];
        string Body(params string[] ids) => $$"""{"JobIds":[{{string.Join(',', ids.Select(id => $"\"{id}\""))}}]}""";
        await server.CallAsync("TerminateJob", Of(jobIds[0]));
        await server.CallAsync("TerminateJob", Of(jobIds[1]));
        var kept = await SubmitAsync(Job("again"));
        await server.ExecuteAsync($"UPDATE jobs SET state = 'FAILED_INTERRUPTED', cause = 'exit_code', finished_at = now() WHERE job_id = '{kept}'");

        Assert.Equal("UnsupportedOperation", await server.RefusalAsync("RetryJobs", Body(jobIds)));
        Assert.Equal("UnsupportedOperation", await server.RefusalAsync("RetryJobs", Body(jobIds[0], kept)));
        Assert.Equal("ResourceNotFound.Job", await server.RefusalAsync("RetryJobs", Body(jobIds[0], "job-nobody00")));
        Assert.Equal(2, await server.CountAsync("jobs WHERE job_name = 'again' AND state = 'FAILED'"));
        await server.CallAsync("RetryJobs", Body(jobIds[0]));
        await server.CallAsync("RetryJobs", Body(jobIds[0], jobIds[1]));

        Assert.Equal(2, await server.CountAsync("jobs WHERE job_name = 'again' AND state = 'RUNNABLE' AND retried_at IS NOT NULL"));
    }

    [Fact]
    public async Task Retry_NeedsTheEnvironmentsOfAllJobs()
    {
        var envId = (await server.CallAsync("CreateComputeEnv", """{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"leaving","DesiredComputeNodeCount":0} }""")).GetProperty("EnvId").GetString();
        var leaving = await SubmitAsync(Job("leaving", Task.Replace("env-default0", envId, StringComparison.Ordinal)));
        var other = await SubmitAsync(Job("leaving"));
        await server.CallAsync("TerminateJob", Of(leaving));
        await server.CallAsync("TerminateJob", Of(other));
        await server.CallAsync("DeleteComputeEnv", $$"""{"EnvId":"{{envId}}"}""");

        Assert.Equal("UnsupportedOperation", await server.RefusalAsync("RetryJobs", $$"""{"JobIds":["{{other}}","{{leaving}}"]}"""));

        Assert.Equal(2, await server.CountAsync("jobs WHERE job_name = 'leaving' AND state = 'FAILED'"));
    }

    [Fact]
    public async Task Filters_AreAllToBeMet()
    {
        await SubmitAsync(Job("filtered", more: ""","Tags":[{"Key":"fa","Value":"1"},{"Key":"fb","Value":"2"}]"""));
        await SubmitAsync(Job("filtered", more: ""","Tags":[{"Key":"fa","Value":"2"}]"""));
        async Task<int> CountAsync(string filters) => (await server.CallAsync("DescribeJobs", $$"""{"Filters":[{"Name":"job-name","Values":["filtered"]}{{filters}}]}""")).GetProperty("TotalCount").GetInt32();

        Assert.Equal(2, await CountAsync(""",{"Name":"tag-key","Values":["fa"]}"""));
        Assert.Equal(1, await CountAsync(""",{"Name":"tag-key","Values":["fa"]},{"Name":"tag-key","Values":["fb"]}"""));
        Assert.Equal(2, await CountAsync(""",{"Name":"tag-value","Values":["2"]}"""));
        Assert.Equal(1, await CountAsync(""",{"Name":"tag-value","Values":["1","9"]}"""));
        Assert.Equal(2, await CountAsync(""",{"Name":"zone","Values":["local-2","elsewhere"]}"""));
        Assert.Equal(0, await CountAsync(""",{"Name":"zone","Values":["local-2","elsewhere"]},{"Name":"zone","Values":["local-1"]}"""));
        Assert.Equal(0, await CountAsync(""",{"Name":"job-name","Values":["other"]}"""));
        Assert.Equal(0, (await server.CallAsync("DescribeJobs", """{"JobIds":["job-nobody00"],"Filters":[]}""")).GetProperty("TotalCount").GetInt32());
    }

    [Fact]
    public async Task OnlyTaskWithoutAName_IsShownWithTheNameThatItHas()
    {
        var jobId = await SubmitAsync(Job("unnamed", Task.Replace("\"TaskName\":\"t1\",", "", StringComparison.Ordinal)));

        var name = (await server.CallAsync("DescribeJobSubmitInfo", Of(jobId))).GetProperty("Tasks")[0].GetProperty("TaskName").GetString();

        Assert.Equal(name, (await server.CallAsync("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"{{name}}"}""")).GetProperty("TaskName").GetString());
    }

    [Fact]
    public async Task LogOfManyBytes_IsItsEndFromTheFirstWholeCharacter()
    {
        var jobId = await SubmitAsync(Job("logs"));
        var taskId = await server.Services.GetRequiredService<JobQueries>().FindTaskIdAsync(jobId, "t1", default) ?? 0;
        await server.ExecuteAsync($"""
            INSERT INTO task_instances (task_id, instance_index, state, attempt, node_id, node_epoch, launched_at)
            VALUES ({taskId}, 0, 'RUNNING', 1, 'node-nobody00', 1, now())
            """);
        var storage = server.Services.GetRequiredService<IOutputStorage>();

        // 5,000 bytes: the last 2,048 begin within a character of three bytes. And exactly as many as are shown.
        var stdout = Encoding.UTF8.GetBytes("ab" + string.Concat(Enumerable.Repeat("☃", 1_666)));
        var stderr = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("é", 1_024)));
        await storage.WriteAsync(new(jobId, taskId, 0, 1, OutputStream.Stdout), 0, stdout, default);
        await storage.WriteAsync(new(jobId, taskId, 0, 1, OutputStream.Stderr), 0, stderr, default);
        var log = (await server.CallAsync("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"t1","TaskInstanceIndexes":[0]}""")).GetProperty("TaskInstanceLogSet")[0];

        const string Prefix = "data:text/plain;charset=utf-8;base64,";
        Assert.Equal((5_000, 2_048), (stdout.Length, stderr.Length));
        Assert.Equal(Prefix + Convert.ToBase64String(stdout[^2_046..]), log.GetProperty("StdoutLog").GetString());
        Assert.Equal(Prefix + Convert.ToBase64String(stderr), log.GetProperty("StderrLog").GetString());
    }

    [Fact]
    public async Task UnknownThings_HaveCodesOfTheirOwn()
    {
        var jobId = await SubmitAsync(Job("known"));
        (string Action, string Body, string Code)[] calls =
        [
            ("DescribeJob", Of("nonsense"), "InvalidParameter.JobIdMalformed"),
            ("DescribeJob", Of("job-nobody00"), "ResourceNotFound.Job"),
            ("TerminateJob", Of("job-nobody00"), "ResourceNotFound.Job"),
            ("DescribeJobSubmitInfo", Of("job-nobody00"), "ResourceNotFound.Job"),
            ("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"t9"}""", "ResourceNotFound.Task"),
            ("DescribeTask", """{"JobId":"job-nobody00","TaskName":"t1"}""", "ResourceNotFound.Task"),
            ("DescribeTaskLogs", """{"JobId":"job-nobody00","TaskName":"t1"}""", "ResourceNotFound.Job"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"t9"}""", "ResourceNotFound.Task"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"t 1"}""", "InvalidParameter.TaskName"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"{{new string('t', 61)}}"}""", "InvalidParameter.TaskNameTooLong"),
            ("DescribeJobMonitorData", """{"JobId":"job-nobody00","TaskName":"t1","TaskInstanceIndex":0,"MetricName":"CpuUsage"}""", "ResourceNotFound.Job"),
            ("TerminateTaskInstance", """{"JobId":"nonsense","TaskName":"t1","TaskInstanceIndex":0}""", "InvalidParameter.JobIdMalformed"),
            ("TerminateTaskInstance", """{"JobId":"job-nobody00","TaskName":"t1","TaskInstanceIndex":0}""", "ResourceNotFound.TaskInstance"),
            ("TerminateTaskInstance", $$"""{"JobId":"{{jobId}}","TaskName":"t9","TaskInstanceIndex":0}""", "ResourceNotFound.TaskInstance"),
            ("DescribeJobs", """{"Filters":[{"Name":"job-id","Values":["nonsense"]}]}""", "InvalidParameter.JobIdMalformed"),
            ("DescribeComputeEnvs", """{"Filters":[{"Name":"env-id","Values":["nonsense"]}]}""", "InvalidParameter.EnvIdMalformed"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"t1","TaskInstanceIndexes":[7]}""", "ResourceNotFound.TaskInstance"),
            ("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"t1","TaskInstanceIndexes":[0],"Offset":0}""", "InvalidParameter.InvalidParameterCombination"),
            ("TerminateTaskInstance", $$"""{"JobId":"{{jobId}}","TaskName":"t1","TaskInstanceIndex":7}""", "ResourceNotFound.TaskInstance"),
            ("DescribeJobMonitorData", $$"""{"JobId":"{{jobId}}","TaskName":"t1","TaskInstanceIndex":0,"MetricName":"Nonsense"}""", "InvalidParameterValue"),
            ("RetryJobs", """{"JobIds":["job-nobody00"]}""", "ResourceNotFound.Job"),
            ("RetryJobs", """{"JobIds":[]}""", "MissingParameter"),
            ("DescribeJobs", """{"JobIds":["job-nobody00"],"Filters":[{"Name":"zone","Values":["a"]}]}""", "InvalidParameter.InvalidParameterCombination"),
            ("DescribeJobs", """{"Filters":[{"Name":"colour","Values":["a"]}]}""", "InvalidParameterValue.InvalidFilter"),
            ("DescribeJobs", """{"Filters":[{"Name":"job-state","Values":["SUCCEEDED"]}]}""", "InvalidParameterValue"),
        ];
        foreach (var (action, body, code) in calls)
        {
            Assert.Equal((action, body, code), (action, body, await server.RefusalAsync(action, body)));
        }
    }
}
