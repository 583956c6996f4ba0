using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Statistics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>Attempts and statistics, through the writer into the journal and out of it.</summary>
public sealed class ExecutionTests : IAsyncLifetime
{
    private Installation _installation = null!;
    private Server _server = null!;
    private Node _node = null!;
    private JournalQueries _journal = null!;
    private string _envId = "";

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _journal = new(new(_installation.DataSource), new(_installation.DataSource), Options.Create(new JournalOptions()));
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
    }

    public Task DisposeAsync() => _installation.DisposeAsync().AsTask();

    [Fact]
    public async Task FailsTwiceThenSucceeds_ThreeLinkedAttempts()
    {
        var (job, task) = await ClaimedAsync(Given.Task(_envId, retries: 2));
        await _server.ReportAsync(_node, job, task, Given.Exited(0, exitCode: 3));
        await _server.ClaimAsync(_node, job, task, 1);
        await _server.ReportAsync(_node, job, task, Given.Exited(0, exitCode: 4, attempt: 2));
        await _server.ClaimAsync(_node, job, task, 1);
        var running = await RunningAsync(job);
        await _server.ReportAsync(_node, job, task, Given.Exited(0, attempt: 3));

        var attempts = await EndedAsync(job, 3);

        Assert.Equal(["1  NORMAL_TRIGGER FAILURE 3", "2 1 RETRY FAILURE 4", "3 2 RETRY SUCCESS 0"], attempts.Select(view => $"{view.Attempt} {view.PreviousAttempt} {view.ExecutionSource} {view.Result} {view.ExitCode}"));
        Assert.All(attempts, view => Assert.True(view.StartTime <= view.CompleteTime && view.LaunchedAt <= view.StartTime, view.ExecutionId));
        Assert.Equal((3, ExecutionResults.Running, null), (running.Single().Attempt, running.Single().Result, running.Single().CompleteTime));
        Assert.Empty(await RunningAsync(job));
    }

    [Fact]
    public async Task Sorted_PagesHaveEachOnceInOrderAndTooManyAreRefused()
    {
        var (job, task) = await ClaimedAsync(Given.Task(_envId, instances: 40));
        await ExecuteAsync("UPDATE task_instances SET launched_at = launched_at - interval '1 hour'");
        int[] lasted = [.. Enumerable.Range(0, 40).Select(index => 1_000 * ((index * 7 % 40) + 1))];
        await _server.ReportAsync(_node, job, task, Enumerable.Range(0, 20).Select(index => Given.Exited(index, exitCode: index % 2) with { BeganMsAgo = lasted[index] }));
        await _server.ReportAsync(_node, job, task, Enumerable.Range(20, 19).Select(index => Given.Exited(index) with { BeganMsAgo = lasted[index] }));
        await _server.ReportAsync(_node, job, task, Given.Report(39, AttemptOutcome.StartFailed));
        await EndedAsync(job, 40);

        var longest = await SortedAsync(job, JournalSort.Duration, descending: true);
        var first = await SortedAsync(job, JournalSort.StartTime, descending: false);
        var results = await SortedAsync(job, JournalSort.Result, descending: false);
        var few = Sorting(new JournalOptions { SortExecutions = 39 });

        Assert.Equal(longest.OrderByDescending(view => view.CompleteTime - view.StartTime ?? TimeSpan.MinValue).Select(view => view.TaskInstanceIndex), longest.Select(view => view.TaskInstanceIndex));
        Assert.Equal(first.OrderBy(view => view.StartTime ?? DateTimeOffset.MaxValue).Select(view => view.TaskInstanceIndex), first.Select(view => view.TaskInstanceIndex));
        Assert.Equal(results.OrderBy(view => view.Result, StringComparer.Ordinal).Select(view => view.Result), results.Select(view => view.Result));
        Assert.All((List<ExecutionView>[])[longest, first, results], views => Assert.Equal(Enumerable.Range(0, 40), views.Select(view => view.TaskInstanceIndex).Order()));
        Assert.Equal((null, null), (longest[^1].StartTime, first[^1].StartTime));
        Assert.True(longest.Select(view => view.CompleteTime - view.StartTime).Distinct().Count() > 30);
        Assert.Null(await few.ExecutionsAsync(new() { SubjectId = job, Results = [] }, withRunning: false, new(JournalSort.Duration, Descending: true, null, 10), default));
    }

    [Fact]
    public async Task NodeLost_TheAttemptEndsAndTheNextIsItsFailover()
    {
        var (job, task) = await ClaimedAsync(Given.Task(_envId));
        await _installation.LoseAsync(_node);
        await _server.LoseAsync(Assert.Single(await _installation.Claims.OrphansAsync(10, default)));
        var next = await _installation.AddNodeAsync(_envId);
        await _server.ClaimAsync(next, job, task, 1);
        await _server.ReportAsync(next, job, task, Given.Report(0, AttemptOutcome.Returned, attempt: 2));
        await _server.ClaimAsync(next, job, task, 1);
        await _server.ReportAsync(next, job, task, Given.Report(0, AttemptOutcome.Running, attempt: 3) with { Progress = new() { Number = 1, Percent = 50, Events = [new("built", null)] } });
        await _server.ReportAsync(next, job, task, Given.Exited(0, attempt: 3));

        // Late, and from a node that was given up: it changes nothing.
        await _server.ReportAsync(_node, job, task, Given.Exited(0, exitCode: 1));
        var attempts = await EndedAsync(job, 3);
        var statistics = new StatisticsStore(_installation.DataSource);
        await CountAllAsync(statistics);

        Assert.Equal(
            ["1 NORMAL_TRIGGER LOST ", "2 FAILOVER RETURNED 1", "3 FAILOVER SUCCESS 1"],
            attempts.Select(view => $"{view.Attempt} {view.ExecutionSource} {view.Result} {view.OriginalAttempt}"));
        Assert.Equal((1, 0), await TodayAsync(statistics) is var today ? (today.Failovers, today.Retries) : default);
        var events = Assert.IsType<JournalAnswer<EventView>.Found>(await _journal.EventsAsync(new() { SubjectId = job }, null, backwards: false, 100, default)).Items.Select(item => item.View).ToList();
        Assert.Equal(
            ["ATTEMPT_ENDED", "ATTEMPT_STARTED", "CUSTOM_EVENT", "PROGRESS", "RUNNING", "SUCCEED"],
            events.Where(view => view.Attempt == 3).Select(view => view.State).Order(StringComparer.Ordinal));
        Assert.All(events.Where(view => view.Attempt > 1), view => Assert.Equal((ExecutionSources.Failover, 1), (view.ExecutionSource, view.OriginalAttempt)));
        Assert.Equal(["2", "3"], (await FoundAsync(new() { SubjectId = job, Results = [], ExecutionSources = [ExecutionSources.Failover] })).Select(view => $"{view.Attempt}"));
    }

    [Theory]
    [InlineData(AttemptOutcome.Exited)]
    [InlineData(AttemptOutcome.StartFailed)]
    public async Task ReasonThatNoDatabaseHolds_IsStoredWithHeadAndTail(AttemptOutcome outcome)
    {
        var (job, task) = await ClaimedAsync(Given.Task(_envId));
        var reason = $"head\0{new string('é', 1_000_000)}tail\uD83D";

        var taken = await _server.ReportAsync(_node, job, task, Given.Report(0, outcome) with { ExitCode = 1, Reason = reason });

        Assert.Empty(taken.Refused);
        var stored = Assert.Single(await EndedAsync(job, 1)).FailureCause!;
        Assert.Matches("^head\uFFFDé+ … [0-9]+ characters or more left out … é+tail\uFFFD$", stored);
        Assert.InRange(stored.Length, 3_900, new EngineLimits().MaxReasonLength);
        Assert.Equal([$"FAILED instance 0: {stored}"], await _installation.RowsAsync("SELECT state, reason FROM tasks"));
    }

    [Fact]
    public async Task GivenBackAndRetriedByAUser_SaysWhyEachAttemptWasMade()
    {
        var (job, task) = await ClaimedAsync(Given.Task(_envId, retries: 1));
        await _server.ReportAsync(_node, job, task, Given.Report(0, AttemptOutcome.Returned));
        await _server.ClaimAsync(_node, job, task, 1);
        await _server.ReportAsync(_node, job, task, Given.Exited(0, exitCode: 3, attempt: 2));
        await _server.ClaimAsync(_node, job, task, 1);
        await _server.ReportAsync(_node, job, task, Given.Exited(0, exitCode: 3, attempt: 3));
        await _server.RetryAsync(_node, job);
        await _server.ClaimAsync(_node, job, task, 1);
        await _server.ReportAsync(_node, job, task, Given.Report(0, AttemptOutcome.Returned, attempt: 4));
        await _server.ClaimAsync(_node, job, task, 1);
        var running = Assert.Single(await RunningAsync(job));
        await _server.ReportAsync(_node, job, task, Given.Exited(0, attempt: 5));
        var attempts = await EndedAsync(job, 5);
        var statistics = new StatisticsStore(_installation.DataSource);
        await CountAllAsync(statistics);

        Assert.Equal(ExecutionSources.Manual, running.ExecutionSource);
        Assert.Equal(
            ["1 NORMAL_TRIGGER RETURNED", "2 NORMAL_TRIGGER FAILURE", "3 RETRY FAILURE", "4 MANUAL RETURNED", "5 MANUAL SUCCESS"],
            attempts.Select(view => $"{view.Attempt} {view.ExecutionSource} {view.Result}"));
        Assert.Equal(["4", "5"], (await FoundAsync(new() { SubjectId = job, Results = [], ExecutionSources = [ExecutionSources.Manual] })).Select(view => $"{view.Attempt}"));
        Assert.Equal((1, 1, 0), await TodayAsync(statistics) is var today ? (today.Retries, today.Manual, today.Failovers) : default);
    }

    [Fact]
    public async Task TerminatedBetweenAttempts_IsNoSecondEndOfTheFirst()
    {
        var (job, task) = await ClaimedAsync(Given.Task(_envId, instances: 2, retries: 5));
        await _server.ReportAsync(_node, job, task, Given.Exited(0, exitCode: 1));
        await _server.TerminateAsync(job);
        await _server.ReportAsync(_node, job, task, Given.Report(1, AttemptOutcome.Terminated));

        var attempts = await EndedAsync(job, 2);

        Assert.Equal(["0 FAILURE", "1 KILLED"], attempts.Select(view => $"{view.TaskInstanceIndex} {view.Result}"));
    }

    [Fact]
    public async Task Statistics_CountEachRowOnceHoweverManyCount()
    {
        var statistics = new StatisticsStore(_installation.DataSource);
        for (var n = 0; n < 5; n++)
        {
            var (job, task) = await ClaimedAsync(Given.Task(_envId, instances: 3, retries: 1));
            await _server.ReportAsync(_node, job, task, Given.Exited(0), Given.Exited(1), Given.Exited(2, exitCode: 1));
            await _server.ClaimAsync(_node, job, task, 1);
            await _server.ReportAsync(_node, job, task, Given.Exited(2, exitCode: 1, attempt: 2));
        }

        await SettledAsync(rows => rows.Count(view => view.Result == ExecutionResults.Failure) == 10);
        await CountAllAsync(statistics);
        var counted = await TodayAsync(statistics);

        Assert.Equal("5 submitted, 0 and 5 ended, 10 succeeded, 10 failed, 5 retries", Show(counted));
        Assert.Equal(["test"], (await ListAsync(statistics, StatisticsKey.Job)).Select(view => view.Key));
        Assert.Equal([_envId], (await ListAsync(statistics, StatisticsKey.Env)).Select(view => view.Key));

        // The control: with its cursor forgotten, the same rows are counted twice, and that is seen.
        await _installation.ExecuteAsync("UPDATE statistics_cursor SET txid = '0', event_no = 0");
        await CountAllAsync(statistics);
        Assert.Equal("10 submitted, 0 and 10 ended, 20 succeeded, 20 failed, 10 retries", Show(await TodayAsync(statistics)));
    }

    [Fact]
    public async Task NamesOfJobsInOlderDays_AreAddedUp()
    {
        await _installation.ExecuteAsync("""
            INSERT INTO attempt_statistics (day, env_id, job_name, succeeded, run_ms)
            SELECT (now() AT TIME ZONE 'UTC')::date - days, env, name, 2, 10
            FROM unnest(ARRAY[5, 40, 500]) AS days, unnest(ARRAY['env-a', 'env-b']) AS env, unnest(ARRAY['', 'x', 'y']) AS name
            """);
        var statistics = new StatisticsStore(_installation.DataSource);
        await statistics.PruneAsync(400, 30, default);
        await statistics.PruneAsync(400, 30, default);

        Assert.Equal(
            ["40 env-a  6 30", "40 env-b  6 30", "5 env-a  2 10", "5 env-a x 2 10", "5 env-a y 2 10", "5 env-b  2 10", "5 env-b x 2 10", "5 env-b y 2 10"],
            await _installation.RowsAsync("SELECT (now() AT TIME ZONE 'UTC')::date - day, env_id, job_name, succeeded, run_ms FROM attempt_statistics ORDER BY day, env_id, job_name"));
    }

    private ExecutionQueries Executions => new(_installation.DataSource, new(_installation.DataSource), Options.Create(new JournalOptions()));

    /// <summary>What has rows of its own besides those of the instances, and is no other attempt.</summary>
    private static NotificationDocument ToldOfAttempts => new()
    {
        TopicName = "attempts",
        EventConfigs = [new() { EventName = "TASK_INSTANCE_ATTEMPT_STARTED" }, new() { EventName = "TASK_INSTANCE_ATTEMPT_ENDED" }],
    };

    private static string Show(StatisticsView view) =>
        $"{view.JobsSubmitted} submitted, {view.JobsSucceeded} and {view.JobsFailed} ended, {view.Succeeded} succeeded, {view.Failed} failed, {view.Retries} retries";

    /// <summary>Four that count together, in small steps, until the cursor is at the end.</summary>
    private async Task CountAllAsync(StatisticsStore statistics)
    {
        await Condition.ReachedAsync(
            async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => statistics.CountAsync(7, default)));
                return await _installation.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM events AS e, statistics_cursor AS c WHERE (e.order_txid, e.event_no) > (c.txid, c.event_no))");
            },
            isBehind => !isBehind,
            "all rows are counted");
    }

    private async Task<StatisticsView> TodayAsync(StatisticsStore statistics) => (await ListAsync(statistics, StatisticsKey.Day))[^1];

    private async Task<IReadOnlyList<StatisticsView>> ListAsync(StatisticsStore statistics, StatisticsKey by)
    {
        var today = DateOnly.FromDateTime(await _installation.ScalarAsync<DateTime>("SELECT now() AT TIME ZONE 'UTC'"));
        return await statistics.ListAsync(new(by, today.AddDays(-1), today, null, null), null, 10, default);
    }

    private Task<List<ExecutionView>> EndedAsync(string job, int count) => SettledAsync(rows => rows.Count >= count, job);

    private async Task<List<ExecutionView>> SettledAsync(Func<List<ExecutionView>, bool> reached, string? job = null) =>
        await Condition.ReachedAsync(() => FoundAsync(new() { SubjectId = job, Results = [] }), reached, "the ends are settled");

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _installation.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>All of a job, in pages of nine.</summary>
    private async Task<List<ExecutionView>> SortedAsync(string job, JournalSort sort, bool descending, bool withRunning = false)
    {
        var found = new List<ExecutionView>();
        SortedPlace? place = null;
        SortedPage<ExecutionView> page;
        do
        {
            page = (await Sorting(new()).ExecutionsAsync(new() { SubjectId = job, Results = [] }, withRunning, new(sort, descending, place, 9), default))!;
            found.AddRange(page.Items.Select(item => item.View));
            place = page.Items[^1].Place;
        }
        while (page.More);
        return found;
    }

    private JournalSorting Sorting(JournalOptions options) => new(new(_installation.DataSource), Executions, Options.Create(options));

    private async Task<List<ExecutionView>> FoundAsync(JournalFilter filter)
    {
        var found = Assert.IsType<JournalAnswer<ExecutionView>.Found>(await _journal.ExecutionsAsync(filter, null, backwards: false, 100, default));
        return [.. found.Items.Select(item => item.View)];
    }

    private async Task<IReadOnlyList<ExecutionView>> RunningAsync(string job) =>
        [.. (await Executions.RunningAsync(new() { SubjectId = job }, default, 10, default)).Select(item => item.View)];

    private async Task<(string Job, long Task)> ClaimedAsync(TaskDocument document)
    {
        var job = await _server.SubmittedAsync(Given.Job(document) with { Notifications = [ToldOfAttempts] });
        var task = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{job}'");
        await _server.ClaimAsync(_node, job, task, document.TaskInstanceNum);
        return (job, task);
    }
}
