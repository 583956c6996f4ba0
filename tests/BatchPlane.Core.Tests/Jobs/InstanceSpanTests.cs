using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>What happens to neighbours in one transaction shares a row of the journal, and is told as if it did not.</summary>
public sealed class InstanceSpanTests
{
    [Fact]
    public void NeighboursThatBeginAndEndTogether_AreTwoRowsBetweenThoseOfTheirTask()
    {
        var world = Of([Task("a", instances: 5)]);
        world.Claim("a");

        for (var index = 0; index < 5; index++)
        {
            world.Succeed("a", index);
        }

        Assert.Equal(
            [
                "TASK_INSTANCE_RUNNING a[0]", "TASK_RUNNING a", "JOB_RUNNING", "TASK_INSTANCE_SUCCEED a[0]",
                "TASK_INSTANCE_RUNNING a[1..4]", "TASK_INSTANCE_SUCCEED a[1..4]", "TASK_SUCCEED a", "JOB_SUCCEED",
            ],
            world.Story.SkipWhile(line => line != "TASK_INSTANCE_RUNNING a[0]"));
        world.AssertConsistent();
    }

    [Fact]
    public void BeginsAtDifferentTimes_ShareARowAndKeepTheirTimes()
    {
        var world = Of([Task("a", instances: 4)]);
        world.Claim("a");
        world.Now = Start.AddSeconds(10);
        long[] began = [0, 9_000, 8_500, 9_250];

        for (var index = 1; index < 4; index++)
        {
            world.Job.Report(world["a"].TaskId, Node, Epoch, Exited(index, began[index]), world.Now);
        }

        var rows = world.Job.Journal.Where(entry => entry.Span == 2).ToList();
        Assert.Equal(["RUNNING", "SUCCEED"], rows.Select(entry => entry.State));
        Assert.All(rows, row => Assert.Equal(Start.AddSeconds(1.5), row.RunningAt));
        Assert.All(rows, row => Assert.Equal([0, -750_000], row.RunningOffsets));
    }

    [Fact]
    public void TimesTooFarApartForAnOffset_AreRowsOfTheirOwn()
    {
        var world = Of([Task("a", instances: 3)]);
        world.Claim("a");
        world.Now = Start.AddDays(1);

        world.Job.Report(world["a"].TaskId, Node, Epoch, Exited(1, 0), world.Now);
        world.Job.Report(world["a"].TaskId, Node, Epoch, Exited(2, 3_000_000), world.Now);

        Assert.DoesNotContain(world.Job.Journal, entry => entry.Span > 1);
    }

    [Fact]
    public void AnotherAttemptInTheSameTransaction_ComesBehindTheEndOfTheFirst()
    {
        var world = Of([Task("a", instances: 3, retries: 1)]);
        world.Claim("a");
        world.Fail("a", 1);
        world.Claim("a");
        world.Succeed("a", 1, attempt: 2);

        Assert.Equal(
            ["TASK_INSTANCE_RUNNING a[1]", "TASK_INSTANCE_RUNNABLE a[1]", "TASK_INSTANCE_RUNNING a[1]", "TASK_INSTANCE_SUCCEED a[1]"],
            world.Story.Where(line => line.EndsWith("a[1]", StringComparison.Ordinal)));
    }

    [Fact]
    public void WhateverDiffers_IsARowOfItsOwn()
    {
        var world = Of([Task("a", instances: 20), Task("b", instances: 20)]);
        world.Claim("a", 12);
        world.Claim("a", 2, node: "node-bbbbbbbb");
        world.Now = Start.AddSeconds(1);
        world.Claim("a", 2);
        world.Claim("b");
        for (var index = 0; index < 8; index++)
        {
            world.Report("a", index, AttemptOutcome.Running);
        }

        world.AssertConsistent();

        // Two of each kind; what parts it from the next: the outcome, the cause, a gap, the node, the time of the claim, the task.
        world.Succeed("a", 1);
        world.Succeed("a", 2);
        world.Fail("a", 3);
        world.Fail("a", 4);
        world.Report("a", 5, AttemptOutcome.Timeout);
        world.Report("a", 6, AttemptOutcome.Timeout);
        world.Report("a", 8, AttemptOutcome.Running);
        world.Report("a", 9, AttemptOutcome.Running);
        world.Report("a", 11, AttemptOutcome.Running);
        world.Report("a", 12, AttemptOutcome.Running, node: "node-bbbbbbbb");
        world.Report("a", 13, AttemptOutcome.Running, node: "node-bbbbbbbb");
        world.Report("a", 14, AttemptOutcome.Running);
        world.Report("a", 15, AttemptOutcome.Running);
        world.Report("b", 16, AttemptOutcome.Running);

        Assert.Equal(
            [
                "TASK_INSTANCE_SUCCEED a[1..2]", "TASK_INSTANCE_FAILED a[3..4]", "TASK_INSTANCE_FAILED a[5..6]",
                "TASK_INSTANCE_RUNNING a[8..9]", "TASK_INSTANCE_RUNNING a[11]",
                "TASK_INSTANCE_RUNNING a[12..13]", "TASK_INSTANCE_RUNNING a[14..15]", "TASK_INSTANCE_RUNNING b[16]",
            ],
            world.Story.SkipWhile(line => line != "TASK_INSTANCE_SUCCEED a[1..2]").Where(line => line.Contains("INSTANCE", StringComparison.Ordinal)));
        world.AssertConsistent();
    }

    [Fact]
    public void LongRun_IsCutIntoRowsOfBoundedLength()
    {
        const int instances = (2 * InstanceSpan.MaxLength) + 10;
        var world = Of([Task("a", instances: instances)]);
        world.Claim("a");

        for (var index = 0; index < instances; index++)
        {
            world.Succeed("a", index);
        }

        Assert.Equal(InstanceSpan.MaxLength, world.Job.Journal.Max(entry => entry.Span));
        Assert.True(world.Job.Journal.Count < 20, $"{world.Job.Journal.Count} rows");
        world.AssertConsistent();
    }

    private static AttemptReport Exited(int index, long beganMsAgo) => new()
    {
        Index = index,
        Attempt = 1,
        Outcome = AttemptOutcome.Exited,
        ExitCode = 0,
        BeganMsAgo = beganMsAgo,
        EndedMsAgo = 0,
    };
}
