using BatchPlane.Contracts;

namespace BatchPlane.Core.ReadModel;

/// <summary>
/// In which state an instance is shown. What waits is shown as its task waits, whether it was claimed before or not: the row of one that a user has tried again says RUNNABLE, and only the
/// task knows that it waits for others. Counters per state (<see cref="JobQueries.Metrics(string, long, long, long, long, long, long, long)"/>) count by the same rule.
/// </summary>
internal static class InstanceStates
{
    /// <summary>
    /// The state. <paramref name="row"/>: that of its row; null: it was never claimed. <paramref name="task"/>: its task's. <paramref name="isHeld"/>: it waits for its likes in other tasks.
    /// <paramref name="isSkipped"/>: it ended without having been claimed.
    /// </summary>
    internal static RunState Of(RunState? row, RunState task, bool isHeld, bool isSkipped) => row switch
    {
        { } own and not RunState.Runnable => own,
        _ when isSkipped => RunState.Failed,
        _ when task is RunState.Submitted or RunState.Pending => task,
        _ => isHeld ? RunState.Pending : RunState.Runnable,
    };
}
