using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>Retries that users ask for.</summary>
public sealed class JobAggregateNewLifeTests
{
    [Fact]
    public void Retry_TriesWhatFailedAgainAndNothingElse()
    {
        var world = Of([Task("a", instances: 3, retries: 1), Task("b")], [new("a", "b")]);
        world.Claim("a");
        world.Succeed("a", 0);
        world.Succeed("a", 2);
        world.Fail("a", 1);
        world.Claim("a");
        world.Fail("a", 1, attempt: 2);
        Assert.Equal((RunState.Failed, RunState.Failed), (world.State, world["b"].State));
        var before = world.Story.Count();

        var outcome = Assert.IsType<RetryOutcome.Accepted>(world.Retry());

        Assert.Equal(2, outcome.Instances);
        Assert.Equal(["JOB_RUNNABLE", "TASK_RUNNABLE a", "TASK_INSTANCE_RUNNABLE a[1]", "TASK_PENDING b", "TASK_INSTANCE_PENDING b[0]"], world.Story.Skip(before));
        Assert.All(world.Job.Journal.Skip(before), entry => Assert.Equal((Cause.Retried, "user:tester"), (entry.Cause, entry.Source)));
        Assert.Equal((0, 0, null, null), (world.Instance("a", 1).FailureCount, world.Instance("a", 1).LostCount, world.Instance("a", 1).Cause, world.Job.Job.Cause));
        world.AssertConsistent();

        Assert.Equal([new(1, 1, 3)], world.Claim("a"));
        world.Fail("a", 1, attempt: 3);
        Assert.Equal([new(1, 1, 4)], world.Claim("a"));
        world.Succeed("a", 1, attempt: 4);
        world.Claim("b");
        world.Succeed("b", 0);

        Assert.Equal((RunState.Succeed, Cause.Succeeded, null), (world.State, world.Job.Job.Cause, world.Job.Job.Reason));
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_OfAJobThatHasNotFailed_IsRefused()
    {
        var world = Of([Task("a")]);
        Assert.Equal(new RetryOutcome.NotFailed(RunState.Runnable), world.Retry());
        world.Claim("a");
        world.Succeed("a", 0);

        Assert.Equal(new RetryOutcome.NotFailed(RunState.Succeed), world.Retry());
    }

    [Fact]
    public void Retry_AfterATermination_RunsWhatWasNeverClaimedToo()
    {
        var world = Of([Task("a", instances: 1_000_000), Task("b")], [new("a", "b")]);
        world.Claim("a", 1);
        world.Job.RequestTermination("user:tester", "enough", Start);
        world.Report("a", 0, AttemptOutcome.Terminated);

        Assert.Equal(1_000_001, Assert.IsType<RetryOutcome.Accepted>(world.Retry()).Instances);

        Assert.Equal((RunState.Runnable, RunState.Runnable, RunState.Pending), (world.State, world["a"].State, world["b"].State));
        Assert.Equal((1_000_000, 0, null), (JobAggregate.ClaimableCount(world["a"]), world["a"].FailedCount, world.Job.Job.TerminateRequestedAt));
        Assert.Empty(world.Job.Skipped);
        Assert.Equal([new(0, 1, 2), new(1, 2, 1)], world.Claim("a", 3));
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_OfChosenInstances_LeavesTheOthersFailed()
    {
        var world = Of([Task("a", instances: 5), Task("b"), Task("c")], [new("a", "b")]);
        world.Claim("a");
        world.Claim("c");
        Enumerable.Range(0, 4).ToList().ForEach(index => world.Fail("a", index));
        world.Succeed("a", 4);
        world.Fail("c", 0);

        Assert.IsType<RetryOutcome.Accepted>(world.Retry(("a", [1, 2, 4])));

        Assert.Equal([(1, 2)], world["a"].Requeued.Ranges);
        Assert.Equal((2, 1, RunState.Runnable, RunState.Pending, RunState.Failed), (world["a"].FailedCount, world["a"].SucceedCount, world["a"].State, world["b"].State, world["c"].State));
        world.AssertConsistent();
        world.Claim("a");
        world.Succeed("a", 1, attempt: 2);
        world.Succeed("a", 2, attempt: 2);

        Assert.Equal((RunState.Failed, RunState.Failed, RunState.Failed), (world["a"].State, world["b"].State, world.State));
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_OfNothing_ChangesNothing()
    {
        var world = Of([Task("a"), Task("b"), Task("c")], [new("a", "b")]);
        world.Claim("a");
        world.Claim("c");
        world.Fail("a", 0);
        world.Succeed("c", 0);
        var story = world.Story.ToList();

        Assert.IsType<RetryOutcome.NothingToRetry>(world.Retry(("c", null)));
        Assert.IsType<RetryOutcome.NothingToRetry>(world.Retry(("b", null)));
        Assert.Equal(new RetryOutcome.TaskNotFound("d"), world.Retry(("d", null)));
        Assert.Equal(new RetryOutcome.InstanceNotFound("a", 1), world.Retry(("a", [0, 1])));

        Assert.Equal(story, world.Story);
        Assert.Equal(RunState.Failed, world.State);
    }

    [Fact]
    public void Retry_OfAnInterruptedJob_TriesWhatWasKept()
    {
        var world = Of([Task("a", instances: 2, action: FailedAction.FastInterrupt)]);
        world.Claim("a");
        world.Fail("a", 0);
        world.Fail("a", 1);
        Assert.Equal(RunState.FailedInterrupted, world.State);

        world.Retry(("a", [0]));
        world.AssertConsistent();
        world.Claim("a");
        world.Succeed("a", 0, attempt: 2);

        Assert.Equal((RunState.FailedInterrupted, 1, 1), (world.State, world["a"].InterruptedCount, world["a"].SucceedCount));
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_WithEachIndex_HasOnlyWhatWaitsForTheRetriedWait()
    {
        var world = Of([Task("a", instances: 4), Task("b", instances: 4)], [new("a", "b", DependenceCondition.EachIndex)]);
        world.Claim("a");
        world.Succeed("a", 0);
        world.Succeed("a", 1);
        world.Fail("a", 2);
        world.Fail("a", 3);
        world.Claim("b");
        world.Succeed("b", 0);
        world.Fail("b", 1);
        Assert.Equal(RunState.Failed, world.State);

        world.Retry();

        Assert.Equal([(1, 1)], world["b"].Requeued.Ranges);
        Assert.Equal([(2, 2)], world["b"].Waiting.Ranges);
        Assert.Equal(RunState.Runnable, world["b"].State);
        world.AssertConsistent();
        world.Claim("a");
        world.Succeed("a", 3, attempt: 2);
        Assert.Equal([new(1, 1, 2), new(3, 1, 1)], world.Claim("b"));
        world.AssertConsistent();

        world.Fail("a", 2, attempt: 2);
        world.Fail("b", 1, attempt: 2);
        world.Succeed("b", 3);
        world.Retry(("b", null));
        Assert.Equal([(1, 1)], world["b"].Requeued.Ranges);
        Assert.Equal(RunState.Failed, world["a"].State);
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_LetsATaskThatWaitedForTheFailureBe()
    {
        var world = Of([Task("a"), Task("alarm"), Task("spare"), Task("end")], [new("a", "alarm", DependenceCondition.Failed), new("alarm", "spare", DependenceCondition.Failed), new("a", "end")]);
        world.Claim("a");
        world.Fail("a", 0);
        world.Claim("alarm");
        world.Succeed("alarm", 0);
        Assert.Equal((RunState.Failed, Cause.NotNeeded, Cause.DependencyUnmet), (world.State, world["spare"].Cause, world["end"].Cause));

        world.Retry();

        Assert.Equal((RunState.Succeed, RunState.Failed, RunState.Pending), (world["alarm"].State, world["spare"].State, world["end"].State));
        world.Claim("a");
        world.Succeed("a", 0, attempt: 2);
        world.Claim("end");
        world.Succeed("end", 0);
        Assert.Equal(RunState.Succeed, world.State);
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_WhereTheSameFailsAgain_EndsTheSame()
    {
        var world = Of([Task("a"), Task("b", instances: 3)], [new("a", "b", DependenceCondition.Finished)]);
        world.Claim("a");
        world.Fail("a", 0);
        world.Claim("b");
        Enumerable.Range(0, 3).ToList().ForEach(index => world.Fail("b", index));

        world.Retry();
        Assert.Equal((RunState.Pending, 3), (world["b"].State, world["b"].Requeued.Count));
        Assert.Empty(world.Claim("b"));
        world.Job.RequestTermination("user:tester", "never mind", world.Now);

        Assert.Equal((RunState.Failed, Cause.Terminated), (world.State, world.Job.Job.Cause));
        world.AssertConsistent();
        Assert.IsType<RetryOutcome.Accepted>(world.Retry());
        world.AssertConsistent();
    }

    [Fact]
    public void Retry_OfWhatFailedInTheSameTransaction_IsTooEarly()
    {
        var world = Of([Task("a")]);
        world.Claim("a");
        world.Fail("a", 0);

        Assert.Equal(new RetryOutcome.NotFailed(RunState.Failed), world.Job.Retry(null, new Dictionary<long, TaskEnds>(), () => "", "user:tester", Start));
    }
}
