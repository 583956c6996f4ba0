using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>Waits before another attempt and limits, from request to rows. After each test every invariant holds.</summary>
public sealed class RetryAndLimitTests : IAsyncLifetime
{
    private static readonly BackoffDocument Hour = new() { InitialSeconds = 3_600, MaxSeconds = 3_600 };

    private Installation _installation = null!;
    private Server _server = null!;
    private string _envId = null!;
    private Node _node = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
    }

    public async Task DisposeAsync()
    {
        try
        {
            await _installation.AssertInvariantsAsync();
        }
        finally
        {
            await _installation.DisposeAsync();
        }
    }

    [Fact]
    public async Task ProgressBySeconds_IsDueWhileATaskRuns()
    {
        var asked = new NotificationDocument { TopicName = "t", EventConfigs = [new() { EventName = "TASK_PROGRESS", EverySeconds = 3_600 }] };
        var jobId = await _server.SubmittedAsync(Given.Job(_envId) with { Notifications = [asked] });
        var taskId = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}'");
        await _server.ClaimAsync(_node, jobId, taskId, limit: 1);
        Assert.Null(await _installation.Due.NextAsync(CancellationToken.None));
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Running));
        Assert.InRange((await _installation.Due.NextAsync(CancellationToken.None))!.Value.TotalSeconds, 3_500, 3_600);

        await _installation.ExecuteAsync("UPDATE tasks SET running_at = running_at - interval '1 hour', progress_due_at = progress_due_at - interval '1 hour'");
        var due = Assert.Single(await _installation.Due.SelectAsync(10, CancellationToken.None));
        Assert.Equal(new DueOutcome(0, 0, 1), await _server.Writer.WriteAsync(due, CancellationToken.None));

        Assert.Equal(["PROGRESS 1"], await _installation.RowsAsync("SELECT state, notify FROM events WHERE level = 'task' AND notify <> 0"));
        Assert.InRange((await _installation.Due.NextAsync(CancellationToken.None))!.Value.TotalSeconds, 3_500, 3_600);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0));
        Assert.Null(await _installation.Due.NextAsync(CancellationToken.None));
    }

    [Fact]
    public async Task FailureWithBackoff_WaitsForItsTime()
    {
        var (jobId, taskId) = await FailedAsync(instances: 3, failing: [1]);
        Assert.Equal(["{} {[1,2)} False 0"], await SetsAsync(taskId));
        Assert.Empty((await _server.ClaimAsync(_node, jobId, taskId, limit: 3)).Claims);
        Assert.Empty(await _installation.Due.SelectAsync(10, CancellationToken.None));
        Assert.InRange((await _installation.Due.NextAsync(CancellationToken.None))!.Value.TotalSeconds, 2_800, 3_600);
        Assert.Equal(new DueOutcome(0, 0), await _server.DueAsync(jobId, (taskId, 1)));

        await ComeAsync();
        var due = Assert.Single(await _installation.Due.SelectAsync(10, CancellationToken.None));
        Assert.True((await _installation.Due.NextAsync(CancellationToken.None))!.Value < TimeSpan.Zero);
        Assert.Equal((jobId, (taskId, 1)), (due.JobId, Assert.Single(due.Delayed)));
        Assert.Equal(new DueOutcome(1, 0), await _server.Writer.WriteAsync(due, CancellationToken.None));

        Assert.Equal(["{[1,2)} {} True 1"], await SetsAsync(taskId));
        Assert.Null(await _installation.Due.NextAsync(CancellationToken.None));
        Assert.Equal([(1, 2)], Given.Attempts(await _server.ClaimAsync(_node, jobId, taskId, limit: 3)));
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(1, attempt: 2));
        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task WaitingInstance_IsShownWithTheTimeOfItsNextAttempt()
    {
        var (jobId, taskId) = await FailedAsync(instances: 2, failing: [0]);

        var shown = await new JobQueries(new(_installation.DataSource)).ListInstancesAsync(jobId, "task", 0, 10, CancellationToken.None);

        var dueAt = await _installation.ScalarAsync<DateTime>($"SELECT due_at FROM retry_delays WHERE task_id = {taskId}");
        Assert.Equal((RunState.Runnable, Cause.ExitCode, dueAt), (shown![0].TaskInstanceState, shown[0].Cause, shown[0].RetryAt!.Value.UtcDateTime));
        Assert.EndsWith($"next attempt at {dueAt:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}", shown[0].StateReason, StringComparison.Ordinal);
        Assert.Null(shown[1].RetryAt);
        Assert.Equal(
            [$"RUNNABLE {shown[0].StateReason}"],
            await _installation.RowsAsync($"SELECT state, reason FROM events WHERE subject_id = '{jobId}' AND instance_index = 0 AND state = 'RUNNABLE'"));
    }

    [Fact]
    public async Task ManyServersThatFindTheSameDue_ReleaseItOnce()
    {
        var (jobId, taskId) = await FailedAsync(instances: 50, failing: Enumerable.Range(0, 50));
        await ComeAsync();
        Server[] servers = [_server, await _installation.StartServerAsync(), await _installation.StartServerAsync()];

        var found = await Task.WhenAll(servers.Select(_ => _installation.Due.SelectAsync(100, CancellationToken.None)));

        var outcomes = await Task.WhenAll(servers.Zip(found, (server, due) => server.Writer.WriteAsync(Assert.Single(due), CancellationToken.None)));

        Assert.Equal(50, outcomes.Sum(outcome => outcome.Released));
        Assert.Equal(["{[0,50)} {} True 50"], await SetsAsync(taskId));
    }

    [Fact]
    public async Task WaitThatBeganAnew_IsNotEndedByALateRequest()
    {
        var (jobId, taskId) = await FailedAsync(instances: 1, failing: [0]);
        await ComeAsync();
        var late = Assert.Single(await _installation.Due.SelectAsync(10, CancellationToken.None));
        await _server.DueAsync(jobId, (taskId, 0));
        await _server.ClaimAsync(_node, jobId, taskId, limit: 1);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1, attempt: 2));

        Assert.Equal(new DueOutcome(0, 0), await _server.Writer.WriteAsync(late, CancellationToken.None));
        Assert.Equal(["{} {[0,1)} False 0"], await SetsAsync(taskId));
    }

    [Fact]
    public async Task ClaimInTheTransactionThatEndsAWait_GetsTheInstance()
    {
        var (jobId, taskId) = await FailedAsync(instances: 2, failing: [0]);
        await ComeAsync();
        Task<ClaimOutcome> claim;
        Task<DueOutcome> released;
        await using (await _installation.HoldAsync($"SELECT 1 FROM jobs WHERE job_id = '{jobId}' FOR UPDATE"))
        {
            // The first is under way and waits for the lock; the other two gather behind it and go together.
            var first = _server.DueAsync(jobId);
            await _installation.WaitersAsync(1);
            released = _server.DueAsync(jobId, (taskId, 0));
            claim = _server.ClaimAsync(_node, jobId, taskId, limit: 1);
            Assert.False(first.IsCompleted);
        }

        Assert.Equal(1, (await released).Released);
        Assert.Equal([(0, 2)], Given.Attempts(await claim));
    }

    [Fact]
    public async Task Termination_EndsWaitsToo()
    {
        var (jobId, taskId) = await FailedAsync(instances: 5, failing: [0, 1, 3]);

        await _server.TerminateAsync(jobId);

        Assert.Equal("FAILED terminated", Assert.Single(await _installation.RowsAsync($"SELECT state, cause FROM jobs WHERE job_id = '{jobId}'")));
        Assert.Equal(0, await _installation.CountAsync("retry_delays"));
        Assert.Equal(3, await _installation.ScalarAsync<long>($"SELECT count(*) FROM task_instances WHERE task_id = {taskId} AND cause = 'terminated'"));
    }

    [Fact]
    public async Task RulesAndBudgets_AreThoseOfTheDocument()
    {
        var (jobId, taskId) = await ClaimedAsync(Given.Task(_envId, instances: 4) with
        {
            RetryRules =
            [
                new() { ExitCodes = ["64-78"], Action = RetryAction.Retry, MaxRetryCount = 1 },
                new() { Signals = [9], Action = RetryAction.Fail },
                new() { Reasons = ["*code 3"], Action = RetryAction.Ignore },
            ],
        });

        await _server.ReportAsync(
            _node, jobId, taskId, Given.Exited(0, exitCode: 70), Given.Report(1, AttemptOutcome.Signaled) with { Signal = 9 }, Given.Exited(2, exitCode: 3), Given.Exited(3, exitCode: 4));
        Assert.Equal([(0, 2)], Given.Attempts(await _server.ClaimAsync(_node, jobId, taskId, limit: 4)));
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 70, attempt: 2));

        Assert.Equal(
            [
                "FAILED 70 exit_code exit code 70",
                "FAILED 137 signal signal 9, not tried again by retry_rules[1]",
                "SUCCEED 3 failure_ignored exit code 3, ignored by retry_rules[2]",
                "FAILED 4 exit_code exit code 4",
            ],
            await _installation.RowsAsync($"SELECT state, exit_code, cause, reason FROM task_instances WHERE task_id = {taskId} ORDER BY instance_index"));
    }

    [Fact]
    public async Task TooManyFailures_EndTheTask()
    {
        var (jobId, taskId) = await ClaimedAsync(Given.Task(_envId, instances: 1_000) with { MaxFailedNum = 2 }, limit: 4);

        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1), Given.Exited(2, exitCode: 1));
        Assert.Equal(["RUNNING too_many_failures 998"], await _installation.RowsAsync($"SELECT state, close_cause, failed_count FROM tasks WHERE task_id = {taskId}"));
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(1, AttemptOutcome.Terminated), Given.Exited(3));

        Assert.Equal(
            ["FAILED too_many_failures 2 instances failed, as many as max_failed_num allows; the first: instance 0: exit code 1"],
            await _installation.RowsAsync($"SELECT state, cause, reason FROM tasks WHERE task_id = {taskId}"));
    }

    [Fact]
    public async Task TaskThatRanLongerThanItsLimit_IsEndedByAnyServer()
    {
        var (jobId, taskId) = await ClaimedAsync(Given.Task(_envId, instances: 3) with { TimeLimit = 60 }, limit: 1);
        Assert.Null(await _installation.Due.NextAsync(CancellationToken.None));
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Running));
        Assert.InRange((await _installation.Due.NextAsync(CancellationToken.None))!.Value.TotalSeconds, 0, 60);
        Assert.Equal(new DueOutcome(0, 0), await _server.DueAsync(jobId));
        await _installation.ExecuteAsync("UPDATE tasks SET running_at = running_at - interval '1 minute', expires_at = expires_at - interval '1 minute'");
        var other = await _installation.StartServerAsync();

        var due = Assert.Single(await _installation.Due.SelectAsync(10, CancellationToken.None));
        var outcomes = await Task.WhenAll(_server.DueAsync(due.JobId), other.DueAsync(due.JobId), _server.DueAsync(due.JobId));

        Assert.Equal(1, outcomes.Sum(outcome => outcome.Closed));
        Assert.Equal(["RUNNING time_limit 2"], await _installation.RowsAsync($"SELECT state, close_cause, failed_count FROM tasks WHERE task_id = {taskId}"));
        Assert.Empty(await _installation.Due.SelectAsync(10, CancellationToken.None));
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Terminated));
        Assert.Equal(
            ["FAILED time_limit the task's time limit of 60 s has passed"],
            await _installation.RowsAsync($"SELECT state, cause, reason FROM tasks WHERE task_id = {taskId}"));
    }

    [Fact]
    public async Task JobThatRanLongerThanItsLimit_EndsWithAllItsTasks()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, name: "a"), Given.Task(_envId, instances: 7, name: "b")) with
        {
            Dependences = [new("a", "b")],
            TimeLimit = 3_600,
        });
        var taskId = await _installation.ScalarAsync<long>($"SELECT min(task_id) FROM tasks WHERE job_id = '{jobId}'");
        await _server.ClaimAsync(_node, jobId, taskId, limit: 1);
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Running));
        await _installation.ExecuteAsync("UPDATE jobs SET running_at = running_at - interval '1 hour', expires_at = expires_at - interval '1 hour'");

        var isRung = _server.Terminations.Next;
        Assert.Equal(jobId, Assert.Single(await _installation.Due.SelectAsync(10, CancellationToken.None)).JobId);
        Assert.Equal(new DueOutcome(0, 2), await _server.DueAsync(jobId));

        Assert.True(isRung.IsCompleted);
        Assert.Equal(["RUNNING", "FAILED"], await _installation.RowsAsync($"SELECT state FROM tasks WHERE job_id = '{jobId}' ORDER BY task_no"));
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Terminated));
        Assert.Equal(
            ["FAILED time_limit the job's time limit of 3600 s has passed"],
            await _installation.RowsAsync($"SELECT state, cause, reason FROM jobs WHERE job_id = '{jobId}'"));
    }

    [Theory]
    [InlineData("Scheduling/Sql/due_select.sql")]
    [InlineData("Scheduling/Sql/due_next.sql")]
    public async Task LookForWhatIsDue_ReadsOnlyIndexes(string path)
    {
        await using var connection = await _installation.DataSource.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SET enable_seqscan = off; EXPLAIN {Core.Database.SqlText.Load(path).Replace("@due_limit", "10", StringComparison.Ordinal)}";
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        Assert.All((string[])["retry_delays_due_at_idx", "tasks_expires_at_idx", "jobs_expires_at_idx"], index => Assert.Contains(plan, line => line.Contains(index, StringComparison.Ordinal)));
        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan", StringComparison.Ordinal) || line.Contains("Sort", StringComparison.Ordinal));
    }

    /// <summary>The time of everything that waits has come.</summary>
    private Task ComeAsync() => _installation.ExecuteAsync("UPDATE retry_delays SET due_at = clock_timestamp()");

    private async Task<(string JobId, long TaskId)> ClaimedAsync(TaskDocument task, int limit = int.MaxValue)
    {
        var jobId = await _server.SubmittedAsync(Given.Job(task));
        var taskId = await _installation.ScalarAsync<long>($"SELECT min(task_id) FROM tasks WHERE job_id = '{jobId}'");
        await _server.ClaimAsync(_node, jobId, taskId, limit);
        return (jobId, taskId);
    }

    /// <summary>A job whose instances all ran once; those that failed wait for an hour.</summary>
    private async Task<(string JobId, long TaskId)> FailedAsync(int instances, IEnumerable<int> failing)
    {
        var (jobId, taskId) = await ClaimedAsync(Given.Task(_envId, instances, retries: 5) with { RetryBackoff = Hour });
        var failed = failing.ToHashSet();
        await _server.ReportAsync(_node, jobId, taskId, Enumerable.Range(0, instances).Select(index => Given.Exited(index, exitCode: failed.Contains(index) ? 1 : 0)));
        return (jobId, taskId);
    }

    private Task<List<string>> SetsAsync(long taskId) =>
        _installation.RowsAsync($"SELECT requeued::text, delayed::text, claimable, claimable_count FROM tasks WHERE task_id = {taskId}");
}
