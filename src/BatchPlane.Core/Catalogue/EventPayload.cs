
namespace BatchPlane.Core.Catalogue;

/// <summary>A key of <c>Batch</c> in the messages of one level.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">What it holds: <c>string</c>, <c>number</c>, <c>time</c>, <c>counts</c>, <c>any</c>.</param>
/// <param name="States">Last words of the events that have it; empty: all of the level.</param>
/// <param name="When">Which of those messages have it, in words; null: all.</param>
/// <param name="Meaning">What it says.</param>
public sealed record PayloadKey(string Name, string Type, string[] States, string? When, string Meaning)
{
    /// <summary>Whether messages of an event may have it.</summary>
    public bool IsOf(EventKind kind) => States.Length == 0 || States.Contains(kind.State);
}

/// <summary>The keys that messages have: documents and JSON Schemas are made from it, and tests compare the messages with it.</summary>
public static class EventPayload
{
    private static readonly string[] Ends = ["SUCCEED", "FAILED", "FAILED_INTERRUPTED"];
    private static readonly string[] Failures = ["FAILED", "FAILED_INTERRUPTED"];

    private static readonly PayloadKey[] Job =
    [
        new("JobId", "string", [], null, "the job"),
        new("JobName", "string", [], null, "its name"),
        new("JobState", "string", [], null, "state entered; in `PRIORITY_CHANGED` and `OVERDUE` the one it is in"),
        new("Priority", "number", [], null, "0 to 100, at that moment"),
        new("Deadline", "time", [EventCatalogue.Overdue], null, "when it was to have ended"),
        new("From", "number", [EventCatalogue.PriorityChanged], null, "priority before"),
        new("To", "number", [EventCatalogue.PriorityChanged], null, "priority from then on"),
        new("CreateTime", "time", [], null, "when the job was submitted"),
        new("EndTime", "time", Ends, null, "when it ended"),
        new("StateReason", "string", [.. Failures, EventCatalogue.Overdue], null, "why, for people"),
        new("TaskMetrics", "counts", [], null, "tasks by state at that moment"),
        new("TaskInstanceMetrics", "counts", [], null, "instances of all tasks by state at that moment"),
    ];

    private static readonly PayloadKey[] Task =
    [
        new("JobId", "string", [], null, "the job"),
        new("JobName", "string", [], null, "its name"),
        new("TaskName", "string", [], null, "the task"),
        new("TaskState", "string", [], null, "state entered; in `PROGRESS` and `BLOCKED` the one it is in"),
        new("Progress", "number", [EventCatalogue.Progress], null, "whole percents of the instances that ended"),
        new("StateReason", "string", [EventCatalogue.Blocked], null, "what it waits for, for people; of a task that could run behind a word of `explain`: `no_nodes: …`"),
        new("CreateTime", "time", [], null, "when the job was submitted"),
        new("EndTime", "time", Ends, null, "when it ended"),
        new("TaskInstanceMetrics", "counts", [], null, "instances of the task by state at that moment"),
    ];

    private static readonly PayloadKey[] TaskInstance =
    [
        new("JobId", "string", [], null, "the job"),
        new("JobName", "string", [], null, "its name"),
        new("TaskName", "string", [], null, "the task"),
        new("TaskInstanceIndex", "number", [], null, "index, from 0"),
        new("TaskInstanceState", "string", [], null, "state entered; `RUNNING` in `PROGRESS`, `CUSTOM_EVENT` and `ATTEMPT_STARTED`"),
        new("Attempt", "number", [EventCatalogue.AttemptStarted, EventCatalogue.AttemptEnded], null, "number of the attempt, from 1"),
        new("Progress", "number", [EventCatalogue.Progress], "when a percentage was posted", "0 to 100, at most two decimals"),
        new("ProgressMessage", "string", [EventCatalogue.Progress], "when a message was posted", "the last message"),
        new("CustomEventName", "string", [EventCatalogue.CustomEvent], null, "the event's own name"),
        new("CustomEventData", "any", [EventCatalogue.CustomEvent], "with data, where there is room", "its data, unchanged but for the order of members"),
        new("ExitCode", "number", [.. Ends, EventCatalogue.AttemptEnded], "of a command that exited, or was killed by a signal: 128 + signal", "exit code of the last attempt"),
        new("StateReason", "string", [.. Failures, EventCatalogue.AttemptEnded], "where there is a reason", "why, for people"),
        new("ComputeNodeInstanceId", "string", [], "instances that a node claimed", "machine of the last attempt"),
        new("CreateTime", "time", [], null, "when the job was submitted"),
        new("LaunchTime", "time", [], "instances that a node claimed", "when the node claimed the attempt"),
        new("RunningTime", "time", [], "attempts whose command began", "when it began"),
        new("EndTime", "time", [.. Ends, EventCatalogue.AttemptEnded], null, "when the end was recorded"),
    ];

    private static readonly PayloadKey[] ComputeEnv =
    [
        new("EnvId", "string", [], null, "the environment"),
        new("EnvName", "string", [], null, "its name"),
        new("CreateTime", "time", [], null, "when it was made"),
        new("DesiredComputeNodeCount", "number", [], null, "nodes wished for at that moment"),
    ];

    private static readonly PayloadKey[] ComputeNode =
    [
        new("ComputeNodeId", "string", [], null, "the node"),
        new("EnvId", "string", [], null, "its environment"),
        new("ComputeNodeState", "string", [], null, "state entered"),
        new("Mem", "number", [], null, "memory in GiB; 0: not known"),
        new("ResourceCreatedTime", "time or empty", [], null, "when the machine was there; empty: never"),
        new("EnvName", "string", [], null, "name of the environment"),
        new("ComputeNodeInstanceId", "string", [], null, "the machine behind the node"),
        new("Cpu", "number", [], null, "processors; 0: not known"),
        new("StateReason", "string", ["CREATION_FAILED", "ABNORMAL", EventCatalogue.Lost, EventCatalogue.Draining], null, "why, for people"),
        new("JobId", "string", [], "nodes made for a task", "the task's job"),
        new("TaskName", "string", [], "nodes made for a task", "the task"),
    ];

    private static readonly PayloadKey[] Subscription =
    [
        new("TopicName", "string", [], null, "the topic"),
        new("SubscriptionId", "string", [], null, "its subscription"),
        new("StateReason", "string", [EventCatalogue.Disabled], null, "why, for people"),
    ];

    /// <summary>Members of an object of counts.</summary>
    public static IReadOnlyList<string> Counts { get; } =
        ["SubmittedCount", "PendingCount", "RunnableCount", "StartingCount", "RunningCount", "SucceedCount", "FailedCount", "FailedInterruptedCount"];

    /// <summary>The keys that messages of a level have, in their order.</summary>
    public static IReadOnlyList<PayloadKey> KeysOf(EventLevel level) => level switch
    {
        EventLevel.Job => Job,
        EventLevel.Task => Task,
        EventLevel.TaskInstance => TaskInstance,
        EventLevel.ComputeEnv => ComputeEnv,
        EventLevel.ComputeNode => ComputeNode,
        EventLevel.Subscription => Subscription,
    };

    /// <summary>The members of the flat message of an event in format <c>mns</c>, in their order: Alibaba's, and behind them what its messages do not have.</summary>
    public static IReadOnlyList<string> FlatKeysOf(EventKind kind) => kind.Level switch
    {
        EventLevel.Job =>
        [
            "Category", "JobId", "JobName", "Event", "State", "CreationTime", "StartTime", "EndTime", "Message",
            .. BesidesOf(kind),
        ],
        EventLevel.Task => ["Category", "JobId", "Task", "Event", "State", "StartTime", "EndTime", .. BesidesOf(kind)],
        EventLevel.TaskInstance =>
        [
            "Category", "JobId", "Task", "InstanceId", "Event", "State", "StartTime", "EndTime", "RetryCount", "Progress", "StdoutRedirectPath", "StderrRedirectPath",
            "ExitCode", "ErrorCode", "ErrorMessage", "Detail", .. BesidesOf(kind),
        ],
        EventLevel.ComputeEnv => ["Category", "ClusterId", "ClusterName", "CreationTime", "State", "Event"],
        EventLevel.ComputeNode => ["Category", "ClusterId", "Group", "InstanceId", "InnerIpAddress", "Hints", "State", "CreationTime", "Event", .. BesidesOf(kind)],
        EventLevel.Subscription => ["Category", "TopicName", "SubscriptionId", "Event", "State", "Message"],
    };

    private static string[] BesidesOf(EventKind kind) => (kind.Level, kind.State) switch
    {
        (EventLevel.Job, EventCatalogue.PriorityChanged) => ["From", "To"],
        (EventLevel.Job, EventCatalogue.Overdue) => ["Deadline"],
        (EventLevel.Task, EventCatalogue.Progress) => ["Progress"],
        (EventLevel.Task, EventCatalogue.Blocked) or (EventLevel.ComputeNode, EventCatalogue.Draining) => ["Message"],
        (EventLevel.TaskInstance, EventCatalogue.CustomEvent) => ["CustomEventName", "CustomEventData"],
        (EventLevel.ComputeNode, "CREATION_FAILED" or "ABNORMAL" or EventCatalogue.Lost) => ["ErrorCode", "ErrorMessage"],
        _ => [],
    };
}
