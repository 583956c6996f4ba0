using BatchPlane.Contracts;

namespace BatchPlane.Bench.Soak;

/// <summary>Looks at the counters of a job again and again, as the API shows them, and notes whatever cannot be. Pure.</summary>
internal sealed class CounterWatch(int instances)
{
    private const int NotesMax = 20;

    private readonly List<string> _violations = [];
    private readonly Dictionary<string, RunMetrics> _last = new(StringComparer.Ordinal);

    /// <summary>How often it looked.</summary>
    internal int Looks { get; private set; }

    /// <summary>What it saw, one sentence each; the first ones only.</summary>
    internal IReadOnlyList<string> Violations => _violations;

    /// <summary>Looks at one answer.</summary>
    internal void Look(JobDetail job)
    {
        Looks++;
        Look("the job", job.TaskInstanceMetrics, instances);
        foreach (var task in job.Tasks)
        {
            Look($"task {task.TaskName}", task.TaskInstanceMetrics, task.TaskInstanceNum);
        }
    }

    // What waits is what is left of the total, so that a wrong counter shows as less than nothing that waits.
    private void Look(string what, RunMetrics now, int total)
    {
        long[] counts =
        [
            now.SubmittedCount, now.PendingCount, now.RunnableCount, now.StartingCount, now.RunningCount, now.SucceedCount, now.FailedCount, now.FailedInterruptedCount,
        ];
        if (counts.Sum() != total || counts.Any(count => count < 0))
        {
            Note(FormattableString.Invariant($"look {Looks}: the counters of {what} do not add up to {total}: {now}"));
        }

        if (_last.TryGetValue(what, out var before) && now.SucceedCount < before.SucceedCount)
        {
            Note(FormattableString.Invariant($"look {Looks}: {what} had {before.SucceedCount} succeeded instances and has {now.SucceedCount}"));
        }

        _last[what] = now;
    }

    private void Note(string violation)
    {
        if (_violations.Count < NotesMax)
        {
            _violations.Add(violation);
        }
    }
}
