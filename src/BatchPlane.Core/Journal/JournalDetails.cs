using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Journal;

/// <summary>
/// Shape of <c>events.details</c>: facts of the subject at the moment of the transition, which the message needs and which may
/// be different when it is sent. Everything is optional; what is absent is left out of the message or read from the subject's row.
/// </summary>
public sealed record JournalDetails
{
    /// <summary>Of a job: its tasks per state.</summary>
    public RunMetrics? TaskMetrics { get; init; }

    /// <summary>Of a job or task: its instances per state.</summary>
    public RunMetrics? TaskInstanceMetrics { get; init; }

    /// <summary>Of a job: its priority.</summary>
    public int? Priority { get; init; }

    /// <summary>Of a change of a job that is none of its state: the state it is in.</summary>
    public RunState? JobState { get; init; }

    /// <summary>Of a job that is overdue: when it was to have ended.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Of an attempt that ended: the state that its instance entered. Of a task's progress, or one that is blocked: the task's.</summary>
    public RunState? State { get; init; }

    /// <summary>Of a change of priority: the one before.</summary>
    public int? From { get; init; }

    /// <summary>Of a change of priority: the one from then on.</summary>
    public int? To { get; init; }

    /// <summary>Of a node: id of the machine behind it.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Of a node: processors.</summary>
    public int? Cpu { get; init; }

    /// <summary>Of a node: memory in GiB.</summary>
    public int? Mem { get; init; }

    /// <summary>Of a node: when its machine was made.</summary>
    public DateTimeOffset? ResourceCreatedTime { get; init; }

    /// <summary>Of an environment: the wished number of nodes.</summary>
    public int? DesiredComputeNodeCount { get; init; }

    /// <summary>Of an instance: attempts before this one, or before the one that it waits for, since it was submitted or a user had it tried again; one that was given back is none. Null: what the attempt's number says.</summary>
    public int? RetryCount { get; init; }

    /// <summary>Of progress: 0 to 100; null: only a message was posted. Of a task: of its instances, those that ended. Of an attempt that ended: the last one posted.</summary>
    public double? Percent { get; init; }

    /// <summary>Of progress: in words.</summary>
    public string? Message { get; init; }

    /// <summary>Of a custom event: its name.</summary>
    public string? Name { get; init; }

    /// <summary>Of a custom event: its data, any JSON.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>Of an attempt: why it was made, where its number does not say it. As <c>ExecutionSources</c>.</summary>
    public string? ExecutionSource { get; init; }

    /// <summary>Of an attempt: the lost one whose place it takes.</summary>
    public int? OriginalAttempt { get; init; }

    /// <summary>Of an attempt that begins: one before it had begun as well, since the instance was submitted or a user had it tried again. Null: it is the first.</summary>
    public bool? BeganBefore { get; init; }

    /// <summary>Of a subscription: its topic, which is told.</summary>
    public string? TopicName { get; init; }

    /// <summary>As stored in the journal.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, BatchPlaneJson.Options);

    /// <summary>Reads what <see cref="ToJson"/> wrote. Throws <see cref="JsonException"/> when it is something else.</summary>
    public static JournalDetails Parse(string json) =>
        JsonSerializer.Deserialize<JournalDetails>(json, BatchPlaneJson.Options) ?? new();
}
