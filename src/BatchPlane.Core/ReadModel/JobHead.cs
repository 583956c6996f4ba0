using System.Linq.Expressions;
using BatchPlane.Contracts;

namespace BatchPlane.Core.ReadModel;

/// <summary>What lists show of a row of <c>jobs</c>: a job's documents may have megabytes, and a page has a hundred jobs.</summary>
internal sealed class JobHead
{
    /// <summary>What is read of a row.</summary>
    internal static readonly Expression<Func<JobRow, JobHead>> OfRow = job => new()
    {
        JobId = job.JobId,
        JobName = job.JobName,
        Priority = job.Priority,
        State = job.State,
        Cause = job.Cause,
        Reason = job.Reason,
        Tags = job.Tags,
        ExpiresAt = job.ExpiresAt,
        TerminateRequestedAt = job.TerminateRequestedAt,
        CreatedAt = job.CreatedAt,
        RunningAt = job.RunningAt,
        FinishedAt = job.FinishedAt,
        RetriedAt = job.RetriedAt,
    };

    public required string JobId { get; init; }
    public required string JobName { get; init; }
    public int Priority { get; init; }
    public required string State { get; init; }
    public string? Cause { get; init; }
    public string? Reason { get; init; }
    public required string Tags { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? TerminateRequestedAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? RunningAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public DateTimeOffset? RetriedAt { get; init; }
}

/// <summary>A job in numbers.</summary>
/// <param name="Tasks">Its tasks per state.</param>
/// <param name="Instances">Their instances per state.</param>
internal sealed record JobCounts(RunMetrics Tasks, RunMetrics Instances)
{
    /// <summary>Those of a job without tasks.</summary>
    internal static JobCounts None { get; } = new(new(), new());
}
