using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Events;

/// <summary>Attempts, their filters and the statistics over HTTP, over rows that are put into the journal.</summary>
public sealed class ExecutionEndpointTests(EventServer server) : IClassFixture<EventServer>, IAsyncLifetime
{
    private const string Day = "2024-02-03";

    private string _job = "";
    private string _other = "";

    public async Task InitializeAsync()
    {
        _job = await SubmittedAsync($"search-{Guid.NewGuid():N}");
        _other = await SubmittedAsync($"else-{Guid.NewGuid():N}");
        await server.ExecuteAsync("""
            INSERT INTO nodes (node_id, env_id, state, epoch, origin, instance_id, host_name, address, created_at, state_since)
            VALUES ('node-search', 'env-search', 'RUNNING', 1, 'USER_ATTACHED', 'ins-search', 'mill', '10.1.2.3', now(), now())
            ON CONFLICT DO NOTHING
            """);

        // Instance 0 failed on its node and succeeded elsewhere; both instances of a row of two succeeded; the other job failed once.
        await EndAsync(_job, 1001, "FAILED", index: 0, attempt: 1, began: "10:00", ended: "10:10", node: "node-search", reason: "Disk is FULL");
        await EndAsync(_job, 1002, "SUCCEED", index: 0, attempt: 2, began: "10:20", ended: "10:21");
        await EndAsync(_job, 1003, "SUCCEED", index: 1, attempt: 1, began: "10:05", ended: "10:30", span: 2);
        await EndAsync(_other, 1001, "FAILED", index: 0, attempt: 1, began: "11:00", ended: "11:01");
        await Dispatch.Until.ReachedAsync(() => ListAsync($"job={_other}"), found => found.Length == 1, found => $"{found.Length} executions");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Filters_HaveAllToBeTrue()
    {
        Assert.Equal(["0/1 FAILURE", "0/2 SUCCESS", "1/1 SUCCESS", "2/1 SUCCESS"], await ListAsync($"job={_job}"));
        Assert.Equal(["0/1 FAILURE"], await ListAsync($"job={_job}&text=disk%20is"));
        Assert.Equal(["2/1 SUCCESS"], await ListAsync($"job={_job}&task=a&index=2"));
        Assert.Equal(["0/1 FAILURE"], await ListAsync($"job={_job}&node=node-search"));
        Assert.Equal(["0/1 FAILURE"], await ListAsync($"job={_job}&host=10.1.2.3&env=env-search"));
        Assert.Empty(await ListAsync($"job={_job}&env=env-none"));
        Assert.Equal(["0/2 SUCCESS"], await ListAsync($"job={_job}&attempt=2&execution_source=RETRY"));
        Assert.Equal(["0/2 SUCCESS"], await ListAsync($"execution={_job}/0/0/2"));
        Assert.Equal(["0/2 SUCCESS", "1/1 SUCCESS", "2/1 SUCCESS"], await ListAsync($"job={_job}&since={Day}T10:15:00Z"));
        Assert.Equal(["0/1 FAILURE", "0/2 SUCCESS"], await ListAsync($"job={_job}&until={Day}T10:30:00Z"));
        Assert.Equal(["1/1 SUCCESS", "2/1 SUCCESS"], await ListAsync($"job={_job}&started_since={Day}T10:05:00Z&started_until={Day}T10:20:00Z"));
        Assert.Equal(["2/1 SUCCESS", "1/1 SUCCESS", "0/1 FAILURE", "0/2 SUCCESS"], await ListAsync($"job={_job}&sort=duration&order=desc&result=RUNNING,SUCCESS,FAILURE", sorted: true));
        Assert.Equal(["0/1 FAILURE"], await ListAsync($"job={_job}&result=FAILURE,RUNNING"));
        Assert.Empty(await ListAsync($"job={_job}&result=RUNNING&sort=complete_time&order=desc"));
    }

    [Fact]
    public async Task JobName_NarrowsAttemptsAndEvents()
    {
        var name = (await server.GetAsync<NamedJob>($"/v1/jobs/{_job}")).JobName;
        Assert.Equal(4, (await ListAsync($"job_name={name}")).Length);
        Assert.Equal(4, (await ListAsync($"job_name={name[..20]}*&order=desc")).Length);
        Assert.Empty(await ListAsync($"job_name={name[..20]}"));
        var events = await server.GetAsync<JournalPage<EventView>>($"/v1/events?job_name={name}&limit=500");
        Assert.Equal([_job], events.Items.Select(view => view.SubjectId).Distinct());
        Assert.Contains($"{_job}:1001", events.Items.Select(view => view.EventId));
    }

    [Fact]
    public async Task Events_AreNarrowedToAnAttemptAndSorted()
    {
        Assert.Equal([$"{_job}:1004"], await EventsAsync($"job={_job}&task=a&index=2&attempt=1"));
        Assert.Equal([$"{_job}:1002"], await EventsAsync($"execution={_job}/0/0/2"));
        Assert.Equal([$"{_job}:1002"], await EventsAsync($"job={_job}&execution_source=RETRY"));
        Assert.Equal([$"{_job}:1001"], await EventsAsync($"job={_job}&host=mill"));
        Assert.Equal([$"{_job}:1004", $"{_job}:1003", $"{_job}:1002", $"{_job}:1001"], await EventsAsync($"job={_job}&task=a&sort=occurred_at&order=desc&until=2025-01-01T00:00:00Z"));
    }

    [Fact]
    public async Task One_HasItsTransitionsAndItsChain()
    {
        var found = await server.GetAsync<ExecutionDetails>($"/v1/executions/{_job}/0/0/2");
        using var missing = await server.Client.GetAsync($"/v1/executions/{_job}/0/0/3");
        using var strange = await server.Client.GetAsync($"/v1/executions/{_job}/a/0/1");

        Assert.Equal(("SUCCESS", 1, "RETRY"), (found.Execution.Result, found.Execution.PreviousAttempt, found.Execution.ExecutionSource));
        Assert.Equal([$"{_job}:1002"], found.Transitions.Select(view => view.EventId));
        Assert.Equal(["1 FAILURE mill", "2 SUCCESS "], found.Chain.Select(view => $"{view.Attempt} {view.Result} {view.HostName}"));
        await ServerFixture.ProblemAsync(missing, 404, "execution_not_found");
        await ServerFixture.ProblemAsync(strange, 404, "execution_not_found");
    }

    [Fact]
    public async Task Statistics_AreToldByDayJobAndEnvironment()
    {
        await server.ExecuteAsync("""
            INSERT INTO attempt_statistics (day, env_id, job_name, jobs_submitted, succeeded, failed, run_ms)
            VALUES ('2024-03-01', 'env-a', 'x', 1, 2, 3, 40), ('2024-03-01', 'env-b', 'x', 1, 1, 0, 10), ('2024-03-03', 'env-b', 'y', 1, 5, 0, 50)
            ON CONFLICT DO NOTHING
            """);

        Assert.Equal(["2024-03-01 2 3 3 50", "2024-03-02 0 0 0 0", "2024-03-03 1 5 0 50"], await StatisticsAsync("from=2024-03-01&to=2024-03-03"));
        Assert.Equal(["x 2 3 3 50", "y 1 5 0 50"], await StatisticsAsync("by=job&from=2024-03-01&to=2024-03-03"));
        Assert.Equal(["env-a 1 2 3 40", "env-b 2 6 0 60"], await StatisticsAsync("by=env&from=2024-03-01&to=2024-03-03"));
        Assert.Equal(["env-b 1 1 0 10"], await StatisticsAsync("by=env&from=2024-03-01&to=2024-03-03&job_name=x&env=env-b"));
        var first = await server.GetAsync<Page<StatisticsView>>("/v1/statistics?from=2024-03-01&to=2024-03-03&limit=2");
        Assert.Equal(["2024-03-03 1 5 0 50"], await StatisticsAsync($"from=2024-03-01&to=2024-03-03&cursor={first.NextCursor}"));
    }

    private async Task<string[]> StatisticsAsync(string query) =>
        [.. (await server.GetAsync<Page<StatisticsView>>($"/v1/statistics?{query}")).Items.Select(view => $"{view.Key} {view.JobsSubmitted} {view.Succeeded} {view.Failed} {view.RunMs}")];

    private async Task<string[]> EventsAsync(string query) => [.. (await server.GetAsync<JournalPage<EventView>>($"/v1/events?{query}")).Items.Select(view => view.EventId)];

    /// <summary>Instance, attempt and result, by pages of three.</summary>
    private async Task<string[]> ListAsync(string query, bool sorted = false)
    {
        var found = new List<string>();
        JournalPage<ExecutionView>? page = null;
        do
        {
            page = await server.GetAsync<JournalPage<ExecutionView>>($"/v1/executions?{query}&limit=3{(page is null ? "" : $"&after={page.NextCursor}")}");
            found.AddRange(page.Items.Select(view => $"{view.TaskInstanceIndex}/{view.Attempt} {view.Result}"));
        }
        while (page.More);

        return sorted ? [.. found] : [.. found.Order(StringComparer.Ordinal)];
    }

    private async Task<string> SubmittedAsync(string name)
    {
        using var submitted = await server.PostAsync("/v1/jobs", $$$"""{"job_name":"{{{name}}}","tasks":[{"task_name":"a","task_instance_num":3,"application":{"command":"true"}}]}""");
        return (await ServerFixture.ReadAsync<JobCreated>(submitted)).JobId;
    }

    private Task EndAsync(string job, int sequence, string state, int index, int attempt, string began, string ended, int span = 1, string? node = null, string? reason = null) => server.ExecuteAsync($"""
        WITH moved AS (
            UPDATE jobs SET journal_txid = pg_current_xact_id() WHERE job_id = '{job}'
        )
        INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, attempt, node_id, cause, reason, source, launched_at, running_at, occurred_at, notify)
        VALUES (
            pg_current_xact_id(), 0, '{job}', {sequence}, {span}, 'task_instance', '{state}', 0, {index}, {attempt}, {(node is null ? "NULL" : $"'{node}'")},
            '{(state == "SUCCEED" ? "succeeded" : "exit_code")}', {(reason is null ? "NULL" : $"'{reason}'")}, 'agent', '{Day} {began}Z', '{Day} {began}Z', '{Day} {ended}Z', 0)
        """);

    private sealed record JobCreated(string JobId);

    private sealed record NamedJob(string JobName);
}
