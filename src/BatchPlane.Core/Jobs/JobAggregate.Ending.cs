using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Jobs;

// Endings: of tasks and the job, with all that follows from them.
public sealed partial class JobAggregate
{
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
            Job.IsDirty = true;
        }

        foreach (var instance in _instances.Values.Where(instance => instance.State == RunState.FailedInterrupted).OrderBy(instance => (instance.TaskId, instance.Index)))
        {
            Release(_tasksById[instance.TaskId], instance, source);
        }

        foreach (var task in _tasks.Where(task => !RunStates.IsFinal(task.State)))
        {
            Close(task, Cause.Terminated, TerminationText(), source);
        }

        return true;
    }

    private string TerminationText() =>
        Job.TerminateReason is { Length: > 0 } reason
            ? $"terminated by {Job.TerminateRequestedBy}: {reason}"
            : $"terminated by {Job.TerminateRequestedBy}";

    private void Release(TaskRecord task, InstanceRecord instance, string source)
    {
        Move(instance, InstanceEvent.Released);
        instance.Cause = Cause.Terminated;
        instance.Reason = TerminationText();
        task.InterruptedCount--;
        task.FailedCount++;
        task.IsDirty = true;
        RecordInstance(task, instance, source);
        if (task.State != RunState.FailedInterrupted || task.InterruptedCount > 0)
        {
            return;
        }

        Move(task, TaskEvent.Released);
        task.Cause = Cause.Terminated;
        RecordTask(task, source);
        if (Job.State == RunState.FailedInterrupted && _tasks.All(other => other.State != RunState.FailedInterrupted))
        {
            Job.Cause = Cause.Terminated;
            Job.Reason = TerminationText();
            MoveJob(JobEvent.Released, source);
        }
    }

    /// <summary>Ends what no node holds; the task itself ends with it, or when the nodes have reported the rest.</summary>
    private void Close(TaskRecord task, Cause cause, string reason, string source)
    {
        if (task.Closed)
        {
            return;
        }

        var requeued = task.Requeued.TakeFirst(int.MaxValue);
        foreach (var index in requeued)
        {
            var instance = _instances[(task.TaskId, index)];
            Move(instance, InstanceEvent.Failed);
            instance.Cause = cause;
            instance.Reason = reason;
            instance.FinishedAt = _now;
            RecordInstance(task, instance, source);
        }

        var untouched = task.InstanceCount - task.NextIndex;
        if (untouched > 0)
        {
            var from = task.State == RunState.Pending ? RunState.Pending : RunState.Runnable;
            var state = InstanceLifecycle.Table.Next(from, InstanceEvent.Failed);
            Append(new()
            {
                SubjectId = Job.JobId,
                Span = untouched,
                Level = EventLevel.TaskInstance,
                State = WireName.Of(state),
                TaskNo = task.TaskNo,
                InstanceIndex = task.NextIndex,
                Cause = cause,
                Reason = reason,
                Source = source,
                OccurredAt = _now,
            });
        }

        task.FailedCount += requeued.Count + untouched;
        task.Closed = true;
        task.Reason ??= reason;
        task.IsDirty = true;
        FinishTaskIfDone(task, cause, source);
    }

    private void FinishTaskIfDone(TaskRecord task, Cause? closedBecause = null, string source = JournalSource.Engine)
    {
        if (task.FinishedCount < task.InstanceCount)
        {
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
        task.Cause = task.State == RunState.Succeed
            ? Cause.Succeeded
            : closedBecause ?? (Job.TerminateRequestedAt is null ? Cause.InstanceFailed : Cause.Terminated);
        RecordTask(task, source);

        // What follows from an end may end further tasks: those queue up behind it, so that no chain of tasks is too long for the stack.
        _ended.Enqueue(task);
        if (_ended.Count > 1)
        {
            return;
        }

        while (_ended.TryPeek(out var ended))
        {
            SettleDependents(ended);
            _ended.Dequeue();
        }

        FinishJobIfDone(source);
    }

    private void SettleDependents(TaskRecord finished)
    {
        _dependents ??= _tasks.SelectMany(task => task.DependsOn.Select(number => (number, task))).ToLookup(edge => edge.number, edge => edge.task);
        foreach (var dependent in _dependents[finished.TaskNo])
        {
            if (dependent.State != RunState.Pending)
            {
                continue;
            }

            if (Job.TerminateRequestedAt is not null)
            {
                Close(dependent, Cause.Terminated, TerminationText(), Job.TerminateRequestedBy!);
            }
            else if (!Satisfies(finished))
            {
                Close(dependent, Cause.DependencyUnmet, UnmetReason(finished), JournalSource.Engine);
            }
            else if (dependent.DependsOn.All(number => RunStates.IsFinal(_tasks[number].State) && Satisfies(_tasks[number])))
            {
                Move(dependent, TaskEvent.DependencesMet);
                RecordTask(dependent, JournalSource.Engine);
            }
        }
    }

    private bool Satisfies(TaskRecord finished) => Job.DependOn switch
    {
        TaskExecutionDependOn.PreTaskSucceed => finished.State == RunState.Succeed,
        TaskExecutionDependOn.PreTaskAtLeastPartlySucceed => finished.SucceedCount > 0,
        TaskExecutionDependOn.PreTaskFinished => true,
    };

    /// <summary>Names the first cause: a task that itself ended for an unmet dependence passes its reason on.</summary>
    private static string UnmetReason(TaskRecord finished) =>
        finished is { Cause: Cause.DependencyUnmet, Reason: { } first }
            ? first
            : $"task '{finished.TaskName}' ended {WireName.Of(finished.State)}: {finished.Reason}";

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
        else if (_tasks.Any(task => task.State == RunState.Failed))
        {
            jobEvent = JobEvent.FinishedFailed;
        }

        Job.FinishedAt = _now;
        if (jobEvent == JobEvent.AllTasksSucceeded)
        {
            Job.Cause = Cause.Succeeded;
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
        var task = Array.Find(_tasks, task => task.State != RunState.Succeed && task.Cause != Cause.DependencyUnmet)!;
        return $"task '{task.TaskName}' ended {WireName.Of(task.State)}: {task.Reason}";
    }
}
