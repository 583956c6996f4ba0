using BatchPlane.Contracts;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>Conditions of single edges: what opens a task, what ends it, and what the reason says.</summary>
public sealed class JobAggregateDependenceTests
{
    [Theory]
    [InlineData(DependenceCondition.Succeed, RunState.Failed, Cause.DependencyUnmet)]
    [InlineData(DependenceCondition.PartlySucceed, RunState.Runnable, null)]
    [InlineData(DependenceCondition.Finished, RunState.Runnable, null)]
    [InlineData(DependenceCondition.Failed, RunState.Runnable, null)]
    [InlineData(DependenceCondition.Started, RunState.Runnable, null)]
    public void PartlyFailedStartTask_CountsAsTheEdgeSays(DependenceCondition on, RunState expected, Cause? cause)
    {
        var world = Of([Task("a", instances: 2), Task("b")], [new("a", "b", on)]);
        world.Claim("a");

        world.Fail("a", 0);
        world.Succeed("a", 1);

        Assert.Equal((expected, cause), (world["b"].State, world["b"].Cause));
        world.AssertConsistent();
    }

    [Fact]
    public void EdgeCondition_OverrulesTheJobsRuleForThatEdgeOnly()
    {
        var world = Of([Task("a"), Task("b"), Task("c")], [new("a", "b", DependenceCondition.Finished), new("a", "c")]);
        world.Claim("a");

        world.Fail("a", 0);

        Assert.Equal((RunState.Runnable, RunState.Failed), (world["b"].State, world["c"].State));
    }

    [Fact]
    public void OnStarted_OpensWithTheFirstRunningInstanceAndNotBefore()
    {
        var world = Of([Task("a", instances: 5), Task("b")], [new("a", "b", DependenceCondition.Started)]);
        world.Claim("a");
        Assert.Equal(RunState.Pending, world["b"].State);

        world.Report("a", 3, AttemptOutcome.Running);

        Assert.Equal(RunState.Runnable, world["b"].State);
        world.AssertConsistent();
    }

    [Fact]
    public void OnStarted_EndsWhenTheStartTaskEndsWithoutHavingRun()
    {
        var world = Of([Task("a"), Task("b")], [new("a", "b", DependenceCondition.Started)]);
        world.Claim("a");

        world.Report("a", 0, AttemptOutcome.StartFailed);

        Assert.Equal((RunState.Failed, Cause.DependencyUnmet), (world["b"].State, world["b"].Cause));
        Assert.Contains("task 'a' ended FAILED", world["b"].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void OnFailed_IsNotNeededWhenAllGoesWell_AndFailsNeitherTheJobNorIsItAFailureForItsFollowers()
    {
        var world = Of(
            [Task("work"), Task("clean"), Task("report"), Task("repair")],
            [new("work", "clean", DependenceCondition.Failed), new("clean", "report"), new("clean", "repair", DependenceCondition.Failed)]);
        world.Claim("work");

        world.Succeed("work", 0);

        Assert.All(["clean", "report", "repair"], name => Assert.Equal((RunState.Failed, Cause.NotNeeded), (world[name].State, world[name].Cause)));
        Assert.Equal((RunState.Succeed, Cause.Succeeded), (world.State, world.Job.Job.Cause));
        world.AssertConsistent();
    }

    [Fact]
    public void OnFailed_RunsAfterAFailure_AndTheJobStaysFailed()
    {
        var world = Of([Task("work"), Task("clean")], [new("work", "clean", DependenceCondition.Failed)]);
        world.Claim("work");
        world.Fail("work", 0);
        world.Claim("clean");

        world.Succeed("clean", 0);

        Assert.Equal((RunState.Failed, "task 'work' ended FAILED: instance 0: exit code 1"), (world.State, world.Job.Job.Reason));
    }

    [Fact]
    public void EachIndex_ReleasesEachInstanceWithItsLike()
    {
        var world = Of([Task("a", instances: 4), Task("b", instances: 4)], [new("a", "b", DependenceCondition.EachIndex)]);
        Assert.Empty(world.Claim("b"));
        world.Claim("a");

        world.Succeed("a", 2);
        Assert.Equal([new AttemptRange(2, 1, 1)], world.Claim("b"));
        world.Succeed("a", 0);
        world.Succeed("a", 1);

        Assert.Equal(1, world["b"].InstanceMetrics.PendingCount);
        Assert.Equal([new AttemptRange(0, 2, 1)], world.Claim("b"));
        world.AssertConsistent();
    }

    [Fact]
    public void EachIndex_OnTwoTasks_WaitsForBoth()
    {
        var world = Of(
            [Task("a", instances: 2), Task("b", instances: 2), Task("c", instances: 2)],
            [new("a", "c", DependenceCondition.EachIndex), new("b", "c", DependenceCondition.EachIndex)]);
        world.Claim("a");
        world.Claim("b");

        world.Succeed("a", 0);
        world.Succeed("b", 1);
        Assert.Empty(world.Claim("c"));
        world.Succeed("b", 0);

        Assert.Equal([new AttemptRange(0, 1, 1)], world.Claim("c"));
        world.AssertConsistent();
    }

    [Fact]
    public void EachIndex_EndsTheLikeOfAFailedInstanceAtOnce_AndNamesTheFirstCauseDownTheChain()
    {
        var world = Of(
            [Task("a", instances: 3), Task("b", instances: 3), Task("c", instances: 3)],
            [new("a", "b", DependenceCondition.EachIndex), new("b", "c", DependenceCondition.EachIndex)]);
        world.Claim("a");

        world.Fail("a", 1);

        Assert.Equal([(1, 1)], world["b"].Skipped.Ranges);
        Assert.Equal([(1, 1)], world["c"].Skipped.Ranges);
        Assert.All(world.Job.Skipped, skip => Assert.Equal((Cause.DependencyUnmet, "instance 1 of task 'a' ended FAILED: exit code 1"), (skip.Cause, skip.Reason)));
        Assert.Equal(["TASK_INSTANCE_FAILED a[1]", "TASK_INSTANCE_FAILED b[1]", "TASK_INSTANCE_FAILED c[1]"], world.Story.Where(line => line.Contains("_FAILED", StringComparison.Ordinal)));
        world.AssertConsistent();

        foreach (var task in (string[])["a", "b", "c"])
        {
            world.Claim(task);
            world.Succeed(task, 0);
            world.Succeed(task, 2);
        }

        Assert.All(world.Job.Tasks, task => Assert.Equal((RunState.Failed, 2, 1), (task.State, task.SucceedCount, task.FailedCount)));
        Assert.Equal(RunState.Failed, world.State);
        world.AssertConsistent();
    }

    [Fact]
    public void EachIndex_AllOfWhichFail_EndsTheTaskAsUnmet()
    {
        var world = Of([Task("a", instances: 1_000_000), Task("b", instances: 1_000_000)], [new("a", "b", DependenceCondition.EachIndex)]);

        world.Job.RequestTermination("user:tester", "enough", Start);

        Assert.Equal(RunState.Failed, world.State);
        Assert.All(world.Job.Tasks, task => Assert.Equal((1_000_000, Cause.Terminated), (task.FailedCount, task.Cause)));
        Assert.InRange(world.Job.Journal.Count, 1, 20);
    }

    [Fact]
    public void EachIndexBesideAnotherEdge_WaitsForBothKinds()
    {
        var world = Of(
            [Task("a", instances: 2), Task("gate"), Task("b", instances: 2)],
            [new("a", "b", DependenceCondition.EachIndex), new("gate", "b")]);
        world.Claim("a");
        world.Claim("gate");

        world.Succeed("a", 0);
        Assert.Equal((RunState.Pending, 0), (world["b"].State, world.Claim("b").Count));
        world.Succeed("gate", 0);

        Assert.Equal([new AttemptRange(0, 1, 1)], world.Claim("b"));
        world.Succeed("a", 1);
        Assert.Equal([new AttemptRange(1, 1, 1)], world.Claim("b"));
        world.AssertConsistent();
    }
}
