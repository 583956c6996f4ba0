using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Database.Tests.Scheduling;

public sealed class ClaimStoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private Installation _installation = null!;
    private Server _server = null!;
    private string _envId = null!;
    private Node _node = null!;
    private string _jobId = null!;
    private long _taskId;

    private ClaimStore Claims => _installation.Claims;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
        _jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 6, name: "count")));
        _taskId = await _installation.ScalarAsync<long>("SELECT task_id FROM tasks");
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
    public async Task TasksWithInstancesToClaim_ComeBestFirst()
    {
        var urgent = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 9, ceiling: 4)) with { Priority = 7 });
        await _server.SubmittedAsync(Given.Job(await _installation.AddEnvironmentAsync("elsewhere")));

        var window = await Claims.ClaimableAsync(_envId, Anything, room: 8, turn: null, 10, CancellationToken.None);

        Assert.Equal([(urgent, 7, 4), (_jobId, 0, 6)], window.Tasks.Select(task => (task.JobId, task.Priority, task.Claimable)));
        Assert.Null(window.ResumeAt);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(4)]
    public async Task SlotsOfTasksWithNothingLeftToClaim_CountForTheirJob(int limit)
    {
        var wide = Given.Task(_envId, name: "wide") with { Resources = new() { Slots = 3 } };
        var several = await _server.SubmittedAsync(Given.Job([wide, .. Enumerable.Range(0, 3).Select(n => Given.Task(_envId, name: $"task-{n}"))]));
        await _server.ClaimAsync(_node, several, await _installation.ScalarAsync<long>("SELECT task_id FROM tasks WHERE task_name = 'wide'"), limit: 1);
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);

        var window = await Claims.ClaimableAsync(_envId, Anything, room: 8, turn: null, limit, CancellationToken.None);

        Assert.Equal([(_jobId, 2L), (several, 3L)], window.Tasks.Select(task => (task.JobId, task.HeldByJob!.Value)).Distinct());
        Assert.DoesNotContain(window.Tasks, task => task.Needs.Slots == 3);
    }

    [Fact]
    public async Task MoreThanAPassLooksAt_HighestPriorityIsNeverLeftOut()
    {
        var urgent = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 9)) with { Priority = 7 });

        var window = await Claims.ClaimableAsync(_envId, Anything, room: 8, turn: null, 2, CancellationToken.None);

        Assert.Contains(window.Tasks, task => task.JobId == urgent);
    }

    [Theory]
    [InlineData(4, 10, false)]
    [InlineData(4, 2, false)]
    [InlineData(5, 10, true)]
    public async Task PrioritiesBelowThoseThatFillTheRoom_AreNotLookedAt(long room, int limit, bool isLowerSeen)
    {
        var urgent = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 9, ceiling: 4)) with { Priority = 7 });

        var window = await Claims.ClaimableAsync(_envId, Anything, room, turn: null, limit, CancellationToken.None);

        Assert.Equal(isLowerSeen ? [urgent, _jobId] : [urgent], window.Tasks.Select(task => task.JobId));
    }

    [Fact]
    public async Task LargeInstancesOfHighPriority_DoNotCountAsFillingTheRoom()
    {
        await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 9) with { Resources = new() { Slots = 2 } }) with { Priority = 7 });

        var window = await Claims.ClaimableAsync(_envId, Anything, room: 4, turn: null, 10, CancellationToken.None);

        Assert.Contains(window.Tasks, task => task.JobId == _jobId);
    }

    [Fact]
    public async Task WhatNoWaitingNodeCanHold_IsNotLookedAt()
    {
        var large = await _server.SubmittedAsync(Given.Job(Given.Task(_envId) with { Resources = new() { Slots = 2, Cpu = 1.5m, MemoryMib = 2_048 } }));

        var seen = await Claims.ClaimableAsync(_envId, new(2, 1_500, 2_048), room: 8, turn: null, 10, CancellationToken.None);

        Assert.Equal(new(2, 1_500, 2_048), Assert.Single(seen.Tasks, task => task.JobId == large).Needs);
        foreach (var smaller in new ResourceAmounts[] { new(1, 1_500, 2_048), new(2, 1_499, 2_048), new(2, 1_500, 2_047) })
        {
            Assert.DoesNotContain((await Claims.ClaimableAsync(_envId, smaller, room: 8, turn: null, 10, CancellationToken.None)).Tasks, task => task.JobId == large);
        }
    }

    [Fact]
    public async Task JobOfManyTasks_DoesNotHideALaterOne()
    {
        await _server.SubmittedAsync(Given.Job([.. Enumerable.Range(0, 40).Select(n => Given.Task(_envId, instances: 1_000, name: $"task-{n}"))]));
        var late = await _server.SubmittedAsync(Given.Job(_envId, instances: 3));

        var granted = await PassAsync(slots: 9, limit: 16, turn: null);

        Assert.Equal(3, granted.Granted[late]);

        // The control: the tasks that come first by priority and age do not include it.
        Assert.DoesNotContain(late, await FirstByAgeAsync(16));
    }

    [Fact]
    public async Task MoreJobsThanAPassLooksAt_LaterOneHasItsTurn()
    {
        for (var n = 0; n < 40; n++)
        {
            await _server.SubmittedAsync(Given.Job(_envId, instances: 1_000_000));
        }

        var late = await _server.SubmittedAsync(Given.Job(_envId, instances: 3));
        Assert.DoesNotContain(late, await FirstByAgeAsync(16));
        var served = new List<string>();
        JobTurn? turn = null;
        for (var pass = 0; pass < 60 && served.Count(jobId => jobId == late) < 3; pass++)
        {
            var (granted, next) = await PassAsync(slots: 4, limit: 16, turn);
            served.AddRange(granted.SelectMany(pair => Enumerable.Repeat(pair.Key, pair.Value)));
            turn = next;
        }

        Assert.True(served.Count(jobId => jobId == late) == 3, $"after {served.Count} instances: {string.Join(' ', served.CountBy(jobId => jobId))}");
        Assert.Equal(42, served.Distinct().Count());
    }

    [Fact]
    public async Task ClaimThatTheAgentDoesNotKnow_IsToldAgainAfterTheGrace()
    {
        var granted = await _server.ClaimAsync(_node, _jobId, _taskId, limit: 4);
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Exited(1), Given.Report(2, AttemptOutcome.Running));
        Assert.Empty(await UnknownAsync());

        await AgeClaimsAsync();

        var grant = Assert.Single(await UnknownAsync());
        Assert.Equal((granted.Claims[0].ClaimId, _jobId, "count", 6), (grant.ClaimId, grant.JobId, grant.TaskName, grant.TaskInstanceNum));
        Assert.Equal(["true"], grant.Run.Argv);
        Assert.Equal([new(0, 1, 1), new(2, 1, 1), new(3, 1, 1)], grant.Attempts);
        Assert.Empty(await UnknownAsync(grant.ClaimId));
    }

    [Fact]
    public async Task ClaimOfAFormerIncarnation_IsNotToldToTheNext()
    {
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 4);
        await AgeClaimsAsync();
        var next = await _installation.RejoinAsync(_node);

        Assert.Empty(await Claims.UnknownAsync(next.NodeId, next.Epoch, [], Grace, CancellationToken.None));
    }

    [Fact]
    public async Task TasksWhoseEndWasAskedFor_AreToldToTheirNodesOnly()
    {
        var other = await _installation.AddNodeAsync(_envId);
        var claim = (await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2)).Claims[0].ClaimId;
        Assert.True((await TerminationsAsync(_node)).IsEmpty);

        await _server.TerminateAsync(_jobId);

        Assert.Equal([claim], (await TerminationsAsync(_node)).Claims);
        Assert.True((await TerminationsAsync(other)).IsEmpty);
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Report(0, AttemptOutcome.Terminated), Given.Report(1, AttemptOutcome.Terminated));
        Assert.True((await TerminationsAsync(_node)).IsEmpty);
    }

    [Fact]
    public async Task InstanceWhoseEndWasAskedFor_IsToldToItsNodeUntilItEnds()
    {
        var other = await _installation.AddNodeAsync(_envId);
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);

        await _server.TerminateInstanceAsync(_jobId, _taskId, 1);
        await _server.TerminateInstanceAsync(_jobId, _taskId, 1);

        Assert.Equal([new AttemptRef(_taskId, 1, 1)], (await TerminationsAsync(_node)).Attempts);
        Assert.True((await TerminationsAsync(other)).IsEmpty);
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Report(1, AttemptOutcome.Terminated));
        Assert.True((await TerminationsAsync(_node)).IsEmpty);
    }

    /// <summary>What runs may yet be kept: its agent asks before its report is stored. What was tried again, released or deleted is wanted no more.</summary>
    [Fact]
    public async Task KeptAttempts_AreReleasedWhenTheyAreNeitherHeldNorInterrupted()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 3, retries: 1, failedAction: FailedAction.Interrupt)));
        var taskId = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}'");
        KeptAttempt Kept(int index, int attempt = 1, string? job = null) => new(job ?? jobId, taskId, index, attempt);
        async Task<IEnumerable<KeptAttempt>> ReleasedAsync() =>
            (await Claims.ReleasedAsync([Kept(0), Kept(0, 2), Kept(1), Kept(2), Kept(2, 2), Kept(2, job: "job-elsewher")], CancellationToken.None)).OrderBy(kept => (kept.JobId, kept.Index, kept.Attempt));
        await _server.ClaimAsync(_node, jobId, taskId, limit: 3);
        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1), Given.Exited(1));
        await _server.ClaimAsync(_node, jobId, taskId, limit: 1);
        Assert.Equal([Kept(2, job: "job-elsewher"), Kept(0), Kept(1), Kept(2, 2)], (await ReleasedAsync()).OrderByDescending(kept => kept.JobId == "job-elsewher"));

        await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0, exitCode: 1, attempt: 2), Given.Exited(2));
        Assert.DoesNotContain(Kept(0, 2), await ReleasedAsync());

        await _server.TerminateAsync(jobId);
        Assert.Equal(6, (await ReleasedAsync()).Count());
    }

    [Fact]
    public async Task AttemptsOfIncarnationsThatAreGone_AreOrphans()
    {
        var other = await _installation.AddNodeAsync(_envId);
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);
        await _server.ClaimAsync(other, _jobId, _taskId, limit: 2);
        Assert.Empty(await Claims.OrphansAsync(10, CancellationToken.None));

        var next = await _installation.RejoinAsync(_node);
        await _server.ClaimAsync(next, _jobId, _taskId, limit: 2);
        await _installation.LoseAsync(other);
        var orphans = (await Claims.OrphansAsync(10, CancellationToken.None)).OrderBy(orphan => orphan.Attempts.Min(attempt => attempt.Index)).ToList();

        Assert.Equal([(_node.NodeId, _node.Epoch), (other.NodeId, other.Epoch)], orphans.Select(orphan => (orphan.NodeId, orphan.NodeEpoch)));
        Assert.Equal([0, 1, 2, 3], orphans.SelectMany(orphan => orphan.Attempts).Select(attempt => attempt.Index).Order());
        Assert.Single(Assert.Single(await Claims.OrphansAsync(1, CancellationToken.None)).Attempts);
    }

    [Fact]
    public async Task Pruning_KeepsClaimsWithLiveAttempts()
    {
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);
        var live = (await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2)).Claims[0].ClaimId;
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Exited(0), Given.Exited(1), Given.Exited(2));
        Assert.Equal(0, await Claims.PruneAsync(Grace, 10, CancellationToken.None));

        await AgeClaimsAsync();

        Assert.Equal(1, await Claims.PruneAsync(Grace, 10, CancellationToken.None));
        Assert.Equal([$"{live}"], await _installation.RowsAsync("SELECT claim_id FROM claims"));
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Exited(3));
        Assert.Equal(0, await Claims.PruneAsync(Grace, 0, CancellationToken.None));
        Assert.Equal(1, await Claims.PruneAsync(Grace, 10, CancellationToken.None));
    }

    private static ResourceAmounts Anything => new(int.MaxValue, int.MaxValue, int.MaxValue);

    /// <summary>One pass for one node, which ends at once all that it is granted: instances by job, and whose turn it was.</summary>
    private async Task<(Dictionary<string, int> Granted, JobTurn? Turn)> PassAsync(int slots, int limit, JobTurn? turn)
    {
        var window = await Claims.ClaimableAsync(_envId, Anything, slots, turn, limit, CancellationToken.None);
        Assert.InRange(window.Tasks.Count, 1, 2 * limit);
        var plan = PlacementPolicy.Place(window, [new(_node.NodeId, _node.Epoch, slots)], turn);
        var granted = new Dictionary<string, int>();
        foreach (var placement in plan.Placements)
        {
            var outcome = await _server.ClaimAsync(_node, placement.Task.JobId, placement.Task.TaskId, placement.Count);
            var attempts = Given.Attempts(outcome).ToList();
            await _server.ReportAsync(_node, placement.Task.JobId, placement.Task.TaskId, attempts.Select(attempt => Given.Exited(attempt.Index)));
            granted[placement.Task.JobId] = granted.GetValueOrDefault(placement.Task.JobId) + attempts.Count;
        }

        return (granted, plan.Turn);
    }

    private Task<List<string>> FirstByAgeAsync(int limit) =>
        _installation.RowsAsync($"SELECT job_id FROM (SELECT job_id FROM tasks WHERE claimable ORDER BY priority DESC, task_id LIMIT {limit}) AS first");

    /// <summary>As if the claims had been made a minute ago.</summary>
    private Task AgeClaimsAsync() => _installation.ExecuteAsync("UPDATE claims SET claimed_at = claimed_at - interval '1 minute'");

    private Task<IReadOnlyList<ClaimGrant>> UnknownAsync(params long[] known) => Claims.UnknownAsync(_node.NodeId, _node.Epoch, known, Grace, CancellationToken.None);

    private Task<TerminationOrders> TerminationsAsync(Node node) => Claims.TerminationsAsync(node.NodeId, node.Epoch, CancellationToken.None);
}
