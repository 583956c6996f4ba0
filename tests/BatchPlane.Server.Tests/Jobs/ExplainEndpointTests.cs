using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Jobs;

public sealed class ExplainEndpointTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task WaitingJob_IsExplainedTaskByTask()
    {
        await NodeAsync("env-explain1", "node-explain1", slots: 4, busy: 4, endsPerSecond: 0.5);
        var urgent = await SubmitAsync("""{"env_id":"env-explain1","priority":9,"tasks":[{"application":{"command":"true"},"task_instance_num":10}]}""");
        var equal = await SubmitAsync("""{"env_id":"env-explain1","tasks":[{"application":{"command":"true"},"task_instance_num":1000000}]}""");
        var id = await SubmitAsync("""
            {"env_id":"env-explain1","tasks":[{"task_name":"a","application":{"command":"true"},"task_instance_num":3},
              {"task_name":"b","application":{"command":"true"}},
              {"task_name":"large","application":{"command":"true"},"resources":{"cpu":64,"memory_mib":1024}}],
             "dependences":[{"start_task":"a","end_task":"b"}]}
            """);

        var explanation = await server.GetAsync<JobExplanation>($"/v1/jobs/{id}/explain");

        Assert.Equal(["a", "b", "large"], explanation.Tasks.Select(task => task.TaskName));
        var first = explanation.Tasks[0];
        Assert.Equal(["higher_priority", "slots_busy", "equal_priority"], first.Reasons.Select(reason => reason.Code));
        Assert.Equal([urgent], first.Reasons[0].JobIds);
        Assert.Equal(10, first.Reasons[0].Instances);
        Assert.Equal([equal], first.Reasons[2].JobIds);
        Assert.Equal((3L, 12L, 24d), (first.WaitingInstances, first.Position, first.EstimatedSecondsToStart));
        Assert.Equal(("dependency", "a"), (Assert.Single(explanation.Tasks[1].Reasons).Code, explanation.Tasks[1].Reasons[0].StartTask));
        Assert.Equal("fits_nowhere", Assert.Single(explanation.Tasks[2].Reasons).Code);
    }

    [Fact]
    public async Task JobThatFitsNowhere_KeepsNobodyWaiting()
    {
        await NodeAsync("env-explain2", "node-explain2", slots: 4, busy: 0, endsPerSecond: 0.5);
        await SubmitAsync("""{"env_id":"env-explain2","priority":9,"tasks":[{"application":{"command":"true"},"resources":{"slots":5}}]}""");
        var id = await SubmitAsync("""{"env_id":"env-explain2","tasks":[{"application":{"command":"true"}}]}""");

        var task = Assert.Single((await server.GetAsync<JobExplanation>($"/v1/jobs/{id}/explain")).Tasks);

        Assert.Equal(("about_to_start", 1L), (Assert.Single(task.Reasons).Code, task.Position));
    }

    [Fact]
    public async Task EnvironmentWithoutNodes_IsTheReason()
    {
        var id = await SubmitAsync("""{"tasks":[{"application":{"command":"true"}}]}""");

        var task = Assert.Single((await server.GetAsync<JobExplanation>($"/v1/jobs/{id}/explain")).Tasks);

        Assert.Equal(("no_nodes", 0), (Assert.Single(task.Reasons).Code, task.Reasons[0].RunningNodes));
    }

    [Fact]
    public async Task EndedJob_WaitsForNothing()
    {
        var id = await SubmitAsync("""{"tasks":[{"application":{"command":"true"}}]}""");
        using var response = await server.PostAsync($"/v1/jobs/{id}/terminate", "{}");

        Assert.Empty((await server.GetAsync<JobExplanation>($"/v1/jobs/{id}/explain")).Tasks);
    }

    [Fact]
    public async Task UnknownJob_IsNotFound()
    {
        using var response = await server.Client.GetAsync("/v1/jobs/job-zzzzzzzz/explain");

        await ServerFixture.ProblemAsync(response, 404, "job_not_found");
    }

    private async Task<string> SubmitAsync(string json)
    {
        using var response = await server.PostAsync("/v1/jobs", json);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<SubmitJobResponse>(response)).JobId;
    }

    private async Task NodeAsync(string envId, string nodeId, int slots, int busy, double endsPerSecond)
    {
        await server.ExecuteAsync($"""
            INSERT INTO environments (env_id, env_name, env_description, state, provider, is_default, desired_node_count, notifications, interest, tags, created_by, created_at)
            VALUES ('{envId}', '{envId}', '', 'CREATED', 'attached', false, 0, '[]', array[]::integer[], '[]', 'test', now());
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, cpu, memory_gib, memory_mib, slots, busy_slots, ends_per_second, created_at, state_since)
            VALUES ('{nodeId}', '{envId}', 'RUNNING', 1, 'USER_ATTACHED', 'ins-00000001', 2, 4, 4096, {slots}, {busy}, {endsPerSecond.ToString(System.Globalization.CultureInfo.InvariantCulture)}, now(), now())
            """);
    }
}
