using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Tests;

/// <summary>What goes into which report.</summary>
public sealed class ReportQueueTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void BeginAndEndMeet_AreOne()
    {
        var queue = Queue();
        var attempt = Attempt(0);

        queue.Began(attempt);
        queue.Ended(attempt, new AttemptResult(AttemptOutcome.Exited, ExitCode: 0));

        Assert.Equal(AttemptOutcome.Exited, Assert.Single(queue.Take(out _)).Result!.Outcome);
        Assert.Empty(queue.Take(out var untilDue));
        Assert.Equal(Timeout.InfiniteTimeSpan, untilDue);
    }

    [Fact]
    public void BeginAlone_WaitsForItsTime()
    {
        var queue = Queue();
        queue.Began(Attempt(0));

        Assert.Empty(queue.Take(out var untilDue));
        Assert.Equal(TimeSpan.FromMilliseconds(25), untilDue);
        _time.Advance(untilDue);

        Assert.Null(Assert.Single(queue.Take(out _)).Result);
    }

    [Fact]
    public void Withdrawn_IsNotTold()
    {
        var queue = Queue();
        var attempt = Attempt(0);
        queue.Ended(attempt, new AttemptResult(AttemptOutcome.Returned));

        queue.Withdraw(attempt);

        Assert.Empty(queue.Take(out _));
    }

    [Fact]
    public void MuchOutput_IsSplit()
    {
        var queue = Queue();
        for (var i = 0; i < 3; i++)
        {
            queue.Ended(Attempt(i), new AttemptResult(AttemptOutcome.Exited, ExitCode: 0) { Stdout = new string('A', AgentOptions.DefaultReportMaxOutputBytes) });
        }

        Assert.Equal([1, 1, 1], Enumerable.Range(0, 3).Select(turn => queue.Take(out _).Count));
    }

    [Fact]
    public void Request_GroupsByTaskAndTellsTimesAsOfNow()
    {
        var queue = Queue();
        foreach (var (index, taskId) in new[] { (0, 1L), (1, 2L), (2, 1L) })
        {
            var attempt = Attempt(index, taskId);
            attempt.BeganAt = _time.GetTimestamp();
            _time.Advance(TimeSpan.FromMilliseconds(10));
            attempt.EndedAt = _time.GetTimestamp();
            queue.Ended(attempt, new AttemptResult(AttemptOutcome.Exited, ExitCode: 0));
        }

        _time.Advance(TimeSpan.FromSeconds(5));
        var request = ReportQueue.ToRequest(queue.Take(out _), epoch: 7, _time);

        Assert.Equal(7, request.Epoch);
        Assert.Equal([1L, 2L], request.Tasks.Select(task => task.TaskId));
        Assert.Equal([0, 2], request.Tasks[0].Attempts.Select(attempt => attempt.Index));
        Assert.Equal((5_030L, 5_020L), (request.Tasks[0].Attempts[0].BeganMsAgo, request.Tasks[0].Attempts[0].EndedMsAgo));
    }

    private ReportQueue Queue() =>
        new(new AgentOptions { ServerUrl = new Uri("http://localhost"), JoinToken = "x", Directory = "/nowhere" }, _time);

    private static Attempt Attempt(int index, long taskId = 1)
    {
        var claim = new ClaimGrant { ClaimId = 1, JobId = "job-00000001", TaskId = taskId, TaskName = "t", TaskInstanceNum = 3, Run = new RunSpec(), Attempts = [] };
        return new Attempt(claim, index, 1, new AttemptPaths("/nowhere", new OutputFile("/nowhere.stdout"), new OutputFile("/nowhere.stderr"), "/nowhere.progress"));
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        internal void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
