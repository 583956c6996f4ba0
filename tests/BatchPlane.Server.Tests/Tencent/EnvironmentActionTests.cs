using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Actions about environments, nodes, task templates and kinds of machines.</summary>
public sealed class EnvironmentActionTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private static string Environment(string name, string more = "") =>
        $$"""{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"{{name}}","DesiredComputeNodeCount":"2"{{more}} } }""";

    private async Task<string> CreateAsync(string name, string more = "") => (await server.CallAsync("CreateComputeEnv", Environment(name, more))).GetProperty("EnvId").GetString()!;

    private static string Of(string envId) => $$"""{"EnvId":"{{envId}}"}""";

    [Fact]
    public async Task CreatedEnvironment_IsSeenByBothSurfacesAndEchoed()
    {
        var envId = await CreateAsync(
            "echoed",
            ""","EnvDescription":"first","EnvData":{"InstanceType":"local.small","ImageId":"img-1","LoginSettings":{"Password":"geheim"}},"MountDataDisks":[{"LocalPath":"/data"}],"Authentications":[{"Scene":"COS","SecretId":"id","SecretKey":"geheim"}],"Notifications":[{"TopicName":"env-topic","EventConfigs":[{"EventName":"ComputeEnvCreated"}]}],"Tags":[{"Key":"a","Value":"b"}]""");

        await server.CallAsync("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","EnvDescription":"second","DesiredComputeNodeCount":3}""");
        var info = await server.CallAsync("DescribeComputeEnvCreateInfo", Of(envId));
        var view = await server.GetAsync<EnvironmentView>($"/v1/environments/{envId}");
        var listed = await server.CallAsync("DescribeComputeEnvs", """{"Filters":[{"Name":"tag:a","Values":["b"]},{"Name":"env-name","Values":["echoed"]},{"Name":"zone","Values":["local-1"]},{"Name":"resource-type","Values":["CVM"]}]}""");

        Assert.Equal(("echoed", "second", 3, NodeProvider.Attached), (view.EnvName, view.EnvDescription, view.DesiredComputeNodeCount, view.Provider));
        Assert.Equal(("second", 3), (info.GetProperty("EnvDescription").GetString(), info.GetProperty("DesiredComputeNodeCount").GetInt32()));
        Assert.Equal(("img-1", "******"), (info.GetProperty("EnvData").GetProperty("ImageId").GetString(), info.GetProperty("EnvData").GetProperty("LoginSettings").GetProperty("Password").GetString()));
        Assert.Equal("ComputeEnvCreated", info.GetProperty("Notifications")[0].GetProperty("EventConfigs")[0].GetProperty("EventName").GetString());
        Assert.DoesNotContain("geheim", info.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(0, await server.CountAsync("environments WHERE tencent::text LIKE '%geheim%'"));
        Assert.Equal((1, envId), (listed.GetProperty("TotalCount").GetInt32(), listed.GetProperty("ComputeEnvSet")[0].GetProperty("EnvId").GetString()));
        Assert.Equal(("", 7), (listed.GetProperty("ComputeEnvSet")[0].GetProperty("NextAction").GetString(), listed.GetProperty("ComputeEnvSet")[0].GetProperty("ComputeNodeMetrics").EnumerateObject().Count()));

        await server.CallAsync("DeleteComputeEnv", Of(envId));
        Assert.Equal(0, (await server.CallAsync("DescribeComputeEnvCreateInfos", $$"""{"EnvIds":["{{envId}}"]}""")).GetProperty("TotalCount").GetInt32());
        (string Action, string Body)[] calls =
        [
            ("DescribeComputeEnv", Of(envId)),
            ("DescribeComputeEnvCreateInfo", Of(envId)),
            ("DescribeComputeEnvActivities", Of(envId)),
            ("ModifyComputeEnv", Of(envId)),
            ("DeleteComputeEnv", Of(envId)),
            ("TerminateComputeNode", $$"""{"EnvId":"{{envId}}","ComputeNodeId":"node-nobody00"}"""),
            ("AttachInstances", $$"""{"EnvId":"{{envId}}","Instances":[{"InstanceId":"ins-nobody00"}]}"""),
            ("DetachInstances", $$"""{"EnvId":"{{envId}}","InstanceIds":["ins-nobody00"]}"""),
        ];
        foreach (var (action, body) in calls)
        {
            Assert.Equal((action, "ResourceNotFound.ComputeEnv"), (action, await server.RefusalAsync(action, body)));
        }
    }

    [Fact]
    public async Task EnvironmentThatIsGoing_TakesNoOtherRequest()
    {
        var envId = await CreateAsync("going");
        await server.ExecuteAsync($"""
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, cpu, memory_gib, slots, busy_slots, created_at, state_since)
            VALUES ('node-going000', '{envId}', 'RUNNING', 1, 'USER_ATTACHED', 'ins-going000', 4, 8, 4, 1, now(), now()),
                   ('node-creating', '{envId}', 'CREATING', 0, 'BATCH_CREATED', 'ins-creating', 4, 8, 4, 0, now(), now()),
                   ('node-fresh000', '{envId}', 'SUBMITTED', 0, 'BATCH_CREATED', 'ins-fresh000', 4, 8, 4, 0, now(), now())
            """);

        foreach (var nodeId in new[] { "node-creating", "node-fresh000" })
        {
            Assert.Equal(
                "UnsupportedOperation.ComputeNodeForbidTerminate",
                await server.RefusalAsync("TerminateComputeNodes", $$"""{"EnvId":"{{envId}}","ComputeNodeIds":["node-going000","{{nodeId}}"]}"""));
        }

        Assert.Equal(1, await server.CountAsync("nodes WHERE node_id = 'node-going000' AND state = 'RUNNING'"));
        await server.CallAsync("DeleteComputeEnv", Of(envId));
        Assert.Equal("DELETING", (await server.CallAsync("DescribeComputeEnv", Of(envId))).GetProperty("NextAction").GetString());
        Assert.Equal("UnsupportedOperation.ComputeEnvAcceptOtherRequest", await server.RefusalAsync("DeleteComputeEnv", Of(envId)));
        Assert.Equal("UnsupportedOperation.ComputeEnvAcceptOtherRequest", await server.RefusalAsync("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","DesiredComputeNodeCount":1}"""));
        Assert.Equal("UnsupportedOperation.ComputeNodeIsTerminating", await server.RefusalAsync("TerminateComputeNode", $$"""{"EnvId":"{{envId}}","ComputeNodeId":"node-going000"}"""));
    }

    [Theory]
    [InlineData(NodeProvider.Local, "1", "2 4096", "{}")]
    [InlineData(NodeProvider.Attached, "7", "- -", "{}")]
    [InlineData(NodeProvider.Slurm, "1", "- -", """{"cpus": 2, "kept": 1, "memory_mib": 4096}""")]
    public async Task ModifiedTypes_AreWhatNewNodesPromiseAndAreEchoed(NodeProvider provider, string slots, string size, string settings)
    {
        var name = $"types-{provider}";
        var envId = await CreateAsync(name, ""","EnvData":{"InstanceType":"local.small","ImageId":"img-1"}""");
        var (other, old) = provider == NodeProvider.Slurm ? ("slurm", """{"cpus": 1, "kept": 1}""") : (provider == NodeProvider.Local ? "local" : "attached", "{}");
        await server.ExecuteAsync($"UPDATE environments SET provider = '{other}', desired_node_count = 0, slots_per_node = 7, provider_settings = '{old}' WHERE env_id = '{envId}'");

        await server.CallAsync("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","EnvData":{"InstanceTypes":["S9.NONE","local.medium"]} }""");

        var condition = $"env_id = '{envId}' AND slots_per_node = {slots} AND coalesce(cpu_per_node::text, '-') || ' ' || coalesce(memory_mib_per_node::text, '-') = '{size}' AND provider_settings = '{settings}'";
        Assert.Equal(1, await server.CountAsync($"environments WHERE {condition}"));
        Assert.Equal(
            """{"ImageId":"img-1","InstanceTypes":["S9.NONE","local.medium"]}""",
            (await server.CallAsync("DescribeComputeEnvCreateInfo", Of(envId))).GetProperty("EnvData").GetRawText());
        Assert.Equal("InvalidParameterValue.InstanceType", await server.RefusalAsync("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","EnvData":{"InstanceTypes":["S9.NONE"]} }"""));
        Assert.Equal("InvalidParameterValue.InstanceTypesEmpty", await server.RefusalAsync("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","EnvData":{"InstanceTypes":[]} }"""));
        Assert.Equal("InvalidParameterValue.LimitExceeded", await server.RefusalAsync("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","EnvData":{"InstanceTypes":["1","2","3","4","5","6","7","8","9","10","11"]} }"""));
        await server.ExecuteAsync($"UPDATE environments SET provider = 'attached' WHERE env_id = '{envId}'");
    }

    [Fact]
    public async Task RepeatedToken_GivesTheSameEnvironmentAndNoOther()
    {
        static string Body(string name) => Environment(name).Replace("{\"Placement\"", "{\"ClientToken\":\"env-tok\",\"Placement\"", StringComparison.Ordinal);
        var first = await server.CallAsync("CreateComputeEnv", Body("token"));
        var again = await server.CallAsync("CreateComputeEnv", Body("token"));

        Assert.Equal(first.GetProperty("EnvId").GetString(), again.GetProperty("EnvId").GetString());
        Assert.NotEqual(first.GetProperty("RequestId").GetString(), again.GetProperty("RequestId").GetString());
        Assert.Equal("InvalidParameterValue", await server.RefusalAsync("CreateComputeEnv", Body("another")));
        Assert.Equal(1, await server.CountAsync("environments WHERE env_name IN ('token', 'another')"));
    }

    [Fact]
    public async Task EnvironmentOfTheRestApi_IsDescribedInTencentsWords()
    {
        using var response = await server.PostAsync("/v1/environments", """{"env_name":"native","provider":"attached","notifications":[{"topic_names":["one","two"],"event_configs":[{"event_name":"compute_env_created"}]}]}""");
        var envId = (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(response)).EnvId;

        var info = await server.CallAsync("DescribeComputeEnvCreateInfo", Of(envId));

        Assert.Equal(["one", "two"], info.GetProperty("Notifications").EnumerateArray().Select(block => block.GetProperty("TopicName").GetString()));
        Assert.Equal("local-1", (await server.CallAsync("DescribeComputeEnv", Of(envId))).GetProperty("Placement").GetProperty("Zone").GetString());
    }

    [Fact]
    public async Task RefusedEnvironment_HasTencentsCode()
    {
        var envId = await CreateAsync("taken");
        (string Action, string Body, string Code)[] calls =
        [
            ("CreateComputeEnv", Environment("taken"), "InvalidParameterValue.ComputeEnv"),
            ("CreateComputeEnv", Environment(new string('e', 61)), "InvalidParameter.EnvNameTooLong"),
            ("CreateComputeEnv", Environment("e", ""","EnvType":"THPC_QUEUE" """), "InvalidParameterValue.ComputeEnv"),
            ("CreateComputeEnv", Environment("e", ""","EnvData":{"InstanceType":"S5.X"}"""), "InvalidParameterValue.InstanceType"),
            ("CreateComputeEnv", Environment("e", ""","EnvData":{"InstanceTypes":[]}"""), "InvalidParameterValue.InstanceTypesEmpty"),
            ("CreateComputeEnv", Environment("e", ""","EnvData":{"InstanceTypes":["a","a"]}"""), "InvalidParameterValue.InstanceTypeDuplicate"),
            ("CreateComputeEnv", Environment("e", ""","EnvData":{"InstanceType":"local.small","InstanceTypes":["local.small"]}"""), "InvalidParameter.InvalidParameterCombination"),
            ("CreateComputeEnv", Environment("e", ""","EnvData":{"InstanceChargeType":"FREE"}"""), "InvalidParameterValue.UnsupportedBatchInstanceChargeType"),
            ("CreateComputeEnv", """{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"e"}}""", "MissingParameter"),
            ("ModifyComputeEnv", Of("env-nobody00"), "ResourceNotFound.ComputeEnv"),
            ("ModifyComputeEnv", $$"""{"EnvId":"{{envId}}","DesiredComputeNodeCount":2001}""", "InvalidParameterValue"),
            ("DescribeComputeEnv", Of("env"), "InvalidParameter.EnvIdMalformed"),
            ("DeleteComputeEnv", Of(ServerFixture.DefaultEnvId), "UnsupportedOperation.ComputeEnvOperation"),
            ("DescribeComputeEnvActivities", $$"""{"EnvId":"{{envId}}","Filters":{"Name":"compute-node-id","Values":["x"]} }""", "InvalidParameter.ComputeNodeIdMalformed"),
            ("TerminateComputeNode", $$"""{"EnvId":"{{envId}}","ComputeNodeId":"node-nobody00"}""", "ResourceNotFound.ComputeNode"),
            ("TerminateComputeNodes", $$"""{"EnvId":"{{envId}}","ComputeNodeIds":["node-nobody00","node-nobody00"]}""", "InvalidParameterValue"),
            ("AttachInstances", $$"""{"EnvId":"{{envId}}","Instances":[{"InstanceId":"ins-nobody00"}]}""", "UnsupportedOperation.InstancesNotAllowToAttach"),
            ("AttachInstances", $$"""{"EnvId":"{{envId}}","Instances":[{"InstanceId":"a"},{"InstanceId":"a"}]}""", "InvalidParameterValue.InstanceIdDuplicated"),
            ("DetachInstances", $$"""{"EnvId":"{{envId}}","InstanceIds":["ins-nobody00"]}""", "ResourceNotFound.ComputeNode"),
            ("DescribeComputeEnvs", """{"Filters":[{"Name":"resource-type","Values":["GPU"]}]}""", "InvalidParameterValue.ResourceType"),
        ];
        foreach (var (action, body, code) in calls)
        {
            Assert.Equal((action, body, code), (action, body, await server.RefusalAsync(action, body)));
        }
    }

    [Fact]
    public async Task NodesOfBothKinds_AreShownAndLeaveByTheirOwnActions()
    {
        var envId = await CreateAsync("nodes");
        await server.ExecuteAsync($"""
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, cpu, memory_gib, slots, busy_slots, created_at, state_since)
            VALUES ('node-attached', '{envId}', 'RUNNING', 1, 'USER_ATTACHED', 'ins-attached', 4, 8, 4, 1, now(), now()),
                   ('node-made0000', '{envId}', 'RUNNING', 1, 'BATCH_CREATED', 'ins-made0000', 4, 8, 4, 0, now(), now())
            """);

        var environment = await server.CallAsync("DescribeComputeEnv", Of(envId));
        await server.CallAsync("AttachInstances", $$"""{"EnvId":"{{envId}}","Instances":[{"InstanceId":"ins-attached","ImageId":"img"}]}""");
        Assert.Equal("UnsupportedOperation", await server.RefusalAsync("DetachInstances", $$"""{"EnvId":"{{envId}}","InstanceIds":["ins-made0000"]}"""));
        await server.CallAsync("DetachInstances", $$"""{"EnvId":"{{envId}}","InstanceIds":["ins-attached"]}""");
        await server.CallAsync("TerminateComputeNode", $$"""{"EnvId":"{{envId}}","ComputeNodeId":"node-made0000"}""");

        Assert.Equal(1, environment.GetProperty("AttachedComputeNodeCount").GetInt32());
        Assert.Equal([("ins-attached", "USER_ATTACHED", 3), ("ins-made0000", "BATCH_CREATED", 4)], environment.GetProperty("ComputeNodeSet").EnumerateArray().Select(node => (
            node.GetProperty("ComputeNodeInstanceId").GetString(), node.GetProperty("ResourceOrigin").GetString(), node.GetProperty("TaskInstanceNumAvailable").GetInt32())));
        Assert.Equal("UnsupportedOperation.ComputeNodeIsTerminating", await server.RefusalAsync("TerminateComputeNodes", $$"""{"EnvId":"{{envId}}","ComputeNodeIds":["node-made0000"]}"""));
        Assert.NotEqual(0, (await server.CallAsync("DescribeComputeEnvActivities", Of(envId))).GetProperty("TotalCount").GetInt32());
    }

    [Fact]
    public async Task TaskTemplate_IsKeptInBothWords()
    {
        const string Info = """{"TaskName":"x","Application":{"DeliveryForm":"LOCAL","Command":"true","Docker":{"Image":"tool","User":"u","Password":"geheim"}},"EnvId":"env-default0","RestartComputeNode":true}""";
        var created = await server.CallAsync("CreateTaskTemplate", $$"""{"TaskTemplateName":"tt","TaskTemplateInfo":{{Info}},"TaskTemplateDescription":"one","Tags":[{"Key":"q","Value":"r"}]}""");
        var templateId = created.GetProperty("TaskTemplateId").GetString();

        await server.CallAsync("ModifyTaskTemplate", $$"""{"TaskTemplateId":"{{templateId}}","TaskTemplateDescription":"two"}""");
        var template = (await server.CallAsync("DescribeTaskTemplates", """{"Filters":[{"Name":"tag-key","Values":["q"]}]}""")).GetProperty("TaskTemplateSet")[0];
        using var response = await server.PostAsync("/v1/jobs", """{"job_name":"of template","tasks":[{"task_template":"tt"}]}""");

        Assert.Equal(("two", true, "******"), (
            template.GetProperty("TaskTemplateDescription").GetString(),
            template.GetProperty("TaskTemplateInfo").GetProperty("RestartComputeNode").GetBoolean(),
            template.GetProperty("TaskTemplateInfo").GetProperty("Application").GetProperty("Docker").GetProperty("Password").GetString()));
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(0, await server.CountAsync("task_templates WHERE tencent::text LIKE '%geheim%' OR task::text LIKE '%geheim%'"));
        Assert.Equal("InvalidParameterAtLeastOneAttribute", await server.RefusalAsync("ModifyTaskTemplate", $$"""{"TaskTemplateId":"{{templateId}}"}"""));
        Assert.Equal("InvalidParameter.TaskTemplateName", await server.RefusalAsync("CreateTaskTemplate", $$"""{"TaskTemplateName":"tt","TaskTemplateInfo":{{Info}}}"""));
        Assert.Equal("ResourceNotFound.TaskTemplate", await server.RefusalAsync("DeleteTaskTemplates", $$"""{"TaskTemplateIds":["{{templateId}}","task-tmpl-nobody00"]}"""));
        Assert.Equal(1, await server.CountAsync($"task_templates WHERE template_id = '{templateId}'"));
        Assert.Equal("AllowedOneAttributeInEnvIdAndComputeEnv", await server.RefusalAsync("ModifyTaskTemplate", $$"""{"TaskTemplateId":"{{templateId}}","TaskTemplateInfo":{"Application":{"DeliveryForm":"LOCAL","Command":"true"} } }"""));
        Assert.Equal("InvalidParameterValue", await server.RefusalAsync("DescribeTaskTemplates", """{"Limit":0}"""));
        await server.CallAsync("DeleteTaskTemplates", $$"""{"TaskTemplateIds":["{{templateId}}"]}""");
        Assert.Equal("InvalidParameter.TaskTemplateIdMalformed", await server.RefusalAsync("DeleteTaskTemplates", """{"TaskTemplateIds":["tt"]}"""));
    }

    [Fact]
    public async Task Catalogue_AnswersFromTheConfiguration()
    {
        var categories = await server.CallAsync("DescribeInstanceCategories", "{}");
        var types = await server.CallAsync("DescribeAvailableCvmInstanceTypes", """{"Filters":[{"Name":"zone","Values":["local-2"]}]}""");
        var quotas = await server.CallAsync("DescribeCvmZoneInstanceConfigInfos", """{"Filters":[{"Name":"instance-type","Values":["local.medium"]},{"Name":"zone","Values":["local-1"]}]}""");

        Assert.Equal("""[{"InstanceCategory":"GENERAL","InstanceFamilySet":["local"]}]""", categories.GetProperty("InstanceCategorySet").GetRawText());
        Assert.Equal(["local.small", "local.medium", "local.large"], types.GetProperty("InstanceTypeConfigSet").EnumerateArray().Select(type => type.GetProperty("InstanceType").GetString()));
        var quota = Assert.Single(quotas.GetProperty("InstanceTypeQuotaSet").EnumerateArray());
        Assert.Equal(("SELL", 2, 4, JsonValueKind.Number), (quota.GetProperty("Status").GetString(), quota.GetProperty("Cpu").GetInt32(), quota.GetProperty("Memory").GetInt32(), quota.GetProperty("Price").GetProperty("UnitPrice").ValueKind));
    }
}
