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

    /// <summary>Column <c>priority</c>: 0 to 100, larger first.</summary>
    public int Priority { get; internal set; }

    /// <summary>True when <see cref="Priority"/> has to be written, to the job and its tasks.</summary>
    public bool IsPriorityNew { get; internal set; }

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

    /// <summary>Column <c>close_cause</c>: why the engine ended the job as a whole; null while it did not.</summary>
    public Cause? CloseCause { get; internal set; }

    /// <summary>Column <c>close_reason</c>.</summary>
    public string? CloseReason { get; internal set; }

    /// <summary>Column <c>time_limit</c>, seconds; null: none.</summary>
    public int? TimeLimit { get; init; }

    /// <summary>Column <c>expires_at</c>.</summary>
    public DateTimeOffset? ExpiresAt { get; internal set; }

    /// <summary>Column <c>deadline</c>: when the job is to have ended; null: at no certain time.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Column <c>due_at</c>: the deadline, until it is told that the job missed it; null once that is told or cannot happen.</summary>
    public DateTimeOffset? DueAt { get; internal set; }

    /// <summary>Column <c>retried_at</c>: when its current life began; null in its first one.</summary>
    public DateTimeOffset? RetriedAt { get; internal set; }

    /// <summary>Column <c>running_at</c>.</summary>
    public DateTimeOffset? RunningAt { get; internal set; }

    /// <summary>Column <c>finished_at</c>.</summary>
    public DateTimeOffset? FinishedAt { get; internal set; }

    /// <summary>Column <c>deleted_at</c>: set once, after which nothing is loaded of it any more.</summary>
    public DateTimeOffset? DeletedAt { get; internal set; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}

/// <summary>What a task waits for in another task of its job.</summary>
/// <param name="TaskNo">Position of the other task in the job.</param>
/// <param name="On">What has to be true of it.</param>
public sealed record TaskEdge(int TaskNo, DependenceCondition On);

/// <summary>A row of <c>tasks</c> as the transition path sees it. Changed by <see cref="JobAggregate"/> alone.</summary>
public sealed class TaskRecord
{
    /// <summary>Column <c>task_id</c>.</summary>
    public required long TaskId { get; init; }

    /// <summary>Column <c>task_no</c>: position in the job.</summary>
    public required int TaskNo { get; init; }

    /// <summary>Column <c>task_name</c>.</summary>
    public required string TaskName { get; init; }

    /// <summary>Column <c>env_id</c>: the environment it runs in. Another one after a retry, when it was made for the task.</summary>
    public required string EnvId { get; init; }

    /// <summary>Column <c>owns_env</c>: the environment was made for it.</summary>
    public bool OwnsEnv { get; init; }

    /// <summary>The environment that is made for its new life, in place of <see cref="EnvId"/>; null: it stays.</summary>
    public string? NewEnvId { get; internal set; }

    /// <summary>Column <c>state</c>.</summary>
    public RunState State { get; internal set; } = TaskLifecycle.Table.Initial;

    /// <summary>Column <c>cause</c>; null until final.</summary>
    public Cause? Cause { get; internal set; }

    /// <summary>Column <c>reason</c>: once an instance failed for good, the first such failure in words.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Columns <c>depends_on</c> and <c>depends_when</c>.</summary>
    public IReadOnlyList<TaskEdge> DependsOn { get; init; } = [];

    /// <summary>Column <c>instance_count</c>.</summary>
    public required int InstanceCount { get; init; }

    /// <summary>Column <c>next_index</c>: instances from here on are untouched.</summary>
    public int NextIndex { get; internal set; }

    /// <summary>Column <c>requeued</c>: with rows, waiting for another attempt.</summary>
    public IndexSet Requeued { get; init; } = new();

    /// <summary>Column <c>delayed</c>: with rows, waiting until the time for another attempt has come.</summary>
    public IndexSet Delayed { get; init; } = new();

    /// <summary>Column <c>ready</c>: below <see cref="NextIndex"/> without rows, may be claimed.</summary>
    public IndexSet Ready { get; init; } = new();

    /// <summary>Column <c>waiting</c>: below <see cref="NextIndex"/> without rows, waiting for instances of other tasks.</summary>
    public IndexSet Waiting { get; init; } = new();

    /// <summary>Column <c>skipped</c>: ended without ever having been claimed, without rows.</summary>
    public IndexSet Skipped { get; init; } = new();

    /// <summary>Column <c>succeeded</c>: SUCCEED instances, kept only when instances of other tasks wait for them one by one.</summary>
    public IndexSet Succeeded { get; init; } = new();

    /// <summary>Column <c>close_cause</c>: why nothing more will be claimed; null while something may be.</summary>
    public Cause? CloseCause { get; internal set; }

    /// <summary>Column <c>close_reason</c>.</summary>
    public string? CloseReason { get; internal set; }

    /// <summary>True once nothing more will be claimed.</summary>
    public bool Closed => CloseCause is not null;

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

    /// <summary>Column <c>retry_policy</c>.</summary>
    public RetryPolicy Retries { get; init; } = RetryPolicy.None;

    /// <summary>Column <c>max_failed_num</c>; null: no such limit.</summary>
    public int? MaxFailedNum { get; init; }

    /// <summary>Column <c>time_limit</c>, seconds; null: none.</summary>
    public int? TimeLimit { get; init; }

    /// <summary>Column <c>expires_at</c>.</summary>
    public DateTimeOffset? ExpiresAt { get; internal set; }

    /// <summary>Column <c>progress_due_at</c>: when somebody is to be told how far it has come; null while it does not run, and when nobody is by time.</summary>
    public DateTimeOffset? ProgressDueAt { get; internal set; }

    /// <summary>Column <c>blocked_by</c>: what was last told of why it could run and does not; empty: nothing since it last changed its state; null: nobody asked.</summary>
    public string? BlockedBy { get; internal set; }

    /// <summary>Instances that had ended when the row was loaded.</summary>
    public int LoadedEnds { get; init; }

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

    /// <summary>Instances that a node may claim as soon as the task may run.</summary>
    public int ClaimableCount => InstanceCount - NextIndex + Ready.Count + Requeued.Count;

    /// <summary>Instances that neither ended nor are held by a node.</summary>
    public int UnclaimedCount => ClaimableCount + Delayed.Count + Waiting.Count;

    /// <summary>Instances that were begun and failed for good.</summary>
    public int OwnFailureCount => FailedCount - Skipped.Count + InterruptedCount;

    /// <summary>Instances per state, those without rows included.</summary>
    public RunMetrics InstanceMetrics => new()
    {
        SubmittedCount = State == RunState.Submitted ? UnclaimedCount : 0,
        PendingCount = State == RunState.Pending ? UnclaimedCount : Waiting.Count,
        RunnableCount = RunStates.IsSchedulable(State) ? ClaimableCount + Delayed.Count : 0,
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

    /// <summary>Column <c>terminate_reason</c>: why the instance is to end, while a node holds it; null when that is not wished.</summary>
    public string? TerminateReason { get; internal set; }

    /// <summary>Column <c>failover_of</c>: the attempt whose place the next or current one takes because its node was lost; null when it is an ordinary one.</summary>
    public int? FailoverOf { get; internal set; }

    /// <summary>Column <c>execution_source</c>: why the next or current attempt is made, where its number and <see cref="FailoverOf"/> do not say.</summary>
    public string? ExecutionSource { get; internal set; }

    /// <summary>Column <c>begun_before</c>: an attempt before the current one began, in this life of the instance.</summary>
    public bool HasBegunBefore { get; internal set; }

    /// <summary>True when <see cref="TerminateReason"/> has to be written.</summary>
    public bool IsTerminationNew { get; internal set; }

    /// <summary>True when there is no row yet.</summary>
    public bool IsNew { get; init; }

    /// <summary>Attempt as loaded: the guard of the update.</summary>
    public int LoadedAttempt { get; init; }

    /// <summary>State as loaded: the guard of the update.</summary>
    public RunState LoadedState { get; init; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}
