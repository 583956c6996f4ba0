namespace BatchPlane.Contracts;

/// <summary>State of a job, a task or a task instance. On the wire and in the database: the name in <c>UPPER_SNAKE</c>.</summary>
/// <remarks>Source: Tencent Batch. Progress is one way; only a new attempt of an instance, and a retry that a user asks for, return to <see cref="Runnable"/>.</remarks>
public enum RunState
{
    /// <summary>Accepted and stored, not yet expanded. Left by the engine in the transaction that stores the job.</summary>
    Submitted,

    /// <summary>Waits for the tasks it depends on. Left by the engine when they are finished, or can no longer finish as needed.</summary>
    Pending,

    /// <summary>May run; waits for capacity. Left when a node claims it.</summary>
    Runnable,

    /// <summary>Claimed by a node, the command is not running yet. Left by the node's report.</summary>
    Starting,

    /// <summary>The command runs. Left by the node's report, or when the node is lost.</summary>
    Running,

    /// <summary>Final: ended well.</summary>
    Succeed,

    /// <summary>Final: ended badly, was terminated, or can never run. The cause tells which.</summary>
    Failed,

    /// <summary>Ended badly and kept for inspection (<c>failed_action</c> INTERRUPT or FAST_INTERRUPT). Final unless terminated, which makes it <see cref="Failed"/>.</summary>
    FailedInterrupted,
}

/// <summary>Why a job, task, instance or node is in the state it is in. On the wire: <c>lower_snake</c>.</summary>
public enum Cause
{
    /// <summary>Everything ended well.</summary>
    Succeeded,

    /// <summary>The command ended with an exit code other than 0.</summary>
    ExitCode,

    /// <summary>The command was ended by a signal that nobody here sent.</summary>
    Signal,

    /// <summary>The attempt ran longer than the task's <c>timeout</c>.</summary>
    Timeout,

    /// <summary>The command could not be started: no such program, no permission, no working directory.</summary>
    StartFailed,

    /// <summary>The image of its container could not be had: no such image, no access, no registry.</summary>
    ImagePullFailed,

    /// <summary>The command needed more memory than it was given, and was killed for it.</summary>
    OutOfMemory,

    /// <summary>The package could not be fetched or unpacked: no such archive, too large, one that climbs out of its directory.</summary>
    PackageFailed,

    /// <summary>An input mapping could not be carried out: no such bucket or directory, no permission, no room.</summary>
    InputFailed,

    /// <summary>The command succeeded, but an output mapping or redirect could not be carried out.</summary>
    OutputFailed,

    /// <summary>The node's lease ran out while it held the attempt.</summary>
    NodeLost,

    /// <summary>The node left in order while it held the attempt, which had not ended within the time that its agent gives to what runs.</summary>
    NodeDrained,

    /// <summary>A task or instance it depends on ended in a way that can no longer satisfy the dependence.</summary>
    DependencyUnmet,

    /// <summary>It was there for the case that another task fails, and that one did not.</summary>
    NotNeeded,

    /// <summary>Somebody asked for its end.</summary>
    Terminated,

    /// <summary>The <c>time_limit</c> of the task or job has passed.</summary>
    TimeLimit,

    /// <summary>No node could be made for the environment that was made for the task.</summary>
    NodeCreationFailed,

    /// <summary>As many instances of the task failed as <c>max_failed_num</c> says.</summary>
    TooManyFailures,

    /// <summary>Of a SUCCEED instance: its command failed, and a retry rule says that this is to be ignored.</summary>
    FailureIgnored,

    /// <summary>Of a task: at least one instance failed.</summary>
    InstanceFailed,

    /// <summary>Of a job: at least one task failed.</summary>
    TaskFailed,

    /// <summary>The node gave the attempt back without starting it.</summary>
    Returned,

    /// <summary>In the journal only: somebody asked that it is tried again.</summary>
    Retried,

    /// <summary>In the journal only, of a subscription: its endpoint said that it is gone.</summary>
    EndpointGone,

    /// <summary>In the journal only, of a subscription: its endpoint failed for too long.</summary>
    EndpointFailing,
}

/// <summary>What a task does when an instance failed and no retry is left.</summary>
public enum FailedAction
{
    /// <summary>The instance becomes FAILED and its directory is removed. The default.</summary>
    Terminate,

    /// <summary>The instance becomes FAILED_INTERRUPTED after its retries; node and directory are kept for inspection.</summary>
    Interrupt,

    /// <summary>As <see cref="Interrupt"/>, at the first failure: remaining retries are not used.</summary>
    FastInterrupt,
}

/// <summary>What the end task of a dependence waits for in its start task. On the wire: <c>lower_snake</c>.</summary>
public enum DependenceCondition
{
    /// <summary>The start task is SUCCEED.</summary>
    Succeed,

    /// <summary>The start task is finished and at least one of its instances succeeded.</summary>
    PartlySucceed,

    /// <summary>The start task is finished, whatever the result.</summary>
    Finished,

    /// <summary>The start task is FAILED or FAILED_INTERRUPTED: for tasks that clean up or report.</summary>
    Failed,

    /// <summary>The first instance of the start task has begun to run.</summary>
    Started,

    /// <summary>Instance i waits for instance i of the start task to be SUCCEED; both tasks have as many instances.</summary>
    EachIndex,
}

/// <summary>When a task may start, given the tasks it depends on.</summary>
public enum TaskExecutionDependOn
{
    /// <summary>All of them are SUCCEED. The default.</summary>
    PreTaskSucceed,

    /// <summary>All of them are finished and each has at least one instance that succeeded.</summary>
    PreTaskAtLeastPartlySucceed,

    /// <summary>All of them are finished, whatever the result.</summary>
    PreTaskFinished,
}
