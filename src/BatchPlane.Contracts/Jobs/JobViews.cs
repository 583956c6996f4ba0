using System.Text.Json.Serialization;

namespace BatchPlane.Contracts;

/// <summary>Answer of <c>POST /v1/jobs</c> (201).</summary>
/// <param name="JobId"><c>job-</c> and 8 of <c>[a-z0-9]</c>.</param>
public sealed record SubmitJobResponse(string JobId);

/// <summary>One page of a list, newest first unless said otherwise.</summary>
/// <param name="Items">The page; empty when nothing matches.</param>
/// <param name="NextCursor">Pass as <c>?cursor=</c> for the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>Counts of tasks or instances per state; all eight are always present.</summary>
public sealed record RunMetrics
{
    /// <summary>In SUBMITTED.</summary>
    public long SubmittedCount { get; init; }

    /// <summary>In PENDING.</summary>
    public long PendingCount { get; init; }

    /// <summary>In RUNNABLE.</summary>
    public long RunnableCount { get; init; }

    /// <summary>In STARTING.</summary>
    public long StartingCount { get; init; }

    /// <summary>In RUNNING.</summary>
    public long RunningCount { get; init; }

    /// <summary>In SUCCEED.</summary>
    public long SucceedCount { get; init; }

    /// <summary>In FAILED.</summary>
    public long FailedCount { get; init; }

    /// <summary>In FAILED_INTERRUPTED.</summary>
    public long FailedInterruptedCount { get; init; }
}

/// <summary>A job in a list: <c>GET /v1/jobs</c>.</summary>
public record JobView
{
    /// <summary>The job's id.</summary>
    public required string JobId { get; init; }

    /// <summary>As submitted.</summary>
    public required string JobName { get; init; }

    /// <summary>Current state.</summary>
    public required RunState JobState { get; init; }

    /// <summary>0 to 100, larger first.</summary>
    public required int Priority { get; init; }

    /// <summary>Why the job ended as it did; null until it ended.</summary>
    public Cause? Cause { get; init; }

    /// <summary>The cause in words; null until it ended badly.</summary>
    public string? StateReason { get; init; }

    /// <summary>When it was stored (database clock, UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its first instance ran; null before.</summary>
    public DateTimeOffset? RunningAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When its time limit ends it; null before it runs, when it has none, and once it ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When its end was asked for; null if never in its current life.</summary>
    public DateTimeOffset? TerminateRequestedAt { get; init; }

    /// <summary>When its last retry was asked for and its current life began; null in its first one.</summary>
    public DateTimeOffset? RetriedAt { get; init; }

    /// <summary>Instances of all its tasks per state.</summary>
    public required RunMetrics TaskInstanceMetrics { get; init; }

    /// <summary>How far it is, over the instances of all its tasks.</summary>
    public RunProgress Progress { get; init; } = new(0);

    /// <summary>Labels as submitted.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}

/// <summary>A job with its tasks: <c>GET /v1/jobs/{id}</c>.</summary>
public sealed record JobDetail : JobView
{
    /// <summary>As submitted.</summary>
    [JsonPropertyOrder(1)]
    public string JobDescription { get; init; } = "";

    /// <summary>Tasks in the order of the submitted document.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<TaskView> Tasks { get; init; }

    /// <summary>Edges as submitted.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<DependenceDocument> Dependences { get; init; } = [];

    /// <summary>Tasks per state.</summary>
    [JsonPropertyOrder(1)]
    public required RunMetrics TaskMetrics { get; init; }

    /// <summary>How much of it listeners are told.</summary>
    [JsonPropertyOrder(1)]
    public TracingMode Tracing { get; init; }

    /// <summary>Notifications as submitted, event names canonical.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<NotificationDocument> Notifications { get; init; } = [];

    /// <summary>Alibaba's block, as submitted; null: none, or one that asked for nothing.</summary>
    [JsonPropertyOrder(1)]
    public AlibabaNotificationDocument? Notification { get; init; }
}

/// <summary>One task of a job.</summary>
public sealed record TaskView
{
    /// <summary>Name within the job.</summary>
    public required string TaskName { get; init; }

    /// <summary>Current state.</summary>
    public required RunState TaskState { get; init; }

    /// <summary>Environment it runs in.</summary>
    public required string EnvId { get; init; }

    /// <summary>True when that environment was made for it (<c>compute_env</c>).</summary>
    public bool OwnsEnv { get; init; }

    /// <summary>Number of instances.</summary>
    public required int TaskInstanceNum { get; init; }

    /// <summary>Why it ended as it did; null until it ended.</summary>
    public Cause? Cause { get; init; }

    /// <summary>The cause in words; names the first failure.</summary>
    public string? StateReason { get; init; }

    /// <summary>When its first instance ran; null before.</summary>
    public DateTimeOffset? RunningAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When its time limit ends it; null before it runs, when it has none, and once it ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Its instances per state.</summary>
    public required RunMetrics TaskInstanceMetrics { get; init; }

    /// <summary>How far it is.</summary>
    public RunProgress Progress { get; init; } = new(0);
}

/// <summary>One instance of a task: <c>GET /v1/jobs/{id}/tasks/{task}/instances</c>.</summary>
public sealed record TaskInstanceView
{
    /// <summary>0 to count - 1.</summary>
    public required int TaskInstanceIndex { get; init; }

    /// <summary>Current state.</summary>
    public required RunState TaskInstanceState { get; init; }

    /// <summary>Number of the current or last attempt, from 1; 0 when it was never claimed.</summary>
    public required int Attempt { get; init; }

    /// <summary>Why the current or last attempt was made: one of <see cref="ExecutionSources"/>; null when it was never claimed.</summary>
    public string? ExecutionSource { get; init; }

    /// <summary>With <see cref="ExecutionSources.Failover"/>: the attempt whose place it takes.</summary>
    public int? OriginalAttempt { get; init; }

    /// <summary>Exit code of the last attempt; null when it has none.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why it is in its state; null while nothing happened.</summary>
    public Cause? Cause { get; init; }

    /// <summary>The cause in words.</summary>
    public string? StateReason { get; init; }

    /// <summary>Node of the current or last attempt.</summary>
    public string? ComputeNodeId { get; init; }

    /// <summary>FAILED_INTERRUPTED: its working directory on that node, kept for inspection; null when the node is gone.</summary>
    public string? KeptDirectory { get; init; }

    /// <summary>When a node claimed the current or last attempt.</summary>
    public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>When its command began to run.</summary>
    public DateTimeOffset? RunningAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What the command of the current or last attempt posted; null when it posted nothing.</summary>
    public InstanceProgress? Progress { get; init; }

    /// <summary>What the last attempt used; null while it runs, and when its executor cannot tell.</summary>
    public ResourceUsage? Usage { get; init; }

    /// <summary>RUNNABLE and waiting after a failure: not before then it gets its next attempt.</summary>
    public DateTimeOffset? RetryAt { get; init; }
}

/// <summary>Why an attempt was made.</summary>
public static class ExecutionSources
{
    /// <summary>It is the first one, or those before were given back without having begun.</summary>
    public const string NormalTrigger = "NORMAL_TRIGGER";

    /// <summary>The node of the one before was lost, or left before that had ended.</summary>
    public const string Failover = "FAILOVER";

    /// <summary>The one before failed.</summary>
    public const string Retry = "RETRY";

    /// <summary>A user had the instance tried again, and it is the first one since that may begin.</summary>
    public const string Manual = "MANUAL";

    /// <summary>
    /// The source of an attempt. <paramref name="original"/>: the attempt whose place it takes; null when there is none. <paramref name="noted"/>: what was noted of it; null when its
    /// number says it.
    /// </summary>
    public static string Of(int attempt, int? original, string? noted) => original is not null ? Failover : noted ?? (attempt <= 1 ? NormalTrigger : Retry);
}

/// <summary>What all processes of an attempt used together.</summary>
/// <param name="CpuMs">Milliseconds of processor time, user and system.</param>
/// <param name="PeakMemoryKib">KiB of memory that the largest of its processes held at most. A value up to some 40 MiB says only that it was not more: until its program is loaded, a process counts as large as the one that started it.</param>
public sealed record ResourceUsage(long CpuMs, long PeakMemoryKib);

/// <summary>How far a job or task is.</summary>
/// <param name="Percent">Ended instances, whatever their result, and of running ones the part that they posted, of all instances: 0 to 100, at most two decimals. 100 only when all have ended.</param>
public sealed record RunProgress(double Percent);

/// <summary>What a command posted through <c>BATCH_PROGRESS_FILE</c>.</summary>
public sealed record InstanceProgress
{
    /// <summary>The last percentage, 0 to 100; null: none was posted.</summary>
    public double? Percent { get; init; }

    /// <summary>The last message; null: none was posted.</summary>
    public string? Message { get; init; }

    /// <summary>When one of them was posted last; null: neither was.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Custom events taken; they are in the job's events.</summary>
    public int EventCount { get; init; }

    /// <summary>Custom events dropped because they were over the limits of section <c>Progress</c>.</summary>
    public long DroppedEventCount { get; init; }

    /// <summary>Lines that could not be understood.</summary>
    public long BadLineCount { get; init; }

    /// <summary>What was wrong with the last such line; null: there was none.</summary>
    public string? Problem { get; init; }
}

/// <summary>Body of <c>PATCH /v1/jobs/{id}</c>.</summary>
/// <param name="Priority">0 to 100, larger first.</param>
public sealed record ChangeJobRequest(int Priority);

/// <summary>Body of <c>POST /v1/jobs/{id}/retry</c>; may be left out.</summary>
/// <param name="Tasks">What to try again; when left out, everything that failed.</param>
public sealed record RetryJobRequest(IReadOnlyList<RetryTaskRequest>? Tasks);

/// <summary>Failed instances of one task.</summary>
/// <param name="TaskName">The task.</param>
/// <param name="Instances">Indexes and ranges such as <c>0-9,12</c>; when left out, all that failed. Those of them that did not fail stay as they are.</param>
public sealed record RetryTaskRequest(string TaskName, string? Instances);

/// <summary>Answer of <c>POST /v1/jobs/{id}/retry</c> (202).</summary>
/// <param name="Instances">Instances that are tried again, those included that had ended only because others failed.</param>
public sealed record RetryJobResponse(long Instances);

/// <summary>Body of <c>POST /v1/jobs/{id}/terminate</c>, and of the same for a task or an instance; may be left out.</summary>
/// <param name="Reason">Kept with what ends and shown; at most 500 characters.</param>
public sealed record TerminateJobRequest(string? Reason);
