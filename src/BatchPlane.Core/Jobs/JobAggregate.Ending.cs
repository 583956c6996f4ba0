using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Endings: of tasks and the job, with all that follows from them.
public sealed partial class JobAggregate
{
    private readonly List<SkippedInstances> _skipped = [];
    private readonly List<ClosedInstances> _closed = [];

    /// <summary>Instances that ended without ever having been claimed.</summary>
    internal IReadOnlyList<SkippedInstances> Skipped => _skipped;

    /// <summary>True once something is to end that nodes hold: they are to be told.</summary>
    internal bool HasOrders { get; private set; }

    /// <summary>Requeued or kept instances that ended with their task without having been loaded.</summary>
    internal IReadOnlyList<ClosedInstances> ClosedRows => _closed;

    /// <summary>
    /// Notes that the job's end is wished, ends at once what no node holds and releases what is kept for inspection. What nodes
    /// hold ends when they report. False when the job has ended already (FAILED_INTERRUPTED has not: it is released).
    /// </summary>
    public bool RequestTermination(string source, string? reason, DateTimeOffset now)
    {
        _now = now;
        if (Job.State is RunState.Succeed or RunState.Failed)
        {
            return false;
        }

        if (Job.TerminateRequestedAt is null)
        {
            Job.TerminateRequestedAt = now;
            Job.TerminateRequestedBy = source;
            Job.TerminateReason = reason;
            Job.ExpiresAt = null;
            Job.IsDirty = true;
        }

        foreach (var task in _tasks)
        {
            ReleaseAll(task, TerminationText(), source);
        }

        foreach (var task in _tasks.Where(task => !RunStates.IsFinal(task.State)))
        {
            Close(task, Cause.Terminated, TerminationText(), source);
        }

        return true;
    }

    /// <summary>Ends one task as <see cref="RequestTermination"/> ends all: at once what no node holds, the rest when nodes report. No effect on a task that has ended. False when there is no such task.</summary>
    public bool RequestTaskTermination(long taskId, string source, string? reason, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task))
        {
            return false;
        }

        var text = TerminationText(source, reason);
        ReleaseAll(task, text, source);
        if (!RunStates.IsFinal(task.State))
        {
            Close(task, Cause.Terminated, text, source);
        }

        return true;
    }

    /// <summary>
    /// Ends one instance: at once when no node holds it; else the wish is noted, and it ends when the node reports or is lost. No
    /// effect on one that has ended or is to end. False when there is no such instance.
    /// </summary>
    public bool RequestInstanceTermination(long taskId, int index, string source, string? reason, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task) || index < 0 || index >= task.InstanceCount)
        {
            return false;
        }

        var text = TerminationText(source, reason);
        if (Find(taskId, index) is { } instance)
        {
            Terminate(task, instance, text, source);
        }
        else if (Withhold(task, index))
        {
            Skip(task, index, 1, Cause.Terminated, text, source);
            FinishTaskIfDone(task, source, Cause.Terminated);
        }

        return true;
    }

    /// <summary>Ends a task that no node can be made for. False when it waits for none: it has ended, waits for other tasks or has another environment by now.</summary>
    internal bool CloseWithoutNodes(long taskId, string envId, string reason, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task) || task.EnvId != envId || task.Closed || !RunStates.IsSchedulable(task.State))
        {
            return false;
        }

        Close(task, Cause.NodeCreationFailed, reason, JournalSource.Engine);
        return true;
    }

    private void Terminate(TaskRecord task, InstanceRecord instance, string text, string source)
    {
        switch (instance.State)
        {
            case RunState.Runnable:
                task.Requeued.Remove(instance.Index);
                if (task.Delayed.Remove(instance.Index).Count > 0)
                {
                    ForgetDelays(task.TaskId, instance.Index, 1);
                }

                task.IsDirty = true;
                CloseRequeued(task, instance.Index, 1, Cause.Terminated, text, source);
                task.Reason ??= $"instance {instance.Index}: {text}";
                if (!CloseAfterTooManyFailures(task))
                {
                    FinishTaskIfDone(task, source);
                }

                break;
            case RunState.Starting or RunState.Running when !IsToEnd(task, instance):
                instance.TerminateReason = text;
                instance.IsTerminationNew = true;
                HasOrders = true;
                break;
            case RunState.FailedInterrupted:
                Release(task, instance, text, source);
                break;
            default:
                break;
        }
    }

    /// <summary>Takes an instance without a row out of what waits; false when it has ended already.</summary>
    private static bool Withhold(TaskRecord task, int index)
    {
        if (index < task.NextIndex)
        {
            return task.Ready.Remove(index).Count + task.Waiting.Remove(index).Count > 0;
        }

        task.Ready.Add(task.NextIndex, index - task.NextIndex);
        task.NextIndex = index + 1;
        return true;
    }

    private string TerminationText() => TerminationText(Job.TerminateRequestedBy!, Job.TerminateReason);

    private static string TerminationText(string source, string? reason) =>
        string.IsNullOrEmpty(reason) ? $"terminated by {source}" : $"terminated by {source}: {reason}";

    /// <summary>Ends what no node holds; the task itself ends with it, or when the nodes have reported the rest.</summary>
    private void Close(TaskRecord task, Cause cause, string reason, string source)
    {
        if (task.Closed)
        {
            return;
        }

        task.CloseCause = cause;
        task.CloseReason = reason;
        task.Reason ??= reason;
        task.ExpiresAt = null;
        task.IsDirty = true;
        HasOrders |= task.StartingCount + task.RunningCount > 0;
        foreach (var (first, count) in TriedAgain(task))
        {
            CloseRequeued(task, first, count, cause, reason, source);
        }

        foreach (var (first, count) in Unclaimed(task))
        {
            Skip(task, first, count, cause, reason, source);
        }

        FinishTaskIfDone(task, source);
    }

    /// <summary>Takes what waits for another attempt out of its sets, as ranges in ascending order.</summary>
    private IReadOnlyList<(int First, int Count)> TriedAgain(TaskRecord task)
    {
        foreach (var (first, count) in task.Delayed.TakeAll())
        {
            ForgetDelays(task.TaskId, first, count);
            task.Requeued.Add(first, count);
        }

        return task.Requeued.TakeAll();
    }

    /// <summary>Takes everything without a row out of the sets that wait, as ranges in ascending order.</summary>
    private static IReadOnlyList<(int First, int Count)> Unclaimed(TaskRecord task)
    {
        var all = new IndexSet();
        foreach (var (first, count) in task.Ready.TakeAll().Concat(task.Waiting.TakeAll()))
        {
            all.Add(first, count);
        }

        all.Add(task.NextIndex, task.InstanceCount - task.NextIndex);
        task.NextIndex = task.InstanceCount;
        return all.Ranges;
    }

    /// <summary>Ends instances that have no row: one journal row, one row that keeps their cause.</summary>
    private void Skip(TaskRecord task, int first, int count, Cause cause, string reason, string source)
    {
        var from = task.State == RunState.Pending || task.DependsOn.Any(edge => edge.On == DependenceCondition.EachIndex) ? RunState.Pending : RunState.Runnable;
        var state = InstanceLifecycle.Table.Next(from, InstanceEvent.Failed);
        task.Skipped.Add(first, count);
        task.FailedCount += count;
        task.Reason ??= $"{InstancesText(first, count)}: {reason}";
        task.IsDirty = true;
        _skipped.Add(new(task.TaskId, first, count, cause, reason, _now));
        RecordUnclaimed(task, first, count, state, cause, reason, source);
        Follow(new Fact.InstancesFailed(task, first, count, state, cause, reason), source);
    }

    /// <summary>Ends requeued instances: those that are loaded one by one, the others together, by what the statement that stores it finds.</summary>
    private void CloseRequeued(TaskRecord task, int first, int count, Cause cause, string reason, string source)
    {
        var state = InstanceLifecycle.Table.Next(RunState.Runnable, InstanceEvent.Failed);
        var begin = first;
        for (var index = first; index < first + count; index++)
        {
            if (_instances.TryGetValue((task.TaskId, index), out var instance))
            {
                CloseTogether(begin, index - begin);
                begin = index + 1;
                Move(instance, InstanceEvent.Failed);
                Describe(instance, new(cause, reason, instance.ExitCode, _now));
                RecordInstance(task, instance, source, isOfAttempt: false);
            }
        }

        CloseTogether(begin, first + count - begin);
        task.FailedCount += count;
        Follow(new Fact.InstancesFailed(task, first, count, state, cause, reason), source);

        void CloseTogether(int from, int length)
        {
            if (length > 0)
            {
                _closed.Add(new(task.TaskId, from, length, RunState.Runnable, cause, reason, _now));
                RecordUnclaimed(task, from, length, state, cause, reason, source);
            }
        }
    }

    private void FinishTaskIfDone(TaskRecord task, string source = JournalSource.Engine, Cause? skippedBecause = null)
    {
        if (task.FinishedCount < task.InstanceCount)
        {
            RollUp(task);
            return;
        }

        var taskEvent = task switch
        {
            { InterruptedCount: > 0 } => TaskEvent.FinishedInterrupted,
            { FailedCount: > 0 } => TaskEvent.FinishedFailed,
            _ => TaskEvent.AllInstancesSucceeded,
        };
        Move(task, taskEvent);
        task.FinishedAt = _now;
        task.ExpiresAt = task.ProgressDueAt = null;

        // The reason belongs to the cause, whatever failed before the task was closed; and what succeeded although it was closed has none.
        task.Reason = task.State == RunState.Succeed ? null : task.CloseReason ?? task.Reason;
        task.Cause = task switch
        {
            { State: RunState.Succeed } => Cause.Succeeded,
            { CloseCause: { } closed } => closed,
            _ when task.Skipped.Count == task.InstanceCount && skippedBecause is { } skipped => skipped,
            _ => Cause.InstanceFailed,
        };
        RecordTask(task, source);
        Follow(new Fact.Ended(task), source);
    }

    private void FinishJobIfDone(string source)
    {
        if (RunStates.IsFinal(Job.State) || _tasks.Any(task => !RunStates.IsFinal(task.State)))
        {
            return;
        }

        var jobEvent = JobEvent.AllTasksSucceeded;
        if (_tasks.Any(task => task.State == RunState.FailedInterrupted))
        {
            jobEvent = JobEvent.FinishedInterrupted;
        }
        else if (_tasks.Any(task => task.State == RunState.Failed && task.Cause != Cause.NotNeeded))
        {
            jobEvent = JobEvent.FinishedFailed;
        }

        Job.FinishedAt = _now;
        Job.ExpiresAt = Job.DueAt = null;
        if (jobEvent == JobEvent.AllTasksSucceeded)
        {
            Job.Cause = Cause.Succeeded;
        }
        else if (Job.CloseCause is { } closed)
        {
            Job.Cause = closed;
            Job.Reason = Job.CloseReason;
        }
        else if (Job.TerminateRequestedAt is not null)
        {
            Job.Cause = Cause.Terminated;
            Job.Reason = TerminationText();
        }
        else
        {
            Job.Cause = Cause.TaskFailed;
            Job.Reason = FirstFailure();
        }

        MoveJob(jobEvent, source);
    }

    private string FirstFailure()
    {
        var task = Array.Find(_tasks, task => task.State != RunState.Succeed && task.Cause is not (Cause.DependencyUnmet or Cause.NotNeeded))
            ?? _tasks.First(task => task.State != RunState.Succeed && task.Cause != Cause.NotNeeded);
        return $"task '{task.TaskName}' ended {WireName.Of(task.State)}: {task.Reason}";
    }
}

/// <summary>Consecutive instances of a task that ended without ever having been claimed: a row of <c>task_skips</c>.</summary>
internal sealed record SkippedInstances(long TaskId, int First, int Count, Cause Cause, string Reason, DateTimeOffset EndedAt);

/// <summary>Consecutive instances, with rows that were not loaded, that ended with their task.</summary>
/// <param name="TaskId">Their task.</param>
/// <param name="First">The first.</param>
/// <param name="Count">How many, at least 1.</param>
/// <param name="From">State of all of them before: RUNNABLE (requeued) or FAILED_INTERRUPTED (kept for inspection).</param>
/// <param name="Cause">Why they ended.</param>
/// <param name="Reason">The same in words.</param>
/// <param name="EndedAt">When; null: they had ended before and keep that time.</param>
internal sealed record ClosedInstances(long TaskId, int First, int Count, RunState From, Cause Cause, string Reason, DateTimeOffset? EndedAt);
