using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>Consecutive instances that one claim granted for the first time. Their rows differ in nothing but the index.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="FirstIndex">First instance index.</param>
/// <param name="Count">How many, at least 1.</param>
/// <param name="NodeId">The node that got them.</param>
/// <param name="NodeEpoch">Its epoch.</param>
/// <param name="LaunchedAt">When.</param>
internal sealed record FreshRun(long TaskId, int FirstIndex, int Count, string NodeId, long NodeEpoch, DateTimeOffset LaunchedAt)
{
    private const int FirstAttempt = 1;

    /// <summary>State of all of them.</summary>
    internal static RunState State { get; } = InstanceLifecycle.Table.Next(RunState.Runnable, InstanceEvent.Claimed);

    internal bool Contains(long taskId, int index) => taskId == TaskId && index >= FirstIndex && index < FirstIndex + Count;

    /// <summary>A record for each.</summary>
    internal IEnumerable<InstanceRecord> ToRecords() => Enumerable.Range(FirstIndex, Count).Select(index => new InstanceRecord
    {
        TaskId = TaskId,
        Index = index,
        State = State,
        Attempt = FirstAttempt,
        NodeId = NodeId,
        NodeEpoch = NodeEpoch,
        LaunchedAt = LaunchedAt,
        IsNew = true,
        IsDirty = true,
    });
}
