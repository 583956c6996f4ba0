using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>Adds counts per state up.</summary>
public static class RunMetricsSum
{
    /// <summary>Sum of all parts; all zero for none.</summary>
    public static RunMetrics Of(IEnumerable<RunMetrics> parts) => parts.Aggregate(new RunMetrics(), (sum, part) => new()
    {
        SubmittedCount = sum.SubmittedCount + part.SubmittedCount,
        PendingCount = sum.PendingCount + part.PendingCount,
        RunnableCount = sum.RunnableCount + part.RunnableCount,
        StartingCount = sum.StartingCount + part.StartingCount,
        RunningCount = sum.RunningCount + part.RunningCount,
        SucceedCount = sum.SucceedCount + part.SucceedCount,
        FailedCount = sum.FailedCount + part.FailedCount,
        FailedInterruptedCount = sum.FailedInterruptedCount + part.FailedInterruptedCount,
    });
}
