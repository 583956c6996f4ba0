using System.Text.Json;
using System.Text.Json.Serialization;

namespace BatchPlane.Contracts;

/// <summary>How the bodies of messages look.</summary>
public enum NotificationFormat
{
    /// <summary>Tencent's envelope, <c>{"Events":[…]}</c>. The default.</summary>
    Cmq,

    /// <summary>Alibaba's flat message, all values texts.</summary>
    Mns,

    /// <summary>CloudEvents 1.0, structured JSON.</summary>
    Cloudevents,
}

/// <summary>Which events go to one topic, or to each of several. Accepted in both spellings (<c>topic_name</c>, <c>TopicName</c>).</summary>
public sealed record NotificationDocument
{
    /// <summary>Name of the topic: a letter, then letters, digits, <c>_</c>, <c>-</c>; at most 64 characters. Null when <see cref="TopicNames"/> is given.</summary>
    public string? TopicName { get; init; }

    /// <summary>Instead of <see cref="TopicName"/>: names of one or more topics, all different, to each of which the events go.</summary>
    public IReadOnlyList<string>? TopicNames { get; init; }

    /// <summary>Its topics, however they were given.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Topics => TopicNames ?? [TopicName ?? ""];

    /// <summary>How the messages look: <c>cmq</c> (default), <c>mns</c> or <c>cloudevents</c>.</summary>
    public NotificationFormat Format { get; init; } = NotificationFormat.Cmq;

    /// <summary>Which of the events asked for are told; null: all.</summary>
    public EventFilterDocument? Filter { get; init; }

    /// <summary>One or more events, each at most once.</summary>
    public required IReadOnlyList<EventConfigDocument> EventConfigs { get; init; }

    /// <summary>The same with its topics in another spelling.</summary>
    public NotificationDocument Respelled(Func<string, string> spelling) => this with
    {
        TopicName = TopicName is null ? null : spelling(TopicName),
        TopicNames = TopicNames is null ? null : [.. TopicNames.Select(spelling)],
    };
}

/// <summary>One event asked for.</summary>
public sealed record EventConfigDocument
{
    /// <summary>
    /// Event name; <c>JobFailed</c>, <c>JOB_FAILED</c> and <c>job_failed</c> are the same. Stored canonical: <c>JOB_FAILED</c>. A name with <c>*</c>
    /// (<c>JOB_*</c>, <c>*_FAILED</c>) stands for the events of the specification that it matches, and is stored as these.
    /// </summary>
    public required string EventName { get; init; }

    /// <summary>Pairs copied unchanged, in order, into every message of this event on this topic.</summary>
    public IReadOnlyList<EventVarDocument> EventVars { get; init; } = [];

    /// <summary>Of <c>TASK_PROGRESS</c>: told whenever so many percent more of the instances have ended, 1 to 100. Default 10, unless <c>every_seconds</c> is given.</summary>
    public int? EveryPercent { get; init; }

    /// <summary>Of <c>TASK_PROGRESS</c>: told every so many seconds while the task runs, 1 to 86,400.</summary>
    public int? EverySeconds { get; init; }
}

/// <summary>Which events are told. What it names must all be so.</summary>
public sealed record EventFilterDocument
{
    /// <summary>Events of these levels: <c>job</c>, <c>task</c>, <c>task_instance</c>, <c>compute_env</c>, <c>compute_node</c>; in filters of subscriptions also <c>subscription</c>. Empty: all.</summary>
    public IReadOnlyList<string> Levels { get; init; } = [];

    /// <summary>Events of jobs and environments that have all these labels (<c>tags</c>). Empty: all.</summary>
    public IReadOnlyList<LabelFilterDocument> Labels { get; init; } = [];

    /// <summary>True: only events that say that something has ended.</summary>
    public bool Final { get; init; }

    /// <summary>True: only events that say that a state changed, and of an instance that runs again and again only the first begin.</summary>
    public bool Changed { get; init; }
}

/// <summary>A label that must be there.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; null: any.</param>
public sealed record LabelFilterDocument(string Key, string? Value);

/// <summary>A custom parameter echoed into the message.</summary>
/// <param name="Name">Any text.</param>
/// <param name="Value">Any text.</param>
public sealed record EventVarDocument(string Name, string Value);

/// <summary>Alibaba BatchCompute's <c>Notification</c>, one block more in format <c>mns</c>. Accepted in both spellings (<c>topic</c>, <c>Topic</c>).</summary>
/// <param name="Topic">The topic and its events.</param>
public sealed record AlibabaNotificationDocument(AlibabaTopicDocument Topic);

/// <summary>Which of Alibaba's events go to a topic.</summary>
/// <param name="Name">Name of the topic, as in <see cref="NotificationDocument.TopicName"/>.</param>
/// <param name="Endpoint">Address of a topic service, never dialled: one of those that stand for this installation's broker. Null: not said.</param>
/// <param name="Events">Names as Alibaba writes them, <c>OnJobFailed</c>; a repeated one counts once.</param>
public sealed record AlibabaTopicDocument(string Name, string? Endpoint, IReadOnlyList<string> Events);

/// <summary>Body of <c>POST /v1/topics</c>.</summary>
/// <param name="TopicName">A letter, then letters, digits, <c>_</c>, <c>-</c>; at most 64 characters; unique without regard to case.</param>
public sealed record TopicDocument(string TopicName);

/// <summary>A topic: <c>GET /v1/topics</c> and <c>GET /v1/topics/{name}</c>.</summary>
public sealed record TopicView
{
    /// <summary>Name, and name of the RabbitMQ exchange.</summary>
    public required string TopicName { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its subscriptions, oldest first.</summary>
    public IReadOnlyList<SubscriptionView> Subscriptions { get; init; } = [];
}

/// <summary>One row of the journal: <c>GET /v1/jobs/{id}/events</c>, in sequence.</summary>
public sealed record EventView
{
    /// <summary>Stable id, <c>&lt;subject&gt;:&lt;sequence&gt;</c>, the same as the AMQP <c>message_id</c>.</summary>
    public required string EventId { get; init; }

    /// <summary>Gapless within the subject, from 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>The job, environment or subscription it belongs to.</summary>
    public required string SubjectId { get; init; }

    /// <summary>What changed: <c>job</c>, <c>task</c>, <c>task_instance</c>, <c>compute_env</c>, <c>compute_node</c>, <c>subscription</c>.</summary>
    public required string Level { get; init; }

    /// <summary>Level and state, <c>JOB_RUNNING</c>. Transitions outside the published events have such a name too.</summary>
    public required string EventName { get; init; }

    /// <summary>The state entered; <c>PROGRESS</c> or <c>CUSTOM_EVENT</c> for what a command posted, with <see cref="Details"/>.</summary>
    public required string State { get; init; }

    /// <summary>Task, for task and instance rows.</summary>
    public string? TaskName { get; init; }

    /// <summary>Instance, for instance rows.</summary>
    public int? TaskInstanceIndex { get; init; }

    /// <summary>Attempt, from 1, for instance rows of a claimed instance.</summary>
    public int? Attempt { get; init; }

    /// <summary>Why that attempt was made: one of <see cref="ExecutionSources"/>.</summary>
    public string? ExecutionSource { get; init; }

    /// <summary>With <see cref="ExecutionSources.Failover"/>: the attempt whose place it takes.</summary>
    public int? OriginalAttempt { get; init; }

    /// <summary>Node, where one is concerned.</summary>
    public string? ComputeNodeId { get; init; }

    /// <summary>Exit code, when the row ends an attempt that has one.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why.</summary>
    public Cause? Cause { get; init; }

    /// <summary>Why, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Who caused it: <c>engine</c>, <c>agent</c>, or <c>user:&lt;key&gt;</c>.</summary>
    public required string Source { get; init; }

    /// <summary>When the transition was made (database clock, UTC).</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Topics it was asked for on; empty when nobody asked.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>More facts of the subject at that moment, by family; absent when there are none.</summary>
    public JsonElement? Details { get; init; }

    /// <summary>The place behind this event in the order of the whole journal: <c>after</c> of <c>GET /v1/events</c>. Absent in lists of one subject.</summary>
    public string? Cursor { get; init; }
}
