using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Notifications;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>Which of Alibaba's events a history gives: the checks of their specification.</summary>
public sealed class AlibabaEventTests
{
    [Fact]
    public void JobOfTwoTasks_TellsEachWaitingRunningAndFinishedOnce()
    {
        var world = Of([Task("A"), Task("B", instances: 2)], [new("A", "B")], notifications: [Ask()]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Exited, exitCode: 0);
        world.Claim("B");
        world.Report("B", 0, AttemptOutcome.Exited, exitCode: 0);
        world.Report("B", 1, AttemptOutcome.Exited, exitCode: 0);

        string[] expected = ["OnJobWaiting", "OnJobRunning", "OnJobFinished", .. Each("OnTask", "Waiting Running Finished", 2), .. Each("OnInstance", "Waiting Running Finished", 3)];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Told(world).Order(StringComparer.Ordinal));
        Assert.Equal(Enumerable.Range(1, (int)world.Job.Job.LastSequence).Select(number => (long)number), world.Job.Journal.SelectMany(entry => Enumerable.Range(0, entry.Span).Select(offset => entry.Sequence + offset)));
    }

    [Fact]
    public void Retries_AreWaitingAgainAndNotFailed()
    {
        var world = Of([Task("A", retries: 2)], notifications: [Ask()]);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            world.Claim("A");
            world.Report("A", 0, AttemptOutcome.Exited, attempt, exitCode: attempt == 3 ? 0 : 1);
        }

        Assert.Equal(
            ["OnInstanceWaiting", "OnInstanceRunning", "OnInstanceWaiting", "OnInstanceRunning", "OnInstanceWaiting", "OnInstanceRunning", "OnInstanceFinished"],
            Told(world).Where(name => name.StartsWith("OnInstance", StringComparison.Ordinal)));
    }

    [Fact]
    public void RetryCount_BeginsAnewWithEachLife()
    {
        var world = Of([Task("A", retries: 1)], notifications: [Ask()]);
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            world.Claim("A");
            world.Report("A", 0, AttemptOutcome.Exited, attempt, exitCode: attempt == 4 ? 0 : 1);
            if (attempt == 2)
            {
                world.Retry();
            }
        }

        Assert.Equal(
            ["Waiting 0", "Running 0", "Waiting 1", "Running 1", "Failed 1", "Waiting 0", "Running 0", "Waiting 1", "Running 1", "Finished 1"],
            RetryCounts(world));
    }

    [Fact]
    public void AttemptThatWasGivenBackOrEndedWhileWaited_CountsAsItWas()
    {
        var world = Of([Task("A", retries: 3)], notifications: [Ask()]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Returned);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Exited, 2, exitCode: 1);
        world.Job.RequestTermination("user:x", null, world.Now);

        Assert.Equal(["Waiting 0", "Waiting 0", "Running 0", "Waiting 1", "Stopped 1"], RetryCounts(world));
    }

    [Fact]
    public void EndOfAnAttempt_HasTheLastPercentageThatItPosted()
    {
        var world = Of([Task("A", instances: 2)], notifications: [Ask()]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Running, progress: new() { Number = 1, Percent = 40 });
        world.Report("A", 0, AttemptOutcome.Exited, exitCode: 1, progress: new() { Number = 2, Percent = 62.5 });
        world.Report("A", 1, AttemptOutcome.Exited, exitCode: 1);

        Assert.Equal([62.5, null], world.Job.Journal.Where(entry => entry is { Level: EventLevel.TaskInstance, State: "FAILED" }).Select(entry => JournalDetails.Parse(entry.Details ?? "{}").Percent));
    }

    [Fact]
    public void TerminatedJob_IsStoppedAtAllLevelsAndFailedForTencent()
    {
        var world = Of([Task("A")], notifications: [Ask(), new() { TopicName = "u", EventConfigs = [new() { EventName = "JOB_FAILED" }] }]);
        world.Claim("A");
        world.Report("A", 0, AttemptOutcome.Running);
        world.Job.RequestTermination("user:x", null, world.Now);
        world.Report("A", 0, AttemptOutcome.Terminated);

        Assert.Equal(["OnInstanceStopped", "OnTaskStopped", "OnJobStopped"], Told(world).Where(name => !name.EndsWith("ing", StringComparison.Ordinal)));
        Assert.Equal(0b11, world.Job.Journal.Single(entry => entry is { Level: EventLevel.Job, State: "FAILED" }).Notify);
    }

    [Fact]
    public void NothingAskedOfAlibaba_HasNoRowsOfWaitingInstances()
    {
        var world = Of([Task("A", instances: 5)], notifications: [new() { TopicName = "t", EventConfigs = [new() { EventName = "TASK_INSTANCE_RUNNING" }] }]);

        Assert.DoesNotContain(world.Job.Journal, entry => entry.Level == EventLevel.TaskInstance);
    }

    [Fact]
    public void NodeThatComesBack_IsActiveOnce()
    {
        var block = new NotificationDocument { TopicName = "t", Format = NotificationFormat.Mns, EventConfigs = [.. AlibabaEvents.All.Where(kind => kind.Scope == EventScope.Environment).Select(kind => new EventConfigDocument { EventName = kind.Name })] };
        var record = new EnvironmentRecord { EnvId = "env-aaaaaaaa", EnvName = "e", Provider = NodeProvider.Local, DesiredNodeCount = 1, Interest = NotificationInterest.Of([block], []) };
        var environment = new EnvironmentAggregate(record, [], Start);
        var facts = new MachineFacts("host", 1, 1, 1);
        environment.Open("user:x");
        var node = environment.AddNode("node-aaaaaaaa", "ins-aaaaaaaa", null);
        environment.Join(node, facts, "1", TimeSpan.FromSeconds(1));
        environment.Lose(node, "silent");
        environment.Join(node, facts, "1", TimeSpan.FromSeconds(1));

        Assert.Equal(["OnInstanceCreated", "OnInstanceActive"], Told(environment.Journal));
    }

    /// <summary>What instances are told to have been tried, as the writer of messages reckons it.</summary>
    private static IEnumerable<string> RetryCounts(JobWorld world) => world.Job.Journal
        .Where(entry => entry.Level == EventLevel.TaskInstance)
        .Select(entry => (entry, Kind: AlibabaEvents.Of(entry.Level, entry.State, entry.Cause)))
        .Where(told => told.Kind is not null)
        .Select(told =>
        {
            using var writer = BodyWriter.Of(NotificationFormat.Mns, new());
            var (entry, kind) = told;
            var row = new OutboxRow
            {
                OrderTxId = 1,
                EventNo = 1,
                SubjectId = entry.SubjectId,
                Sequence = entry.Sequence,
                Level = entry.Level,
                State = entry.State,
                Cause = entry.Cause,
                Attempt = entry.Attempt,
                OccurredAt = entry.OccurredAt,
                Notify = entry.Notify,
                Details = entry.Details is null ? null : JournalDetails.Parse(entry.Details),
            };
            var subject = new SubjectContext { SubjectId = entry.SubjectId, Name = "", CreatedAt = Start, Notifications = [] };
            using var body = JsonDocument.Parse(writer.Write(new(kind!, new(row, 0), subject, null, []), out _));
            return $"{kind!.Name["OnInstance".Length..]} {body.RootElement.GetProperty("RetryCount").GetString()}";
        });

    private static NotificationDocument Ask() => new()
    {
        TopicName = "t",
        Format = NotificationFormat.Mns,
        EventConfigs = [.. AlibabaEvents.All.Where(kind => kind.Scope == EventScope.Job).Select(kind => new EventConfigDocument { EventName = kind.Name })],
    };

    private static IEnumerable<string> Each(string level, string words, int times) => words.Split(' ').SelectMany(word => Enumerable.Repeat(level + word, times));

    private static IEnumerable<string> Told(JobWorld world) => Told(world.Job.Journal);

    private static IEnumerable<string> Told(IEnumerable<JournalEntry> journal) => journal
        .Where(entry => (entry.Notify & 1) != 0)
        .SelectMany(entry => Enumerable.Repeat(AlibabaEvents.Of(entry.Level, entry.State, entry.Cause)!.Name, entry.Span));
}
