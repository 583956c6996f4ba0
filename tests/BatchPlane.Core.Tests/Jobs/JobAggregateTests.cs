using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

public sealed class JobAggregateTests
{
    [Fact]
    public void OneInstance_RunsThroughEveryStateInOrder()
    {
        var world = Of([Task("a")]);

        world.Claim("a");
        world.Report("a", 0, AttemptOutcome.Running);
        world.Succeed("a", 0);

        Assert.Equal(
            [
                "JOB_SUBMITTED", "JOB_RUNNABLE", "TASK_RUNNABLE a",
                "TASK_STARTING a", "JOB_STARTING",
                "TASK_INSTANCE_RUNNING a[0]", "TASK_RUNNING a", "JOB_RUNNING",
                "TASK_INSTANCE_SUCCEED a[0]", "TASK_SUCCEED a", "JOB_SUCCEED",
            ],
            world.Story);
        Assert.Equal(Cause.Succeeded, world.Job.Job.Cause);
        world.AssertConsistent();
    }

    [Fact]
    public void StartAndEndInOneReport_LeaveBothEvents()
    {
        var world = Of([Task("a")]);
        world.Claim("a");

        world.Succeed("a", 0);

        Assert.Equal(["TASK_INSTANCE_RUNNING a[0]", "TASK_INSTANCE_SUCCEED a[0]"], world.Story.Where(line => line.Contains("INSTANCE", StringComparison.Ordinal)));
    }

    [Fact]
    public void Claim_NeverGrantsMoreThanThereIs()
    {
        var world = Of([Task("a", instances: 5)]);

        Assert.Equal([new(0, 3, 1)], world.Claim("a", 3));
        Assert.Equal([new(3, 2, 1)], world.Claim("a", 3));
        Assert.Empty(world.Claim("a", 3));
        world.AssertConsistent();
    }

    [Fact]
    public void Ceiling_LimitsWhatIsClaimedAndMakesRoomWhenOneEnds()
    {
        var world = Of([Task("a", instances: 10, atOnce: 2)]);

        Assert.Equal([new(0, 2, 1)], world.Claim("a"));
        Assert.False(JobAggregate.IsClaimable(world["a"]));
        world.Succeed("a", 1);

        Assert.True(JobAggregate.IsClaimable(world["a"]));
        Assert.Equal([new(2, 1, 1)], world.Claim("a"));
    }

    [Fact]
    public void FailedAttempt_IsTriedAgainUntilRetriesAreSpent()
    {
        var world = Of([Task("a", retries: 1)]);
        world.Claim("a");

        world.Fail("a", 0);
        Assert.Equal(RunState.Runnable, world.Instance("a", 0).State);
        Assert.Equal([new(0, 1, 2)], world.Claim("a"));
        world.Fail("a", 0, attempt: 2);

        Assert.Equal(RunState.Failed, world.State);
        Assert.Equal("task 'a' ended FAILED: instance 0: exit code 1", world.Job.Job.Reason);
        Assert.Single(world.Story, "TASK_INSTANCE_FAILED a[0]");
        world.AssertConsistent();
    }

    [Theory]
    [InlineData(AttemptOutcome.Signaled, Cause.Signal)]
    [InlineData(AttemptOutcome.Timeout, Cause.Timeout)]
    [InlineData(AttemptOutcome.PackageFailed, Cause.PackageFailed)]
    [InlineData(AttemptOutcome.InputFailed, Cause.InputFailed)]
    [InlineData(AttemptOutcome.OutputFailed, Cause.OutputFailed)]
    [InlineData(AttemptOutcome.StartFailed, Cause.StartFailed)]
    [InlineData(AttemptOutcome.ImagePullFailed, Cause.ImagePullFailed)]
    [InlineData(AttemptOutcome.OutOfMemory, Cause.OutOfMemory)]
    public void BadEnd_KeepsItsCause(AttemptOutcome outcome, Cause cause)
    {
        var world = Of([Task("a")]);
        world.Claim("a");

        world.Report("a", 0, outcome);

        Assert.Equal((RunState.Failed, cause), (world.Instance("a", 0).State, world.Instance("a", 0).Cause));
        Assert.Equal((RunState.Failed, Cause.TaskFailed), (world.State, world.Job.Job.Cause));
        world.AssertConsistent();
    }

    [Theory]
    [InlineData(FailedAction.Interrupt, 2)]
    [InlineData(FailedAction.FastInterrupt, 1)]
    public void Interrupt_KeepsTheInstanceAndTerminationReleasesIt(FailedAction action, int attempts)
    {
        var world = Of([Task("a", retries: 1, action: action)]);
        for (var attempt = 1; attempt <= attempts; attempt++)
        {
            world.Claim("a");
            world.Fail("a", 0, attempt);
        }

        Assert.Equal(RunState.FailedInterrupted, world.State);
        world.AssertConsistent();

        Assert.True(world.Job.RequestTermination("user:tester", "looked at it", Start));

        Assert.Equal((RunState.Failed, Cause.Terminated), (world.State, world.Job.Job.Cause));
        Assert.Equal(["TASK_INSTANCE_FAILED a[0]", "TASK_FAILED a", "JOB_FAILED"], world.Story.TakeLast(3));
        world.AssertConsistent();
    }

    [Fact]
    public void LateReport_OfAnotherEpochNodeOrAttempt_IsRefused()
    {
        var world = Of([Task("a", retries: 5)]);
        world.Claim("a");
        world.Job.LoseAttempt(world["a"].TaskId, 0, Node, Epoch, "node lost", Start);
        world.Claim("a", node: "node-bbbbbbbb", epoch: 1);

        Assert.False(world.Succeed("a", 0));
        Assert.False(world.Report("a", 0, AttemptOutcome.Exited, attempt: 2, exitCode: 0));
        Assert.False(world.Report("a", 0, AttemptOutcome.Exited, attempt: 2, exitCode: 0, node: "node-bbbbbbbb", epoch: 2));
        Assert.False(world.Succeed("a", 99));
        Assert.Equal(RunState.Starting, world.Instance("a", 0).State);
    }

    [Fact]
    public void RepeatedReport_IsTakenAndChangesNothing()
    {
        var world = Of([Task("a")]);
        world.Claim("a");
        world.Succeed("a", 0);
        var before = world.Story.ToList();

        Assert.True(world.Succeed("a", 0));
        Assert.True(world.Fail("a", 0));
        Assert.True(world.Report("a", 0, AttemptOutcome.Running));

        Assert.Equal(before, world.Story);
        Assert.Equal(RunState.Succeed, world.State);
    }

    [Fact]
    public void LostNode_CostsNoRetryButHasALimit()
    {
        var world = Of([Task("a")], limits: new() { MaxLostAttempts = 2 });
        for (var lost = 1; lost <= 2; lost++)
        {
            Assert.Equal([new(0, 1, lost)], world.Claim("a"));
            Assert.True(world.Job.LoseAttempt(world["a"].TaskId, 0, Node, Epoch, "node lost", Start));
        }

        Assert.Equal(0, world.Instance("a", 0).FailureCount);
        world.Claim("a");
        world.Job.LoseAttempt(world["a"].TaskId, 0, Node, Epoch, "node lost", Start);

        Assert.Equal((RunState.Failed, Cause.NodeLost), (world.Instance("a", 0).State, world.Instance("a", 0).Cause));
        world.AssertConsistent();
    }

    [Fact]
    public void ReturnedAttempt_CostsNothing()
    {
        var world = Of([Task("a")]);
        world.Claim("a");

        world.Report("a", 0, AttemptOutcome.Returned);

        Assert.Equal([new(0, 1, 2)], world.Claim("a"));
        Assert.Equal((0, 0), (world.Instance("a", 0).FailureCount, world.Instance("a", 0).LostCount));
        world.AssertConsistent();
    }

    [Fact]
    public void Dependents_StartWhenAllPredecessorsSucceeded()
    {
        var world = Of([Task("a"), Task("b"), Task("c")], [new("a", "c"), new("b", "c")]);
        world.Claim("a");
        world.Claim("b");

        world.Succeed("a", 0);
        Assert.Equal(RunState.Pending, world["c"].State);
        Assert.Empty(world.Claim("c"));
        world.Succeed("b", 0);

        Assert.Equal(RunState.Runnable, world["c"].State);
    }

    [Fact]
    public void FailedPredecessor_EndsAllThatFollowNamingTheFirstCause()
    {
        var world = Of([Task("a"), Task("b", instances: 3), Task("c", instances: 1_000_000)], [new("a", "b"), new("b", "c")]);
        world.Claim("a");

        world.Fail("a", 0);

        Assert.All(["b", "c"], name => Assert.Equal((RunState.Failed, Cause.DependencyUnmet, "task 'a' ended FAILED: instance 0: exit code 1"), (world[name].State, world[name].Cause, world[name].Reason)));
        Assert.Equal(RunState.Failed, world.State);
        Assert.Contains("TASK_INSTANCE_FAILED c[0..999999]", world.Story);
        world.AssertConsistent();
    }

    [Fact]
    public void FailedPredecessorOfALongChain_EndsAllOfIt()
    {
        const int Length = 20_000;
        var names = Enumerable.Range(0, Length).Select(n => $"t{n}").ToArray();
        var world = Of([.. names.Select(name => Task(name))], [.. names.Zip(names.Skip(1), (start, end) => new DependenceDocument(start, end))]);
        world.Claim("t0");

        world.Fail("t0", 0);

        Assert.Equal(RunState.Failed, world.State);
        Assert.All(world.Job.Tasks.Skip(1), task => Assert.Equal((RunState.Failed, Cause.DependencyUnmet), (task.State, task.Cause)));
    }

    [Theory]
    [InlineData(TaskExecutionDependOn.PreTaskSucceed, RunState.Failed)]
    [InlineData(TaskExecutionDependOn.PreTaskAtLeastPartlySucceed, RunState.Runnable)]
    [InlineData(TaskExecutionDependOn.PreTaskFinished, RunState.Runnable)]
    public void PartlyFailedPredecessor_CountsAsTheRuleSays(TaskExecutionDependOn rule, RunState expected)
    {
        var world = Of([Task("a", instances: 2), Task("b")], [new("a", "b")], rule);
        world.Claim("a");

        world.Fail("a", 0);
        world.Succeed("a", 1);

        Assert.Equal(expected, world["b"].State);
        world.AssertConsistent();
    }

    [Fact]
    public void Termination_EndsWhatNoNodeHoldsAtOnceAndTheRestWhenItIsReported()
    {
        var world = Of([Task("a", instances: 1_000_000), Task("b")], [new("a", "b")]);
        world.Claim("a", 2);
        world.Report("a", 0, AttemptOutcome.Running);

        Assert.True(world.Job.RequestTermination("user:tester", "enough", Start));

        Assert.Equal((RunState.Running, RunState.Failed), (world["a"].State, world["b"].State));
        Assert.Equal(Cause.Terminated, world["b"].Cause);
        Assert.Equal(999_998, world["a"].FailedCount);
        Assert.Empty(world.Claim("a"));
        world.AssertConsistent();

        world.Report("a", 0, AttemptOutcome.Terminated);
        world.Report("a", 1, AttemptOutcome.Returned);

        Assert.Equal((RunState.Failed, Cause.Terminated, "terminated by user:tester: enough"), (world.State, world.Job.Job.Cause, world.Job.Job.Reason));
        Assert.False(world.Job.RequestTermination("user:tester", null, Start));
        world.AssertConsistent();
    }

    [Fact]
    public void NodeLostWhileTerminating_EndsTheAttempt()
    {
        var world = Of([Task("a")]);
        world.Claim("a");
        world.Job.RequestTermination("user:tester", null, Start);

        world.Job.LoseAttempt(world["a"].TaskId, 0, Node, Epoch, "node lost", Start);

        Assert.Equal((RunState.Failed, Cause.Terminated), (world.State, world.Job.Job.Cause));
        world.AssertConsistent();
    }

    [Fact]
    public void Notifications_MarkOnlyTheBlocksThatAsked()
    {
        NotificationDocument Block(string topic, params string[] events) => new() { TopicName = topic, EventConfigs = [.. events.Select(name => new EventConfigDocument { EventName = name })] };
        var world = Of([Task("a")], notifications: [Block("one", "JOB_SUCCEED"), Block("two", "TASK_SUCCEED", "JOB_SUCCEED")]);
        world.Claim("a");
        world.Succeed("a", 0);

        Assert.Equal(
            [("TASK_SUCCEED a", 0b10), ("JOB_SUCCEED", 0b11)],
            world.Story.Zip(world.Job.Journal.Select(entry => entry.Notify)).Where(pair => pair.Second != 0));
    }

    [Fact]
    public void ChangedPriority_IsAnEventWithBoth_TheSameAgainIsNone()
    {
        NotificationDocument Block(params string[] events) => new() { TopicName = "one", EventConfigs = [.. events.Select(name => new EventConfigDocument { EventName = name })] };
        var world = Of([Task("a")], notifications: [Block("JobPriorityChanged", "JOB_RUNNING")]);

        Assert.True(world.Job.ChangePriority(70, "user:tester", world.Now));
        Assert.True(world.Job.ChangePriority(70, "user:tester", world.Now));
        world.Claim("a");
        world.Succeed("a", 0);
        Assert.False(world.Job.ChangePriority(1, "user:tester", world.Now));

        var entry = Assert.Single(world.Job.Journal, entry => entry.State == EventCatalogue.PriorityChanged);
        Assert.Equal((1, "user:tester", "priority changed from 0 to 70"), (entry.Notify, entry.Source, entry.Reason));
        var details = JournalDetails.Parse(entry.Details!);
        Assert.Equal((0, 70, 70, RunState.Runnable), (details.From, details.To, details.Priority, details.JobState));
        Assert.Equal(70, JournalDetails.Parse(world.Job.Journal.Single(entry => entry.Notify != 0 && entry.State == "RUNNING").Details!).Priority);
        Assert.Equal(70, world.Job.Job.Priority);
        world.AssertConsistent();
    }

    [Fact]
    public void Deletion_TakesOnlyWhatHasEnded()
    {
        var world = Of([Task("a", action: FailedAction.FastInterrupt)]);
        Assert.False(world.Job.Delete("user:tester", world.Now));
        world.Claim("a");
        world.Fail("a", 0);
        Assert.False(world.Job.Delete("user:tester", world.Now));
        world.Job.RequestTermination("user:tester", null, world.Now);

        Assert.True(world.Job.Delete("user:tester", world.Now));

        Assert.Equal("JOB_DELETED", world.Story.Last());
        Assert.IsType<RetryOutcome.NotFound>(world.Retry());
        world.AssertConsistent();
    }
}
