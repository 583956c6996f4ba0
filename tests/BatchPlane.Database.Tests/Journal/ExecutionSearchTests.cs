using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Statistics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>What narrows attempts and events, over attempts that the writer made: two jobs in two environments.</summary>
public sealed class ExecutionSearchTests : IAsyncLifetime
{
    private const string Here = "10.1.2.3";

    private Installation _installation = null!;
    private Server _server = null!;
    private string _first = "";
    private string _second = "";
    private string _env = "";
    private string _node = "";
    private DateTimeOffset _between;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        (_first, _env, _node) = await HeldAsync("nightly-a", 3);
        await _installation.ExecuteAsync($"UPDATE nodes SET host_name = 'Mill', address = '{Here}' WHERE node_id = '{_node}'");
        _between = new(await _installation.ScalarAsync<DateTime>("SELECT clock_timestamp()"));
        (_second, _, _) = await HeldAsync("nightly_b", 1);
        await Condition.ReachedAsync(() => FoundAsync(new()), found => found.Count == 3, "all ends are settled");
    }

    public Task DisposeAsync() => _installation.DisposeAsync().AsTask();

    [Fact]
    public async Task Names_AreFoundExactlyOrByTheirBeginning()
    {
        Assert.Equal([_first, _first], await JobsAsync(new() { JobName = NameFilter.Parse("nightly-a") }));
        Assert.Equal([_first, _first, _second], await JobsAsync(new() { JobName = NameFilter.Parse("nightly*") }));
        Assert.Equal([_second], await JobsAsync(new() { JobName = NameFilter.Parse("nightly_*") }));
        Assert.Empty(await JobsAsync(new() { JobName = NameFilter.Parse("nightly") }));

        // However many rows they have: here more than are looked up, so that the whole journal is gone over.
        Assert.Equal([_first, _first, _second], await JobsAsync(new() { JobName = NameFilter.Parse("nightly*") }, scanRows: 3));
        Assert.Equal([_second, _first, _first], await JobsAsync(new() { JobName = NameFilter.Parse("nightly*") }, backwards: true));
    }

    [Fact]
    public async Task RemovedJob_IsFoundByItsNameLikeAnyOther()
    {
        await _server.ReportAsync(new(_env, _node, await _installation.ScalarAsync<long>($"SELECT epoch FROM nodes WHERE node_id = '{_node}'")), _first, await TaskIdAsync(_first), Given.Exited(2));
        await Condition.ReachedAsync(() => FoundAsync(new()), found => found.Count == 4, "all ends are settled");
        foreach (var job in new[] { _first, _second })
        {
            Assert.IsType<DeleteJobOutcome.Deleted>(await _server.Writer.WriteAsync(new DeleteJobCommand(job, Installation.Submitter), CancellationToken.None));
            Assert.True(await new JobRemovalStore(_installation.DataSource).RemoveAsync(job, CancellationToken.None));
        }

        Assert.Equal(0, await _installation.CountAsync("jobs"));
        Assert.Equal([_first, _first, _first], await JobsAsync(new() { JobName = NameFilter.Parse("nightly-a") }));
        Assert.Equal([_second], await JobsAsync(new() { JobName = NameFilter.Parse("nightly_*") }));
        Assert.Equal([_second], await JobsAsync(new() { JobName = NameFilter.Parse("nightly_b") }, scanRows: 3));
        Assert.Equal([("nightly_b", null)], (await FoundAsync(new() { SubjectId = _second })).Select(view => (view.JobName, view.TaskName)));

        // Environments have the same names.
        Assert.Equal([_first], await SubjectsAsync(new() { JobName = NameFilter.Parse("nightly-a") }));
        Assert.Empty(await JobsAsync(new() { JobName = NameFilter.Parse("nightly*"), EnvId = _env }));

        var statistics = new StatisticsStore(_installation.DataSource);
        var today = DateOnly.FromDateTime(await _installation.ScalarAsync<DateTime>("SELECT now() AT TIME ZONE 'UTC'"));
        await Condition.ReachedAsync(() => statistics.CountAsync(1_000, default), counted => counted == 0, "all rows are counted");
        Assert.Equal(["nightly-a 3", "nightly_b 1"], (await statistics.ListAsync(new(StatisticsKey.Job, today.AddDays(-1), today, null, null), null, 10, default)).Select(view => $"{view.Key} {view.Succeeded}"));
    }

    [Fact]
    public async Task Places_AreThoseOfTheNode()
    {
        Assert.Equal([_first, _first], await JobsAsync(new() { EnvId = _env }));
        Assert.Equal([_first, _first], await JobsAsync(new() { Host = "mill" }));
        Assert.Equal([_first, _first], await JobsAsync(new() { Host = Here }));
        Assert.Empty(await JobsAsync(new() { Host = "mil" }));

        // A job that was removed is in no environment, whether jobs are looked up or (of too many) the whole journal is gone over.
        await _installation.ExecuteAsync($"""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, task_no, instance_index, attempt, node_id, cause, source, launched_at, occurred_at, notify)
            VALUES (pg_current_xact_id(), 0, 'job-removed', 1, 'task_instance', 'SUCCEED', 0, 0, 1, '{_node}', 'succeeded', 'agent', now(), now(), 0)
            """);
        await Condition.ReachedAsync(() => FoundAsync(new() { Host = Here }), found => found.Count == 3, "its end is settled");
        Assert.Equal([_first, _first], await JobsAsync(new() { EnvId = _env }));
        Assert.Equal([_first, _first], await JobsAsync(new() { EnvId = _env }, scanRows: 1));
        Assert.Equal([(_env, "Mill", Here)], (await FoundAsync(new() { NodeId = _node })).Select(view => (view.EnvId, view.HostName, view.HostAddress)).Distinct());
    }

    [Fact]
    public async Task Begins_AreBetweenTimesOneByOneInARow()
    {
        Assert.Equal([_second], await JobsAsync(new() { StartedSince = _between }));

        // Three that ended in one row, a minute apart in their begins.
        await _installation.ExecuteAsync("""
            INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, attempt, cause, source, launched_at, running_at, running_offsets, occurred_at, notify)
            VALUES (pg_current_xact_id(), 0, 'job-row', 1, 3, 'task_instance', 'SUCCEED', 0, 0, 1, 'succeeded', 'agent', '2024-02-03 10:00Z', '2024-02-03 10:01Z', '{0,60000000,-60000000}', '2024-02-03 10:10Z', 0)
            """);
        var begin = new DateTimeOffset(2024, 2, 3, 10, 1, 0, TimeSpan.Zero);
        await Condition.ReachedAsync(() => FoundAsync(new() { SubjectId = "job-row" }), found => found.Count == 3, "the row is settled");

        Assert.Equal([0, 1], (await FoundAsync(new() { SubjectId = "job-row", StartedSince = begin })).Select(view => view.TaskInstanceIndex));
        Assert.Equal([2, 0], (await FoundAsync(new() { SubjectId = "job-row", StartedUntil = begin.AddMinutes(1) }, backwards: true)).Select(view => view.TaskInstanceIndex));
        Assert.Equal([0], (await FoundAsync(new() { SubjectId = "job-row", StartedSince = begin, StartedUntil = begin.AddMinutes(1) })).Select(view => view.TaskInstanceIndex));
    }

    [Fact]
    public async Task Running_MatchByTheSameFilters()
    {
        Assert.Equal([_first], await RunningAsync(new() { JobName = NameFilter.Parse("nightly*"), EnvId = _env, Host = "MILL", NodeId = _node, TaskNo = 0, InstanceIndex = 2, Attempt = 1, ExecutionSources = [ExecutionSources.NormalTrigger] }));
        Assert.Empty(await RunningAsync(new() { JobName = NameFilter.Parse("nightly-b") }));
        Assert.Empty(await RunningAsync(new() { EnvId = "env-none" }));
        Assert.Empty(await RunningAsync(new() { Host = "10.1.2.4" }));
        Assert.Empty(await RunningAsync(new() { Attempt = 2 }));
        Assert.Empty(await RunningAsync(new() { ExecutionSources = [ExecutionSources.Retry] }));
        Assert.Empty(await RunningAsync(new() { StartedSince = _between.AddHours(-1) }));
        Assert.Empty(await RunningAsync(new() { Until = _between }));
        Assert.Equal([_first], await RunningAsync(new() { Since = _between }));
    }

    [Fact]
    public async Task RunningAndEnded_AreSortedTogetherEachOnce()
    {
        var sorting = new JournalSorting(Reader, Executions, Options.Create(new JournalOptions()));
        var filter = new JournalFilter { Results = [] };
        var results = new List<string>();
        SortedPlace? place = null;
        SortedPage<ExecutionView> page;
        do
        {
            page = (await sorting.ExecutionsAsync(filter, withRunning: true, new(JournalSort.Time, Descending: true, place, 1), default))!;
            results.AddRange(page.Items.Select(item => $"{item.View.JobName} {item.View.TaskInstanceIndex} {item.View.Result}"));
            place = page.Items[^1].Place;
        }
        while (page.More);

        Assert.Equal("nightly-a 2 RUNNING", results[0]);
        Assert.Equal(["nightly-a 0 SUCCESS", "nightly-a 1 SUCCESS", "nightly-a 2 RUNNING", "nightly_b 0 SUCCESS"], results.Order(StringComparer.Ordinal));
        var ended = await sorting.ExecutionsAsync(new() { Results = ["FAILURE"] }, withRunning: true, new(JournalSort.Result, Descending: false, null, 10), default);
        Assert.Equal(["RUNNING"], ended!.Items.Select(item => item.View.Result));
        var ofJobs = await sorting.ExecutionsAsync(new() { Results = [], JobName = NameFilter.Parse("nightly*") }, withRunning: false, new(JournalSort.Time, Descending: true, null, 10), default);
        Assert.Equal([_second, _first, _first], ofJobs!.Items.Select(item => item.View.JobId));
    }

    [Fact]
    public async Task Events_AreSortedByWordsInPages()
    {
        var sorting = new JournalSorting(Reader, Executions, Options.Create(new JournalOptions()));
        var names = new List<(string Name, string Id)>();
        SortedPlace? place = null;
        SortedPage<EventView> page;
        do
        {
            page = (await sorting.EventsAsync(new() { SubjectId = _first }, new(JournalSort.Name, Descending: false, place, 2), default))!;
            names.AddRange(page.Items.Select(item => (item.View.EventName, item.View.EventId)));
            place = page.Items[^1].Place;
        }
        while (page.More);

        Assert.Equal(names.Select(item => item.Name).Order(StringComparer.Ordinal), names.Select(item => item.Name));
        Assert.Equal(await _installation.ScalarAsync<long>($"SELECT last_sequence FROM jobs WHERE job_id = '{_first}'"), names.Select(item => item.Id).Distinct().Count());
    }

    [Fact]
    public async Task One_HasWhatHappenedToItAndAllAttemptsOfItsInstance()
    {
        var ended = (await Executions.FindAsync(_first, 0, 1, 1, default))!;
        var running = (await Executions.FindAsync(_first, 0, 2, 1, default))!;

        Assert.Equal(("SUCCESS", 1, $"{_first}/0/1/1"), (ended.Execution.Result, ended.Execution.TaskInstanceIndex, ended.Execution.ExecutionId));
        Assert.Equal(["RUNNING 1", "SUCCEED 1"], ended.Transitions.Select(view => $"{view.State} {view.TaskInstanceIndex}"));
        Assert.Equal([ended.Execution], ended.Chain);
        Assert.Equal("RUNNING", running.Execution.Result);
        Assert.Empty(running.Transitions);
        Assert.Null(await Executions.FindAsync(_first, 0, 2, 2, default));
        Assert.Null(await Executions.FindAsync(_first, 0, 3, 1, default));
    }

    [Fact]
    public async Task OneThatPostedMuch_IsFoundWithItsEnd()
    {
        await _installation.ExecuteAsync("""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, task_no, instance_index, attempt, cause, source, launched_at, occurred_at, notify)
            SELECT pg_current_xact_id(), 0, 'job-loud', n, 'task_instance', CASE n WHEN 6 THEN 'RUNNABLE' WHEN 7 THEN 'SUCCEED' ELSE 'PROGRESS' END, 0, 0, CASE n WHEN 7 THEN 2 ELSE 1 END,
                CASE n WHEN 6 THEN 'exit_code' WHEN 7 THEN 'succeeded' END, 'agent', now(), now(), 0
            FROM generate_series(1, 7) AS n
            ORDER BY n
            """);
        var executions = new ExecutionQueries(_installation.DataSource, Reader, Options.Create(new JournalOptions { ScanRows = 3 }));
        var first = (await executions.FindAsync("job-loud", 0, 0, 1, default))!;
        var second = (await executions.FindAsync("job-loud", 0, 0, 2, default))!;

        Assert.Equal(["1 FAILURE", "2 SUCCESS"], first.Chain.Select(view => $"{view.Attempt} {view.Result}"));
        Assert.Equal(["PROGRESS", "PROGRESS", "PROGRESS", "RUNNABLE"], first.Transitions.Select(view => view.State));
        Assert.Equal(["SUCCEED"], second.Transitions.Select(view => view.State));
    }

    private JournalReader Reader => new(_installation.DataSource);

    private ExecutionQueries Executions => new(_installation.DataSource, Reader, Options.Create(new JournalOptions()));

    /// <summary>A job on a node of an environment of its own: all instances but the last of several have succeeded, in one row, with a minute between their begins.</summary>
    private async Task<(string Job, string Env, string Node)> HeldAsync(string name, int instances)
    {
        var env = await _installation.AddEnvironmentAsync(name);
        var node = await _installation.AddNodeAsync(env);
        var job = await _server.SubmittedAsync(Given.Job(Given.Task(env, instances)) with { JobName = name });
        var task = await TaskIdAsync(job);
        await _server.ClaimAsync(node, job, task, instances);
        await _installation.ExecuteAsync($"UPDATE task_instances SET launched_at = launched_at - interval '1 hour' WHERE task_id = {task}");
        await _server.ReportAsync(node, job, task, Enumerable.Range(0, Math.Max(1, instances - 1)).Select(index => Given.Exited(index) with { BeganMsAgo = 60_000 * index }));
        return (job, env, node.NodeId);
    }

    private Task<long> TaskIdAsync(string job) => _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{job}'");

    /// <summary>Whose events pass a filter, each once.</summary>
    private async Task<List<string>> SubjectsAsync(JournalFilter filter)
    {
        var journal = new JournalQueries(Reader, new(_installation.DataSource), Options.Create(new JournalOptions()));
        var page = Assert.IsType<JournalAnswer<EventView>.Found>(await journal.EventsAsync(filter, null, false, 100, default));
        return [.. page.Items.Select(item => item.View.SubjectId).Distinct()];
    }

    private async Task<List<string>> JobsAsync(JournalFilter filter, bool backwards = false, int? scanRows = null) =>
        [.. (await FoundAsync(filter, backwards, scanRows)).Select(view => view.JobId)];

    private async Task<List<ExecutionView>> FoundAsync(JournalFilter filter, bool backwards = false, int? scanRows = null)
    {
        var options = Options.Create(scanRows is { } rows ? new JournalOptions { ScanRows = rows } : new JournalOptions());
        var journal = new JournalQueries(Reader, new(_installation.DataSource), options);
        var found = new List<ExecutionView>();
        JournalAnswer<ExecutionView>.Found? page = null;
        do
        {
            page = Assert.IsType<JournalAnswer<ExecutionView>.Found>(await journal.ExecutionsAsync(filter with { Results = [] }, page?.Next, backwards, 10, default));
            found.AddRange(page.Items.Select(item => item.View));
        }
        while (page.More);

        return found;
    }

    private async Task<IReadOnlyList<string>> RunningAsync(JournalFilter filter) =>
        [.. (await Executions.RunningAsync(filter, default, 10, default)).Select(item => item.View.JobId)];
}
