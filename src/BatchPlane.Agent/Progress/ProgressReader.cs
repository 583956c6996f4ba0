using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Progress;

/// <summary>
/// Looks for what attempts post and brings it to the report queue. An attempt that posts nothing costs one failed system call per look,
/// of which there is one for each <see cref="ProgressTerms.IntervalMs"/> and one at its end.
/// </summary>
internal sealed partial class ProgressReader(ProgressTerms terms, ReportQueue reports, TimeProvider time, ILogger log)
{
    internal TimeSpan Interval { get; } = TimeSpan.FromMilliseconds(terms.IntervalMs);

    /// <summary>Looks at the file of a running attempt.</summary>
    internal void Look(Attempt attempt)
    {
        if (FeedOf(attempt) is not { } feed)
        {
            return;
        }

        if (feed.Look())
        {
            reports.Progressed(attempt);
        }

        Warn(attempt, feed);
    }

    /// <summary>The attempt has ended: what it posted last will be told with its end.</summary>
    internal void Finish(Attempt attempt)
    {
        if (FeedOf(attempt) is { } feed)
        {
            feed.Finish();
            Warn(attempt, feed);
        }
    }

    /// <summary>The attempt is not to be told of: its file goes.</summary>
    internal static void Discard(Attempt attempt) => _ = Native.Unlink(attempt.Paths.Progress);

    private ProgressFeed? FeedOf(Attempt attempt) => attempt.Progress
        ?? (Native.Access(attempt.Paths.Progress, Native.Exists) == 0 ? attempt.Attach(new(attempt.Paths.Progress, terms, time, ProgressMark.Read(attempt.ProgressMark))) : null);

    private void Warn(Attempt attempt, ProgressFeed feed)
    {
        if (feed.TakeFirstProblem() is { } problem)
        {
            Log.BadLine(log, attempt.Claim.JobId, attempt.Claim.TaskName, attempt.Key.Index, attempt.Key.Number, problem);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6021, LogLevel.Warning, "{JobId} {TaskName}[{Index}] attempt {Attempt} posts progress that cannot be read; it goes on, and the next ones are only counted: {Problem}")]
        internal static partial void BadLine(ILogger logger, string jobId, string taskName, int index, int attempt, string problem);
    }
}
