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
/// <remarks>
/// An end whose output the server could not store is late: it is told with others of its kind (<see cref="TakeLate"/>), so that it holds up none
/// without, and at last without its output. Meanwhile the attempt has begun. While nothing can be stored, each new end with output is late from the start.
/// </remarks>
internal sealed class ReportQueue(AgentOptions options, TimeProvider time)
{
    private const int BytesPerKib = 1024;

    private readonly Lock _gate = new();
    private readonly Queue<(Attempt Attempt, long Since)> _begun = new();
    private readonly Queue<Attempt> _progressed = new();
    private readonly Queue<Attempt> _ended = new();
    private readonly Queue<ReportItem> _next = new();
    private readonly Queue<ReportItem> _late = new();
    private int _uploadsWaiting;
    private int _lateOnTheirWay;
    private bool _storageFails;

    /// <summary>Rung when there is something to tell.</summary>
    internal Bell Bell { get; } = new(time);

    /// <summary>Rung when there is something for <see cref="TakeLate"/>.</summary>
    internal Bell LateBell { get; } = new(time);

    /// <summary>Ended attempts whose output waits for the server's storage.</summary>
    internal int WaitingOutputs
    {
        get
        {
            lock (_gate)
            {
                return _late.Count + _lateOnTheirWay + _uploadsWaiting;
            }
        }
    }

    /// <summary>True while the server stores no output of a report.</summary>
    internal bool StorageFails
    {
        get
        {
            lock (_gate)
            {
                return _storageFails;
            }
        }
    }

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

    /// <summary>The server could not take these ends, because it cannot store the output with them.</summary>
    internal void Unstored(IReadOnlyList<ReportItem> items, bool someStored, string why)
    {
        lock (_gate)
        {
            // Where some of a report were stored, those that were not have a trouble of their own.
            _storageFails = !someStored;
            foreach (var item in items)
            {
                Delay(item);
                item.Attempt.WhyLate = why;
            }
        }

        Bell.Ring();
    }

    /// <summary>The server stored the outputs of a report, or some of them.</summary>
    internal void Stored()
    {
        lock (_gate)
        {
            _storageFails = false;
        }
    }

    /// <summary>A long output of an ended attempt waits for the server's storage. Always true.</summary>
    internal bool OutputWaits()
    {
        lock (_gate)
        {
            _uploadsWaiting++;
        }

        return true;
    }

    /// <summary>It waits no more.</summary>
    internal void OutputWaitsNoMore()
    {
        lock (_gate)
        {
            _uploadsWaiting--;
        }
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
            TakeNext(batch);
            untilDue = TakeBegun(batch);
            var bytes = TakeProgressed(batch);
            TakeEnded(batch, bytes);
        }

        return batch;
    }

    /// <summary>
    /// Takes ends that are late and have output, the longest waiting first; they still count as waiting until <see cref="ToldLate"/>. Those that have waited long enough are told without, by
    /// <see cref="Take"/>.
    /// </summary>
    internal List<ReportItem> TakeLate()
    {
        var batch = new List<ReportItem>();
        lock (_gate)
        {
            var bytes = 0L;
            for (var left = _late.Count; left > 0; left--)
            {
                var item = _late.Dequeue();
                if (item.Attempt.Unreported)
                {
                    continue;
                }

                if (item.Attempt is { WhyLate: { } why } && IsLongEnough(item.Attempt))
                {
                    item.Attempt.Result = item.Attempt.OutputLost is null ? item.Result!.WithoutOutput(why) : item.Result! with { Stdout = null, Stderr = null };
                    item.Attempt.OutputLost ??= why;
                    _next.Enqueue(item with { Result = item.Attempt.Result });
                }
                else if (batch.Count < options.ReportMaxAttempts && bytes < options.ReportMaxOutputBytes)
                {
                    var told = WithProgress(item);
                    batch.Add(told);
                    bytes += BytesOf(told);
                }
                else
                {
                    _late.Enqueue(item);
                }
            }

            if (_next.Count > 0)
            {
                Bell.Ring();
            }

            _lateOnTheirWay = batch.Count;
        }

        return batch;
    }

    /// <summary>The server has answered about what <see cref="TakeLate"/> gave; what it could not store is late again.</summary>
    internal void ToldLate()
    {
        lock (_gate)
        {
            _lateOnTheirWay = 0;
        }
    }

    private bool IsLongEnough(Attempt attempt) =>
        attempt.IsHurried || attempt.EndedAt is not { } ended || time.GetElapsedTime(ended) >= options.OutputPatience;

    // It goes behind those that are late already; that its command ran is told the first time.
    private void Delay(ReportItem item)
    {
        if (item.Attempt is { IsLate: false, BeganAt: not null })
        {
            _next.Enqueue(new ReportItem(item.Attempt, null));
        }

        item.Attempt.IsLate = true;
        _late.Enqueue(item);
        LateBell.Ring();
    }

    private void TakeNext(List<ReportItem> batch)
    {
        while (batch.Count < options.ReportMaxAttempts && _next.TryDequeue(out var item))
        {
            if (!item.Attempt.Unreported)
            {
                batch.Add(item);
            }
        }
    }

    private static ReportItem WithProgress(ReportItem item) => item with { Progress = item.Progress ?? item.Attempt.Progress?.Take(isLast: true) };

    private static long BytesOf(ReportItem item) => (item.Result!.Stdout?.Length ?? 0) + (item.Result.Stderr?.Length ?? 0) + (item.Progress?.Bytes ?? 0);

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
            if (attempt.Unreported)
            {
                continue;
            }

            var item = new ReportItem(attempt, attempt.Result);
            if (_storageFails && attempt.Result!.HasOutput)
            {
                Delay(item);
                continue;
            }

            item = WithProgress(item);
            batch.Add(item);
            bytes += BytesOf(item);
        }

        // Begins of those that were found to be late just now.
        TakeNext(batch);
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
