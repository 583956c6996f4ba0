using System.Net;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Jobs;

public sealed class DryRunTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Chain = """
        {"tasks":[{"task_name":"a","application":{"command":"true"},"task_instance_num":3},{"task_name":"b","application":{"command":"true"},"max_concurrent_num":1}],
         "dependences":[{"start_task":"a","end_task":"b"}],
         "notifications":[{"topic_name":"never-made","event_configs":[{"event_name":"JobFailed"}]}]}
        """;

    [Fact]
    public async Task ValidJob_IsPlannedAndNothingIsStored()
    {
        var before = await CountsAsync();

        using var response = await server.PostAsync("/v1/jobs?dry_run=true", Chain, "one-key");
        var plan = await ServerFixture.ReadAsync<JobPlan>(response);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(before, await CountsAsync());
        Assert.Equal((86_400, "JOB_FAILED"), (plan.Document.Tasks[0].Timeout, plan.Document.Notifications[0].EventConfigs[0].EventName));
        Assert.Equal(
            [("a", ServerFixture.DefaultEnvId, "no_nodes"), ("b", ServerFixture.DefaultEnvId, "dependency")],
            plan.Tasks.Select(task => (task.TaskName, task.EnvId, task.Reasons[0].Code)));
        Assert.All(plan.Tasks, task => Assert.False(task.StartsNow));
    }

    [Fact]
    public async Task KeyOfADryRun_IsStillFree()
    {
        var key = Guid.NewGuid().ToString();
        using var dry = await server.PostAsync("/v1/jobs?dry_run=true", Chain, key);

        using var other = await server.PostAsync("/v1/jobs", """{"tasks":[{"application":{"command":"true"}}]}""", key);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Created), (dry.StatusCode, other.StatusCode));
    }

    [Fact]
    public async Task EnvironmentWithRoom_StartsNow()
    {
        await server.ExecuteAsync("""
            INSERT INTO environments (env_id, env_name, env_description, state, provider, is_default, desired_node_count, notifications, interest, tags, created_by, created_at)
            VALUES ('env-dryrun01', 'dryrun', '', 'CREATED', 'attached', false, 0, '[]', array[]::integer[], '[]', 'test', now());
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, cpu, memory_gib, memory_mib, slots, created_at, state_since)
            VALUES ('node-dryrun01', 'env-dryrun01', 'RUNNING', 1, 'USER_ATTACHED', 'ins-00000001', 2, 4, 4096, 4, now(), now()),
                ('node-dryrun02', 'env-dryrun01', 'RUNNING', 1, 'USER_ATTACHED', 'ins-00000002', 8, 4, 4096, 4, now(), now())
            """);

        using var response = await server.PostAsync("/v1/jobs?dry_run=true", """
            {"env_id":"env-dryrun01","tasks":[{"task_name":"fits","application":{"command":"true"},"resources":{"cpu":4}},
              {"task_name":"large","application":{"command":"true"},"resources":{"memory_mib":9000}}]}
            """);
        var plan = await ServerFixture.ReadAsync<JobPlan>(response);

        Assert.Equal([("fits", 2, 1, true), ("large", 2, 0, false)], plan.Tasks.Select(task => (task.TaskName, task.RunningNodes, task.FittingNodes, task.StartsNow)));
        Assert.Equal("fits_nowhere", plan.Tasks[1].Reasons[0].Code);
    }

    /// <summary>What is wrong with the document, and what it names that does not exist: told together, and nothing is made.</summary>
    [Theory]
    [InlineData("/v1/jobs")]
    [InlineData("/v1/jobs?dry_run=true")]
    public async Task UnknownEnvironments_AreToldWithEverythingElse(string path)
    {
        var before = await CountsAsync();

        using var response = await server.PostAsync(path, """
            {"EnvId":"env-zzzzzzzz","priority":101,
             "tasks":[{"task_name":"a","application":{"command":"true"}},7,{"task_name":"b","env_id":"env-yyyyyyyy","application":{"command":""}},{"task_name":"c","env_id":"nowhere","application":{"command":"true"}}],
             "notifications":[{"topic_name":"never-made","event_configs":[{"event_name":"JobFailed"}]}]}
            """);

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal(
            [
                ("$.priority", "priority_out_of_range"), ("$.tasks[1]", "type_mismatch"), ("$.tasks[2].application.command", "command_empty"),
                ("$.tasks[3].env_id", "env_id_malformed"), ("$.EnvId", "environment_unknown"), ("$.tasks[2].env_id", "environment_unknown"),
            ],
            problem.Errors.Select(error => (error.Path, error.Code)));
        Assert.Equal(before, await CountsAsync());
    }

    [Fact]
    public async Task UnknownEnvironmentOfAValidJob_LeavesNoTopicBehind()
    {
        var before = await CountsAsync();

        using var response = await server.PostAsync("/v1/jobs", """
            {"tasks":[{"env_id":"env-zzzzzzzz","application":{"command":"true"}}],"notifications":[{"topic_name":"never-made","event_configs":[{"event_name":"JobFailed"}]}]}
            """);

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal([("$.tasks[0].env_id", "environment_unknown")], problem.Errors.Select(error => (error.Path, error.Code)));
        Assert.Equal(before, await CountsAsync());
    }

    [Theory]
    [InlineData("/v1/jobs?dry_run=true", "{}", "$.tasks", "required")]
    [InlineData("/v1/jobs?dry_run=true", "{\"env_id\":\"env-zzzzzzzz\",\"tasks\":[{\"application\":{\"command\":\"true\"}}]}", "$.env_id", "environment_unknown")]
    [InlineData("/v1/jobs?dry_run=perhaps", "{\"tasks\":[{\"application\":{\"command\":\"true\"}}]}", "?dry_run", "value_unknown")]
    [InlineData("/v1/jobs?dryrun=true", "{\"tasks\":[{\"application\":{\"command\":\"true\"}}]}", "?dryrun", "query_unknown")]
    public async Task WhatASubmitRefuses_IsRefused(string path, string body, string place, string code)
    {
        var before = await CountsAsync();

        using var response = await server.PostAsync(path, body);

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal((place, code), (Assert.Single(problem.Errors).Path, problem.Errors[0].Code));
        Assert.Equal(before, await CountsAsync());
    }

    private async Task<(long, long, long, long)> CountsAsync() =>
        (await server.CountAsync("jobs"), await server.CountAsync("events"), await server.CountAsync("topics"), await server.CountAsync("idempotency_keys"));
}
