namespace BatchPlane.Core.Jobs;

/// <summary>Ends a task for whose own environment no node can be made. Safe to repeat; no effect once the task has ended or has another environment.</summary>
public sealed class GiveUpTask(string jobId, long taskId, string envId, string reason) : WriteRequest<GiveUpOutcome>
{
    internal string JobId { get; } = jobId;

    internal long TaskId { get; } = taskId;

    internal string EnvId { get; } = envId;

    internal string Reason { get; } = reason;

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>What became of it.</summary>
/// <param name="IsClosed">True when the task takes no more from now on.</param>
public sealed record GiveUpOutcome(bool IsClosed);
