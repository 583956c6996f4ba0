using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>The whole answer of every action, as its golden file has it; BATCHPLANE_UPDATE_GOLDEN=1 writes it anew.</summary>
public sealed partial class AnswerTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    [Fact]
    public async Task Answers_AreTheGoldenOnes()
    {
        var envId = await TellAsync("CreateComputeEnv", """
            {"Placement":{"Zone":"local-2","ProjectId":0},"ComputeEnv":{"EnvName":"golden","DesiredComputeNodeCount":0,"EnvType":"MANAGED","EnvData":{"InstanceType":"local.small","ImageId":"img-1"},
             "Notifications":[{"TopicName":"env-topic","EventConfigs":[{"EventName":"ComputeEnvCreated","EventVars":[{"Name":"a","Value":"b"}]}]}],"Tags":[{"Key":"k","Value":"v"}]}}
            """);
        var jobId = await TellAsync("SubmitJob", $$"""
            {"Placement":{"Zone":"local-2"},"Job":{"JobName":"golden","JobDescription":"two tasks","Tasks":[
              {"TaskName":"a","TaskInstanceNum":2,"Application":{"DeliveryForm":"LOCAL","Command":"echo"},"EnvId":"{{envId}}","EnvVars":[{"Name":"N","Value":"1"}],"RedirectInfo":{"StdoutRedirectPath":"cos://b.cos.r.myqcloud.com/out/"} },
              {"TaskName":"b","Application":{"DeliveryForm":"LOCAL","Commands":[{"Command":"true"}]},"EnvId":"{{envId}}","RestartComputeNode":false}],
             "Dependences":[{"StartTask":"a","EndTask":"b"}],"Tags":[{"Key":"team","Value":"golden"}]} }
            """);
        var templateId = await TellAsync("CreateTaskTemplate", $$"""{"TaskTemplateName":"golden","TaskTemplateInfo":{"TaskName":"a","Application":{"DeliveryForm":"LOCAL","Command":"true"},"EnvId":"{{envId}}"} }""");
        await server.ExecuteAsync($"""
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, host_name, agent_version, cpu, memory_gib, memory_mib, slots, busy_slots, created_at, resource_created_at, state_since)
            VALUES ('node-golden01', '{envId}', 'RUNNING', 1, 'USER_ATTACHED', 'ins-golden01', 'host', '1.0.0', 4, 8, 8192, 4, 1, '2026-01-01', '2026-01-01', '2026-01-01'),
                   ('node-golden02', '{envId}', 'RUNNING', 1, 'BATCH_CREATED', 'ins-golden02', 'host', '1.0.0', 2, 4, 4096, 1, 0, '2026-01-02', '2026-01-02', '2026-01-02'),
                   ('node-golden03', '{envId}', 'CREATION_FAILED', 0, 'BATCH_CREATED', 'ins-golden03', NULL, NULL, 0, 0, 0, 0, 0, '2026-01-03', NULL, '2026-01-03');
            INSERT INTO task_instances (task_id, instance_index, state, attempt, node_id, node_epoch, exit_code, cause, reason, launched_at, running_at, finished_at)
            SELECT task_id, 0, 'FAILED', 2, 'node-golden01', 1, 3, 'exit_code', 'exit code 3', now(), now(), now() FROM tasks WHERE job_id = '{jobId}' AND task_no = 0;
            UPDATE tasks SET next_index = 1, failed_count = 1, claimable_count = 1 WHERE job_id = '{jobId}' AND task_no = 0
            """);
        (string Action, string Body)[] calls =
        [
            ("DescribeJob", $$"""{"JobId":"{{jobId}}"}"""),
            ("DescribeJobs", $$"""{"JobIds":["{{jobId}}"]}"""),
            ("DescribeJobSubmitInfo", $$"""{"JobId":"{{jobId}}"}"""),
            ("DescribeTask", $$"""{"JobId":"{{jobId}}","TaskName":"a"}"""),
            ("DescribeTaskLogs", $$"""{"JobId":"{{jobId}}","TaskName":"a","Limit":1}"""),
            ("DescribeJobMonitorData", $$"""{"JobId":"{{jobId}}","TaskName":"a","TaskInstanceIndex":0,"MetricName":"CpuUsage"}"""),
            ("TerminateTaskInstance", $$"""{"JobId":"{{jobId}}","TaskName":"a","TaskInstanceIndex":1}"""),
            ("TerminateJob", $$"""{"JobId":"{{jobId}}"}"""),
            ("DescribeJob", $$"""{"JobId":"{{jobId}}"}"""),
            ("RetryJobs", $$"""{"JobIds":["{{jobId}}"]}"""),
            ("TerminateJob", $$"""{"JobId":"{{jobId}}"}"""),
            ("DeleteJob", $$"""{"JobId":"{{jobId}}"}"""),
            ("DescribeComputeEnv", $$"""{"EnvId":"{{envId}}"}"""),
            ("DescribeComputeEnvs", $$"""{"EnvIds":["{{envId}}"]}"""),
            ("DescribeComputeEnvCreateInfos", $$"""{"EnvIds":["{{envId}}"]}"""),
            ("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","DesiredComputeNodeCount":1}"""),
            ("DescribeComputeEnvCreateInfo", $$"""{"EnvId":"{{envId}}"}"""),
            ("AttachInstances", $$"""{"EnvId":"{{envId}}","Instances":[{"InstanceId":"ins-golden01"}]}"""),
            ("DetachInstances", $$"""{"EnvId":"{{envId}}","InstanceIds":["ins-golden01"]}"""),
            ("TerminateComputeNode", $$"""{"EnvId":"{{envId}}","ComputeNodeId":"node-golden02"}"""),
            ("TerminateComputeNodes", $$"""{"EnvId":"{{envId}}","ComputeNodeIds":["node-golden03"]}"""),
            ("DescribeComputeEnv", $$"""{"EnvId":"{{envId}}"}"""),
            ("DescribeComputeEnvActivities", $$"""{"EnvId":"{{envId}}"}"""),
            ("DeleteComputeEnv", $$"""{"EnvId":"{{envId}}"}"""),
            ("ModifyTaskTemplate", $$"""{"TaskTemplateId":"{{templateId}}","TaskTemplateDescription":"changed"}"""),
            ("DescribeTaskTemplates", $$"""{"TaskTemplateIds":["{{templateId}}"]}"""),
            ("DeleteTaskTemplates", $$"""{"TaskTemplateIds":["{{templateId}}"]}"""),
            ("DescribeInstanceCategories", "{}"),
            ("DescribeAvailableCvmInstanceTypes", """{"Filters":[{"Name":"zone","Values":["local-1"]}]}"""),
            ("DescribeCvmZoneInstanceConfigInfos", """{"Filters":[{"Name":"zone","Values":["local-1"]},{"Name":"instance-type","Values":["local.small"]}]}"""),
        ];
        foreach (var (action, body) in calls)
        {
            await TellAsync(action, body);
        }

        var path = Repository.PathOf("tests/BatchPlane.Server.Tests/Tencent/Golden/answers.txt");
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(path, _text.ToString());
        }

        Assert.Equal(await File.ReadAllTextAsync(path), _text.ToString());
        Assert.DoesNotContain(
            server.Services.GetServices<IActionGroup>().SelectMany(group => group.Actions).Select(action => action.Spec),
            spec => spec.Version == CommonShapes.Version && !_told.Contains(spec.Name));
    }

    /// <summary>Calls, notes the answer, and gives the id in it.</summary>
    private async Task<string> TellAsync(string action, string body)
    {
        _told.Add(action);
        var answer = await server.CallAsync(action, body);
        var text = JsonSerializer.Serialize(answer, Indented);
        text = Ids().Replace(text, match => Name(match.Value));
        text = Times().Replace(text, "<time>");
        _text.Append(action).Append('\n').Append(Requests().Replace(text, "<uuid>")).Append("\n\n");
        return answer.EnumerateObject().First().Value.ToString();
    }

    private string Name(string id) => _names.TryGetValue(id, out var name) ? name : _names[id] = $"<{id[..id.LastIndexOf('-')]} {_names.Count + 1}>";

    [GeneratedRegex("(?:job|env|node|ins|act|task-tmpl)-[a-z0-9]{8}")]
    private static partial Regex Ids();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")]
    private static partial Regex Times();

    [GeneratedRegex("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Requests();
}
