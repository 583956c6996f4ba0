using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>What can happen to a job.</summary>
public enum JobEvent
{
    /// <summary>Its tasks were laid out. By the engine, in the transaction that stores the job.</summary>
    Expanded,

    /// <summary>A node claimed its first instance.</summary>
    FirstInstanceClaimed,

    /// <summary>Its first instance runs.</summary>
    FirstInstanceBegan,

    /// <summary>The last task ended and all are SUCCEED.</summary>
    AllTasksSucceeded,

    /// <summary>The last task ended; at least one is FAILED, none is FAILED_INTERRUPTED.</summary>
    FinishedFailed,

    /// <summary>The last task ended; at least one is FAILED_INTERRUPTED.</summary>
    FinishedInterrupted,

    /// <summary>What was kept for inspection was terminated.</summary>
    Released,

    /// <summary>A user asked that what failed is tried again: another life begins.</summary>
    Retried,
}

/// <summary>Legal state changes of a job. Nothing else in BatchPlane may decide a job's state.</summary>
public static class JobLifecycle
{
    /// <summary>The table.</summary>
    public static Lifecycle<RunState, JobEvent> Table { get; } = new("job", RunState.Submitted, new Dictionary<(RunState From, JobEvent On), RunState>
    {
        [(RunState.Submitted, JobEvent.Expanded)] = RunState.Runnable,

        [(RunState.Runnable, JobEvent.FirstInstanceClaimed)] = RunState.Starting,
        [(RunState.Runnable, JobEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Runnable, JobEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.Starting, JobEvent.FirstInstanceBegan)] = RunState.Running,
        [(RunState.Starting, JobEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Starting, JobEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.Running, JobEvent.AllTasksSucceeded)] = RunState.Succeed,
        [(RunState.Running, JobEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Running, JobEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.FailedInterrupted, JobEvent.Released)] = RunState.Failed,

        [(RunState.Failed, JobEvent.Retried)] = RunState.Runnable,
        [(RunState.FailedInterrupted, JobEvent.Retried)] = RunState.Runnable,
    });
}
