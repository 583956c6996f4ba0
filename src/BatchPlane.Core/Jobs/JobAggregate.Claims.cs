using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Claims: which instances a node gets.
public sealed partial class JobAggregate
{
    /// <summary>Grants up to <paramref name="limit"/> instances of a task to a node, requeued ones first. Empty when there is nothing to grant (any more), or not before what is tried again is stored.</summary>
    public IReadOnlyList<AttemptRange> Claim(long taskId, string nodeId, long nodeEpoch, int limit, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task) || !IsClaimable(task) || _retried.Exists(run => run.TaskId == taskId))
        {
            return [];
        }

        var count = Math.Min(limit, ClaimableCount(task));
        var ranges = new List<AttemptRange>();
        foreach (var index in task.Requeued.TakeFirst(count))
        {
            var instance = _instances[(taskId, index)];
            Launch(instance, nodeId, nodeEpoch);
            AppendTo(ranges, index, instance.Attempt);
        }

        var ready = count - ranges.Sum(range => range.Count);
        foreach (var (first, length) in task.Ready.TakeRanges(ready))
        {
            _fresh.Add(new(taskId, first, length, nodeId, nodeEpoch, _now));
            ranges.Add(new(first, length, 1));
            ready -= length;
        }

        if (ready > 0)
        {
            _fresh.Add(new(taskId, task.NextIndex, ready, nodeId, nodeEpoch, _now));
            ranges.Add(new(task.NextIndex, ready, 1));
            task.NextIndex += ready;
        }

        task.StartingCount += count;
        task.IsDirty = true;
        if (task.State == RunState.Runnable)
        {
            Move(task, TaskEvent.FirstInstanceClaimed);
            RecordTask(task, JournalSource.Engine);
            if (Job.State == RunState.Runnable)
            {
                MoveJob(JobEvent.FirstInstanceClaimed, JournalSource.Engine);
            }
        }

        return ranges;
    }

    private void Launch(InstanceRecord instance, string nodeId, long nodeEpoch)
    {
        Move(instance, InstanceEvent.Claimed);
        instance.Attempt++;
        instance.NodeId = nodeId;
        instance.NodeEpoch = nodeEpoch;
        instance.LaunchedAt = _now;
        instance.HasBegunBefore |= instance.RunningAt is not null;
        instance.RunningAt = null;
        instance.FinishedAt = null;
        instance.ExitCode = null;
        instance.Cause = null;
        instance.Reason = null;
    }

    private static void AppendTo(List<AttemptRange> ranges, int index, int attempt)
    {
        if (ranges.Count > 0 && ranges[^1] is var last && last.Attempt == attempt && last.FirstIndex + last.Count == index)
        {
            ranges[^1] = last with { Count = last.Count + 1 };
        }
        else
        {
            ranges.Add(new(index, 1, attempt));
        }
    }
}
