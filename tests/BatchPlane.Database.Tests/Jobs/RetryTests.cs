using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>Retries that users ask for, as rows. After each test every invariant holds.</summary>
public sealed class RetryTests : IAsyncLifetime
{
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
    public async Task FailedInstances_GetNewAttemptsUnderTheSameJob()
    {
        var (jobId, a, b) = await FailedAsync();

        Assert.Equal(new RetryOutcome.Accepted(6), await _server.RetryAsync(_node, jobId));
        await _installation.AssertInvariantsAsync();
        Assert.Equal(["RUNNABLE - - 1 0 {[1,3)} {}", "PENDING - - 0 0 {} {[0,4)}"], await TasksAsync(jobId));
        Assert.Equal("RUNNABLE - - - True", await JobAsync(jobId));
        Assert.Equal(["1 RUNNABLE 2 0 - -", "2 RUNNABLE 2 0 - -"], await _installation.RowsAsync(
            $"SELECT instance_index, state, attempt, failure_count, cause, finished_at FROM task_instances WHERE task_id = {a} AND state = 'RUNNABLE' ORDER BY instance_index"));

        var claim = await _server.ClaimAsync(_node, jobId, a, limit: 5);
        Assert.Equal([(1, 3), (2, 3)], Given.Attempts(claim));
        await _server.ReportAsync(_node, jobId, a, Given.Exited(1, attempt: 3), Given.Exited(2, attempt: 3));
        await _server.ClaimAsync(_node, jobId, b, limit: 5);
        await _server.ReportAsync(_node, jobId, b, Given.Exited(0), Given.Exited(1), Given.Exited(2), Given.Exited(3));

        Assert.Equal("SUCCEED succeeded - - True", await JobAsync(jobId));
        Assert.Equal(0, await _installation.CountAsync("task_skips"));
    }

    [Fact]
    public async Task SomeOfWhatWasNeverClaimed_LeavesTheRestSkipped()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 20_000)));
        var taskId = await TaskIdAsync(jobId, 0);
        await _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        await _server.TerminateAsync(jobId);
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Terminated), Given.Exited(1));

        Assert.Equal(new RetryOutcome.Accepted(11), await _server.RetryAsync(_node, jobId, ("task", 0, 2), ("task", 500, 10)));

        Assert.Equal(["2 498 terminated", "510 19490 terminated"], await _installation.RowsAsync("SELECT first_index, instance_count, cause FROM task_skips ORDER BY first_index"));
        Assert.Equal(["RUNNABLE - terminated by user:test: enough 1 19988 {[0,1)} {[500,510)}"], await TasksAsync(jobId));
        Assert.Equal([(0, 2), (500, 1), (501, 1)], Given.Attempts(await _server.ClaimAsync(_node, jobId, taskId, limit: 3)));
        await _server.TerminateAsync(jobId);
        await _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Terminated, attempt: 2), Given.Report(500, AttemptOutcome.Terminated), Given.Report(501, AttemptOutcome.Terminated));

        Assert.Equal(new RetryOutcome.Accepted(19_999), await _server.RetryAsync(_node, jobId));
        Assert.Equal(0, await _installation.CountAsync("task_skips"));
    }

    [Fact]
    public async Task ManyFailedInstances_AreRetriedByRanges()
    {
        const int Count = 50_000;
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: Count)));
        var taskId = await TaskIdAsync(jobId, 0);
        for (var first = 0; first < Count; first += 10_000)
        {
            await _server.ClaimAsync(_node, jobId, taskId, limit: 10_000);
            await _server.ReportAsync(_node, jobId, taskId, Enumerable.Range(first, 10_000).Select(index => Given.Exited(index, exitCode: index == 7 ? 0 : 1)));
        }

        Assert.Equal(new RetryOutcome.Accepted(Count - 1), await _server.RetryAsync(_node, jobId));

        Assert.Equal(["RUNNABLE - - 1 0 {[0,7),[8,50000)} {}"], await TasksAsync(jobId));
        Assert.Equal(2, await _installation.ScalarAsync<long>("SELECT count(*) FROM events WHERE cause = 'retried' AND level = 'task_instance'"));
    }

    [Fact]
    public async Task WhatWasReleasedOrKept_IsRetriedAsWell()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 3, failedAction: FailedAction.FastInterrupt)));
        var taskId = await TaskIdAsync(jobId, 0);
        await _server.ClaimAsync(_node, jobId, taskId, limit: 3);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1), Given.Exited(1, exitCode: 1), Given.Exited(2));
        await _server.TerminateInstanceAsync(jobId, taskId, 0);
        Assert.Equal("FAILED_INTERRUPTED task_failed - task 'task' ended FAILED_INTERRUPTED: instance 0: exit code 1 False", await JobAsync(jobId));

        Assert.Equal(new RetryOutcome.Accepted(2), await _server.RetryAsync(_node, jobId));

        Assert.Equal(["RUNNABLE - - 1 0 {[0,2)} {}"], await TasksAsync(jobId));
    }

    [Fact]
    public async Task WhoWantsChangesOnly_IsToldOfTheFirstAttemptThatBeginsInEachLife()
    {
        NotificationDocument asked = new() { TopicName = "topic", EventConfigs = [new() { EventName = "TASK_INSTANCE_RUNNING" }], Filter = new() { Changed = true } };
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, retries: 2)) with { Notifications = [asked] });
        var taskId = await TaskIdAsync(jobId, 0);
        for (var attempt = 1; attempt <= 6; attempt++)
        {
            await _server.ClaimAsync(_node, jobId, taskId, limit: 1);
            await _server.ReportAsync(_node, jobId, taskId, attempt is 1 or 4 ? Given.Report(0, AttemptOutcome.StartFailed, attempt) : Given.Exited(0, exitCode: 1, attempt));
            if (attempt == 3)
            {
                await _server.RetryAsync(_node, jobId);
            }
        }

        Assert.Equal(["2 1 -", "3 0 true", "5 1 -", "6 0 true"], await _installation.RowsAsync("SELECT attempt, notify, details ->> 'began_before' FROM events WHERE level = 'task_instance' AND state = 'RUNNING' ORDER BY sequence"));
    }

    [Fact]
    public async Task TwoRetries_AreOne()
    {
        var (jobId, _, _) = await FailedAsync();
        var other = await _installation.StartServerAsync();

        var outcomes = await Task.WhenAll(_server.RetryAsync(_node, jobId), _server.RetryAsync(_node, jobId), other.RetryAsync(_node, jobId));

        Assert.Single(outcomes.OfType<RetryOutcome.Accepted>());
        Assert.Equal(2, outcomes.OfType<RetryOutcome.NotFailed>().Count());
        Assert.IsType<RetryOutcome.NotFound>(await _server.RetryAsync(_node, "job-nowhere0"));
    }

    [Fact]
    public async Task RetryInAnEnvironmentThatIsGone_IsRefused()
    {
        var (jobId, _, _) = await FailedAsync();
        await _installation.Environments.DeleteAsync(_envId, Installation.Submitter, CancellationToken.None);

        Assert.Equal([_envId], Assert.IsType<RetryOutcome.EnvironmentsMissing>(await _server.RetryAsync(_node, jobId)).EnvIds);
        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task ChangedPriority_IsThatOfTheTasksToo()
    {
        var (jobId, _, _) = await FailedAsync();
        Assert.Equal(new ChangeJobOutcome.Ended(RunState.Failed), await ChangeAsync(jobId, 9));
        await _server.RetryAsync(_node, jobId);

        Assert.IsType<ChangeJobOutcome.Changed>(await ChangeAsync(jobId, 9));

        Assert.Equal(["9", "9", "9"], await _installation.RowsAsync($"SELECT priority FROM tasks WHERE job_id = '{jobId}' UNION ALL SELECT priority FROM jobs WHERE job_id = '{jobId}'"));
        Assert.IsType<ChangeJobOutcome.NotFound>(await ChangeAsync("job-nowhere0", 9));
    }

    private Task<ChangeJobOutcome> ChangeAsync(string jobId, int priority) =>
        _server.Writer.WriteAsync(new ChangeJobCommand(jobId, priority, Installation.Submitter), CancellationToken.None);

    /// <summary>Of task a's three instances one succeeded and two failed twice; task b, of four, waits for a.</summary>
    private async Task<(string JobId, long A, long B)> FailedAsync()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 3, name: "a", retries: 1), Given.Task(_envId, instances: 4, name: "b")) with
        {
            Dependences = [new("a", "b")],
        });
        var a = await TaskIdAsync(jobId, 0);
        await _server.ClaimAsync(_node, jobId, a, limit: 3);
        await _server.ReportAsync(_node, jobId, a, Given.Exited(0), Given.Exited(1, exitCode: 1), Given.Exited(2, exitCode: 1));
        await _server.ClaimAsync(_node, jobId, a, limit: 3);
        await _server.ReportAsync(_node, jobId, a, Given.Exited(1, exitCode: 1, attempt: 2), Given.Exited(2, exitCode: 1, attempt: 2));
        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
        return (jobId, a, await TaskIdAsync(jobId, 1));
    }

    private Task<long> TaskIdAsync(string jobId, int taskNo) => _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}' AND task_no = {taskNo}");

    private async Task<string> JobAsync(string jobId) => Assert.Single(await _installation.RowsAsync(
        $"SELECT state, cause, terminate_requested_at, reason, retried_at IS NOT NULL FROM jobs WHERE job_id = '{jobId}'"));

    private Task<List<string>> TasksAsync(string jobId) => _installation.RowsAsync(
        $"SELECT state, cause, reason, succeed_count, failed_count, requeued::text, ready::text FROM tasks WHERE job_id = '{jobId}' ORDER BY task_no");
}
