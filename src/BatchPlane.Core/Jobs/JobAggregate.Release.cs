using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

// Release: what a termination does to instances that are kept for inspection.
public sealed partial class JobAggregate
{
    private readonly IReadOnlyDictionary<long, IndexSet> _kept;

    /// <summary>Releases all that a task keeps: what is loaded one by one, the others together, by what the statement that stores it finds.</summary>
    private void ReleaseAll(TaskRecord task, string text, string source)
    {
        var loaded = _instances.Values.Where(instance => instance.TaskId == task.TaskId).OrderBy(instance => instance.Index).ToList();
        foreach (var instance in loaded.Where(instance => instance.State == RunState.FailedInterrupted))
        {
            Release(task, instance, text, source);
        }

        if (_kept.TryGetValue(task.TaskId, out var others))
        {
            // Of what is loaded more is known than what is stored.
            loaded.ForEach(instance => others.Remove(instance.Index));
            ReleaseTogether(task, others.TakeAll(), text, source);
        }
    }

    private void Release(TaskRecord task, InstanceRecord instance, string text, string source)
    {
        Move(instance, InstanceEvent.Released);
        instance.Cause = Cause.Terminated;
        instance.Reason = text;
        task.InterruptedCount--;
        task.FailedCount++;
        task.IsDirty = true;
        RecordInstance(task, instance, source, isOfAttempt: false, isReleased: true);
        FinishRelease(task, text, source);
    }

    private void ReleaseTogether(TaskRecord task, IReadOnlyList<(int First, int Count)> ranges, string text, string source)
    {
        if (ranges.Count == 0)
        {
            return;
        }

        var state = InstanceLifecycle.Table.Next(RunState.FailedInterrupted, InstanceEvent.Released);
        foreach (var (first, count) in ranges)
        {
            _closed.Add(new(task.TaskId, first, count, RunState.FailedInterrupted, Cause.Terminated, text, EndedAt: null));
            task.InterruptedCount -= count;
            task.FailedCount += count;
            RecordUnclaimed(task, first, count, state, Cause.Terminated, text, source);
        }

        task.IsDirty = true;
        FinishRelease(task, text, source);
    }

    /// <summary>A task that keeps nothing any more is FAILED, and so is a job without a task that keeps something.</summary>
    private void FinishRelease(TaskRecord task, string text, string source)
    {
        if (task.State != RunState.FailedInterrupted || task.InterruptedCount > 0)
        {
            return;
        }

        Move(task, TaskEvent.Released);
        task.Cause = Cause.Terminated;
        task.Reason = text;
        RecordTask(task, source);
        if (Job.State == RunState.FailedInterrupted && _tasks.All(other => other.State != RunState.FailedInterrupted))
        {
            Job.Cause = Cause.Terminated;
            Job.Reason = text;
            MoveJob(JobEvent.Released, source);
        }
    }
}
