namespace BatchPlane.Core.Jobs;

/// <summary>Tells why a task could run and does not. Safe to repeat: no effect when the same was told, the task runs by now, or nobody asked.</summary>
/// <param name="jobId">The job.</param>
/// <param name="taskId">The task.</param>
/// <param name="kind">Kind of the reason: the same is told once.</param>
/// <param name="reason">The reason, for people.</param>
public sealed class TellBlocked(string jobId, long taskId, string kind, string reason) : WriteRequest<TellBlockedOutcome>
{
    internal string JobId { get; } = jobId;

    internal long TaskId { get; } = taskId;

    internal string Kind { get; } = kind;

    internal string Reason { get; } = reason;

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>What became of it.</summary>
/// <param name="IsTold">True when there is an event of it now.</param>
public sealed record TellBlockedOutcome(bool IsTold);
