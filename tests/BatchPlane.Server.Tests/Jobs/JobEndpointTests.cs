using System.Net;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Jobs;

public sealed class JobEndpointTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Diamond = """
        {"job_name":"diamond","tags":[{"key":"k","value":"v"}],
         "tasks":[{"task_name":"split","application":{"command":"true"}},
                  {"task_name":"count","application":{"argv":["/bin/true"]},"task_instance_num":1000000}],
         "dependences":[{"start_task":"split","end_task":"count"}],
         "notifications":[{"topic_name":"other","event_configs":[{"event_name":"JobFailed"}]},
                          {"topic_name":"job-message","event_configs":[{"event_name":"JobRunning"}]}]}
        """;

    [Fact]
    public async Task SubmittedJob_IsShownWithItsTasks()
    {
        var id = await SubmitAsync(Diamond);

        var job = await server.GetAsync<JobDetail>($"/v1/jobs/{id}");

        Assert.Equal(("diamond", RunState.Runnable, new TagDocument("k", "v")), (job.JobName, job.JobState, Assert.Single(job.Tags)));
        Assert.Equal([("split", RunState.Runnable, ServerFixture.DefaultEnvId), ("count", RunState.Pending, ServerFixture.DefaultEnvId)], job.Tasks.Select(task => (task.TaskName, task.TaskState, task.EnvId)));
        Assert.Equal([new DependenceDocument("split", "count")], job.Dependences);
        Assert.Equal((1L, 1_000_000L), (job.TaskInstanceMetrics.RunnableCount, job.TaskInstanceMetrics.PendingCount));
        Assert.Equal((1L, 1L), (job.TaskMetrics.RunnableCount, job.TaskMetrics.PendingCount));
        Assert.Equal("JOB_FAILED", job.Notifications[0].EventConfigs[0].EventName);
    }

    [Fact]
    public async Task UnclaimedInstances_AreShownWithoutRows()
    {
        var id = await SubmitAsync(Diamond);

        var first = await server.GetAsync<Page<TaskInstanceView>>($"/v1/jobs/{id}/tasks/count/instances?limit=2");
        var second = await server.GetAsync<Page<TaskInstanceView>>($"/v1/jobs/{id}/tasks/count/instances?limit=2&cursor={first.NextCursor}");

        Assert.Equal([0, 1, 2, 3], first.Items.Concat(second.Items).Select(instance => instance.TaskInstanceIndex));
        Assert.All(first.Items, instance => Assert.Equal((RunState.Pending, 0), (instance.TaskInstanceState, instance.Attempt)));
    }

    [Fact]
    public async Task TerminatedJob_EndsAndShowsWhy()
    {
        var id = await SubmitAsync(Diamond);

        using var response = await server.PostAsync($"/v1/jobs/{id}/terminate", """{"reason":"not needed"}""");
        var job = await server.GetAsync<JobDetail>($"/v1/jobs/{id}");
        var instances = await server.GetAsync<Page<TaskInstanceView>>($"/v1/jobs/{id}/tasks/split/instances?limit=1");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal((RunState.Failed, Cause.Terminated), (job.JobState, job.Cause));
        Assert.Equal(1_000_001, job.TaskInstanceMetrics.FailedCount);
        Assert.Equal((RunState.Failed, Cause.Terminated), (instances.Items[0].TaskInstanceState, instances.Items[0].Cause));
    }

    [Fact]
    public async Task TerminatedTaskAndInstance_EndAndShowWhy()
    {
        var id = await SubmitAsync(Diamond);

        using var instance = await server.PostAsync($"/v1/jobs/{id}/tasks/count/instances/7/terminate", """{"reason":"not seven"}""");
        using var task = await server.PostAsync($"/v1/jobs/{id}/tasks/split/terminate", """{"reason":"not needed"}""");
        var job = await server.GetAsync<JobDetail>($"/v1/jobs/{id}");
        var instances = await server.GetAsync<Page<TaskInstanceView>>($"/v1/jobs/{id}/tasks/count/instances?limit=8");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (instance.StatusCode, task.StatusCode));
        Assert.Equal((RunState.Failed, Cause.Terminated, "terminated by user:bootstrap: not needed"), (job.Tasks[0].TaskState, job.Tasks[0].Cause, job.Tasks[0].StateReason));
        Assert.Equal((RunState.Failed, Cause.DependencyUnmet), (job.Tasks[1].TaskState, job.Tasks[1].Cause));
        Assert.Equal((Cause.Terminated, "terminated by user:bootstrap: not seven"), (instances.Items[7].Cause, instances.Items[7].StateReason));
        Assert.Equal(Cause.DependencyUnmet, instances.Items[6].Cause);
    }

    [Theory]
    [InlineData("tasks/merge/terminate", "task_not_found")]
    [InlineData("tasks/merge/instances/0/terminate", "task_not_found")]
    [InlineData("tasks/split/instances/1/terminate", "instance_not_found")]
    public async Task TerminationOfWhatIsNotThere_IsNotFound(string path, string code)
    {
        var id = await SubmitAsync(Diamond);

        using var response = await server.Client.PostAsync($"/v1/jobs/{id}/{path}", null);

        await ServerFixture.ProblemAsync(response, 404, code);
    }

    [Fact]
    public async Task TerminationWithTooLongAReason_IsRefused()
    {
        var id = await SubmitAsync(Diamond);

        using var response = await server.PostAsync($"/v1/jobs/{id}/tasks/split/terminate", $$"""{"reason":"{{new string('x', 501)}}"}""");

        await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal(RunState.Runnable, (await server.GetAsync<JobDetail>($"/v1/jobs/{id}")).Tasks[0].TaskState);
    }

    [Fact]
    public async Task RetriedJob_LivesAgain()
    {
        var id = await SubmitAsync(Diamond);
        using var early = await server.Client.PostAsync($"/v1/jobs/{id}/retry", null);
        using var terminated = await server.Client.PostAsync($"/v1/jobs/{id}/terminate", null);

        using var some = await server.PostAsync($"/v1/jobs/{id}/retry", """{"tasks":[{"task_name":"count","instances":"0-9,12"}]}""");
        using var all = await server.Client.PostAsync($"/v1/jobs/{id}/retry", null);
        var job = await server.GetAsync<JobDetail>($"/v1/jobs/{id}");

        Assert.Contains("RUNNABLE", (await ServerFixture.ProblemAsync(early, 409, "job_not_failed")).Detail, StringComparison.Ordinal);
        await ServerFixture.ProblemAsync(some, 409, "nothing_to_retry");
        Assert.Equal((HttpStatusCode.Accepted, 1_000_001), (all.StatusCode, (await ServerFixture.ReadAsync<RetryJobResponse>(all)).Instances));
        Assert.Equal((RunState.Runnable, null, null), (job.JobState, job.Cause, job.TerminateRequestedAt));
        Assert.NotNull(job.RetriedAt);
        Assert.Equal([RunState.Runnable, RunState.Pending], job.Tasks.Select(task => task.TaskState));
    }

    [Fact]
    public async Task DeletedJob_IsNotFoundButItsEventsAre()
    {
        var id = await SubmitAsync("""{"tasks":[{"task_name":"count","application":{"command":"true"}}]}""");
        using var early = await server.Client.DeleteAsync($"/v1/jobs/{id}");
        using var terminated = await server.Client.PostAsync($"/v1/jobs/{id}/terminate", null);

        using var deleted = await server.Client.DeleteAsync($"/v1/jobs/{id}");

        await ServerFixture.ProblemAsync(early, 409, "job_not_ended");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        foreach (var path in (string[])["", "/tasks/count/instances", "/tasks/count/instances/0/logs/stdout", "/explain"])
        {
            using var gone = await server.Client.GetAsync($"/v1/jobs/{id}{path}");
            await ServerFixture.ProblemAsync(gone, 404, "job_not_found");
        }

        using var again = await server.Client.DeleteAsync($"/v1/jobs/{id}");
        await ServerFixture.ProblemAsync(again, 404, "job_not_found");
        Assert.DoesNotContain((await server.GetAsync<Page<JobView>>("/v1/jobs")).Items, job => job.JobId == id);
        Assert.Equal("JOB_DELETED", (await server.GetAsync<Page<EventView>>($"/v1/jobs/{id}/events")).Items[^1].EventName);

        await server.ExecuteAsync($"DELETE FROM tasks WHERE job_id = '{id}'; DELETE FROM jobs WHERE job_id = '{id}'");
        Assert.Equal("JOB_DELETED", (await server.GetAsync<Page<EventView>>($"/v1/jobs/{id}/events")).Items[^1].EventName);
    }

    [Fact]
    public async Task ChangedPriority_IsShownAndJournalled()
    {
        var id = await SubmitAsync(Diamond);

        using var changed = await PatchAsync(id, """{"priority":42}""");
        using var again = await PatchAsync(id, """{"Priority":42}""");
        using var wrong = await PatchAsync(id, """{"priority":101,"job_name":"x"}""");
        using var empty = await PatchAsync(id, "{}");
        using var unknown = await PatchAsync("job-00000000", """{"priority":1}""");
        using var terminated = await server.Client.PostAsync($"/v1/jobs/{id}/terminate", null);
        using var late = await PatchAsync(id, """{"priority":1}""");

        Assert.Equal(42, (await ServerFixture.ReadAsync<JobDetail>(changed)).Priority);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (changed.StatusCode, again.StatusCode));
        Assert.Equal([("$.job_name", "member_unknown"), ("$.priority", "priority_out_of_range")], (await ServerFixture.ProblemAsync(wrong, 400, "invalid_request")).Errors.Select(error => (error.Path, error.Code)));
        await ServerFixture.ProblemAsync(empty, 400, "invalid_request");
        await ServerFixture.ProblemAsync(unknown, 404, "job_not_found");
        await ServerFixture.ProblemAsync(late, 409, "job_ended");
        var entry = Assert.Single((await server.GetAsync<Page<EventView>>($"/v1/jobs/{id}/events")).Items, entry => entry.EventName == "JOB_PRIORITY_CHANGED");
        Assert.Equal((0, 42), (entry.Details!.Value.GetProperty("from").GetInt32(), entry.Details.Value.GetProperty("to").GetInt32()));
    }

    [Fact]
    public async Task RetryThatCannotBeRead_IsRefusedWithEveryProblem()
    {
        using var response = await server.PostAsync("/v1/jobs/job-00000000/retry", """{"tasks":[{"instances":"9-1"},{"task_name":"a","instances":"x"},{"task_name":"a","Instances":"","more":1}],"why":1}""");

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal(
            [
                ("$.why", "member_unknown"),
                ("$.tasks[0].task_name", "required"), ("$.tasks[0].instances", "indexes_invalid"),
                ("$.tasks[1].instances", "indexes_invalid"),
                ("$.tasks[2].more", "member_unknown"), ("$.tasks[2].Instances", "empty"),
            ],
            problem.Errors.Select(error => (error.Path, error.Code)));
    }

    [Fact]
    public async Task TerminationWithoutBody_IsAccepted()
    {
        var id = await SubmitAsync(Diamond);

        using var response = await server.Client.PostAsync($"/v1/jobs/{id}/terminate", null);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task Events_ComeInSequenceAndSpansAreExpanded()
    {
        var id = await SubmitAsync("""
            {"tasks":[{"application":{"command":"true"},"task_instance_num":5}],
             "notifications":[{"topic_name":"t","event_configs":[{"event_name":"JobFailed"}]}]}
            """);
        using var terminated = await server.Client.PostAsync($"/v1/jobs/{id}/terminate", null);

        var events = new List<EventView>();
        string? cursor = null;
        do
        {
            var page = await server.GetAsync<Page<EventView>>($"/v1/jobs/{id}/events?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            events.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(entry => entry.Sequence));
        Assert.Equal([0, 1, 2, 3, 4], events.Where(entry => entry.EventName == "TASK_INSTANCE_FAILED").Select(entry => entry.TaskInstanceIndex!.Value));
        var end = Assert.Single(events, entry => entry.EventName == "JOB_FAILED");
        Assert.Equal(["t"], end.Topics);
        Assert.Equal($"{id}:{end.Sequence}", end.EventId);
        Assert.Contains(events, entry => entry.Source == "user:bootstrap");
        Assert.Equal(events.Skip(3).Select(entry => entry.EventId), (await server.GetAsync<Page<EventView>>($"/v1/jobs/{id}/events?after=3")).Items.Select(entry => entry.EventId));
    }

    [Fact]
    public async Task List_IsNewestFirstAndPages()
    {
        var older = await SubmitAsync("""{"job_name":"paged","tasks":[{"application":{"command":"true"}}]}""");
        var newer = await SubmitAsync("""{"job_name":"paged","tasks":[{"application":{"command":"true"}}]}""");

        var first = await server.GetAsync<Page<JobView>>("/v1/jobs?job_name=paged&state=RUNNABLE,RUNNING&limit=1");
        var second = await server.GetAsync<Page<JobView>>($"/v1/jobs?job_name=paged&limit=1&cursor={first.NextCursor}");

        Assert.Equal([newer, older], first.Items.Concat(second.Items).Select(job => job.JobId));
        Assert.Equal(1, first.Items[0].TaskInstanceMetrics.RunnableCount);
        Assert.Null(second.NextCursor);
    }

    [Fact]
    public async Task SameKeyAndBody_GiveTheSameJob()
    {
        var key = Guid.NewGuid().ToString();

        var first = await SubmitAsync(Diamond, key);
        var second = await SubmitAsync(Diamond, key);
        using var third = await server.PostAsync("/v1/jobs", Diamond + " ", key);

        Assert.Equal(first, second);
        await ServerFixture.ProblemAsync(third, 422, "idempotency_key_reused");
    }

    [Fact]
    public async Task BadKeyAndBadBody_AreNamedTogether()
    {
        using var response = await server.PostAsync("/v1/jobs", "{}", new string('k', 256));

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal([("Idempotency-Key", "header_invalid"), ("$.tasks", "required")], problem.Errors.Select(error => (error.Path, error.Code)));
    }

    [Fact]
    public async Task RefusedJob_StoresNothing()
    {
        var before = (await server.CountAsync("jobs"), await server.CountAsync("idempotency_keys"));

        using var cyclic = await server.PostAsync("/v1/jobs", """
            {"tasks":[{"task_name":"a","application":{"command":"true"}},{"task_name":"b","application":{"command":"true"}}],
             "dependences":[{"start_task":"a","end_task":"b"},{"start_task":"b","end_task":"a"}]}
            """, "cyclic");
        using var homeless = await server.PostAsync("/v1/jobs", """
            {"env_id":"env-xxxxxxxx","tasks":[{"task_name":"a","application":{"command":"true"}},{"task_name":"b","application":{"command":"true"},"env_id":"env-yyyyyyyy"}]}
            """, "homeless");

        Assert.Contains("a -> b -> a", (await ServerFixture.ProblemAsync(cyclic, 400, "invalid_request")).Errors.Single().Message, StringComparison.Ordinal);
        Assert.Equal(
            [("$.env_id", "environment_unknown"), ("$.tasks[1].env_id", "environment_unknown")],
            (await ServerFixture.ProblemAsync(homeless, 400, "invalid_request")).Errors.Select(error => (error.Path, error.Code)));
        Assert.Equal(before, (await server.CountAsync("jobs"), await server.CountAsync("idempotency_keys")));
    }

    [Theory]
    [InlineData("GET", "/v1/jobs/job-00000000", "job_not_found")]
    [InlineData("POST", "/v1/jobs/job-00000000/terminate", "job_not_found")]
    [InlineData("POST", "/v1/jobs/job-00000000/retry", "job_not_found")]
    [InlineData("DELETE", "/v1/jobs/job-00000000", "job_not_found")]
    [InlineData("POST", "/v1/jobs/job-00000000/tasks/a/terminate", "job_not_found")]
    [InlineData("GET", "/v1/jobs/job-00000000/events", "job_not_found")]
    [InlineData("GET", "/v1/jobs/job-00000000/tasks/a/instances", "job_not_found")]
    [InlineData("GET", "/v1/environments/env-00000000", "environment_not_found")]
    [InlineData("GET", "/v1/environments/env-00000000/nodes", "environment_not_found")]
    [InlineData("GET", "/v1/environments/env-00000000/events", "environment_not_found")]
    public async Task MissingThing_IsNotFound(string method, string path, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await server.Client.SendAsync(request);

        await ServerFixture.ProblemAsync(response, 404, code);
    }

    [Fact]
    public async Task MissingTask_IsNotFound()
    {
        var id = await SubmitAsync(Diamond);

        using var response = await server.Client.GetAsync($"/v1/jobs/{id}/tasks/merge/instances");

        await ServerFixture.ProblemAsync(response, 404, "task_not_found");
    }

    [Fact]
    public async Task Environments_AreShownWithTheirNodes()
    {
        await server.ExecuteAsync($"""
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, created_at, state_since)
            VALUES ('node-00000001', '{ServerFixture.DefaultEnvId}', 'CREATED', 0, 'USER_ATTACHED', 'ins-00000001', now(), now())
            """);

        var environment = Assert.Single((await server.GetAsync<Page<EnvironmentView>>("/v1/environments")).Items);
        var node = Assert.Single((await server.GetAsync<Page<NodeView>>($"/v1/environments/{environment.EnvId}/nodes")).Items);

        Assert.Equal((ServerFixture.DefaultEnvId, true, 1), (environment.EnvId, environment.IsDefault, environment.ComputeNodeMetrics.CreatedCount));
        Assert.Equal(("node-00000001", NodeState.Created), (node.ComputeNodeId, node.ComputeNodeState));
    }

    private async Task<HttpResponseMessage> PatchAsync(string id, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        return await server.Client.PatchAsync($"/v1/jobs/{id}", content);
    }

    private async Task<string> SubmitAsync(string job, string? idempotencyKey = null)
    {
        using var response = await server.PostAsync("/v1/jobs", job, idempotencyKey);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        var id = (await ServerFixture.ReadAsync<SubmitJobResponse>(response)).JobId;
        Assert.Equal($"/v1/jobs/{id}", response.Headers.Location?.ToString());
        return id;
    }
}
