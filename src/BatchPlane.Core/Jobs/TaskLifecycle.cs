using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>What can happen to a task.</summary>
public enum TaskEvent
{
    /// <summary>Laid out, and it waits for other tasks.</summary>
    ExpandedWaiting,

    /// <summary>Laid out, and it waits for nothing.</summary>
    ExpandedReady,

    /// <summary>The last task it waited for ended as needed.</summary>
    DependencesMet,

    /// <summary>A node claimed its first instance.</summary>
    FirstInstanceClaimed,

    /// <summary>Its first instance runs.</summary>
    FirstInstanceBegan,

    /// <summary>The last instance ended and all are SUCCEED.</summary>
    AllInstancesSucceeded,

    /// <summary>The last instance ended, at least one FAILED, none FAILED_INTERRUPTED; or it can never run; or it was terminated.</summary>
    FinishedFailed,

    /// <summary>The last instance ended, at least one FAILED_INTERRUPTED.</summary>
    FinishedInterrupted,

    /// <summary>What was kept for inspection was terminated.</summary>
    Released,

    /// <summary>Instances of it are tried again, and it waits for nothing.</summary>
    RetriedReady,

    /// <summary>Instances of it are tried again, and it waits for other tasks that are tried again.</summary>
    RetriedWaiting,
}

/// <summary>Legal state changes of a task. Nothing else in BatchPlane may decide a task's state.</summary>
public static class TaskLifecycle
{
    /// <summary>The table.</summary>
    public static Lifecycle<RunState, TaskEvent> Table { get; } = new("task", RunState.Submitted, new Dictionary<(RunState From, TaskEvent On), RunState>
    {
        [(RunState.Submitted, TaskEvent.ExpandedWaiting)] = RunState.Pending,
        [(RunState.Submitted, TaskEvent.ExpandedReady)] = RunState.Runnable,

        [(RunState.Pending, TaskEvent.DependencesMet)] = RunState.Runnable,
        [(RunState.Pending, TaskEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Pending, TaskEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.Runnable, TaskEvent.FirstInstanceClaimed)] = RunState.Starting,
        [(RunState.Runnable, TaskEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Runnable, TaskEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.Starting, TaskEvent.FirstInstanceBegan)] = RunState.Running,
        [(RunState.Starting, TaskEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Starting, TaskEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.Running, TaskEvent.AllInstancesSucceeded)] = RunState.Succeed,
        [(RunState.Running, TaskEvent.FinishedFailed)] = RunState.Failed,
        [(RunState.Running, TaskEvent.FinishedInterrupted)] = RunState.FailedInterrupted,

        [(RunState.FailedInterrupted, TaskEvent.Released)] = RunState.Failed,

        [(RunState.Failed, TaskEvent.RetriedReady)] = RunState.Runnable,
        [(RunState.Failed, TaskEvent.RetriedWaiting)] = RunState.Pending,
        [(RunState.FailedInterrupted, TaskEvent.RetriedReady)] = RunState.Runnable,
        [(RunState.FailedInterrupted, TaskEvent.RetriedWaiting)] = RunState.Pending,
    });
}
