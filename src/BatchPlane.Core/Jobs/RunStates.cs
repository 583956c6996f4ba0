using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>Named sets of the states of jobs, tasks and instances.</summary>
public static class RunStates
{
    /// <summary>True when nothing happens any more, apart from the release of what is kept for inspection.</summary>
    public static bool IsFinal(RunState state) => state switch
    {
        RunState.Submitted or RunState.Pending or RunState.Runnable or RunState.Starting or RunState.Running => false,
        RunState.Succeed or RunState.Failed or RunState.FailedInterrupted => true,
    };

    /// <summary>True for an instance that a node holds.</summary>
    public static bool IsHeldByNode(RunState state) => state is RunState.Starting or RunState.Running;

    /// <summary>True for a task whose instances may be claimed.</summary>
    public static bool IsSchedulable(RunState state) => state is RunState.Runnable or RunState.Starting or RunState.Running;
}
