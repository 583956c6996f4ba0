using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tracing;

/// <summary>
/// The trace that a job is: ids made of what names its parts, so that a span can be told of when it ends, on any server, and its children may have been told of before. A job whose submit came with a
/// trace context is part of that trace; else it has one of its own. What happens after a retry hangs below a span of its own, that of the new life.
/// </summary>
internal sealed class JobTrace
{
    private readonly string _jobId;
    private readonly string _life;

    private JobTrace(string jobId, string life, ActivityTraceId traceId, ActivitySpanId caller, bool isUnsampled)
    {
        IsUnsampled = isUnsampled;
        _jobId = jobId;
        _life = life;
        TraceId = traceId;
        Job = SpanOf(jobId, life);
        ParentOfJob = life.Length == 0 ? caller : SpanOf(jobId, "");
    }

    /// <summary>True when the caller said that its trace is not recorded.</summary>
    internal bool IsUnsampled { get; }

    /// <summary>Id of the trace.</summary>
    internal ActivityTraceId TraceId { get; }

    /// <summary>Span of the job's life.</summary>
    internal ActivitySpanId Job { get; }

    /// <summary>Its parent: the caller's span, or that of the job's first life; default: it has none.</summary>
    internal ActivitySpanId ParentOfJob { get; }

    /// <summary>The trace that an event belongs to.</summary>
    internal static JobTrace Of(ListenerEvent one)
    {
        // Of several lives behind it, only the last can be told from the first.
        var life = one.Job?.RetriedAt is { } retried && one.Event.OccurredAt >= retried ? retried.UtcTicks.ToString(CultureInfo.InvariantCulture) : "";
        return ActivityContext.TryParse(one.Job?.Traceparent, null, out var caller)
            ? new(one.Event.SubjectId, life, caller.TraceId, caller.SpanId, !caller.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
            : new(one.Event.SubjectId, life, ActivityTraceId.CreateFromBytes(Hash(one.Event.SubjectId, "trace").AsSpan(0, 16)), default, isUnsampled: false);
    }

    /// <summary>Span of a task in this life.</summary>
    internal ActivitySpanId Task(int taskNo) => SpanOf(_jobId, _life, Number(taskNo));

    /// <summary>Span of an attempt: attempts are numbered over all lives.</summary>
    internal ActivitySpanId Attempt(int taskNo, int index, int attempt) => SpanOf(_jobId, "", Number(taskNo), Number(index), Number(attempt));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static ActivitySpanId SpanOf(params ReadOnlySpan<string> parts) => ActivitySpanId.CreateFromBytes(Hash(parts).AsSpan(0, 8));

    private static byte[] Hash(params ReadOnlySpan<string> parts) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts!)));
}
