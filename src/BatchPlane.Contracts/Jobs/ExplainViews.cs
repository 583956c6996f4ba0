namespace BatchPlane.Contracts;

/// <summary>Why a job does not go on, task by task: <c>GET /v1/jobs/{id}/explain</c>. As of one moment, outdated the next.</summary>
public sealed record JobExplanation
{
    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>Current state.</summary>
    public required RunState JobState { get; init; }

    /// <summary>Its tasks that have not ended, in the order of the submitted document; empty when the job has ended.</summary>
    public required IReadOnlyList<TaskExplanation> Tasks { get; init; }
}

/// <summary>What a task that has not ended waits for.</summary>
public sealed record TaskExplanation
{
    /// <summary>Name within the job.</summary>
    public required string TaskName { get; init; }

    /// <summary>Current state.</summary>
    public required RunState TaskState { get; init; }

    /// <summary>Environment it runs in.</summary>
    public required string EnvId { get; init; }

    /// <summary>Instances that no node holds and that have not ended.</summary>
    public required long WaitingInstances { get; init; }

    /// <summary>Instances that nodes hold: starting or running.</summary>
    public required long HeldInstances { get; init; }

    /// <summary>What it waits for, the most important first; at least one.</summary>
    public required IReadOnlyList<WaitReason> Reasons { get; init; }

    /// <summary>
    /// Place in the queue of the environment that its next instance has at the latest, from 1: behind all claimable instances of higher priority and
    /// one instance of each other job of equal priority. Null when it does not queue.
    /// </summary>
    public long? Position { get; init; }

    /// <summary>
    /// Seconds until its next instance starts, from the position and the rate at which instances ended in the environment in the last minutes.
    /// Null when it does not queue, or nothing ended lately.
    /// </summary>
    public double? EstimatedSecondsToStart { get; init; }
}

/// <summary>One thing that is waited for.</summary>
public sealed record WaitReason
{
    /// <summary>One of <see cref="WaitCodes"/>.</summary>
    public required string Code { get; init; }

    /// <summary>The same for people, one sentence.</summary>
    public required string Message { get; init; }

    /// <summary>With <see cref="WaitCodes.Dependency"/>: the task that is waited for.</summary>
    public string? StartTask { get; init; }

    /// <summary>With <see cref="WaitCodes.Dependency"/>: its state.</summary>
    public RunState? StartTaskState { get; init; }

    /// <summary>With <see cref="WaitCodes.Dependency"/>: what has to be true of it.</summary>
    public DependenceCondition? On { get; init; }

    /// <summary>With <see cref="WaitCodes.ConcurrencyCeiling"/>: the ceiling.</summary>
    public int? MaxConcurrentNum { get; init; }

    /// <summary>With codes about nodes: how many of the environment are running.</summary>
    public int? RunningNodes { get; init; }

    /// <summary>With codes about nodes: slots of the running ones.</summary>
    public int? Slots { get; init; }

    /// <summary>With codes about nodes: how many of the slots are busy, by the last heartbeats.</summary>
    public int? BusySlots { get; init; }

    /// <summary>With <see cref="WaitCodes.FitsNowhere"/> and <see cref="WaitCodes.ResourcesBusy"/>: what an instance needs.</summary>
    public ResourcesDocument? Needs { get; init; }

    /// <summary>With codes about other jobs: how many jobs.</summary>
    public int? Jobs { get; init; }

    /// <summary>With codes about other jobs: their claimable instances.</summary>
    public long? Instances { get; init; }

    /// <summary>With codes about other jobs: ids of the first of them, at most ten.</summary>
    public IReadOnlyList<string>? JobIds { get; init; }

    /// <summary>With codes about other jobs: true when there were too many to count, and the numbers are only the least.</summary>
    public bool? AndMore { get; init; }
}

/// <summary>Codes of what a task can wait for. Part of the wire contract: never renamed, never reused.</summary>
public static class WaitCodes
{
    /// <summary>Another task of the job, named in the reason.</summary>
    public const string Dependency = "dependency";

    /// <summary>The end of the job was asked for: nothing more starts.</summary>
    public const string Terminating = "terminating";

    /// <summary>The environment is being deleted, or was: nothing more starts there.</summary>
    public const string EnvironmentDeleting = "environment_deleting";

    /// <summary>The environment has no running node.</summary>
    public const string NoNodes = "no_nodes";

    /// <summary>An instance needs more than any running node of the environment has.</summary>
    public const string FitsNowhere = "fits_nowhere";

    /// <summary>The task's instances run in containers, and no running node of the environment has an engine for them.</summary>
    public const string NoContainerEngine = "no_container_engine";

    /// <summary>As many instances of the task run as it allows itself.</summary>
    public const string ConcurrencyCeiling = "concurrency_ceiling";

    /// <summary>All instances that are left wait for the time of their next attempt.</summary>
    public const string Backoff = "backoff";

    /// <summary>Instances of jobs of higher priority come first.</summary>
    public const string HigherPriority = "higher_priority";

    /// <summary>Jobs of equal priority share the room.</summary>
    public const string EqualPriority = "equal_priority";

    /// <summary>All slots are busy.</summary>
    public const string SlotsBusy = "slots_busy";

    /// <summary>Slots are free, but no node has enough processors or memory free.</summary>
    public const string ResourcesBusy = "resources_busy";

    /// <summary>Nothing is in the way: a node will take it within moments.</summary>
    public const string AboutToStart = "about_to_start";

    /// <summary>The storage of outputs fails: instances that nodes hold may have ended, and wait for it.</summary>
    public const string OutputStorage = "output_storage";

    /// <summary>Nothing waits: nodes hold all instances that are left.</summary>
    public const string Running = "running";
}
