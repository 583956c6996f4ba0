using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>Events that the specification does not have: told where they are named, once, and without a hole in the sequence.</summary>
public sealed class AdditiveEventTests
{
    [Fact]
    public void Attempts_AreToldWithTheirEnds()
    {
        var world = Of([Task("A", instances: 3, retries: 1)], notifications: [Ask("TASK_INSTANCE_ATTEMPT_STARTED", "TASK_INSTANCE_ATTEMPT_ENDED")]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.StartFailed);
        world.Report("A", 1, AttemptOutcome.Exited, exitCode: 1);
        world.Report("A", 2, AttemptOutcome.Exited, exitCode: 0);
        world.Job.RequestTermination("user:x", null, world.Now);

        Assert.Equal(
            [
                "0 ATTEMPT_ENDED Runnable", "1 ATTEMPT_STARTED ", "1 ATTEMPT_ENDED Runnable", "2 ATTEMPT_STARTED ", "2 ATTEMPT_ENDED Succeed",
            ],
            Told(world.Job.Journal).OrderBy(told => told[0]));
        AssertGapless(world.Job.Journal);
    }

    [Fact]
    public void WhyAnAttemptWasMade_IsOnEachOfItsEntries()
    {
        var world = Of([Task("A")], notifications: [Ask("TASK_INSTANCE_ATTEMPT_STARTED", "TASK_INSTANCE_ATTEMPT_ENDED")]);
        world.Claim("A");
        world.Job.LoseAttempt(world["A"].TaskId, 0, Node, Epoch, "silent", world.Now);
        foreach (var attempt in (int[])[2, 3])
        {
            world.Claim("A");
            world.Report("A", 0, AttemptOutcome.Running, attempt, progress: new() { Number = 1, Percent = 50, Events = [new("built", null)] });
            world.Fail("A", 0, attempt);
            world.Retry();
        }

        foreach (var (attempt, source, original) in ((int, string, int?)[])[(2, ExecutionSources.Failover, 1), (3, ExecutionSources.Manual, null)])
        {
            var entries = world.Job.Journal.Where(entry => entry.Attempt == attempt).ToList();
            Assert.Equal(["ATTEMPT_ENDED", "ATTEMPT_STARTED", "CUSTOM_EVENT", "FAILED", "PROGRESS", "RUNNING"], entries.Select(entry => entry.State).Order(StringComparer.Ordinal));
            Assert.All(entries, entry => Assert.Equal((source, original), JournalDetails.Parse(entry.Details!) is var details ? (details.ExecutionSource, details.OriginalAttempt) : default));
        }

        Assert.Equal(
            [RunState.Runnable, RunState.Failed, RunState.Failed],
            world.Job.Journal.Where(entry => entry.State == EventCatalogue.AttemptEnded).Select(entry => JournalDetails.Parse(entry.Details!).State!.Value));
    }

    [Fact]
    public void ChangedOnly_IsToldOfTheFirstBeginOfEachLife()
    {
        var world = Of([Task("A", retries: 1)], notifications: [Ask("TASK_INSTANCE_RUNNING") with { Filter = new() { Changed = true } }]);
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            world.Claim("A");
            world.Fail("A", 0, attempt);
            if (attempt % 2 == 0)
            {
                world.Retry();
            }
        }

        Assert.Equal([1, 3], world.Job.Journal.Where(entry => entry.Notify == 1).Select(entry => entry.Attempt!.Value));
    }

    [Fact]
    public void ChangedOnly_IsToldOfTheFirstAttemptThatBegins()
    {
        var world = Of([Task("A", instances: 2, retries: 3)], notifications: [Ask("TASK_INSTANCE_RUNNING") with { Filter = new() { Changed = true } }]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.StartFailed);
        world.Fail("A", 1);
        world.Claim("A");
        world.Fail("A", 0, attempt: 2);
        world.Fail("A", 1, attempt: 2);
        world.Claim("A");
        world.Succeed("A", 0, attempt: 3);
        world.Succeed("A", 1, attempt: 3);

        Assert.Equal([(1, 1), (0, 2)], world.Job.Journal.Where(entry => entry.Notify == 1).Select(entry => (entry.InstanceIndex!.Value, entry.Attempt!.Value)));
    }

    [Fact]
    public void SpansOfAttempts_AreOneRowEach()
    {
        var world = Of([Task("A", instances: 100)], notifications: [Ask("TASK_INSTANCE_ATTEMPT_STARTED", "TASK_INSTANCE_ATTEMPT_ENDED")]);
        world.Claim("A");
        for (var index = 0; index < 100; index++)
        {
            world.Report("A", index, AttemptOutcome.Exited, exitCode: 0);
        }

        // The first begin is followed by those of the task and the job.
        var rows = world.Job.Journal.Where(entry => entry.Notify != 0).GroupBy(entry => entry.State);
        Assert.All(rows, ofState => Assert.Equal((2, 100), (ofState.Count(), ofState.Sum(entry => entry.Span))));
        AssertGapless(world.Job.Journal);
    }

    [Fact]
    public void NothingAsked_LeavesNoRows()
    {
        var world = Of([Task("A", instances: 20), Task("B")], [new("A", "B")], notifications: [Ask("JOB_SUCCEED")]);
        world.Claim("A");
        for (var index = 0; index < 20; index++)
        {
            world.Report("A", index, AttemptOutcome.Exited, exitCode: 0);
        }

        Assert.DoesNotContain(world.Job.Journal, entry => entry.State is EventCatalogue.Progress or EventCatalogue.Blocked or EventCatalogue.AttemptStarted or EventCatalogue.AttemptEnded);
    }

    [Fact]
    public void BlockedTask_SaysWhatItWaitsForAgainAfterARetry()
    {
        var world = Of([Task("A"), Task("B"), Task("C")], [new("A", "C"), new("B", "C")], notifications: [Ask("TASK_BLOCKED")]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Exited, exitCode: 0);
        world.Claim("B");
        world.Report("B", 0, AttemptOutcome.Exited, exitCode: 1);
        world.Retry();

        Assert.Equal(
            ["waits for tasks 'A', 'B'", "waits for task 'B'"],
            world.Job.Journal.Where(entry => entry.State == EventCatalogue.Blocked).Select(entry => entry.Reason));
    }

    [Fact]
    public void TaskThatDoesNotStart_TellsEachReasonOnceUntilItRuns()
    {
        var world = Of([Task("A"), Task("B")], [new("A", "B")], notifications: [Ask("TASK_BLOCKED")]);

        bool[] told =
        [
            world.Blocked("A", "no_nodes"), world.Blocked("A", "no_nodes"), world.Blocked("A", "slots_busy"), world.Blocked("A", "no_nodes"),
            world.Blocked("B", "no_nodes"),
        ];
        world.Claim("A");
        var whileItRuns = world.Blocked("A", "slots_busy");
        world.Report("A", 0, AttemptOutcome.Exited, exitCode: 1);
        world.Retry();
        var inAnotherLife = world.Blocked("A", "no_nodes");

        Assert.Equal([true, false, true, true, false], told);
        Assert.Equal((false, true), (whileItRuns, inAnotherLife));
        Assert.False(Of([Task("A")], notifications: [Ask("JOB_FAILED")]).Blocked("A", "no_nodes"));
        AssertGapless(world.Job.Journal);
    }

    [Theory]
    [InlineData(10, new[] { 10, 20, 30, 40, 50, 60, 70, 80, 90 })]
    [InlineData(25, new[] { 25, 50, 75 })]
    [InlineData(100, new int[] { })]
    public void RollUps_ComeAtEveryStepOnce(int percent, int[] expected)
    {
        var world = Of([Task("A", instances: 1_000)], notifications: [RollUp(percent, null)]);
        world.Claim("A");
        for (var index = 0; index < 1_000; index++)
        {
            world.Report("A", index, AttemptOutcome.Exited, exitCode: 0);
        }

        Assert.Equal(expected, RollUps(world).Select(details => (int)details.Percent!.Value));
        AssertGapless(world.Job.Journal);
    }

    [Fact]
    public void RollUpsOfTwoBlocks_AreToldToEachByItsOwnSteps()
    {
        var world = Of([Task("A", instances: 4)], notifications: [RollUp(25, null), RollUp(50, null) with { TopicName = "u" }]);
        world.Claim("A");
        for (var index = 0; index < 4; index++)
        {
            world.Report("A", index, AttemptOutcome.Exited, exitCode: 0);
        }

        Assert.Equal([0b01, 0b11, 0b01], world.Job.Journal.Where(entry => entry.State == EventCatalogue.Progress).Select(entry => entry.Notify));
    }

    [Fact]
    public void RollUpsByTime_ComeWithTheFirstEndAfterEachInterval()
    {
        var world = Of([Task("A", instances: 100)], notifications: [RollUp(null, 60)]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Running);
        for (var index = 0; index < 20; index++)
        {
            world.Now += TimeSpan.FromSeconds(25);
            world.Report("A", index, AttemptOutcome.Exited, exitCode: 0);
        }

        // 25, 50, 75 …: the first beyond each minute.
        Assert.Equal([3, 5, 8, 10, 12, 15, 17, 20], RollUps(world).Select(details => (int)details.TaskInstanceMetrics!.SucceedCount));
    }

    [Fact]
    public void RollUpsByTime_ComeWhileNothingEnds_ToEachBlockAtItsTimes()
    {
        var world = Of([Task("A", instances: 2)], notifications: [RollUp(null, 60), RollUp(null, 90) with { TopicName = "u" }, RollUp(50, null) with { TopicName = "v" }]);
        world.Claim("A");
        Assert.Equal(0, world.Job.TellProgress(world.Now.AddHours(1)));
        world.Report("A", 0, AttemptOutcome.Running);
        var looks = new List<string>();
        foreach (var seconds in (int[])[59, 60, 61, 89, 90, 120, 180, 400, 419, 420])
        {
            world.Now = Start.AddSeconds(seconds);
            if (world.Job.TellProgress(world.Now) > 0)
            {
                var told = world.Job.Journal[^1];
                looks.Add($"{seconds}: {told.Notify}, next {(world["A"].ProgressDueAt - Start)?.TotalSeconds}");
            }
        }

        // At 400 those of 240, 270, 300 and 360 are one.
        Assert.Equal(["60: 1, next 90", "90: 2, next 120", "120: 1, next 180", "180: 3, next 240", "400: 3, next 420", "420: 1, next 450"], looks);
        Assert.All(RollUps(world), details => Assert.Equal((0.0, 1), (details.Percent, details.TaskInstanceMetrics!.RunningCount)));
        world.Succeed("A", 0);
        Assert.Equal(4, world.Job.Journal[^1].Notify);
        world.Succeed("A", 1);
        Assert.Null(world["A"].ProgressDueAt);
        Assert.Equal(0, world.Job.TellProgress(world.Now.AddHours(1)));
        AssertGapless(world.Job.Journal);
    }

    [Fact]
    public void DeadlineMissed_IsToldOnceAndEndsNothing()
    {
        var world = Of([Task("A")], notifications: [Ask("JOB_OVERDUE")], deadline: Start.AddSeconds(60));

        Assert.False(world.Job.TellOverdue(Start.AddSeconds(59)));
        Assert.True(world.Job.TellOverdue(Start.AddSeconds(60)));
        Assert.False(world.Job.TellOverdue(Start.AddSeconds(61)));
        Assert.Equal(RunState.Runnable, world.State);
        Assert.Single(world.Job.Journal, entry => entry.Notify == 1);
    }

    [Fact]
    public void JobThatEndedInTime_IsNotOverdueUnlessItIsRetried()
    {
        var world = Of([Task("A")], notifications: [Ask("JOB_OVERDUE")], deadline: Start.AddSeconds(60));
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Exited, exitCode: 1);
        Assert.False(world.Job.TellOverdue(Start.AddSeconds(60)));

        world.Retry();

        Assert.True(world.Job.TellOverdue(Start.AddSeconds(60)));
    }

    [Fact]
    public void Node_IsLostRecoveredAndDrainedWhereAsked()
    {
        string[] events = ["COMPUTE_NODE_LOST", "COMPUTE_NODE_RECOVERED", "COMPUTE_NODE_DRAINING"];
        var record = new EnvironmentRecord { EnvId = "env-aaaaaaaa", EnvName = "e", Provider = NodeProvider.Local, DesiredNodeCount = 1, Interest = NotificationInterest.Of([Ask(events)], []) };
        var environment = new EnvironmentAggregate(record, [], Start);
        var facts = new MachineFacts("host", 1, 1, 1);
        environment.Open("user:x");
        var node = environment.AddNode("node-aaaaaaaa", "ins-aaaaaaaa", null);
        environment.Join(node, facts, "1", TimeSpan.FromSeconds(1));
        environment.Lose(node, "silent");
        environment.Join(node, facts, "1", TimeSpan.FromSeconds(1));
        environment.RequestNodeDelete(node, "user:x", "not needed");

        Assert.Equal(events, environment.Journal.Where(entry => entry.Notify == 1).Select(entry => $"COMPUTE_NODE_{entry.State}"));
        AssertGapless(environment.Journal);
    }

    private static NotificationDocument Ask(params string[] events) =>
        new() { TopicName = "t", EventConfigs = [.. events.Select(name => new EventConfigDocument { EventName = name })] };

    private static NotificationDocument RollUp(int? percent, int? seconds) =>
        new() { TopicName = "t", EventConfigs = [new() { EventName = "TASK_PROGRESS", EveryPercent = percent, EverySeconds = seconds }] };

    private static IEnumerable<JournalDetails> RollUps(JobWorld world) =>
        world.Job.Journal.Where(entry => entry.State == EventCatalogue.Progress).Select(entry => JournalDetails.Parse(entry.Details!));

    private static IEnumerable<string> Told(IEnumerable<JournalEntry> journal) => journal
        .Where(entry => entry.Notify == 1)
        .SelectMany(entry => Enumerable.Range(0, entry.Span).Select(offset => $"{entry.InstanceIndex + offset} {entry.State} {(entry.Details is { } details ? JournalDetails.Parse(details).State : null)}"));

    private static void AssertGapless(IEnumerable<JournalEntry> journal)
    {
        var next = 1L;
        foreach (var entry in journal)
        {
            Assert.Equal(next, entry.Sequence);
            next += entry.Span;
        }
    }
}
