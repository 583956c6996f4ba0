using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>What can happen to a task instance.</summary>
public enum InstanceEvent
{
    /// <summary>Its task waits for other tasks.</summary>
    ExpandedWaiting,

    /// <summary>Its task waits for nothing.</summary>
    ExpandedReady,

    /// <summary>Its task's dependences are met.</summary>
    DependencesMet,

    /// <summary>A node claimed it: a new attempt.</summary>
    Claimed,

    /// <summary>The attempt's command runs.</summary>
    Began,

    /// <summary>The command ended with exit code 0.</summary>
    Succeeded,

    /// <summary>The attempt failed, was lost or was given back, and there will be another one.</summary>
    Requeued,

    /// <summary>The attempt failed and there will be no other one, or it was terminated.</summary>
    Failed,

    /// <summary>The attempt failed, there will be no other one, and it is kept for inspection.</summary>
    Interrupted,

    /// <summary>What was kept for inspection was terminated.</summary>
    Released,

    /// <summary>A user asked that it is tried again.</summary>
    Retried,

    /// <summary>As <see cref="Retried"/>, of one that waits for other tasks or their instances.</summary>
    RetriedWaiting,
}

/// <summary>
/// Legal state changes of a task instance. Nothing else in BatchPlane may decide an instance's state. Instances that were
/// never claimed have no row: their state is their task's, and they change with it. So do those that are tried again: their rows say RUNNABLE, as long as their task is PENDING they are, too.
/// </summary>
public static class InstanceLifecycle
{
    /// <summary>The table.</summary>
    public static Lifecycle<RunState, InstanceEvent> Table { get; } = new("task instance", RunState.Submitted, new Dictionary<(RunState From, InstanceEvent On), RunState>
    {
        [(RunState.Submitted, InstanceEvent.ExpandedWaiting)] = RunState.Pending,
        [(RunState.Submitted, InstanceEvent.ExpandedReady)] = RunState.Runnable,

        [(RunState.Pending, InstanceEvent.DependencesMet)] = RunState.Runnable,
        [(RunState.Pending, InstanceEvent.Failed)] = RunState.Failed,

        [(RunState.Runnable, InstanceEvent.Claimed)] = RunState.Starting,
        [(RunState.Runnable, InstanceEvent.Failed)] = RunState.Failed,

        [(RunState.Starting, InstanceEvent.Began)] = RunState.Running,
        [(RunState.Starting, InstanceEvent.Requeued)] = RunState.Runnable,
        [(RunState.Starting, InstanceEvent.Failed)] = RunState.Failed,
        [(RunState.Starting, InstanceEvent.Interrupted)] = RunState.FailedInterrupted,

        [(RunState.Running, InstanceEvent.Succeeded)] = RunState.Succeed,
        [(RunState.Running, InstanceEvent.Requeued)] = RunState.Runnable,
        [(RunState.Running, InstanceEvent.Failed)] = RunState.Failed,
        [(RunState.Running, InstanceEvent.Interrupted)] = RunState.FailedInterrupted,

        [(RunState.FailedInterrupted, InstanceEvent.Released)] = RunState.Failed,

        [(RunState.Failed, InstanceEvent.Retried)] = RunState.Runnable,
        [(RunState.Failed, InstanceEvent.RetriedWaiting)] = RunState.Pending,
        [(RunState.FailedInterrupted, InstanceEvent.Retried)] = RunState.Runnable,
        [(RunState.FailedInterrupted, InstanceEvent.RetriedWaiting)] = RunState.Pending,
    });
}
