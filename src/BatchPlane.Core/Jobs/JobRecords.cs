using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Jobs;

/// <summary>A row of <c>jobs</c> as the transition path sees it. Changed by <see cref="JobAggregate"/> alone.</summary>
public sealed class JobRecord
{
    /// <summary>Column <c>job_id</c>.</summary>
    public required string JobId { get; init; }

    /// <summary>Column <c>state</c>.</summary>
    public RunState State { get; internal set; } = JobLifecycle.Table.Initial;

    /// <summary>Column <c>cause</c>; null until final.</summary>
    public Cause? Cause { get; internal set; }

    /// <summary>Column <c>reason</c>.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Column <c>depend_on</c>.</summary>
    public TaskExecutionDependOn DependOn { get; init; }

    /// <summary>Column <c>interest</c>.</summary>
    public NotificationInterest Interest { get; init; } = NotificationInterest.None;

    /// <summary>Column <c>last_sequence</c>.</summary>
    public long LastSequence { get; internal set; }

    /// <summary>Column <c>last_sequence</c> as loaded: the guard of the update.</summary>
    public long LoadedSequence { get; init; }

    /// <summary>Column <c>journal_txid</c> as loaded.</summary>
    public ulong JournalTxid { get; init; }

    /// <summary>Column <c>terminate_requested_at</c>.</summary>
    public DateTimeOffset? TerminateRequestedAt { get; internal set; }

    /// <summary>Column <c>terminate_requested_by</c>, a journal source.</summary>
    public string? TerminateRequestedBy { get; internal set; }

    /// <summary>Column <c>terminate_reason</c>.</summary>
    public string? TerminateReason { get; internal set; }

    /// <summary>Column <c>running_at</c>.</summary>
    public DateTimeOffset? RunningAt { get; internal set; }

    /// <summary>Column <c>finished_at</c>.</summary>
    public DateTimeOffset? FinishedAt { get; internal set; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}

/// <summary>A row of <c>tasks</c> as the transition path sees it. Changed by <see cref="JobAggregate"/> alone.</summary>
public sealed class TaskRecord
{
    /// <summary>Column <c>task_id</c>.</summary>
    public required long TaskId { get; init; }

    /// <summary>Column <c>task_no</c>: position in the job.</summary>
    public required int TaskNo { get; init; }

    /// <summary>Column <c>task_name</c>.</summary>
    public required string TaskName { get; init; }

    /// <summary>Column <c>state</c>.</summary>
    public RunState State { get; internal set; } = TaskLifecycle.Table.Initial;

    /// <summary>Column <c>cause</c>; null until final.</summary>
    public Cause? Cause { get; internal set; }

    /// <summary>Column <c>reason</c>: once an instance failed for good, the first such failure in words.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Column <c>depends_on</c>: task numbers.</summary>
    public IReadOnlyList<int> DependsOn { get; init; } = [];

    /// <summary>Column <c>instance_count</c>.</summary>
    public required int InstanceCount { get; init; }

    /// <summary>Column <c>next_index</c>: instances from here on have no row.</summary>
    public int NextIndex { get; internal set; }

    /// <summary>Column <c>requeued</c>.</summary>
    public IndexSet Requeued { get; init; } = new();

    /// <summary>Column <c>closed</c>.</summary>
    public bool Closed { get; internal set; }

    /// <summary>Column <c>starting_count</c>.</summary>
    public int StartingCount { get; internal set; }

    /// <summary>Column <c>running_count</c>.</summary>
    public int RunningCount { get; internal set; }

    /// <summary>Column <c>succeed_count</c>.</summary>
    public int SucceedCount { get; internal set; }

    /// <summary>Column <c>failed_count</c>.</summary>
    public int FailedCount { get; internal set; }

    /// <summary>Column <c>interrupted_count</c>.</summary>
    public int InterruptedCount { get; internal set; }

    /// <summary>Column <c>max_retry_count</c>.</summary>
    public int MaxRetryCount { get; init; }

    /// <summary>Column <c>max_concurrent_num</c>; null: no ceiling.</summary>
    public int? MaxConcurrentNum { get; init; }

    /// <summary>Column <c>failed_action</c>.</summary>
    public FailedAction FailedAction { get; init; }

    /// <summary>Column <c>running_at</c>.</summary>
    public DateTimeOffset? RunningAt { get; internal set; }

    /// <summary>Column <c>finished_at</c>.</summary>
    public DateTimeOffset? FinishedAt { get; internal set; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }

    /// <summary>Instances that ended.</summary>
    public int FinishedCount => SucceedCount + FailedCount + InterruptedCount;

    /// <summary>Instances that wait for a claim, whether or not the task may run yet.</summary>
    public int UnclaimedCount => Closed ? 0 : InstanceCount - NextIndex + Requeued.Count;

    /// <summary>Instances per state, those without rows included.</summary>
    public RunMetrics InstanceMetrics => new()
    {
        SubmittedCount = State == RunState.Submitted ? UnclaimedCount : 0,
        PendingCount = State == RunState.Pending ? UnclaimedCount : 0,
        RunnableCount = RunStates.IsSchedulable(State) ? UnclaimedCount : 0,
        StartingCount = StartingCount,
        RunningCount = RunningCount,
        SucceedCount = SucceedCount,
        FailedCount = FailedCount,
        FailedInterruptedCount = InterruptedCount,
    };
}

/// <summary>A row of <c>task_instances</c> as the transition path sees it. Changed by <see cref="JobAggregate"/> alone.</summary>
public sealed class InstanceRecord
{
    /// <summary>Column <c>task_id</c>.</summary>
    public required long TaskId { get; init; }

    /// <summary>Column <c>instance_index</c>.</summary>
    public required int Index { get; init; }

    /// <summary>Column <c>state</c>.</summary>
    public RunState State { get; internal set; }

    /// <summary>Column <c>attempt</c>: the current or last one, from 1.</summary>
    public int Attempt { get; internal set; }

    /// <summary>Column <c>failure_count</c>.</summary>
    public int FailureCount { get; internal set; }

    /// <summary>Column <c>lost_count</c>.</summary>
    public int LostCount { get; internal set; }

    /// <summary>Column <c>node_id</c>.</summary>
    public required string NodeId { get; set; }

    /// <summary>Column <c>node_epoch</c>.</summary>
    public required long NodeEpoch { get; set; }

    /// <summary>Column <c>exit_code</c>.</summary>
    public int? ExitCode { get; internal set; }

    /// <summary>Column <c>cause</c>.</summary>
    public Cause? Cause { get; internal set; }

    /// <summary>Column <c>reason</c>.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Column <c>launched_at</c>.</summary>
    public required DateTimeOffset LaunchedAt { get; set; }

    /// <summary>Column <c>running_at</c>.</summary>
    public DateTimeOffset? RunningAt { get; internal set; }

    /// <summary>Column <c>finished_at</c>.</summary>
    public DateTimeOffset? FinishedAt { get; internal set; }

    /// <summary>True when there is no row yet.</summary>
    public bool IsNew { get; init; }

    /// <summary>Attempt as loaded: the guard of the update.</summary>
    public int LoadedAttempt { get; init; }

    /// <summary>State as loaded: the guard of the update.</summary>
    public RunState LoadedState { get; init; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}
