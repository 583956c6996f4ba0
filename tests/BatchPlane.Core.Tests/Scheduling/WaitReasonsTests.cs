using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Core.Tests.Scheduling;

public sealed class WaitReasonsTests
{
    private static readonly WaitingTask Ready = new() { State = RunState.Runnable, Waiting = 5, Needs = ResourceAmounts.OneSlot };

    [Fact]
    public void PendingTask_NamesWhatItWaitsFor()
    {
        var task = Ready with
        {
            State = RunState.Pending,
            StartTasks =
            [
                new("done", RunState.Succeed, true, DependenceCondition.Succeed),
                new("split", RunState.Running, true, DependenceCondition.Succeed),
                new("warm", RunState.Running, true, DependenceCondition.Started),
                new("probe", RunState.Runnable, false, DependenceCondition.Failed),
            ],
        };

        var verdict = WaitReasons.Of(task, 0, Idle(), Rivals.None);

        Assert.Equal([("dependency", "split"), ("dependency", "probe")], verdict.Reasons.Select(reason => (reason.Code, reason.StartTask!)));
        Assert.Equal("Waits for the task 'split' to succeed; it is RUNNING.", verdict.Reasons[0].Message);
        Assert.Equal((null, null), (verdict.Position, verdict.EstimatedSecondsToStart));
    }

    [Fact]
    public void InstancesThatWaitOneByOne_AreADependencyOnlyWhileNoOtherWaits()
    {
        var task = Ready with { WaitingByIndex = 5, StartTasks = [new("first", RunState.Running, true, DependenceCondition.EachIndex)] };

        Assert.Equal(["dependency"], Codes(task, Idle()));
        Assert.Equal(["about_to_start"], Codes(task with { WaitingByIndex = 4 }, Idle()));
    }

    [Fact]
    public void NothingInTheWay_IsAboutToStart()
    {
        var verdict = WaitReasons.Of(Ready, 0, Idle(), Rivals.None);

        Assert.Equal(("about_to_start", 1L, 0d), (Assert.Single(verdict.Reasons).Code, verdict.Position, verdict.EstimatedSecondsToStart));
    }

    [Fact]
    public void WhatKeepsATaskOutOfTheQueue_IsSaidWithoutAPosition()
    {
        Assert.Equal(["terminating"], Codes(Ready with { IsTerminating = true }, Idle()));
        Assert.Equal(["terminating"], Codes(Ready with { CloseReason = "its time limit has passed" }, Idle()));
        Assert.Equal(["backoff"], Codes(Ready with { Delayed = 5, NextAttemptAt = DateTimeOffset.UnixEpoch }, Idle()));
        Assert.Equal(["about_to_start"], Codes(Ready with { Delayed = 4 }, Idle()));
        Assert.Equal(["environment_deleting"], Codes(Ready, Idle() with { TakesWork = false }));
        Assert.Equal(["no_nodes"], Codes(Ready, Environment()));
        Assert.Equal(["fits_nowhere"], Codes(Ready with { Needs = new(1, 8_001, 0) }, Idle()));
        Assert.Equal(["no_container_engine"], Codes(Ready with { Needs = new(1, 0, 0) { Containers = true } }, Idle()));
        Assert.Equal(["concurrency_ceiling"], Codes(Ready with { Held = 3, MaxConcurrentNum = 3 }, Idle()));
        Assert.Equal(["running"], Codes(Ready with { State = RunState.Running, Waiting = 0, Held = 3 }, Idle()));
        Assert.Null(WaitReasons.Of(Ready with { Needs = new(9, 0, 0) }, 0, Idle(), Rivals.None).Position);
    }

    [Fact]
    public void FitsNowhere_SaysWhatIsNeededAndWhatThereIs()
    {
        var reason = Assert.Single(WaitReasons.Of(Ready with { Needs = new(2, 16_500, 70_000) }, 0, Idle(), Rivals.None).Reasons);

        Assert.Equal("An instance needs 2 slots, 16.5 cpu, 70000 MiB: more than any running node of env-00000001 has (8 slots, 8 cpu, 16000 MiB).", reason.Message);
        Assert.Equal(new ResourcesDocument { Slots = 2, Cpu = 16.5m, MemoryMib = 70_000 }, reason.Needs);
    }

    [Fact]
    public void BusyEnvironment_GivesNumbersAPositionAndAnEstimate()
    {
        var environment = Environment(new NodeFacts(new(8, 8_000, 16_000), new(0, 8_000, 16_000), EndsPerSecond: 2));
        var rivals = new Rivals([new("job-00000002", 9, 40), new("job-00000003", 5, 1_000), new("job-00000004", 5, 7)], AndMore: false);

        var verdict = WaitReasons.Of(Ready, 5, environment, rivals);

        Assert.Equal(["higher_priority", "slots_busy", "equal_priority"], verdict.Reasons.Select(reason => reason.Code));
        Assert.Equal((40L, 1), (verdict.Reasons[0].Instances, verdict.Reasons[0].Jobs));
        Assert.Equal("40 instances of 1 job come first, by their priority: job-00000002.", verdict.Reasons[0].Message);
        Assert.Equal((8, 8), (verdict.Reasons[1].Slots, verdict.Reasons[1].BusySlots));
        Assert.Equal(["job-00000003", "job-00000004"], verdict.Reasons[2].JobIds);
        Assert.Equal((43L, 21.5), (verdict.Position, verdict.EstimatedSecondsToStart));
    }

    [Fact]
    public void RateUnknownOrTooManyAhead_GivesNoEstimate()
    {
        var quiet = Environment(new NodeFacts(new(8, 8_000, 16_000), new(0, 0, 0), EndsPerSecond: 0));
        var busy = Environment(new NodeFacts(new(8, 8_000, 16_000), new(0, 0, 0), EndsPerSecond: 3));
        var rivals = new Rivals([new("job-00000002", 9, 40)], AndMore: true);

        Assert.Null(WaitReasons.Of(Ready, 0, quiet, Rivals.None).EstimatedSecondsToStart);
        Assert.Null(WaitReasons.Of(Ready, 0, busy, rivals).EstimatedSecondsToStart);
        Assert.NotNull(WaitReasons.Of(Ready, 0, busy, Rivals.None).EstimatedSecondsToStart);
    }

    [Fact]
    public void FreeSlotsWithoutTheMemory_AreBusyResources()
    {
        var environment = Environment(new NodeFacts(new(8, 8_000, 16_000), new(6, 8_000, 500), EndsPerSecond: 0));

        Assert.Equal(["resources_busy"], Codes(Ready with { Needs = new(1, 0, 1_000) }, environment));
        Assert.Equal(["about_to_start"], Codes(Ready with { Needs = new(1, 0, 500) }, environment));
    }

    private static string[] Codes(WaitingTask task, EnvironmentFacts environment) =>
        [.. WaitReasons.Of(task, 0, environment, Rivals.None).Reasons.Select(reason => reason.Code)];

    private static EnvironmentFacts Idle() => Environment(new NodeFacts(new(8, 8_000, 16_000), new(8, 8_000, 16_000), EndsPerSecond: 0));

    private static EnvironmentFacts Environment(params NodeFacts[] nodes) => new("env-00000001", TakesWork: true, DesiredNodes: 2, nodes);
}
