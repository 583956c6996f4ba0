using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// Decides everything that happens to one job: a pure, in-memory model of the job, its tasks and those of its instances
/// that a batch of commands touches. Commands change the records and add journal entries; <see cref="TransitionWriter"/>
/// loads the records under the job's row lock before, and stores them after. No clock, no I/O, no random here: times come in.
/// </summary>
/// <remarks>
/// Every state is set by <see cref="Move(TaskRecord, TaskEvent)"/> and its siblings, through the transition tables. Instances
/// that were never claimed have no record; they follow their task. What is deliberately not done: instances' STARTING is
/// not journalled (the RUNNING entry carries the time of the claim), and tasks and jobs never step back from RUNNING when
/// all running instances end before others begin.
/// </remarks>
public sealed class JobAggregate
{
    private readonly TaskRecord[] _tasks;
    private readonly Dictionary<long, TaskRecord> _tasksById;
    private readonly Dictionary<(long TaskId, int Index), InstanceRecord> _instances = [];
    private readonly List<JournalEntry> _journal = [];
    private readonly EngineLimits _limits;
    private DateTimeOffset _now;

    /// <summary>A job with all its tasks in the order of their numbers and the instances the coming commands touch.</summary>
    public JobAggregate(JobRecord job, IReadOnlyList<TaskRecord> tasks, IEnumerable<InstanceRecord> instances, EngineLimits limits)
    {
        Job = job;
        _tasks = [.. tasks];
        _tasksById = _tasks.ToDictionary(task => task.TaskId);
        _limits = limits;
        foreach (var instance in instances)
        {
            _instances[(instance.TaskId, instance.Index)] = instance;
        }
    }

    /// <summary>The job's row.</summary>
    public JobRecord Job { get; }

    /// <summary>The job's tasks in order.</summary>
    public IReadOnlyList<TaskRecord> Tasks => _tasks;

    /// <summary>Instances loaded or claimed.</summary>
    public IReadOnlyCollection<InstanceRecord> Instances => _instances.Values;

    /// <summary>What happened, in sequence.</summary>
    public IReadOnlyList<JournalEntry> Journal => _journal;

    /// <summary>True while a node may claim instances of <paramref name="task"/>.</summary>
    public bool IsClaimable(TaskRecord task) =>
        RunStates.IsSchedulable(task.State) && ClaimableCount(task) > 0;

    /// <summary>Lays the job out: the first thing that happens to it.</summary>
    public void Expand(string source, DateTimeOffset now)
    {
        _now = now;
        Job.IsDirty = true;
        Record(EventLevel.Job, Job.State, source);
        MoveJob(JobEvent.Expanded, source);
        foreach (var task in _tasks)
        {
            Move(task, task.DependsOn.Count > 0 ? TaskEvent.ExpandedWaiting : TaskEvent.ExpandedReady);
            RecordTask(task, JournalSource.Engine);
        }
    }

    /// <summary>Grants up to <paramref name="limit"/> instances of a task to a node, requeued ones first. Empty when there is nothing to grant (any more).</summary>
    public IReadOnlyList<AttemptRange> Claim(long taskId, string nodeId, long nodeEpoch, int limit, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task) || !IsClaimable(task))
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

        var fresh = count - ranges.Sum(range => range.Count);
        for (var n = 0; n < fresh; n++)
        {
            var index = task.NextIndex + n;
            _instances[(taskId, index)] = NewInstance(taskId, index, nodeId, nodeEpoch);
        }

        if (fresh > 0)
        {
            ranges.Add(new(task.NextIndex, fresh, 1));
            task.NextIndex += fresh;
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

    /// <summary>Takes a node's report of one attempt. False when the node does not hold that attempt: late, or never its own. Repeats are taken and change nothing.</summary>
    public bool Report(long taskId, string nodeId, long nodeEpoch, AttemptReport report, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task)
            || !_instances.TryGetValue((taskId, report.Index), out var instance)
            || instance.Attempt != report.Attempt
            || instance.NodeId != nodeId
            || instance.NodeEpoch != nodeEpoch)
        {
            return false;
        }

        if (!RunStates.IsHeldByNode(instance.State))
        {
            return true;
        }

        if (instance.State == RunState.Starting && Began(report) is { } began)
        {
            Begin(task, instance, Ago(began, instance.LaunchedAt));
        }

        if (report.Outcome != AttemptOutcome.Running)
        {
            End(task, instance, report);
        }

        return true;
    }

    /// <summary>Takes an attempt from a node that was given up: another attempt, unless too many were lost or the job is to end. False when it is not held under that epoch any more.</summary>
    public bool LoseAttempt(long taskId, int index, string nodeId, long nodeEpoch, string reason, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task)
            || !_instances.TryGetValue((taskId, index), out var instance)
            || !RunStates.IsHeldByNode(instance.State)
            || instance.NodeId != nodeId
            || instance.NodeEpoch != nodeEpoch)
        {
            return false;
        }

        instance.LostCount++;
        var outcome = new AttemptEnd(Cause.NodeLost, reason, null, _now);
        if (MayRequeue(task) && instance.LostCount <= _limits.MaxLostAttempts)
        {
            Requeue(task, instance, outcome, JournalSource.Engine);
        }
        else
        {
            Fail(task, instance, InstanceEvent.Failed, outcome, JournalSource.Engine);
        }

        return true;
    }

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

    private int ClaimableCount(TaskRecord task) =>
        Job.TerminateRequestedAt is not null
            ? 0
            : Math.Min(task.UnclaimedCount, (task.MaxConcurrentNum ?? int.MaxValue) - task.StartingCount - task.RunningCount);

    private bool MayRequeue(TaskRecord task) => Job.TerminateRequestedAt is null && !task.Closed;

    private InstanceRecord NewInstance(long taskId, int index, string nodeId, long nodeEpoch) => new()
    {
        TaskId = taskId,
        Index = index,
        State = InstanceLifecycle.Table.Next(RunState.Runnable, InstanceEvent.Claimed),
        Attempt = 1,
        NodeId = nodeId,
        NodeEpoch = nodeEpoch,
        LaunchedAt = _now,
        IsNew = true,
        IsDirty = true,
    };

    private void Launch(InstanceRecord instance, string nodeId, long nodeEpoch)
    {
        Move(instance, InstanceEvent.Claimed);
        instance.Attempt++;
        instance.NodeId = nodeId;
        instance.NodeEpoch = nodeEpoch;
        instance.LaunchedAt = _now;
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

    private void Begin(TaskRecord task, InstanceRecord instance, DateTimeOffset beganAt)
    {
        Move(instance, InstanceEvent.Began);
        instance.RunningAt = beganAt;
        task.StartingCount--;
        task.RunningCount++;
        task.IsDirty = true;
        RecordInstance(task, instance, JournalSource.Agent);
        if (task.State == RunState.Starting)
        {
            Move(task, TaskEvent.FirstInstanceBegan);
            task.RunningAt = beganAt;
            RecordTask(task, JournalSource.Engine);
        }

        if (Job.State == RunState.Starting)
        {
            Job.RunningAt = beganAt;
            MoveJob(JobEvent.FirstInstanceBegan, JournalSource.Engine);
        }
    }

    /// <summary>How long ago the command began; null when it never did. An outcome that only a running command can have proves that it began.</summary>
    private static long? Began(AttemptReport report) => report.Outcome switch
    {
        AttemptOutcome.Running => report.BeganMsAgo ?? 0,
        AttemptOutcome.Exited or AttemptOutcome.Signaled or AttemptOutcome.Timeout => report.BeganMsAgo ?? report.EndedMsAgo ?? 0,
        AttemptOutcome.Terminated => report.BeganMsAgo,
        AttemptOutcome.StartFailed or AttemptOutcome.Returned => null,
    };

    private void End(TaskRecord task, InstanceRecord instance, AttemptReport report)
    {
        var endedAt = Ago(report.EndedMsAgo ?? 0, instance.RunningAt ?? instance.LaunchedAt);
        if (report is { Outcome: AttemptOutcome.Exited, ExitCode: 0 })
        {
            Succeed(task, instance, endedAt);
            return;
        }

        var end = Describe(report, endedAt);
        if (report.Outcome == AttemptOutcome.Returned && MayRequeue(task))
        {
            Requeue(task, instance, end, JournalSource.Agent);
            return;
        }

        instance.FailureCount++;
        var instanceEvent = AfterFailure(task, instance, report.Outcome);
        if (instanceEvent == InstanceEvent.Requeued)
        {
            Requeue(task, instance, end, JournalSource.Agent);
        }
        else
        {
            Fail(task, instance, instanceEvent, end, JournalSource.Agent);
        }
    }

    private InstanceEvent AfterFailure(TaskRecord task, InstanceRecord instance, AttemptOutcome outcome)
    {
        if (!MayRequeue(task) || outcome == AttemptOutcome.Terminated)
        {
            return InstanceEvent.Failed;
        }

        if (task.FailedAction == FailedAction.FastInterrupt)
        {
            return InstanceEvent.Interrupted;
        }

        if (instance.FailureCount <= task.MaxRetryCount)
        {
            return InstanceEvent.Requeued;
        }

        return task.FailedAction == FailedAction.Interrupt ? InstanceEvent.Interrupted : InstanceEvent.Failed;
    }

    private AttemptEnd Describe(AttemptReport report, DateTimeOffset endedAt) => report.Outcome switch
    {
        AttemptOutcome.Exited => new(Cause.ExitCode, report.Reason ?? $"exit code {report.ExitCode}", report.ExitCode, endedAt),
        AttemptOutcome.Signaled => new(Cause.Signal, report.Reason ?? $"signal {report.Signal}", 128 + report.Signal, endedAt),
        AttemptOutcome.Timeout => new(Cause.Timeout, report.Reason ?? "timed out", null, endedAt),
        AttemptOutcome.StartFailed => new(Cause.StartFailed, report.Reason ?? "could not be started", null, endedAt),
        AttemptOutcome.Terminated => new(Cause.Terminated, TerminationText(), null, endedAt),
        AttemptOutcome.Returned when Job.TerminateRequestedAt is not null => new(Cause.Terminated, TerminationText(), null, endedAt),
        AttemptOutcome.Returned => new(Cause.Returned, report.Reason ?? "given back by the node before it began", null, endedAt),
        AttemptOutcome.Running => throw new InvalidOperationException("A running attempt has not ended."),
    };

    private string TerminationText() =>
        Job.TerminateReason is { Length: > 0 } reason
            ? $"terminated by {Job.TerminateRequestedBy}: {reason}"
            : $"terminated by {Job.TerminateRequestedBy}";

    private void Succeed(TaskRecord task, InstanceRecord instance, DateTimeOffset endedAt)
    {
        LeaveNode(task, instance);
        Move(instance, InstanceEvent.Succeeded);
        instance.ExitCode = 0;
        instance.Cause = Cause.Succeeded;
        instance.FinishedAt = endedAt;
        task.SucceedCount++;
        RecordInstance(task, instance, JournalSource.Agent);
        FinishTaskIfDone(task);
    }

    private void Requeue(TaskRecord task, InstanceRecord instance, AttemptEnd end, string source)
    {
        LeaveNode(task, instance);
        Move(instance, InstanceEvent.Requeued);
        Describe(instance, end);
        task.Requeued.Add(instance.Index);
        RecordInstance(task, instance, source);
        instance.FinishedAt = null;
    }

    private void Fail(TaskRecord task, InstanceRecord instance, InstanceEvent on, AttemptEnd end, string source)
    {
        LeaveNode(task, instance);
        Move(instance, on);
        Describe(instance, end);
        if (on == InstanceEvent.Interrupted)
        {
            task.InterruptedCount++;
        }
        else
        {
            task.FailedCount++;
        }

        task.Reason ??= $"instance {instance.Index}: {end.Reason}";
        RecordInstance(task, instance, source);
        FinishTaskIfDone(task);
    }

    private static void Describe(InstanceRecord instance, AttemptEnd end)
    {
        instance.Cause = end.Cause;
        instance.Reason = end.Reason;
        instance.ExitCode = end.ExitCode;
        instance.FinishedAt = end.At;
    }

    private static void LeaveNode(TaskRecord task, InstanceRecord instance)
    {
        if (instance.State == RunState.Starting)
        {
            task.StartingCount--;
        }
        else
        {
            task.RunningCount--;
        }

        task.IsDirty = true;
    }

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
                Sequence = 0,
                Span = untouched,
                Level = EventLevel.TaskInstance,
                State = WireName.Of(state),
                TaskNo = task.TaskNo,
                InstanceIndex = task.NextIndex,
                Cause = cause,
                Reason = reason,
                Source = source,
                OccurredAt = _now,
                Notify = 0,
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
        SettleDependents(task);
        FinishJobIfDone(source);
    }

    private void SettleDependents(TaskRecord finished)
    {
        foreach (var dependent in _tasks)
        {
            if (dependent.State != RunState.Pending || !dependent.DependsOn.Contains(finished.TaskNo))
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

    private static void Move(InstanceRecord instance, InstanceEvent on)
    {
        instance.State = InstanceLifecycle.Table.Next(instance.State, on);
        instance.IsDirty = true;
    }

    private static void Move(TaskRecord task, TaskEvent on)
    {
        task.State = TaskLifecycle.Table.Next(task.State, on);
        task.IsDirty = true;
    }

    private void MoveJob(JobEvent on, string source)
    {
        Job.State = JobLifecycle.Table.Next(Job.State, on);
        Job.IsDirty = true;
        Record(EventLevel.Job, Job.State, source);
    }

    private void RecordTask(TaskRecord task, string source)
    {
        Append(new()
        {
            SubjectId = Job.JobId,
            Sequence = 0,
            Level = EventLevel.Task,
            State = WireName.Of(task.State),
            TaskNo = task.TaskNo,
            Cause = task.Cause,
            Reason = RunStates.IsFinal(task.State) ? task.Reason : null,
            Source = source,
            RunningAt = task.RunningAt,
            OccurredAt = _now,
            Notify = 0,
        }, () => new MetricsDetails(null, task.InstanceMetrics));
    }

    private void RecordInstance(TaskRecord task, InstanceRecord instance, string source) => Append(new()
    {
        SubjectId = Job.JobId,
        Sequence = 0,
        Level = EventLevel.TaskInstance,
        State = WireName.Of(instance.State),
        TaskNo = task.TaskNo,
        InstanceIndex = instance.Index,
        Attempt = instance.Attempt,
        NodeId = instance.NodeId,
        ExitCode = instance.ExitCode,
        Cause = instance.Cause,
        Reason = instance.Reason,
        Source = source,
        LaunchedAt = instance.LaunchedAt,
        RunningAt = instance.RunningAt,
        OccurredAt = _now,
        Notify = 0,
    });

    private void Record(EventLevel level, RunState state, string source) => Append(new()
    {
        SubjectId = Job.JobId,
        Sequence = 0,
        Level = level,
        State = WireName.Of(state),
        Cause = Job.Cause,
        Reason = Job.Reason,
        Source = source,
        RunningAt = Job.RunningAt,
        OccurredAt = _now,
        Notify = 0,
    }, () => new MetricsDetails(TaskMetrics(), InstanceMetrics()));

    private void Append(JournalEntry entry, Func<MetricsDetails>? details = null)
    {
        var notify = Job.Interest.MaskFor(entry.Level, entry.State);
        _journal.Add(entry with
        {
            Sequence = Job.LastSequence + 1,
            Notify = notify,
            Details = notify != 0 && details is not null ? JsonSerializer.Serialize(details(), BatchPlaneJson.Options) : null,
        });
        Job.LastSequence += entry.Span;
        Job.IsDirty = true;
    }

    private RunMetrics TaskMetrics()
    {
        long In(RunState state) => _tasks.LongCount(task => task.State == state);
        return new()
        {
            SubmittedCount = In(RunState.Submitted),
            PendingCount = In(RunState.Pending),
            RunnableCount = In(RunState.Runnable),
            StartingCount = In(RunState.Starting),
            RunningCount = In(RunState.Running),
            SucceedCount = In(RunState.Succeed),
            FailedCount = In(RunState.Failed),
            FailedInterruptedCount = In(RunState.FailedInterrupted),
        };
    }

    private RunMetrics InstanceMetrics() => RunMetricsSum.Of(_tasks.Select(task => task.InstanceMetrics));

    private DateTimeOffset Ago(long milliseconds, DateTimeOffset notBefore)
    {
        var at = _now - TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, (long)TimeSpan.FromDays(3650).TotalMilliseconds));
        return at < notBefore ? notBefore : at;
    }

    private sealed record AttemptEnd(Cause Cause, string Reason, int? ExitCode, DateTimeOffset At);

    private sealed record MetricsDetails(RunMetrics? TaskMetrics, RunMetrics TaskInstanceMetrics);
}
