using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>Consecutive instances whose attempt simply succeeded, with the same times: what their rows take is the same, too.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="FirstIndex">First instance index.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="RunningAt">When it began.</param>
/// <param name="FinishedAt">When it ended.</param>
internal sealed record SucceededRun(long TaskId, int FirstIndex, int Attempt, DateTimeOffset RunningAt, DateTimeOffset FinishedAt)
{
    /// <summary>How many, at least 1.</summary>
    internal int Count { get; private set; } = 1;

    /// <summary>Parts instances that simply succeeded from all others.</summary>
    internal static (List<SucceededRun> Succeeded, List<InstanceRecord> Others) Split(IReadOnlyList<InstanceRecord> instances)
    {
        var (succeeded, others) = (new List<SucceededRun>(), new List<InstanceRecord>());
        foreach (var instance in instances)
        {
            if (IsSuccess(instance))
            {
                Append(succeeded, instance);
            }
            else
            {
                others.Add(instance);
            }
        }

        return (succeeded, others);
    }

    /// <summary>True when all that differs from the instance's row is what an attempt's success changes.</summary>
    private static bool IsSuccess(InstanceRecord instance) =>
        instance is { State: RunState.Succeed, RunningAt: not null, FinishedAt: not null, Reason: null }
        && RunStates.IsHeldByNode(instance.LoadedState)
        && instance.Attempt == instance.LoadedAttempt;

    /// <summary>Adds an instance to the last run, or as one of its own.</summary>
    private static void Append(List<SucceededRun> runs, InstanceRecord instance)
    {
        if (runs.Count > 0 && runs[^1] is var last && last.IsFollowedBy(instance))
        {
            last.Count++;
        }
        else
        {
            runs.Add(new(instance.TaskId, instance.Index, instance.Attempt, instance.RunningAt!.Value, instance.FinishedAt!.Value));
        }
    }

    private bool IsFollowedBy(InstanceRecord instance) =>
        instance.Index == FirstIndex + Count
        && instance.TaskId == TaskId
        && instance.Attempt == Attempt
        && instance.RunningAt == RunningAt
        && instance.FinishedAt == FinishedAt;
}
