using System.Diagnostics;
using System.Runtime.CompilerServices;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tracing;

/// <summary>Makes the spans that events end: of attempts, tasks and jobs. Times are those of the events.</summary>
/// <param name="source">What the spans are of.</param>
/// <param name="tracesUnsampled">Whether jobs have spans whose caller said that its trace is not recorded.</param>
internal sealed class JobSpans(ActivitySource source, bool tracesUnsampled)
{
    /// <summary>Attribute with the id of the event that ended the span.</summary>
    internal const string EventId = "batchplane.event.id";

    private const string JobLevel = "job";
    private const string TaskLevel = "task";

    /// <summary>Makes, and ends, the span that ends with an event; most end none.</summary>
    internal void Make(ListenerEvent one)
    {
        var view = one.Event;
        var trace = JobTrace.Of(one);
        if (trace.IsUnsampled && !tracesUnsampled)
        {
            return;
        }

        if (one.Execution is { } execution)
        {
            MakeAttempt(one, trace, execution);
        }
        else if (view.Level == TaskLevel && IsEnd(view.State))
        {
            var begin = one.RunningAt ?? view.OccurredAt;
            Finish(Begin($"task {view.TaskName}", trace, trace.Task(one.TaskNo ?? 0), trace.Job, begin), one, IsFailure(view.State));
        }
        else if (view.Level == JobLevel && IsEnd(view.State))
        {
            var begin = one.Job is { } job ? (job.RetriedAt <= view.OccurredAt ? job.RetriedAt.Value : job.CreatedAt) : one.RunningAt ?? view.OccurredAt;
            var span = Begin($"job {one.Job?.JobName}".TrimEnd(), trace, trace.Job, trace.ParentOfJob, begin);
            if (one.RunningAt is { } running)
            {
                span?.AddEvent(new("running", running));
            }

            Finish(span, one, IsFailure(view.State));
        }
    }

    private void MakeAttempt(ListenerEvent one, JobTrace trace, ExecutionView execution)
    {
        var taskNo = one.TaskNo ?? 0;
        ActivitySpanId SpanOf(int attempt) => trace.Attempt(taskNo, execution.TaskInstanceIndex, attempt);
        var before = execution.OriginalAttempt ?? execution.PreviousAttempt;
        var links = before is { } earlier
            ? new ActivityLink(
                new(trace.TraceId, SpanOf(earlier), ActivityTraceFlags.Recorded),
                new() { ["batchplane.link"] = execution.OriginalAttempt is null ? "previous_attempt" : "original_attempt" })
            : (ActivityLink?)null;
        var begin = execution.StartTime ?? execution.LaunchedAt ?? one.Event.OccurredAt;
        var span = Begin($"attempt of {execution.TaskName}", trace, SpanOf(execution.Attempt), trace.Task(taskNo), begin, links);
        span?.SetTag("batchplane.task_instance.index", execution.TaskInstanceIndex);
        span?.SetTag("batchplane.attempt", execution.Attempt);
        span?.SetTag("batchplane.execution.id", execution.ExecutionId);
        span?.SetTag("batchplane.execution.source", execution.ExecutionSource);
        span?.SetTag("batchplane.execution.result", execution.Result);
        span?.SetTag("batchplane.node.id", execution.ComputeNodeId);
        span?.SetTag("batchplane.launched_at", execution.LaunchedAt?.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
        span?.SetTag("process.exit.code", execution.ExitCode);
        Finish(span, one, execution.Result is not (ExecutionResults.Success or ExecutionResults.Returned));
    }

    /// <summary>A span with these ids; null when nobody listens to the source.</summary>
    private Activity? Begin(string name, JobTrace trace, ActivitySpanId id, ActivitySpanId parent, DateTimeOffset begin, ActivityLink? link = null)
    {
        var context = new ActivityContext(trace.TraceId, parent, ActivityTraceFlags.Recorded);
        var span = source.CreateActivity(name, ActivityKind.Internal, context, tags: null, link is { } one ? [one] : null);
        if (span is not null)
        {
            span.SetStartTime(begin.UtcDateTime);
            span.Start();
            IdOf(span) = id.ToHexString();
        }

        return span;
    }

    private static void Finish(Activity? span, ListenerEvent one, bool isError)
    {
        if (span is null)
        {
            return;
        }

        var view = one.Event;
        span.SetTag("batchplane.job.id", view.SubjectId);
        span.SetTag("batchplane.job.name", one.Job?.JobName);
        span.SetTag("batchplane.task.name", view.TaskName);
        span.SetTag("batchplane.state", view.State);
        span.SetTag("batchplane.cause", view.Cause is { } cause ? Core.WireName.Of(cause) : null);
        span.SetTag("batchplane.source", view.Source);
        span.SetTag(EventId, view.EventId);
        if (isError)
        {
            span.SetStatus(ActivityStatusCode.Error, view.Reason);
        }

        var end = view.OccurredAt.UtcDateTime;
        span.SetEndTime(end < span.StartTimeUtc ? span.StartTimeUtc : end);
        span.Stop();
    }

    private static bool IsEnd(string state) => state == Core.WireName.Of(RunState.Succeed) || IsFailure(state);

    private static bool IsFailure(string state) => state == Core.WireName.Of(RunState.Failed) || state == Core.WireName.Of(RunState.FailedInterrupted);

    /// <summary>.NET makes the id of a span at random and has no public way to choose it (only that of a trace); a test of the spans on the wire says when this field is no more.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? IdOf(Activity span);
}
