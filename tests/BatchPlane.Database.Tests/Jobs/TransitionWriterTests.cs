using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>The transition path from request to rows. After each test every invariant holds.</summary>
public sealed class TransitionWriterTests : IAsyncLifetime
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
    public async Task JobOfTwoTasks_RunsFromSubmitToSucceed()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 3, name: "split"), Given.Task(_envId, name: "merge")) with
        {
            Dependences = [new("split", "merge")],
        });
        var (split, merge) = await TaskIdsAsync(jobId);
        Assert.Equal(["RUNNABLE True", "PENDING False"], await TasksAsync(jobId));

        var claim = await _server.ClaimAsync(_node, jobId, split, limit: 10);
        await _server.ReportAsync(_node, jobId, split, Given.Report(0, AttemptOutcome.Running), Given.Exited(1), Given.Exited(2));
        Assert.Equal([(0, 1), (1, 1), (2, 1)], Given.Attempts(claim));
        Assert.Equal(["RUNNING False", "PENDING False"], await TasksAsync(jobId));

        await _server.ReportAsync(_node, jobId, split, Given.Exited(0));
        Assert.Equal(["SUCCEED False", "RUNNABLE True"], await TasksAsync(jobId));

        await _server.ClaimAsync(_node, jobId, merge, limit: 10);
        await _server.ReportAsync(_node, jobId, merge, Given.Exited(0));
        Assert.Equal(
            ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEED"],
            await _installation.RowsAsync($"SELECT state FROM events WHERE subject_id = '{jobId}' AND level = 'job' ORDER BY sequence"));
        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task InstancesThatWaitForTheirLike_AreReleasedAndSkippedOneByOne()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 5, name: "first"), Given.Task(_envId, instances: 5, name: "second")) with
        {
            Dependences = [new("first", "second", DependenceCondition.EachIndex)],
        });
        var (first, second) = await TaskIdsAsync(jobId);
        await _server.ClaimAsync(_node, jobId, first, limit: 5);

        await _server.ReportAsync(_node, jobId, first, Given.Exited(1), Given.Exited(3), Given.Exited(4, exitCode: 1));
        Assert.Equal(
            ["RUNNABLE {[0,1),[2,3)} {[1,2),[3,4)} {[4,5)} 2"],
            await _installation.RowsAsync($"SELECT state, waiting::text, ready::text, skipped::text, claimable_count FROM tasks WHERE task_id = {second}"));

        Assert.Equal([(1, 1), (3, 1)], Given.Attempts(await _server.ClaimAsync(_node, jobId, second, limit: 5)));
        await _server.ReportAsync(_node, jobId, second, Given.Exited(1), Given.Exited(3));
        await _server.ReportAsync(_node, jobId, first, Given.Exited(0), Given.Exited(2));
        Assert.Equal([(0, 1), (2, 1)], Given.Attempts(await _server.ClaimAsync(_node, jobId, second, limit: 5)));
        await _server.ReportAsync(_node, jobId, second, Given.Exited(0), Given.Exited(2));

        Assert.Equal(["FAILED 4 1", "FAILED 4 1"], await _installation.RowsAsync($"SELECT state, succeed_count, failed_count FROM tasks WHERE job_id = '{jobId}' ORDER BY task_no"));
        Assert.Equal(
            ["dependency_unmet instance 4 of task 'first' ended FAILED: exit code 1"],
            await _installation.RowsAsync($"SELECT cause, reason FROM task_skips WHERE task_id = {second}"));
    }

    [Fact]
    public async Task FailedAttempts_AreRepeatedAsOftenAsAllowed()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 2, retries: 1)));
        var (taskId, _) = await TaskIdsAsync(jobId);

        await _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1), Given.Exited(1, exitCode: 1));
        var second = await _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, attempt: 2), Given.Exited(1, exitCode: 3, attempt: 2));

        Assert.Equal([(0, 2), (1, 2)], Given.Attempts(second));
        Assert.Equal(["SUCCEED 2 0 succeeded", "FAILED 2 3 exit_code"], await InstancesAsync(taskId));
        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task SameKeyAndBody_GiveTheSameJob()
    {
        var first = await _server.SubmitAsync(Given.Job(_envId), "key-1");
        var second = await _server.SubmitAsync(Given.Job(_envId), "key-1");

        Assert.Equal(first, second);
        Assert.Equal(1, await _installation.CountAsync("jobs"));
    }

    [Fact]
    public async Task SameKeyAndOtherBody_IsRefused()
    {
        await _server.SubmitAsync(Given.Job(_envId), "key-1", "one");

        Assert.IsType<SubmitOutcome.KeyReused>(await _server.SubmitAsync(Given.Job(_envId), "key-1", "two"));
        Assert.Equal(1, await _installation.CountAsync("jobs"));
    }

    [Fact]
    public async Task SameKeyAtOnceOnTwoServers_MakesOneJob()
    {
        var other = await _installation.StartServerAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => (n % 2 == 0 ? _server : other).SubmitAsync(Given.Job(_envId), "key-1"))));

        Assert.IsType<SubmitOutcome.Submitted>(Assert.Single(outcomes.Distinct()));
        Assert.Equal(1, await _installation.CountAsync("jobs"));
    }

    [Fact]
    public async Task UnknownEnvironment_StoresNothing()
    {
        var outcome = await _server.SubmitAsync(Given.Job(Given.Task(_envId, name: "a"), Given.Task("env-nowhere0", name: "b")), "key-1");

        Assert.Equal(["env-nowhere0"], Assert.IsType<SubmitOutcome.EnvironmentsMissing>(outcome).EnvIds);
        Assert.Equal(0, await _installation.CountAsync("jobs"));
        Assert.Equal(0, await _installation.CountAsync("idempotency_keys"));
    }

    [Fact]
    public async Task EnvironmentGoneMeanwhile_StillAnswersARepeatedKey()
    {
        var first = await _server.SubmitAsync(Given.Job(_envId), "key-1");
        await _server.TerminateAsync(((SubmitOutcome.Submitted)first).JobId);
        await _installation.Environments.DeleteAsync(_envId, Installation.Submitter, CancellationToken.None);

        Assert.Equal(first, await _server.SubmitAsync(Given.Job(_envId), "key-1"));
        Assert.IsType<SubmitOutcome.EnvironmentsMissing>(await _server.SubmitAsync(Given.Job(_envId), "key-2"));
    }

    [Fact]
    public async Task JobIdThatIsTaken_IsReplaced()
    {
        var taken = await _server.SubmittedAsync(Given.Job(_envId));

        var outcome = await _server.Writer.WriteAsync(
            new SubmitRequest(NewJob.From(Given.Job(_envId), taken, [1_000_000], Installation.Submitter), Server.Key("key-1", "body")), CancellationToken.None);

        Assert.NotEqual(taken, Assert.IsType<SubmitOutcome.Submitted>(outcome).JobId);
        Assert.Equal(2, await _installation.CountAsync("jobs"));
        Assert.Equal(outcome, await _server.SubmitAsync(Given.Job(_envId), "key-1"));
    }

    [Fact]
    public async Task TwoServersClaimingFromOneTask_GrantEveryInstanceOnce()
    {
        const int instances = 500;
        var other = await _installation.StartServerAsync();
        var otherNode = await _installation.AddNodeAsync(_envId);
        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances));
        var (taskId, _) = await TaskIdsAsync(jobId);

        async Task<List<int>> DrainAsync(Server server, Node node)
        {
            var mine = new List<int>();
            while (Given.Attempts(await server.ClaimAsync(node, jobId, taskId, limit: 7)).Select(attempt => attempt.Index).ToList() is { Count: > 0 } granted)
            {
                mine.AddRange(granted);
                await server.ReportAsync(node, jobId, taskId, granted.Select(index => Given.Exited(index)));
            }

            return mine;
        }

        var granted = await Task.WhenAll(
            DrainAsync(_server, _node), DrainAsync(other, otherNode), DrainAsync(_server, otherNode), DrainAsync(other, _node));

        Assert.Equal(Enumerable.Range(0, instances), granted.SelectMany(indexes => indexes).Order());
        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task Ceiling_HoldsBackWhatIsTooMuch()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 5, ceiling: 2)));
        var (taskId, _) = await TaskIdsAsync(jobId);

        var first = await _server.ClaimAsync(_node, jobId, taskId, limit: 5);
        var full = await _server.ClaimAsync(_node, jobId, taskId, limit: 5);
        Assert.Equal(["STARTING False"], await TasksAsync(jobId));
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0));
        Assert.Equal(["RUNNING True"], await TasksAsync(jobId));
        var next = await _server.ClaimAsync(_node, jobId, taskId, limit: 5);

        Assert.Equal([(0, 1), (1, 1)], Given.Attempts(first));
        Assert.Empty(full.Claims);
        Assert.Equal([(2, 1)], Given.Attempts(next));
    }

    [Fact]
    public async Task FormerIncarnation_ChangesNothingAnyMore()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 2);
        var current = await _installation.RejoinAsync(_node);

        var report = await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0));
        var claim = await _server.ClaimAsync(_node, jobId, taskId, limit: 1);
        var foreign = await _server.ReportAsync(current, jobId, taskId, Given.Exited(0));

        Assert.True(report.Fenced);
        Assert.True(claim.Fenced);
        Assert.False(foreign.Fenced);
        Assert.Equal(new AttemptRef(taskId, 0, 1), Assert.Single(foreign.Refused));
        Assert.Equal(["STARTING 1 - -", "STARTING 1 - -"], await InstancesAsync(taskId));
    }

    [Fact]
    public async Task UnknownNode_IsFenced()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 1);
        var nobody = _node with { NodeId = "node-nobody00" };

        Assert.True((await _server.ReportAsync(nobody, jobId, taskId, Given.Exited(0))).Fenced);
        Assert.True((await _server.ClaimAsync(nobody, jobId, taskId, limit: 1)).Fenced);
    }

    [Fact]
    public async Task RepeatedReports_ChangeNothing()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 1);

        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0));
        var events = await _installation.CountAsync("events");
        var repeated = await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0), Given.Exited(0, exitCode: 9), Given.Report(0, AttemptOutcome.Running));

        Assert.Empty(repeated.Refused);
        Assert.Equal(events, await _installation.CountAsync("events"));
        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task ReportsOfWhatNobodyGranted_AreRefused()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 1);

        var unknownIndex = await _server.ReportAsync(_node, jobId, taskId, Given.Exited(7));
        var unknownAttempt = await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, attempt: 2));
        var unknownTask = await _server.ReportAsync(_node, jobId, taskId + 100, Given.Exited(0));
        var unknownJob = await _server.ReportAsync(_node, "job-nowhere0", taskId, Given.Exited(0));

        Assert.All([unknownIndex, unknownAttempt, unknownTask, unknownJob], outcome => Assert.Single(outcome.Refused));
        Assert.Equal(["STARTING 1 - -"], await InstancesAsync(taskId));
    }

    [Fact]
    public async Task Termination_EndsAtOnceWhatNoNodeHolds()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 5, limit: 2);

        Assert.IsType<TerminateOutcome.Accepted>(await _server.TerminateAsync(jobId));
        Assert.Equal("STARTING", await _installation.JobStateAsync(jobId));
        Assert.Empty((await _server.ClaimAsync(_node, jobId, taskId, limit: 5)).Claims);

        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0), Given.Report(1, AttemptOutcome.Terminated));
        Assert.Equal("FAILED terminated", Assert.Single(await _installation.RowsAsync($"SELECT state, cause FROM jobs WHERE job_id = '{jobId}'")));
        Assert.Equal(["SUCCEED 1 0 succeeded", "FAILED 1 - terminated"], await InstancesAsync(taskId));
    }

    [Fact]
    public async Task Termination_OfManyPlaces_IsTheSameAsOfOne()
    {
        var (jobId, _) = await ClaimedAsync(instances: 5, limit: 2);
        var other = await _installation.StartServerAsync();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => (n % 2 == 0 ? _server : other).TerminateAsync(jobId)));

        Assert.Equal(1, await _installation.ScalarAsync<long>($"SELECT count(*) FROM events WHERE subject_id = '{jobId}' AND attempt IS NULL AND level = 'task_instance'"));
        Assert.IsType<TerminateOutcome.NotFound>(await _server.TerminateAsync("job-nowhere0"));
    }

    [Fact]
    public async Task Termination_ReleasesWhatIsKeptForInspection()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 2, failedAction: FailedAction.FastInterrupt)));
        var (taskId, _) = await TaskIdsAsync(jobId);
        await _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0), Given.Exited(1, exitCode: 1));
        Assert.Equal("FAILED_INTERRUPTED", await _installation.JobStateAsync(jobId));
        await _installation.AssertInvariantsAsync();

        await _server.TerminateAsync(jobId);

        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
        Assert.Equal(["SUCCEED 1 0 succeeded", "FAILED 1 1 terminated"], await InstancesAsync(taskId));
    }

    /// <summary>However many there are, and whether one of them is loaded for a request of its own in the same transaction.</summary>
    [Fact]
    public async Task Termination_OfManyKeptInstances_ReleasesThemByRanges()
    {
        const int Count = 20_000;
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: Count, failedAction: FailedAction.FastInterrupt)));
        var (taskId, _) = await TaskIdsAsync(jobId);
        for (var first = 0; first < Count; first += 10_000)
        {
            await _server.ClaimAsync(_node, jobId, taskId, limit: 10_000);
            await _server.ReportAsync(_node, jobId, taskId, Enumerable.Range(first, 10_000).Select(index => Given.Exited(index, exitCode: index == 7 ? 0 : 1)));
        }

        var endedAt = await _installation.ScalarAsync<DateTime>($"SELECT max(finished_at) FROM task_instances WHERE task_id = {taskId}");
        await Task.WhenAll(_server.TerminateInstanceAsync(jobId, taskId, 9), _server.TerminateAsync(jobId));

        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
        Assert.Equal(
            ["FAILED terminated terminated by user:test: enough 19999"],
            await _installation.RowsAsync($"SELECT state, cause, reason, count(*) FROM task_instances WHERE task_id = {taskId} AND instance_index <> 7 GROUP BY 1, 2, 3"));
        Assert.Equal(endedAt, await _installation.ScalarAsync<DateTime>($"SELECT max(finished_at) FROM task_instances WHERE task_id = {taskId}"));
        Assert.InRange(await _installation.ScalarAsync<long>($"SELECT count(*) FROM events WHERE subject_id = '{jobId}' AND cause = 'terminated' AND level = 'task_instance'"), 2, 4);
        await _installation.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Termination_WithRequeuedAndPendingWork_EndsAllOfIt()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 3, name: "a", retries: 5), Given.Task(_envId, instances: 4, name: "b")) with
        {
            Dependences = [new("a", "b")],
        });
        var (taskId, _) = await TaskIdsAsync(jobId);
        await _server.ClaimAsync(_node, jobId, taskId, limit: 3);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1), Given.Exited(2, exitCode: 1), Given.Report(1, AttemptOutcome.Returned));
        Assert.Equal("{[0,3)}", await _installation.ScalarAsync<string>($"SELECT requeued::text FROM tasks WHERE task_id = {taskId}"));
        await _installation.AssertInvariantsAsync();

        await _server.TerminateAsync(jobId);

        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
        Assert.Equal(["FAILED False", "FAILED False"], await TasksAsync(jobId));
    }

    [Fact]
    public async Task TerminationOfATask_LeavesTheOthers()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 3, name: "a"), Given.Task(_envId, instances: 2, name: "b")));
        var (a, b) = await TaskIdsAsync(jobId);
        await _server.ClaimAsync(_node, jobId, a, limit: 1);

        await _server.TerminateTaskAsync(jobId, a);
        Assert.IsType<TerminateOutcome.NotFound>(await _server.TerminateTaskAsync(jobId, b + 1));
        Assert.Equal(["STARTING False", "RUNNABLE True"], await TasksAsync(jobId));
        await _server.ReportAsync(_node, jobId, a, Given.Report(0, AttemptOutcome.Terminated));

        Assert.Equal(["FAILED False", "RUNNABLE True"], await TasksAsync(jobId));
        Assert.Equal(["FAILED 1 - terminated"], await InstancesAsync(a));
        Assert.Equal("terminated by user:test: enough", await _installation.ScalarAsync<string>($"SELECT reason FROM task_instances WHERE task_id = {a}"));
    }

    [Fact]
    public async Task TerminationOfInstances_EndsEachAsItsStateDemands()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 8, retries: 2)));
        var (taskId, _) = await TaskIdsAsync(jobId);
        await _server.ClaimAsync(_node, jobId, taskId, limit: 4);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0), Given.Exited(1, exitCode: 1), Given.Report(2, AttemptOutcome.Running));

        foreach (var index in (int[])[0, 1, 2, 3, 6, 6])
        {
            Assert.IsType<TerminateOutcome.Accepted>(await _server.TerminateInstanceAsync(jobId, taskId, index));
            await _installation.AssertInvariantsAsync();
        }

        Assert.IsType<TerminateOutcome.NotFound>(await _server.TerminateInstanceAsync(jobId, taskId, 8));
        Assert.Equal("7 {[4,6)} {[6,7)} {} 3", Assert.Single(await _installation.RowsAsync($"SELECT next_index, ready::text, skipped::text, requeued::text, claimable_count FROM tasks WHERE task_id = {taskId}")));
        Assert.Equal(["SUCCEED 1 0 succeeded", "FAILED 1 1 terminated", "RUNNING 1 - -", "STARTING 1 - -"], await InstancesAsync(taskId));

        // The wish holds although the node never carried it out, and however an attempt ends.
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(2, exitCode: 1));
        await _installation.LoseAsync(_node);
        Assert.Equal(1, await _server.LoseAsync(Assert.Single(await _installation.Claims.OrphansAsync(10, CancellationToken.None))));

        Assert.Equal(["SUCCEED 1 0 succeeded", "FAILED 1 1 terminated", "FAILED 1 1 exit_code", "FAILED 1 - terminated"], await InstancesAsync(taskId));
    }

    [Fact]
    public async Task TerminationOfAnInstanceClaimedInTheSameTransaction_IsStored()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances: 3));
        var (taskId, _) = await TaskIdsAsync(jobId);
        Task claim, terminate, other;
        await using (var held = await _installation.HoldAsync("SELECT * FROM jobs FOR UPDATE"))
        {
            var first = _server.TerminateInstanceAsync(jobId, taskId, 2);
            await _installation.WaitersAsync(1);
            claim = _server.ClaimAsync(_node, jobId, taskId, limit: 2);
            terminate = _server.TerminateInstanceAsync(jobId, taskId, 0);
            other = _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Running));
            await held.RollbackAsync();
            await first;
        }

        await Task.WhenAll(claim, terminate, other);

        Assert.Equal(["0 RUNNING"], await _installation.RowsAsync($"SELECT instance_index, state FROM task_instances WHERE terminate_reason IS NOT NULL"));
    }

    [Fact]
    public async Task LostNode_CostsAnAttemptAndItsClaimsAreFound()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 2);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0));
        await _installation.LoseAsync(_node);

        var orphans = Assert.Single(await _installation.Claims.OrphansAsync(100, CancellationToken.None));
        Assert.Equal([(taskId, 1)], orphans.Attempts);
        Assert.Equal(1, await _server.LoseAsync(orphans));
        Assert.Equal(0, await _server.LoseAsync(orphans));
        Assert.Empty(await _installation.Claims.OrphansAsync(100, CancellationToken.None));

        var other = await _installation.AddNodeAsync(_envId);
        Assert.Equal([(1, 2)], Given.Attempts(await _server.ClaimAsync(other, jobId, taskId, limit: 5)));
        await _server.ReportAsync(other, jobId, taskId, Given.Exited(1, attempt: 2));
        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task InstanceLostTooOften_Fails()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId));
        var (taskId, _) = await TaskIdsAsync(jobId);

        for (var loss = 0; loss <= EngineLimits.DefaultMaxLostAttempts; loss++)
        {
            var node = await _installation.AddNodeAsync(_envId);
            Assert.Single((await _server.ClaimAsync(node, jobId, taskId, limit: 1)).Claims);
            await _installation.LoseAsync(node);
            Assert.Equal(1, await _server.LoseAsync(Assert.Single(await _installation.Claims.OrphansAsync(100, CancellationToken.None))));
        }

        Assert.Equal(["FAILED 4 - node_lost"], await InstancesAsync(taskId));
    }

    [Fact]
    public async Task ClaimReportAndTerminationInOneTransaction_AreDecidedInOrder()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances: 6));
        var (taskId, _) = await TaskIdsAsync(jobId);
        await using var gate = await _installation.HoldAsync($"SELECT FROM jobs WHERE job_id = '{jobId}' FOR UPDATE");

        // The first waits for the row alone; the others gather behind it and share the next transaction.
        var first = _server.ClaimAsync(_node, jobId, taskId, limit: 1);
        await _installation.WaitersAsync(1);
        var report = _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1));
        var second = _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        var third = _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        var terminate = _server.TerminateAsync(jobId);
        var late = _server.ClaimAsync(_node, jobId, taskId, limit: 2);
        await gate.CommitAsync();

        Assert.Equal([(0, 1)], Given.Attempts(await first));
        Assert.Empty((await report).Refused);
        Assert.Equal([(1, 1), (2, 1)], Given.Attempts(await second));
        Assert.Equal([(3, 1), (4, 1)], Given.Attempts(await third));
        Assert.Equal(RunState.Running, Assert.IsType<TerminateOutcome.Accepted>(await terminate).State);
        Assert.Empty((await late).Claims);
        await _server.ReportAsync(_node, jobId, taskId, Enumerable.Range(1, 4).Select(index => Given.Report(index, AttemptOutcome.Terminated)));
        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task PoisonRequest_FailsAloneAndTheOthersCommit()
    {
        var (jobId, taskId) = await ClaimedAsync(instances: 1);
        await using var gate = await _installation.HoldAsync($"SELECT FROM jobs WHERE job_id = '{jobId}' FOR UPDATE");

        var first = _server.ReportAsync(_node, jobId, taskId, Given.Report(0, AttemptOutcome.Running));
        await _installation.WaitersAsync(1);
        var before = _server.SubmitAsync(Given.Job(_envId), "before");
        var poison = _server.SubmitAsync(Given.Job(_envId) with { JobName = "a NUL \0 that no text column takes" }, "poison");
        var report = _server.ReportAsync(_node, jobId, taskId, Given.Exited(0));
        var after = _server.SubmitAsync(Given.Job(_envId), "after");
        await gate.CommitAsync();

        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => poison);
        await first;
        Assert.IsType<SubmitOutcome.Submitted>(await before);
        Assert.IsType<SubmitOutcome.Submitted>(await after);
        Assert.Empty((await report).Refused);
        Assert.Equal(3, await _installation.CountAsync("jobs"));
        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task MillionInstances_CostAsMuchAsOne()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances: 1_000_000));
        Assert.Equal(1, await _installation.CountAsync("tasks"));
        Assert.Equal(0, await _installation.CountAsync("task_instances"));
        var (taskId, _) = await TaskIdsAsync(jobId);
        await _server.ClaimAsync(_node, jobId, taskId, limit: 3);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0), Given.Exited(1, exitCode: 1), Given.Exited(2));
        var before = await _installation.CountAsync("events");

        await _server.TerminateAsync(jobId);

        // One row for all the instances that were never claimed, one for the task, one for the job.
        Assert.Equal(before + 3, await _installation.CountAsync("events"));
        Assert.Equal(["FAILED 999997"], await _installation.RowsAsync($"SELECT state, span FROM events WHERE subject_id = '{jobId}' AND attempt IS NULL AND level = 'task_instance'"));
        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task StoppedWriter_StillStoresWhatItAccepted()
    {
        var server = await _installation.StartServerAsync();

        var submits = Enumerable.Range(0, 50).Select(_ => server.SubmitAsync(Given.Job(_envId))).ToList();
        await Task.WhenAll(submits.Take(1));
        await server.Writer.StopAsync(CancellationToken.None);

        var taken = 0;
        foreach (var submit in submits)
        {
            taken += await Record.ExceptionAsync(() => submit) is null ? 1 : 0;
        }

        Assert.Equal(taken, await _installation.CountAsync("jobs"));
    }

    private async Task<(string JobId, long TaskId)> ClaimedAsync(int instances, int? limit = null)
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances));
        var (taskId, _) = await TaskIdsAsync(jobId);
        Assert.Equal(limit ?? instances, Given.Attempts(await _server.ClaimAsync(_node, jobId, taskId, limit ?? instances)).Count());
        return (jobId, taskId);
    }

    private async Task<(long First, long Second)> TaskIdsAsync(string jobId)
    {
        var ids = await _installation.ScalarAsync<long[]>($"SELECT array_agg(task_id ORDER BY task_no) FROM tasks WHERE job_id = '{jobId}'");
        return (ids[0], ids[^1]);
    }

    private Task<List<string>> TasksAsync(string jobId) =>
        _installation.RowsAsync($"SELECT state, claimable FROM tasks WHERE job_id = '{jobId}' ORDER BY task_no");

    private Task<List<string>> InstancesAsync(long taskId) =>
        _installation.RowsAsync($"SELECT state, attempt, exit_code, cause FROM task_instances WHERE task_id = {taskId} ORDER BY instance_index");
}
