using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Attempts: how they begin and end, and what follows for their instance.
public sealed partial class JobAggregate
{
    private readonly List<UsageRecord> _usage = [];

    /// <summary>What attempts used that ended now.</summary>
    public IReadOnlyList<UsageRecord> Usage => _usage;

    /// <summary>Takes a node's report of one attempt. False when the node does not hold that attempt: late, or never its own. Repeats are taken and change nothing.</summary>
    /// <remarks><paramref name="intake"/> says what may be posted as progress, and counts it; null: the default terms.</remarks>
    public bool Report(long taskId, string nodeId, long nodeEpoch, AttemptReport report, DateTimeOffset now, ProgressIntake? intake = null)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task)
            || Find(taskId, report.Index) is not { } instance
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

        if (report.Progress is { } progress && instance.State == RunState.Running)
        {
            Post(task, instance, progress, isLast: report.Outcome != AttemptOutcome.Running, intake ?? new(new()));
        }

        if (report.Outcome != AttemptOutcome.Running)
        {
            End(task, instance, report);
        }

        return true;
    }

    /// <summary>
    /// Takes an attempt from a node that was given up, or left: another attempt, unless too many were lost or the job is to end. False when it is not held under that epoch any more.
    /// </summary>
    public bool LoseAttempt(long taskId, int index, string nodeId, long nodeEpoch, string reason, DateTimeOffset now, Cause cause = Cause.NodeLost)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task)
            || Find(taskId, index) is not { } instance
            || !RunStates.IsHeldByNode(instance.State)
            || instance.NodeId != nodeId
            || instance.NodeEpoch != nodeEpoch)
        {
            return false;
        }

        instance.LostCount++;
        var outcome = instance.TerminateReason is { } wish ? new AttemptEnd(Cause.Terminated, wish, null, _now) : new AttemptEnd(cause, reason, null, _now);
        if (!IsToEnd(task, instance) && instance.LostCount <= _limits.MaxLostAttempts)
        {
            Requeue(task, instance, outcome, JournalSource.Engine);
        }
        else
        {
            Fail(task, instance, InstanceEvent.Failed, outcome, JournalSource.Engine);
        }

        return true;
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
            task.ExpiresAt = task.Closed ? null : beganAt + Seconds(task.TimeLimit);
            ScheduleRollUp(task);
            RecordTask(task, JournalSource.Engine);
            Follow(new Fact.Started(task), JournalSource.Engine);
        }

        if (Job.State == RunState.Starting)
        {
            Job.RunningAt = beganAt;
            Job.ExpiresAt = IsJobEnding ? null : beganAt + Seconds(Job.TimeLimit);
            MoveJob(JobEvent.FirstInstanceBegan, JournalSource.Engine);
        }
    }

    /// <summary>How long ago the command began; null when it never did. An outcome that only a running command can have proves that it began.</summary>
    private static long? Began(AttemptReport report) => report.Outcome switch
    {
        AttemptOutcome.Running => report.BeganMsAgo ?? 0,
        AttemptOutcome.Exited or AttemptOutcome.Signaled or AttemptOutcome.Timeout or AttemptOutcome.OutOfMemory or AttemptOutcome.OutputFailed => report.BeganMsAgo ?? report.EndedMsAgo ?? 0,
        AttemptOutcome.Terminated => report.BeganMsAgo,
        AttemptOutcome.StartFailed or AttemptOutcome.ImagePullFailed or AttemptOutcome.PackageFailed or AttemptOutcome.InputFailed or AttemptOutcome.Returned => null,
    };

    private void End(TaskRecord task, InstanceRecord instance, AttemptReport report)
    {
        // The words of an engine, or of a command: whatever they are, they must not keep the end from being stored.
        report = report.Reason is { } words ? report with { Reason = StoredText.Of(words, _limits.MaxReasonLength) } : report;
        var endedAt = Ago(report.EndedMsAgo ?? 0, instance.RunningAt ?? instance.LaunchedAt);
        if (report.Usage is { } used)
        {
            _usage.Add(new(task.TaskId, instance.Index, instance.Attempt, new(Math.Max(0, used.CpuMs), Math.Max(0, used.PeakMemoryKib))));
        }

        if (report is { Outcome: AttemptOutcome.Exited, ExitCode: 0 })
        {
            Succeed(task, instance, new(Cause.Succeeded, report.Reason, 0, endedAt));
            return;
        }

        var end = Describe(task, instance, report, endedAt);
        if (report.Outcome == AttemptOutcome.Returned && !IsToEnd(task, instance))
        {
            Requeue(task, instance, end, JournalSource.Agent);
            return;
        }

        var verdict = task.Retries.Judge(report, end.Reason!);
        if (verdict.Action == RetryAction.Ignore)
        {
            Succeed(task, instance, end with { Cause = Cause.FailureIgnored, Reason = $"{end.Reason}, ignored by {verdict.RuleText}" });
            return;
        }

        instance.FailureCount++;
        var instanceEvent = AfterFailure(task, instance, report.Outcome, verdict);
        if (instanceEvent == InstanceEvent.Requeued)
        {
            RetryAfterFailure(task, instance, end, verdict);
        }
        else
        {
            var isByRule = verdict.Action == RetryAction.Fail && !IsToEnd(task, instance);
            Fail(task, instance, instanceEvent, isByRule ? end with { Reason = $"{end.Reason}, not tried again by {verdict.RuleText}" } : end, JournalSource.Agent);
        }
    }

    private static InstanceEvent AfterFailure(TaskRecord task, InstanceRecord instance, AttemptOutcome outcome, RetryVerdict verdict)
    {
        if (IsToEnd(task, instance) || outcome == AttemptOutcome.Terminated)
        {
            return InstanceEvent.Failed;
        }

        // FAST_INTERRUPT is about failures of which no rule says that they are to be tried again.
        var isFast = task.FailedAction == FailedAction.FastInterrupt && verdict.RuleNo is null;
        if (verdict.Action == RetryAction.Retry && !isFast && instance.FailureCount <= (verdict.MaxRetryCount ?? task.MaxRetryCount))
        {
            return InstanceEvent.Requeued;
        }

        return task.FailedAction == FailedAction.Terminate ? InstanceEvent.Failed : InstanceEvent.Interrupted;
    }

    private void RetryAfterFailure(TaskRecord task, InstanceRecord instance, AttemptEnd end, RetryVerdict verdict)
    {
        if (verdict.Backoff is not { } backoff)
        {
            Requeue(task, instance, end, JournalSource.Agent);
            return;
        }

        var dueAt = _now + Backoff.Of(backoff, instance.FailureCount, Job.JobId, task, instance.Index, instance.Attempt);
        Requeue(task, instance, end with { Reason = string.Create(CultureInfo.InvariantCulture, $"{end.Reason}, next attempt at {dueAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}") }, JournalSource.Agent, dueAt);
    }

    /// <summary>True when there will be no other attempt, however this one ends.</summary>
    private static bool IsToEnd(TaskRecord task, InstanceRecord instance) => task.Closed || instance.TerminateReason is not null;

    /// <summary>Why an attempt ends that was killed or given back: the server knows, the agent only obeys.</summary>
    private static AttemptEnd Describe(TaskRecord task, InstanceRecord instance, AttemptReport report, DateTimeOffset endedAt) => report.Outcome switch
    {
        AttemptOutcome.Terminated or AttemptOutcome.Returned when instance.TerminateReason is { } wish => new(Cause.Terminated, wish, null, endedAt),
        AttemptOutcome.Exited => new(Cause.ExitCode, report.Reason ?? $"exit code {report.ExitCode}", report.ExitCode, endedAt),
        AttemptOutcome.Signaled => new(Cause.Signal, report.Reason ?? $"signal {report.Signal}", 128 + report.Signal, endedAt),
        AttemptOutcome.Timeout => new(Cause.Timeout, report.Reason ?? "timed out", null, endedAt),
        AttemptOutcome.StartFailed => new(Cause.StartFailed, report.Reason ?? "could not be started", null, endedAt),
        AttemptOutcome.ImagePullFailed => new(Cause.ImagePullFailed, report.Reason ?? "the image could not be pulled", null, endedAt),
        AttemptOutcome.OutOfMemory => new(Cause.OutOfMemory, report.Reason ?? "out of memory", report.ExitCode is > 0 ? report.ExitCode : null, endedAt),
        AttemptOutcome.PackageFailed => new(Cause.PackageFailed, report.Reason ?? "the package could not be fetched", null, endedAt),
        AttemptOutcome.InputFailed => new(Cause.InputFailed, report.Reason ?? "inputs could not be brought", null, endedAt),
        AttemptOutcome.OutputFailed => new(Cause.OutputFailed, report.Reason ?? "outputs could not be stored", report.ExitCode, endedAt),
        AttemptOutcome.Terminated => new(task.CloseCause ?? Cause.Terminated, task.CloseReason ?? report.Reason ?? "terminated on its node", null, endedAt),
        AttemptOutcome.Returned when task.CloseCause is { } cause => new(cause, task.CloseReason!, null, endedAt),
        AttemptOutcome.Returned => new(Cause.Returned, report.Reason ?? "given back by the node before it began", null, endedAt),
        AttemptOutcome.Running => throw new InvalidOperationException("A running attempt has not ended."),
    };

    private void Succeed(TaskRecord task, InstanceRecord instance, AttemptEnd end)
    {
        LeaveNode(task, instance);
        Move(instance, InstanceEvent.Succeeded);
        Describe(instance, end);
        task.SucceedCount++;
        RecordInstance(task, instance, JournalSource.Agent, endsAttempt: true);
        if (IsAwaitedByIndex(task))
        {
            task.Succeeded.Add(instance.Index);
            Follow(new Fact.InstanceSucceeded(task, instance.Index), JournalSource.Agent);
        }

        FinishTaskIfDone(task);
    }

    private void Requeue(TaskRecord task, InstanceRecord instance, AttemptEnd end, string source, DateTimeOffset? dueAt = null)
    {
        LeaveNode(task, instance);
        Move(instance, InstanceEvent.Requeued);
        Describe(instance, end);
        if (dueAt is { } due)
        {
            Delay(task, instance.Index, due);
        }
        else
        {
            task.Requeued.Add(instance.Index);
        }

        RecordInstance(task, instance, source, endsAttempt: true);
        instance.FinishedAt = null;

        // What was given back never ran: the next attempt takes the same place, and is made for the same reason.
        (instance.FailoverOf, instance.ExecutionSource) = end.Cause switch
        {
            Cause.NodeLost or Cause.NodeDrained => (instance.Attempt, null),
            Cause.Returned when instance is { FailoverOf: null, ExecutionSource: null, Attempt: 1 } => (null, ExecutionSources.NormalTrigger),
            Cause.Returned => (instance.FailoverOf, instance.ExecutionSource),
            _ => ((int?)null, (string?)null),
        };
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
        RecordInstance(task, instance, source, endsAttempt: true);
        Follow(new Fact.InstancesFailed(task, instance.Index, 1, instance.State, end.Cause, end.Reason!), source);
        if (!CloseAfterTooManyFailures(task))
        {
            FinishTaskIfDone(task);
        }
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

        instance.TerminateReason = null;
        instance.IsTerminationNew = false;
        task.IsDirty = true;
    }

    private DateTimeOffset Ago(long milliseconds, DateTimeOffset notBefore)
    {
        var at = _now - TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, (long)TimeSpan.FromDays(3650).TotalMilliseconds));
        return at < notBefore ? notBefore : at;
    }

    private sealed record AttemptEnd(Cause Cause, string? Reason, int? ExitCode, DateTimeOffset At);
}
