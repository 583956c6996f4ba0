using BatchPlane.Agent.Progress;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>What is to be told of one attempt.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Result">Its end; null: it has begun.</param>
/// <param name="Progress">What it posted before that; null: nothing to tell.</param>
internal readonly record struct ReportItem(Attempt Attempt, AttemptResult? Result, ProgressNews? Progress = null);

/// <summary>
/// What the server has not been told yet. Begins wait a little (<see cref="AgentOptions.StartReportDelay"/>): one whose end comes meanwhile is
/// not told on its own. Safe for threads.
/// </summary>
internal sealed class ReportQueue(AgentOptions options, TimeProvider time)
{
    private const int BytesPerKib = 1024;

    private readonly Lock _gate = new();
    private readonly Queue<(Attempt Attempt, long Since)> _begun = new();
    private readonly Queue<Attempt> _progressed = new();
    private readonly Queue<Attempt> _ended = new();

    /// <summary>Rung when there is something to tell.</summary>
    internal Bell Bell { get; } = new(time);

    /// <summary>The attempt's command runs.</summary>
    internal void Began(Attempt attempt)
    {
        lock (_gate)
        {
            _begun.Enqueue((attempt, time.GetTimestamp()));
        }

        Bell.Ring();
    }

    /// <summary>The attempt is over; its output is at the server or in <paramref name="result"/>.</summary>
    internal void Ended(Attempt attempt, AttemptResult result)
    {
        lock (_gate)
        {
            attempt.Result = result;
            _ended.Enqueue(attempt);
        }

        Bell.Ring();
    }

    /// <summary>The same end for many attempts without output.</summary>
    internal void Ended(IReadOnlyList<Attempt> attempts, AttemptResult result)
    {
        lock (_gate)
        {
            foreach (var attempt in attempts)
            {
                attempt.Result = result;
                _ended.Enqueue(attempt);
            }
        }

        Bell.Ring();
    }

    /// <summary>The attempt's command posted something. What it posts until that is told goes with it.</summary>
    internal void Progressed(Attempt attempt)
    {
        lock (_gate)
        {
            if (attempt.IsProgressQueued)
            {
                return;
            }

            attempt.IsProgressQueued = true;
            _progressed.Enqueue(attempt);
        }

        Bell.Ring();
    }

    /// <summary>Whatever is queued of the attempt is not told.</summary>
    internal void Withdraw(Attempt attempt)
    {
        lock (_gate)
        {
            attempt.Unreported = true;
        }
    }

    /// <summary>Takes the next report: begins that are due, then progress, then ends, in order and within the limits. Empty: nothing is due.</summary>
    /// <param name="untilDue">With an empty batch: when the next begin is due; infinite: there is none.</param>
    internal List<ReportItem> Take(out TimeSpan untilDue)
    {
        var batch = new List<ReportItem>();
        lock (_gate)
        {
            untilDue = TakeBegun(batch);
            var bytes = TakeProgressed(batch);
            TakeEnded(batch, bytes);
        }

        return batch;
    }

    private TimeSpan TakeBegun(List<ReportItem> batch)
    {
        while (batch.Count < options.ReportMaxAttempts && _begun.TryPeek(out var next))
        {
            if (next.Attempt.Result is null && !next.Attempt.Unreported)
            {
                var wait = options.StartReportDelay - time.GetElapsedTime(next.Since);
                if (wait > TimeSpan.Zero)
                {
                    return wait;
                }

                batch.Add(new ReportItem(next.Attempt, null));
            }

            _begun.Dequeue();
        }

        return Timeout.InfiniteTimeSpan;
    }

    // One whose end is here already is told with it.
    private long TakeProgressed(List<ReportItem> batch)
    {
        var bytes = 0L;
        while (batch.Count < options.ReportMaxAttempts && bytes < options.ReportMaxOutputBytes && _progressed.TryDequeue(out var attempt))
        {
            attempt.IsProgressQueued = false;
            if (attempt.Result is null && !attempt.Unreported && attempt.Progress!.Take(isLast: false) is { } news)
            {
                batch.Add(new ReportItem(attempt, null, news));
                bytes += news.Bytes;
            }
        }

        return bytes;
    }

    private void TakeEnded(List<ReportItem> batch, long bytes)
    {
        while (batch.Count < options.ReportMaxAttempts && bytes < options.ReportMaxOutputBytes && _ended.TryDequeue(out var attempt))
        {
            if (!attempt.Unreported)
            {
                var news = attempt.Progress?.Take(isLast: true);
                batch.Add(new ReportItem(attempt, attempt.Result, news));
                bytes += (attempt.Result!.Stdout?.Length ?? 0) + (attempt.Result.Stderr?.Length ?? 0) + (news?.Bytes ?? 0);
            }
        }
    }

    /// <summary>The request that tells <paramref name="batch"/>, with times as of now: made anew for each try.</summary>
    internal static ReportRequest ToRequest(IReadOnlyList<ReportItem> batch, long epoch, TimeProvider time)
    {
        // One moment for all: what happened at the same time is told as such.
        var now = time.GetTimestamp();
        return new()
        {
            Epoch = epoch,
            Tasks = [.. batch.GroupBy(item => (item.Attempt.Claim.JobId, item.Attempt.Key.TaskId)).Select(task => new TaskReport
            {
                JobId = task.Key.JobId,
                TaskId = task.Key.TaskId,
                Attempts = [.. task.Select(item => ToReport(item, now, time))],
            })],
        };
    }

    private static AttemptReport ToReport(ReportItem item, long now, TimeProvider time)
    {
        var (attempt, result, news) = item;
        return new AttemptReport
        {
            Index = attempt.Key.Index,
            Attempt = attempt.Key.Number,
            Outcome = result?.Outcome ?? AttemptOutcome.Running,
            ExitCode = result?.ExitCode,
            Signal = result?.Signal,
            Reason = result?.Reason,
            BeganMsAgo = Milliseconds(attempt.BeganAt, now, time),
            EndedMsAgo = result is null ? null : Milliseconds(attempt.EndedAt, now, time),
            Usage = result?.Usage is { } used ? new ResourceUsage((long)used.CpuTime.TotalMilliseconds, used.PeakMemoryBytes / BytesPerKib) : null,
            Stdout = result?.Stdout,
            Stderr = result?.Stderr,
            Progress = news is null ? null : news.Progress with { PostedMsAgo = Milliseconds(news.PostedAt, now, time) },
        };
    }

    private static long? Milliseconds(long? timestamp, long now, TimeProvider time) =>
        timestamp is { } then ? (long)time.GetElapsedTime(then, now).TotalMilliseconds : null;
}
