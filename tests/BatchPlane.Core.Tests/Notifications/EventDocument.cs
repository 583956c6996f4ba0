using System.Text;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Tests.Notifications;

/// <summary>A key of <c>Batch</c> in the messages of one level.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">JSON type, in words.</param>
/// <param name="In">Which messages have it; null: all of the level.</param>
/// <param name="Meaning">What it says.</param>
internal sealed record PayloadKey(string Name, string Type, string? In, string Meaning);

/// <summary>Describes the events: docs/events.md is made of this, of the catalogue and of the golden messages.</summary>
internal static class EventDocument
{
    private const string Introduction = """
        # Events

        What BatchPlane tells others, and how. The tables are made from `EventCatalogue`, the samples are the golden files of the tests; a test compares.

        ## Asking for events

        A job or environment names topics and events in its `notifications`:

        ```json
        "notifications": [
          {
            "topic_name": "job-message",
            "event_configs": [
              { "event_name": "JobFailed", "event_vars": [{ "name": "pipeline", "value": "nightly" }] },
              { "event_name": "TASK_INSTANCE_SUCCEED" }
            ]
          }
        ]
        ```

        - At most 16 blocks. The same event may go to several topics, to each only once. Whoever did not ask is told nothing.
        - Case and underscores do not matter in event names, nor PascalCase in member names (`TopicName`, `EventConfigs`). An unknown event is refused with the valid ones and the nearest.
        - `event_vars` come back unchanged in each message of that event.
        - A topic is a durable RabbitMQ exchange of type `topic` with exactly the topic's name. One that does not exist is made, or refused when
          `Notifications.UnknownTopic` is `strict`. Queues bind it with the routing key: `job.#`, `*.failed`, `#`.

        ## The message

        The body is JSON in UTF-8, not indented, without a byte order mark:

        | member | value |
        |---|---|
        | `Events` | list with exactly one element, whose members follow |
        | `EventVersion` | `"1.0"` |
        | `EventTime` | when the transition happened; UTC, whole seconds, as all times in the body |
        | `Region` | option `Notifications.Region`, default `ap-local` |
        | `Batch` | what happened: see the tables by level below |
        | `EventName` | canonical name, whatever spelling was asked for |
        | `EventVars` | list of `{"Name": …, "Value": …}`, as asked for; may be empty |

        Readers must not depend on the order of keys and must bear keys they do not know. A key that does not apply is absent, never null.
        Characters outside the Basic Multilingual Plane come as two `\uXXXX` escapes, which every JSON reader joins again.

        | AMQP property | value |
        |---|---|
        | routing key | level and state in lower case: `job.failed` |
        | `message_id` | id of the event, `<job or environment>:<sequence>`: the same at every delivery |
        | `type` | event name |
        | `correlation_id` | id of the job or environment |
        | `timestamp` | `EventTime` in seconds since 1970 |
        | `content_type`, `app_id`, delivery mode | `application/json`, `batchplane`, persistent |
        | header `x-batchplane-sequence` | number of the event within its job or environment |
        | header `traceparent` | W3C trace context of the request that made the job or environment |
        | headers `cloudEvents_specversion`, `_id`, `_source`, `_type`, `_subject`, `_time`, `_datacontenttype` | CloudEvents 1.0: `1.0`, the event's id, `urn:batchplane:<region>`, event name, `job-…/task/index` or `env-…/node-…`, time with milliseconds, `application/json` |

        ## Promises

        - **Nothing is lost.** The event is a row of the journal, written in the transaction of the transition. It is sent with publisher confirms and counts as delivered
          when the broker has confirmed it. While the broker is away, events wait in PostgreSQL.
        - **Order.** A topic gets the events of one job (or of one environment) in the order of their sequence. Between jobs there is no order. One exception: a message
          that the broker refuses (a full queue with `reject-publish`) is sent again and may come after those behind it.
        - **Duplicates** happen after a fault, always with the same `message_id`. A consumer that cares remembers ids.
        - **Sequence.** Gapless from 1 in the journal of a job or environment (`GET /v1/jobs/{id}/events`, `GET /v1/environments/{id}/events`). A topic gets only what was asked for,
          so the sequences in a queue have holes. The journal also names transitions that are not published, such as `JOB_STARTING`; its `topics` says where an event went.
        - **Nobody bound.** A message for which no queue is bound is noted as unrouted in `delivery_exceptions` and not sent again: bind queues before the job.
        - **Size.** A body has at most `Notifications.MaxMessageBytes` bytes (65,536). A longer one loses the end of its `StateReason`; when that is not enough, it is noted
          as failed and not sent. So is a message that the broker refused `Dispatch.MaxRefusals` times (5) or whose exchange it does not let us have.
        - **Attempts.** `TASK_INSTANCE_RUNNING` comes for each attempt. The end of an attempt that is followed by another one is in the journal only (`RUNNABLE`, with the cause).
        - **Progress.** `TASK_INSTANCE_PROGRESS` and `TASK_INSTANCE_CUSTOM_EVENT` tell what a command posted ([progress](progress.md)), at the limits of section `Progress`. They come between the
          begin and the end of the attempt, in the order of posting, except that of several percentages within an interval only the last is told, after the interval's custom events.
        - Instances that end without ever having been claimed get a message each, without `ComputeNodeInstanceId` and `LaunchTime`.
        - **Nodes.** Node events are told to the topics of the node's environment; those of nodes that are made for a task ([`compute_env`](environments.md#environments-for-one-task)) to the topics of its job, in whose journal and sequence they are. They may come after the job's end.
        """;

    private static readonly PayloadKey[] Job =
    [
        new("JobId", "string", null, "the job"),
        new("JobName", "string", null, "its name"),
        new("JobState", "string", null, "state entered; in `PRIORITY_CHANGED` the one it is in"),
        new("Priority", "number", null, "0 to 100, at that moment"),
        new("From", "number", "`PRIORITY_CHANGED`", "priority before"),
        new("To", "number", "`PRIORITY_CHANGED`", "priority from then on"),
        new("CreateTime", "time", null, "when the job was submitted"),
        new("EndTime", "time", "`SUCCEED`, `FAILED`, `FAILED_INTERRUPTED`", "when it ended"),
        new("StateReason", "string", "`FAILED`, `FAILED_INTERRUPTED`", "why, for people"),
        new("TaskMetrics", "counts", null, "tasks by state at that moment"),
        new("TaskInstanceMetrics", "counts", null, "instances of all tasks by state at that moment"),
    ];

    private static readonly PayloadKey[] Task =
    [
        new("JobId", "string", null, "the job"),
        new("JobName", "string", null, "its name"),
        new("TaskName", "string", null, "the task"),
        new("TaskState", "string", null, "state entered"),
        new("CreateTime", "time", null, "when the job was submitted"),
        new("EndTime", "time", "`SUCCEED`, `FAILED`, `FAILED_INTERRUPTED`", "when it ended"),
        new("TaskInstanceMetrics", "counts", null, "instances of the task by state at that moment"),
    ];

    private static readonly PayloadKey[] TaskInstance =
    [
        new("JobId", "string", null, "the job"),
        new("JobName", "string", null, "its name"),
        new("TaskName", "string", null, "the task"),
        new("TaskInstanceIndex", "number", null, "index, from 0"),
        new("TaskInstanceState", "string", null, "state entered; `RUNNING` in `PROGRESS` and `CUSTOM_EVENT`"),
        new("Progress", "number", "`PROGRESS`, when a percentage was posted", "0 to 100, at most two decimals"),
        new("ProgressMessage", "string", "`PROGRESS`, when a message was posted", "the last message"),
        new("CustomEventName", "string", "`CUSTOM_EVENT`", "the event's own name"),
        new("CustomEventData", "any", "`CUSTOM_EVENT` with data", "its data, unchanged but for the order of members"),
        new("ExitCode", "number", "ends of a command that exited, or was killed by a signal: 128 + signal", "exit code of the last attempt"),
        new("StateReason", "string", "`FAILED`, `FAILED_INTERRUPTED`", "why, for people"),
        new("ComputeNodeInstanceId", "string", "instances that a node claimed", "machine of the last attempt"),
        new("CreateTime", "time", null, "when the job was submitted"),
        new("LaunchTime", "time", "instances that a node claimed", "when the node claimed the attempt"),
        new("RunningTime", "time", "attempts whose command began", "when it began"),
        new("EndTime", "time", "`SUCCEED`, `FAILED`, `FAILED_INTERRUPTED`", "when the end was recorded"),
    ];

    private static readonly PayloadKey[] ComputeEnv =
    [
        new("EnvId", "string", null, "the environment"),
        new("EnvName", "string", null, "its name"),
        new("CreateTime", "time", null, "when it was made"),
        new("DesiredComputeNodeCount", "number", null, "nodes wished for at that moment"),
    ];

    private static readonly PayloadKey[] ComputeNode =
    [
        new("ComputeNodeId", "string", null, "the node"),
        new("EnvId", "string", null, "its environment"),
        new("ComputeNodeState", "string", null, "state entered"),
        new("Mem", "number", null, "memory in GiB; 0: not known"),
        new("ResourceCreatedTime", "time", null, "when the machine was there; empty: never"),
        new("EnvName", "string", null, "name of the environment"),
        new("ComputeNodeInstanceId", "string", null, "the machine behind the node"),
        new("Cpu", "number", null, "processors; 0: not known"),
        new("StateReason", "string", "`CREATION_FAILED`, `ABNORMAL`", "why, for people"),
        new("JobId", "string", "nodes made for a task", "the task's job"),
        new("TaskName", "string", "nodes made for a task", "the task"),
    ];

    /// <summary>The keys that messages of a level have, in their order.</summary>
    internal static IReadOnlyList<PayloadKey> KeysOf(EventLevel level) => level switch
    {
        EventLevel.Job => Job,
        EventLevel.Task => Task,
        EventLevel.TaskInstance => TaskInstance,
        EventLevel.ComputeEnv => ComputeEnv,
        EventLevel.ComputeNode => ComputeNode,
    };

    internal static string Text()
    {
        var text = new StringBuilder(Introduction).Append('\n');
        AddCatalogue(text);
        text.Append("\n## `Batch` by level\n\n");
        text.Append("`counts` is an object with `SubmittedCount`, `PendingCount`, `RunnableCount`, `StartingCount`, `RunningCount`, `SucceedCount`, `FailedCount`, `FailedInterruptedCount`.\n");
        foreach (var level in Enum.GetValues<EventLevel>())
        {
            AddLevel(text, level);
        }

        text.Append("\n## Samples\n");
        foreach (var name in new[] { "JOB_SUCCEED", "TASK_INSTANCE_FAILED", "TASK_INSTANCE_PROGRESS", "TASK_INSTANCE_CUSTOM_EVENT", "COMPUTE_NODE_CREATED", NodeOfATask })
        {
            text.Append($"\n```json\n{File.ReadAllText(GoldenPath(name))}\n```\n");
        }

        return text.ToString();
    }

    /// <summary>The golden message of a node that was made for a task.</summary>
    internal const string NodeOfATask = "COMPUTE_NODE_ABNORMAL.of_task";

    internal static string GoldenPath(string name) => Repository.PathOf($"tests/BatchPlane.Core.Tests/Notifications/Golden/{name}.json");

    private static void AddCatalogue(StringBuilder text)
    {
        text.Append("\n## The events\n\n| event | also written | routing key | asked for in | when |\n|---|---|---|---|---|\n");
        foreach (var kind in EventCatalogue.All)
        {
            text.Append($"| `{kind.Name}` | `{kind.PascalName}`, `{kind.Name.ToLowerInvariant()}` | `{kind.RoutingKey}` | {Where(kind.Scope)} | {kind.Fires} |\n");
        }
    }

    private static void AddLevel(StringBuilder text, EventLevel level)
    {
        text.Append($"\n### `{EventCatalogue.WireName(level)}`\n\n| key | type | in | meaning |\n|---|---|---|---|\n");
        foreach (var key in KeysOf(level))
        {
            text.Append($"| `{key.Name}` | {key.Type} | {key.In ?? "all"} | {key.Meaning} |\n");
        }
    }

    private static string Where(EventScope scope) => scope switch
    {
        EventScope.Job => "job",
        EventScope.Environment => "environment",
        EventScope.Job | EventScope.Environment => "environment; job: for nodes made for its tasks",
        _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "Asked for nowhere."),
    };
}
