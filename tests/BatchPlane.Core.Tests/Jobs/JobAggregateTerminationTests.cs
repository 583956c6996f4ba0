using BatchPlane.Contracts;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>Ends that users wish for single tasks and instances.</summary>
public sealed class JobAggregateTerminationTests
{
    private const string User = "user:tester";

    [Fact]
    public void TaskTermination_EndsItsInstancesAndThoseWhoWaitForIt()
    {
        var world = Of([Task("a", instances: 1_000_000), Task("b"), Task("c"), Task("d")], [new("a", "b"), new("a", "c", DependenceCondition.Failed)]);
        world.Claim("a", 1);

        Assert.True(world.Job.RequestTaskTermination(world["a"].TaskId, User, "too slow", Start));
        Assert.True(world.Job.HasOrders);
        Assert.Equal((RunState.Starting, 999_999), (world["a"].State, world["a"].FailedCount));
        world.Report("a", 0, AttemptOutcome.Terminated);

        Assert.Equal((RunState.Failed, Cause.Terminated, "terminated by user:tester: too slow"), (world["a"].State, world["a"].Cause, world["a"].Reason));
        Assert.Equal("terminated by user:tester: too slow", world.Instance("a", 0).Reason);
        Assert.Equal((RunState.Failed, Cause.DependencyUnmet), (world["b"].State, world["b"].Cause));
        Assert.Equal((RunState.Runnable, RunState.Runnable), (world["c"].State, world["d"].State));
        Assert.Equal(RunState.Running, world.State);
        world.AssertConsistent();
    }

    [Fact]
    public void TaskTermination_OfWhatHasEnded_ChangesNothing()
    {
        var world = Of([Task("a"), Task("b")]);
        world.Claim("a");
        world.Succeed("a", 0);
        var story = world.Story.ToList();

        Assert.True(world.Job.RequestTaskTermination(world["a"].TaskId, User, null, Start));
        Assert.False(world.Job.RequestTaskTermination(1, User, null, Start));

        Assert.Equal(story, world.Story);
        Assert.Equal(RunState.Succeed, world["a"].State);
    }

    [Fact]
    public void TaskTermination_ReleasesWhatThatTaskKeeps()
    {
        var world = Of([Task("a", action: FailedAction.FastInterrupt), Task("b", action: FailedAction.FastInterrupt)]);
        world.Claim("a");
        world.Claim("b");
        world.Fail("a", 0);
        world.Fail("b", 0);

        world.Job.RequestTaskTermination(world["a"].TaskId, User, null, Start);
        Assert.Equal((RunState.Failed, RunState.FailedInterrupted, RunState.FailedInterrupted), (world["a"].State, world["b"].State, world.State));
        world.Job.RequestInstanceTermination(world["b"].TaskId, 0, User, null, Start);

        Assert.Equal((RunState.Failed, RunState.Failed, Cause.Terminated), (world["b"].State, world.State, world.Job.Job.Cause));
        world.AssertConsistent();
    }

    [Fact]
    public void TaskTermination_AfterAFailure_GivesTheReasonOfTheCause()
    {
        var world = Of([Task("a", instances: 3), Task("b", action: FailedAction.FastInterrupt)]);
        world.Claim("a", 2);
        world.Claim("b");
        world.Fail("a", 0);
        world.Fail("b", 0);

        world.Job.RequestTaskTermination(world["a"].TaskId, User, "too slow", Start);
        world.Report("a", 1, AttemptOutcome.Terminated);
        world.Job.RequestTaskTermination(world["b"].TaskId, User, "seen", Start);

        Assert.Equal((Cause.Terminated, "terminated by user:tester: too slow"), (world["a"].Cause, world["a"].Reason));
        Assert.Equal((Cause.Terminated, "terminated by user:tester: seen"), (world["b"].Cause, world["b"].Reason));
        Assert.Equal("exit code 1", world.Instance("a", 0).Reason);
    }

    [Fact]
    public void TaskTermination_OfACommandThatSucceedsAllTheSame_LeavesNoReason()
    {
        var world = Of([Task("a")]);
        world.Claim("a");

        world.Job.RequestTaskTermination(world["a"].TaskId, User, "too slow", Start);
        world.Succeed("a", 0);

        Assert.Equal((RunState.Succeed, Cause.Succeeded, null), (world["a"].State, world["a"].Cause, world["a"].Reason));
    }

    [Fact]
    public void InstanceTermination_OfUntouchedOnes_KeepsTheOthersClaimable()
    {
        var world = Of([Task("a", instances: 10)]);
        world.Claim("a", 2);

        world.Job.RequestInstanceTermination(world["a"].TaskId, 5, User, null, Start);
        world.Job.RequestInstanceTermination(world["a"].TaskId, 3, User, null, Start);
        world.AssertConsistent();

        Assert.Equal(["TASK_INSTANCE_FAILED a[5]", "TASK_INSTANCE_FAILED a[3]"], world.Story.TakeLast(2));
        Assert.Equal([new(2, 1, 1), new(4, 1, 1), new(6, 4, 1)], world.Claim("a"));
        Assert.False(world.Job.HasOrders);
        Assert.False(world.Job.RequestInstanceTermination(world["a"].TaskId, 10, User, null, Start));
        world.AssertConsistent();
    }

    [Fact]
    public void InstanceTermination_OfTheLastOne_EndsTaskAndJob()
    {
        var world = Of([Task("a", instances: 2)]);
        world.Job.RequestInstanceTermination(world["a"].TaskId, 0, User, "a reason", Start);
        world.Job.RequestInstanceTermination(world["a"].TaskId, 1, User, "a reason", Start);

        Assert.Equal((RunState.Failed, Cause.Terminated, RunState.Failed, Cause.TaskFailed), (world["a"].State, world["a"].Cause, world.State, world.Job.Job.Cause));
        world.AssertConsistent();
    }

    [Theory]
    [InlineData(AttemptOutcome.Terminated, RunState.Failed, Cause.Terminated)]
    [InlineData(AttemptOutcome.Returned, RunState.Failed, Cause.Terminated)]
    [InlineData(AttemptOutcome.Signaled, RunState.Failed, Cause.Signal)]
    [InlineData(AttemptOutcome.Exited, RunState.Succeed, Cause.Succeeded)]
    public void InstanceThatIsToEnd_GetsNoOtherAttempt(AttemptOutcome outcome, RunState state, Cause cause)
    {
        var world = Of([Task("a", instances: 2, retries: 5, action: FailedAction.FastInterrupt)]);
        world.Claim("a");

        world.Job.RequestInstanceTermination(world["a"].TaskId, 0, User, null, Start);
        Assert.True(world.Job.HasOrders);
        Assert.Equal(RunState.Starting, world.Instance("a", 0).State);
        world.Report("a", 0, outcome, exitCode: outcome == AttemptOutcome.Exited ? 0 : null);

        Assert.Equal((state, cause, null), (world.Instance("a", 0).State, world.Instance("a", 0).Cause, world.Instance("a", 0).TerminateReason));
        Assert.Equal(RunState.Starting, world.Instance("a", 1).State);
        world.AssertConsistent();
    }

    [Fact]
    public void InstanceThatIsToEnd_IsNotPassedOnWhenItsNodeIsLost()
    {
        var world = Of([Task("a", instances: 2)]);
        world.Claim("a");
        world.Job.RequestInstanceTermination(world["a"].TaskId, 0, User, "stuck", Start);

        world.Job.LoseAttempt(world["a"].TaskId, 0, Node, Epoch, "node lost", Start);
        world.Job.LoseAttempt(world["a"].TaskId, 1, Node, Epoch, "node lost", Start);

        Assert.Equal((RunState.Failed, Cause.Terminated, "terminated by user:tester: stuck"), (world.Instance("a", 0).State, world.Instance("a", 0).Cause, world.Instance("a", 0).Reason));
        Assert.Equal(RunState.Runnable, world.Instance("a", 1).State);
        world.AssertConsistent();
    }

    [Fact]
    public void InstanceTermination_OfARequeuedOne_EndsItAtOnce()
    {
        var world = Of([Task("a", retries: 5)]);
        world.Claim("a");
        world.Fail("a", 0);

        world.Job.RequestInstanceTermination(world["a"].TaskId, 0, User, "hopeless", Start);

        Assert.Equal((RunState.Failed, Cause.Terminated), (world.Instance("a", 0).State, world.Instance("a", 0).Cause));
        Assert.Equal((RunState.Failed, "task 'a' ended FAILED: instance 0: terminated by user:tester: hopeless"), (world.State, world.Job.Job.Reason));
        world.AssertConsistent();
    }

    [Fact]
    public void InstanceTermination_EndsItsLikeInTasksThatWaitForIt()
    {
        var world = Of([Task("a", instances: 3), Task("b", instances: 3)], [new("a", "b", DependenceCondition.EachIndex)]);

        world.Job.RequestInstanceTermination(world["a"].TaskId, 1, User, null, Start);
        world.Job.RequestInstanceTermination(world["b"].TaskId, 2, User, null, Start);
        world.AssertConsistent();

        Assert.Equal([(1, 2)], world["b"].Skipped.Ranges);
        Assert.Equal([(0, 1)], world["b"].Waiting.Ranges);
    }
}
