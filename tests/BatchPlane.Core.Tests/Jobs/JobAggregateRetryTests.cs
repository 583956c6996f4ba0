using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

public sealed class JobAggregateRetryTests
{
    private static readonly BackoffDocument Exact = new() { InitialSeconds = 10, Multiplier = 3, MaxSeconds = 60, Jitter = 0 };

    [Fact]
    public void FirstRuleThatMatches_Decides()
    {
        var world = With(
            new() { ExitCodes = ["2"], Action = RetryAction.Fail },
            new() { ExitCodes = ["1-9"], Action = RetryAction.Retry, MaxRetryCount = 1 },
            new() { Action = RetryAction.Ignore });

        End(world, 0, AttemptOutcome.Exited, 2);
        End(world, 1, AttemptOutcome.Exited, 3);
        End(world, 2, AttemptOutcome.Exited, 10);
        End(world, 3, AttemptOutcome.Signaled);

        Assert.Equal([RunState.Failed, RunState.Runnable, RunState.Succeed, RunState.Succeed], States(world));
        Assert.Equal("exit code 2, not tried again by retry_rules[0]", world.Instance("a", 0).Reason);
        world.AssertConsistent();
    }

    [Theory]
    [InlineData(AttemptOutcome.Exited, 75, true)]
    [InlineData(AttemptOutcome.Exited, 76, false)]
    [InlineData(AttemptOutcome.Exited, 139, true)]
    [InlineData(AttemptOutcome.Exited, 300, false)]
    [InlineData(AttemptOutcome.Signaled, null, true)]
    [InlineData(AttemptOutcome.Timeout, null, true)]
    [InlineData(AttemptOutcome.InputFailed, null, true)]
    [InlineData(AttemptOutcome.PackageFailed, null, false)]
    [InlineData(AttemptOutcome.OutputFailed, null, false)]
    [InlineData(AttemptOutcome.StartFailed, null, false)]
    [InlineData(AttemptOutcome.ImagePullFailed, null, true)]
    [InlineData(AttemptOutcome.OutOfMemory, 137, false)]
    public void Rule_MatchesWhatAnyOfItsListsNames(AttemptOutcome outcome, int? exitCode, bool isMatched)
    {
        // The signal is 11, which shells show as 139.
        var world = With(new RetryRuleDocument { ExitCodes = ["75", "139"], Causes = [AttemptFailure.Timeout, AttemptFailure.ImagePullFailed, AttemptFailure.InputFailed], Action = RetryAction.Retry, MaxRetryCount = 1 });

        End(world, 0, outcome, exitCode);

        Assert.Equal(isMatched ? RunState.Runnable : RunState.Failed, world.Instance("a", 0).State);
        world.AssertConsistent();
    }

    [Theory]
    [InlineData("*CODE 75", true)]
    [InlineData("exit code ?5", true)]
    [InlineData("exit code", false)]
    public void Reasons_NarrowARule(string pattern, bool isMatched)
    {
        var world = With(new RetryRuleDocument { Causes = [AttemptFailure.ExitCode], Reasons = ["no such", pattern], Action = RetryAction.Ignore });

        End(world, 0, AttemptOutcome.Exited, 75);

        Assert.Equal(isMatched ? RunState.Succeed : RunState.Failed, world.Instance("a", 0).State);
    }

    [Fact]
    public void IgnoredFailure_IsSucceedAndTellsWhatHappened()
    {
        var world = Of([Task("a") with { RetryRules = [new() { Action = RetryAction.Ignore }] }]);
        world.Claim("a");

        world.Report("a", 0, AttemptOutcome.Exited, exitCode: 3);

        var instance = world.Instance("a", 0);
        Assert.Equal((RunState.Succeed, 3, Cause.FailureIgnored, "exit code 3, ignored by retry_rules[0]"), (instance.State, instance.ExitCode, instance.Cause, instance.Reason));
        Assert.Equal((RunState.Succeed, Cause.Succeeded), (world.State, world.Job.Job.Cause));
        Assert.Equal(0, instance.FailureCount);
        world.AssertConsistent();
    }

    [Fact]
    public void WhatCouldNotBeStarted_IsNeverIgnored()
    {
        var world = With(new RetryRuleDocument { Action = RetryAction.Ignore });

        End(world, 0, AttemptOutcome.StartFailed);

        Assert.Equal((RunState.Failed, Cause.StartFailed), (world.Instance("a", 0).State, world.Instance("a", 0).Cause));
    }

    [Theory]
    [InlineData(FailedAction.Interrupt)]
    [InlineData(FailedAction.FastInterrupt)]
    public void FailRule_StillKeepsTheInstanceForInspection(FailedAction action)
    {
        var world = Of([Task("a", retries: 3, action: action) with { RetryRules = [new() { ExitCodes = ["1"], Action = RetryAction.Fail }] }]);
        world.Claim("a");

        world.Fail("a", 0);

        Assert.Equal(RunState.FailedInterrupted, world.State);
    }

    [Fact]
    public void RetryRule_OverridesFastInterruptUntilItsBudgetIsSpent()
    {
        var world = Of([Task("a", action: FailedAction.FastInterrupt) with { RetryRules = [new() { ExitCodes = ["1"], Action = RetryAction.Retry, MaxRetryCount = 1 }] }]);
        world.Claim("a");

        world.Fail("a", 0);
        Assert.Equal(RunState.Runnable, world.Instance("a", 0).State);
        world.Claim("a");
        world.Fail("a", 0, attempt: 2);

        Assert.Equal(RunState.FailedInterrupted, world.State);
    }

    [Fact]
    public void Backoff_KeepsTheInstanceFromBeingClaimedUntilItsTime()
    {
        var world = Of([Task("a", retries: 5) with { RetryBackoff = Exact }]);
        var waits = new List<double>();
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            Assert.Equal([new(0, 1, attempt)], world.Claim("a"));
            world.Fail("a", 0, attempt);
            var dueAt = world.DueAt("a", 0)!.Value;
            waits.Add((dueAt - world.Now).TotalSeconds);
            Assert.Equal((RunState.Runnable, $"exit code 1, next attempt at {dueAt:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}"), (world.Instance("a", 0).State, world.Instance("a", 0).Reason));
            Assert.Equal(world.Instance("a", 0).Reason, world.Job.Journal[^1].Reason);
            Assert.Equal(1, world["a"].InstanceMetrics.RunnableCount);
            Assert.Empty(world.Claim("a"));

            world.Now = dueAt - TimeSpan.FromMilliseconds(1);
            Assert.False(world.Release("a", 0));
            world.Now = dueAt;
            Assert.True(world.Release("a", 0));
            Assert.False(world.Release("a", 0));
            world.AssertConsistent();
        }

        Assert.Equal([10, 30, 60, 60], waits);
    }

    [Fact]
    public void Jitter_DiffersFromInstanceToInstanceAndIsTheSameWheneverComputed()
    {
        var backoff = new BackoffDocument { InitialSeconds = 100, Jitter = 0.2 };
        var task = Of([Task("a", instances: 1_000)])["a"];
        double Wait(int index, int attempt) => Backoff.Of(backoff, 1, "job-aaaaaaaa", task, index, attempt).TotalSeconds;

        var waits = Enumerable.Range(0, 1_000).Select(index => Wait(index, 1)).ToList();

        Assert.All(waits, wait => Assert.InRange(wait, 80, 100));
        Assert.InRange(waits.Average(), 89, 91);
        Assert.True(waits.Distinct().Count() > 900);
        Assert.Equal(waits, Enumerable.Range(0, 1_000).Select(index => Wait(index, 1)));
        Assert.NotEqual(Wait(0, 1), Wait(0, 2));
    }

    [Fact]
    public void NeighboursOfALargeTask_WaitEquallyLong()
    {
        var task = Of([Task("a", instances: 1_000_000)])["a"];
        var waits = Enumerable.Range(0, 1_000_000 / 100).Select(n => Backoff.Of(new() { InitialSeconds = 1_000 }, 1, "job-aaaaaaaa", task, n * 100, 1)).ToList();

        var runs = 1 + waits.Zip(waits.Skip(1)).Count(pair => pair.First != pair.Second);

        Assert.InRange(runs, Backoff.MaxDifferent - 200, Backoff.MaxDifferent);
    }

    [Fact]
    public void LostOrReturnedAttempt_WaitsForNothingAndSpendsNoRetry()
    {
        var world = Of([Task("a", instances: 2, retries: 1) with { RetryRules = [new() { Action = RetryAction.Fail }], RetryBackoff = Exact }]);
        world.Claim("a");

        world.Job.LoseAttempt(world["a"].TaskId, 0, Node, Epoch, "lost", world.Now);
        world.Report("a", 1, AttemptOutcome.Returned);

        Assert.Equal(2, world.Claim("a").Sum(range => range.Count));
        Assert.Equal((0, 0), (world.Instance("a", 0).FailureCount, world.Instance("a", 1).FailureCount));
        world.AssertConsistent();
    }

    [Fact]
    public void TerminatedJob_EndsWhatWaits()
    {
        var world = Of([Task("a", instances: 3, retries: 1) with { RetryBackoff = Exact }]);
        world.Claim("a");
        world.Fail("a", 0);
        world.Fail("a", 1);
        world.Succeed("a", 2);

        world.Job.RequestTermination("user:tester", "enough", world.Now);

        Assert.Equal((RunState.Failed, Cause.Terminated), (world.State, world.Job.Job.Cause));
        Assert.Empty(world.Job.NewDelays);
        world.AssertConsistent();
    }

    [Fact]
    public void WaitThatIsStored_IsEndedByItsRow()
    {
        var first = Of([Task("a", instances: 4, retries: 1) with { RetryBackoff = Exact }]);
        first.Claim("a");
        first.Fail("a", 1);
        first.Fail("a", 2);
        var again = new JobAggregate(first.Job.Job, first.Job.Tasks, first.Job.Instances, new(), first.Job.NewDelays);

        Assert.True(again.ReleaseDelayed(first["a"].TaskId, 1, Start + TimeSpan.FromHours(1)));
        Assert.Equal([(first["a"].TaskId, 1, 1)], again.EndedDelays);
        again.RequestTermination("user:tester", null, Start);

        Assert.Equal([(first["a"].TaskId, 1, 2)], again.EndedDelays);
        Assert.Empty(again.NewDelays);
    }

    [Fact]
    public void TooManyFailures_CloseTheTaskAndNameTheFirst()
    {
        var world = Of([Task("a", instances: 10) with { MaxFailedNum = 2 }, Task("b")], [new("a", "b")]);
        world.Claim("a", 5);

        world.Fail("a", 3);
        Assert.True(JobAggregate.IsClaimable(world["a"]));
        world.Report("a", 1, AttemptOutcome.Timeout);

        const string reason = "2 instances failed, as many as max_failed_num allows; the first: instance 3: exit code 1";
        Assert.False(JobAggregate.IsClaimable(world["a"]));
        Assert.Equal((Cause.TooManyFailures, reason, 7), (world["a"].CloseCause, world["a"].CloseReason, world["a"].FailedCount));
        Assert.True(world.Job.HasOrders);
        world.AssertConsistent();

        world.Report("a", 0, AttemptOutcome.Terminated);
        world.Succeed("a", 2);
        world.Succeed("a", 4);

        Assert.Equal((RunState.Failed, Cause.TooManyFailures, reason), (world["a"].State, world["a"].Cause, world["a"].Reason));
        Assert.Equal((Cause.TooManyFailures, reason), (world.Instance("a", 0).Cause, world.Instance("a", 0).Reason));
        Assert.Equal($"task 'a' ended FAILED: {reason}", world.Job.Job.Reason);
        world.AssertConsistent();
    }

    [Fact]
    public void LastFailure_IsNoneTooMany()
    {
        var world = Of([Task("a") with { MaxFailedNum = 1 }]);
        world.Claim("a");

        world.Fail("a", 0);

        Assert.Equal((RunState.Failed, Cause.InstanceFailed, "instance 0: exit code 1"), (world["a"].State, world["a"].Cause, world["a"].Reason));
        world.AssertConsistent();
    }

    [Fact]
    public void TaskLimit_EndsTheTaskAndOnlyThat()
    {
        var world = Of([Task("a", instances: 4) with { TimeLimit = 60 }, Task("b"), Task("c")], [new("a", "b")]);
        world.Claim("a", 2);
        Assert.Null(world["a"].ExpiresAt);
        world.Report("a", 0, AttemptOutcome.Running);
        Assert.Equal(Start.AddSeconds(60), world["a"].ExpiresAt);

        world.Now = Start.AddSeconds(59);
        Assert.Equal(0, world.Job.CloseOverdue(world.Now));
        world.Now = Start.AddSeconds(60);
        Assert.Equal(1, world.Job.CloseOverdue(world.Now));
        Assert.Equal(0, world.Job.CloseOverdue(world.Now));

        Assert.Equal((Cause.TimeLimit, "the task's time limit of 60 s has passed", 2), (world["a"].CloseCause, world["a"].CloseReason, world["a"].FailedCount));
        world.Report("a", 0, AttemptOutcome.Terminated);
        world.Report("a", 1, AttemptOutcome.Returned);
        Assert.Equal((RunState.Failed, Cause.TimeLimit), (world["a"].State, world["a"].Cause));
        Assert.Equal(Cause.DependencyUnmet, world["b"].Cause);
        Assert.Equal(RunState.Runnable, world["c"].State);
        world.AssertConsistent();
    }

    [Fact]
    public void JobLimit_EndsEveryTask()
    {
        var world = Of([Task("a"), Task("b"), Task("c"), Task("d")], [new("a", "b")], timeLimit: 3_600);
        world.Claim("a");
        world.Claim("d");
        world.Succeed("d", 0);
        world.Report("a", 0, AttemptOutcome.Running);

        world.Now = Start.AddHours(1);
        Assert.Equal(3, world.Job.CloseOverdue(world.Now));
        Assert.Equal(RunState.Running, world.State);
        world.AssertConsistent();
        world.Report("a", 0, AttemptOutcome.Terminated);

        Assert.Equal((RunState.Failed, Cause.TimeLimit, "the job's time limit of 3600 s has passed"), (world.State, world.Job.Job.Cause, world.Job.Job.Reason));
        Assert.All((string[])["a", "b", "c"], name => Assert.Equal((Cause.TimeLimit, "the job's time limit of 3600 s has passed"), (world[name].Cause, world[name].Reason)));
        Assert.Equal(Cause.Succeeded, world["d"].Cause);
        world.AssertConsistent();
    }

    [Fact]
    public void TerminatedJob_DoesNotExpire()
    {
        var world = Of([Task("a") with { TimeLimit = 1 }], timeLimit: 1);
        world.Claim("a");
        world.Report("a", 0, AttemptOutcome.Running);
        world.Job.RequestTermination("user:tester", null, world.Now);

        world.Now = Start.AddDays(1);

        Assert.Equal(0, world.Job.CloseOverdue(world.Now));
        world.Report("a", 0, AttemptOutcome.Terminated);
        Assert.Equal(Cause.Terminated, world.Job.Job.Cause);
        world.AssertConsistent();
    }

    [Fact]
    public void CommandThatEndsWellAfterTheLimit_HasSucceeded()
    {
        var world = Of([Task("a") with { TimeLimit = 1 }]);
        world.Claim("a");
        world.Report("a", 0, AttemptOutcome.Running);
        world.Now = Start.AddSeconds(2);
        world.Job.CloseOverdue(world.Now);

        world.Succeed("a", 0);

        Assert.Equal((RunState.Succeed, Cause.Succeeded), (world.State, world["a"].Cause));
        world.AssertConsistent();
    }

    /// <summary>A task <c>a</c> of five instances, all claimed.</summary>
    private static JobWorld With(params RetryRuleDocument[] rules)
    {
        var world = Of([Task("a", instances: 5) with { RetryRules = rules }]);
        world.Claim("a");
        return world;
    }

    private static void End(JobWorld world, int index, AttemptOutcome outcome, int? exitCode = null) => world.Report("a", index, outcome, exitCode: exitCode);

    private static IEnumerable<RunState> States(JobWorld world) => Enumerable.Range(0, 4).Select(index => world.Instance("a", index).State);
}
