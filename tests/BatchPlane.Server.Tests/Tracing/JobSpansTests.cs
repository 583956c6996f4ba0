using System.Diagnostics;
using BatchPlane.Contracts;
using BatchPlane.Server.Tracing;

namespace BatchPlane.Server.Tests.Tracing;

/// <summary>What spans say of attempts that took the place of lost ones.</summary>
public sealed class JobSpansTests
{
    [Fact]
    public void Failover_IsLinkedToTheAttemptThatWasLost()
    {
        var at = DateTimeOffset.UnixEpoch.AddDays(20_000);

        var lost = Make(Attempt(1, ExecutionResults.Lost, null, at));
        var next = Make(Attempt(2, ExecutionResults.Success, 1, at.AddSeconds(9)));

        Assert.Equal((ActivityStatusCode.Error, "no heartbeat"), (lost.Status, lost.StatusDescription));
        var link = Assert.Single(next.Links);
        Assert.Equal((lost.SpanId, lost.TraceId), (link.Context.SpanId, link.Context.TraceId));
        Assert.Equal("original_attempt", Assert.Single(link.Tags!).Value);
        Assert.Equal(("FAILOVER", lost.ParentSpanId), (next.GetTagItem("batchplane.execution.source"), next.ParentSpanId));
        Assert.Equal((at.UtcDateTime, TimeSpan.FromSeconds(5)), (lost.StartTimeUtc, lost.Duration));
    }

    private static Activity Make(ListenerEvent one)
    {
        using var source = new ActivitySource(nameof(JobSpansTests));
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = candidate => ReferenceEquals(candidate, source),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        new JobSpans(source, tracesUnsampled: false).Make(one);
        return Assert.Single(ended);
    }

    private static ListenerEvent Attempt(int number, string result, int? original, DateTimeOffset startedAt) => new()
    {
        Event = new()
        {
            EventId = $"job-4yn0we13:{number}",
            Sequence = number,
            SubjectId = "job-4yn0we13",
            Level = "task_instance",
            EventName = "TASK_INSTANCE_RUNNABLE",
            State = "RUNNABLE",
            TaskName = "count",
            Reason = "no heartbeat",
            Source = "engine",
            OccurredAt = startedAt.AddSeconds(5),
        },
        Execution = new()
        {
            ExecutionId = $"job-4yn0we13/0/0/{number}",
            JobId = "job-4yn0we13",
            TaskName = "count",
            TaskInstanceIndex = 0,
            Attempt = number,
            ExecutionSource = ExecutionSources.Of(number, original, null),
            PreviousAttempt = number > 1 ? number - 1 : null,
            OriginalAttempt = original,
            Result = result,
            StartTime = startedAt,
            CompleteTime = startedAt.AddSeconds(5),
        },
    };
}
