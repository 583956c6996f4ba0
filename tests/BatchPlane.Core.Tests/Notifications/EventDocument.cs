using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Topics;

namespace BatchPlane.Core.Tests.Notifications;

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

        - `format` says how the messages look: `cmq` (default: below), `mns` or `cloudevents` ([formats](#formats)).
        - At most 16 blocks. The same event may go to several topics, to each only once. Whoever did not ask is told nothing.
        - A block has one topic (`topic_name`) or several that get the same (`topic_names`: `["a", "b"]`), in all blocks together at most `NotificationLimits.MaxTopics` (128).
        - Case and underscores do not matter in event names, nor PascalCase in member names (`TopicName`, `EventConfigs`). An unknown event is refused with the valid ones and the nearest.
        - A `*` in a name stands for any letters: `JOB_*`, `*_FAILED`, `*`. It goes over the names, so `TASK_*` has the events of instances too, and stands only for the first
          19 events of the table below: the others are told where they are named, and nowhere else. An event that the block names besides keeps its own `event_vars`.
        - `filter` leaves out events of a block; what it names must all be so: `levels` (`["job", "task"]`), `labels` (`[{"key": "branch", "value": "main"}]`, which the job's or environment's `tags`
          must have; without `value`: any), `final` (true: only ends: `SUCCEED`, `FAILED`, `FAILED_INTERRUPTED`, `DELETED`, `CREATION_FAILED`), `changed` (true: no event that changes no state,
          and `TASK_INSTANCE_RUNNING` for the first attempt that begins only, and for the first after a user's retry). A filter that none of the block's events can pass is refused. Subscriptions have [filters](subscriptions.md#filters-and-formats) of the same words.
        - `TASK_PROGRESS` tells how far a task has come: `"every_percent": 10` (default), `"every_seconds": 60` or both, of each block its own. An array of 100,000 instances tells its story in fewer than ten messages
          with `JOB_RUNNING`, `JOB_SUCCEED`, `JOB_FAILED`, `TASK_PROGRESS` every 20 percent and the ends of its task. What is asked for by seconds is told while a task runs, ends or not, at most `Scheduling.DuePollSeconds` late.
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
        | `Region` | of the request to the Tencent façade that made the job or environment; of others option `Notifications.Region`, default `ap-local` |
        | `Batch` | what happened: see the tables by level below |
        | `EventName` | canonical name, whatever spelling was asked for |
        | `EventVars` | list of `{"Name": …, "Value": …}`, as asked for; may be empty |

        Readers must not depend on the order of keys and must bear keys they do not know. A key that does not apply is absent, never null.
        Characters outside the Basic Multilingual Plane come as two `\uXXXX` escapes, which every JSON reader joins again.

        | AMQP property | value |
        |---|---|
        | routing key | level and state in lower case: `job.failed` |
        | `message_id` | id of the event, `<job, environment or subscription>:<sequence>`: the same at every delivery |
        | `type` | event name |
        | `correlation_id` | id of the job, environment or subscription |
        | `timestamp` | `EventTime` in seconds since 1970 |
        | `content_type`, `app_id`, delivery mode | `application/json`, `batchplane`, persistent |
        | header `x-batchplane-sequence` | number of the event within its job, environment or subscription |
        | header `x-batchplane-redelivered-at` | of a message that is delivered again: when that was asked for, in milliseconds since 1970 |
        | header `traceparent` | W3C trace context that the request to make the job or environment came with; absent when it came with none |
        | headers `cloudEvents_specversion`, `_id`, `_source`, `_type`, `_subject`, `_time`, `_datacontenttype` | CloudEvents 1.0: `1.0`, the event's id, `urn:batchplane:` and the region of the installation, event name, `job-…/task/index`, `env-…/node-…` or `subsc-…`, time with milliseconds, `application/json` |

        ## Formats

        `cmq` is the message above. The others tell the same events, with the same `message_id` and headers. Routing key and `type` are those of the event that was asked for, whatever the format: `job.succeed` where
        `JOB_SUCCEED` was, `job.finished` where `OnJobFinished` was. The formats:

        - `cloudevents`: content type `application/cloudevents+json`, one CloudEvents 1.0 event in structured mode. `id`, `source`, `type`, `subject`, `time` as in the table; `sequence` (19 digits) and `traceparent`;
          `data` has `Batch` and `EventVars` of the message above. No `cloudEvents_*` headers.
        - `mns`: Alibaba BatchCompute's flat object: all values are texts, times have 27 characters (`2016-11-01T15:25:02.837728Z`), what is not known is `""`. `Event` is Alibaba's name of the transition, if it has one.
          `Group`, `InnerIpAddress` and `Hints` are always empty, `ErrorCode` is BatchPlane's cause, of a node its state. `event_vars` have no place in it. [What Alibaba does not have](#what-alibaba-does-not-have).

        Alibaba's block is accepted as it is on jobs and environments, beside or instead of `notifications`, and counts as one block of format `mns`:

        ```json
        "Notification": { "Topic": { "Name": "my-topic", "Endpoint": "http://1234.mns.cn-hangzhou.aliyuncs.com/", "Events": ["OnJobFailed", "OnJobStopped"] } }
        ```

        `Endpoint` is never dialled: it must be one of option `NotificationLimits.Endpoints`, all of which stand for this installation's broker, or be left out. An empty `Topic`, or one without `Events`, asks for nothing.
        Its topic may be in `notifications` as well, but no transition goes to a topic twice, since both messages would have one id: `OnJobFailed` beside `JOB_FAILED` on one topic is refused, unlike Alibaba's; take two topics.
        Alibaba's `JobFailOnInstanceFail: false` has no member here; a [retry rule](jobs.md#failures-and-retries) with `ignore` comes nearest. An instance whose failure is ignored is finished: `OnInstanceFinished` with its exit code, where Alibaba has `OnInstanceFailed`.
        Jobs and environments show the block as `notification`, as it was given. A job that a user terminated is `Stopped`, not `Failed`; an instance that is tried again is `Waiting`, with one more in `RetryCount`, which begins anew when a user has it tried again and leaves out attempts that were given back; one that is ended while it waits for another attempt may have 0 there.
        `Progress` is the last percentage that the attempt posted, when it ends; `0` before, and where none was posted, also of one that succeeded; `0` too where the attempt was lost with its node or handed over by it.
        `OnInstanceWaiting` is a message for each instance, a million for an array of a million, since a body names one: leave it out of `Events` where that is too much. No `*` brings it, and `OnTaskWaiting` tells the same once.

        A body over the limit is shortened: the longest of its texts loses its end, then the next, until it fits. In `cmq` and `cloudevents` these are `StateReason` and `ProgressMessage`, and `CustomEventData` is left out as a whole;
        in `mns` `Message` or `ErrorMessage`, `Detail` and `CustomEventData`, which then end with `...(truncated)`. Names and `event_vars` are never cut.

        For machines, made from the same catalogue: JSON Schemas at `/schemas` (`/schemas/JOB_FAILED.json`, `/schemas/cloudevents/…`, `/schemas/mns/OnJobFailed.json`), AsyncAPI 3 at `/asyncapi.yaml`,
        and the section `webhooks` of `/openapi/v1.json`.

        ## Promises

        - **Nothing is lost.** The event is a row of the journal, written in the transaction of the transition. It is sent with publisher confirms and counts as delivered
          when the broker has confirmed it. While the broker is away, events wait in PostgreSQL.
        - **Order.** A topic gets the events of one job (or of one environment, or subscription) in the order of their sequence. Between jobs there is no order. One exception: a message
          that the broker refuses (a full queue with `reject-publish`) is sent again and may come after those behind it.
        - **Duplicates** happen after a fault, always with the same `message_id`. A consumer that cares remembers ids.
        - **Sequence.** Gapless from 1 in the journal of a job or environment (`GET /v1/jobs/{id}/events`, `GET /v1/environments/{id}/events`). A topic gets only what was asked for,
          so the sequences in a queue have holes. The journal also names transitions that are not published, such as `JOB_STARTING`; its `topics` says where an event went.
        - **Nobody bound.** A message for which no queue is bound is noted as unrouted in `delivery_exceptions` and not sent again: bind queues before the job.
        - **Size.** A body has at most `Notifications.MaxMessageBytes` bytes (65,536), and on a topic that was given `MaxMsgSize` (1,024 to 65,536, of CMQ's interface) at most that many, within ten seconds of a change. A longer one is [shortened](#formats); when that is not enough, it is noted
          as failed and not sent. So is a message whose exchange the broker does not let us have.
        - **Full queues.** A message that the broker refuses is sent again and again, for `Dispatch.RefusedFor` (2 minutes) and `Dispatch.MaxRefusals` times (5) at least, and then noted as failed. Meanwhile the other events of its shard, a quarter of all,
          wait as well; so the next ones that this topic's queues refuse fail at once, for as long again. Redeliver them when there is room.
        - **Attempts.** `TASK_INSTANCE_RUNNING` comes for each attempt. The end of an attempt that is followed by another one is told by `TASK_INSTANCE_ATTEMPT_ENDED`; else it is in the journal only (`RUNNABLE`, with the cause).
        - **Progress.** `TASK_INSTANCE_PROGRESS` and `TASK_INSTANCE_CUSTOM_EVENT` tell what a command posted ([progress](progress.md)), at the limits of section `Progress`. They come between the
          begin and the end of the attempt, in the order of posting, except that of several percentages within an interval only the last is told, after the interval's custom events.
        - **Blocked.** Why a task that could run does not (no node, too small ones, all slots busy, …) is told when it has been so for `Scheduling.BlockedAfterSeconds` (30), once for each kind of reason until the task runs. That only jobs of higher priority are in the way is told by `explain` alone.
        - **Rows.** Events of tasks that are blocked, of their progress, of attempts, of nodes that drain, are lost or recovered, and of instances that Alibaba calls `Waiting` from the start have rows in the journal, and numbers in
          the sequence, only where somebody asked for them.
        - Instances that end without ever having been claimed get a message each, without `ComputeNodeInstanceId` and `LaunchTime`.
        - **Nodes.** Node events are told to the topics of the node's environment; those of nodes that are made for a task ([`compute_env`](environments.md#environments-for-one-task)) to the topics of its job, in whose journal and sequence they are. They may come after the job's end.
        - **Subscriptions.** That a subscription is disabled or enabled is told to its topic, without being asked for, in format `cmq`: bind `subscription.*`. Where nobody does, the event is `unrouted`, as any other. Its journal is
          `GET /v1/events?subscription=subsc-…`. What comes behind the end of its topic is a failed delivery.
        """;

    internal static string Text()
    {
        var text = new StringBuilder(Introduction).Append('\n');
        AddCatalogue(text);
        text.Append("\n## `Batch` by level\n\n");
        text.Append($"`counts` is an object with {string.Join(", ", EventPayload.Counts.Select(name => $"`{name}`"))}.\n");
        foreach (var level in Enum.GetValues<EventLevel>())
        {
            AddLevel(text, level);
        }

        AddAlibaba(text);
        AddNotices(text);
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

    private static void AddAlibaba(StringBuilder text)
    {
        text.Append("\n## Alibaba's events\n\n| event | routing key | in the `Notification` of | members | when |\n|---|---|---|---|---|\n");
        foreach (var kind in AlibabaEvents.All)
        {
            text.Append($"| `{kind.Name}` | `{kind.RoutingKey}` | {Where(kind.Scope)} | {Members(EventPayload.FlatKeysOf(kind))} | {kind.Fires} |\n");
        }

        text.Append("\n### What Alibaba does not have\n\nEvents that it has no name for keep theirs in format `mns`, and have the members of its messages of their level; some have more:\n\n| event | further members |\n|---|---|\n");
        foreach (var kind in EventSchemas.KindsOf(NotificationFormat.Mns).Except(AlibabaEvents.All))
        {
            text.Append($"| `{kind.Name}` | {Members(EventPayload.FlatKeysOf(kind).Except(AlibabaEvents.All.Where(other => other.Level == kind.Level).Take(1).SelectMany(EventPayload.FlatKeysOf)))} |\n");
        }
    }

    private static string Members(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"`{name}`").DefaultIfEmpty("none"));

    private static void AddNotices(StringBuilder text)
    {
        text.Append("\n## The test of a topic\n\nA message in the same envelope that is no event: it is sent once, and is in no journal. Its message id begins with `test-`.\n\n| name | routing key | `Batch` | when |\n|---|---|---|---|\n");
        foreach (var notice in TopicNotices.All)
        {
            text.Append($"| `{notice.Name}` | `{notice.RoutingKey}` | {string.Join(", ", notice.Keys.Select(key => $"`{key.Name}` ({key.Meaning})"))} | {notice.Fires} |\n");
        }
    }

    private static void AddLevel(StringBuilder text, EventLevel level)
    {
        text.Append($"\n### `{EventCatalogue.WireName(level)}`\n\n| key | type | in | meaning |\n|---|---|---|---|\n");
        foreach (var key in EventPayload.KeysOf(level))
        {
            text.Append($"| `{key.Name}` | {key.Type} | {In(key)} | {key.Meaning} |\n");
        }
    }

    private static string In(PayloadKey key) => string.Join(", ", key.States.Select(state => $"`{state}`")) is var states && key.When is { } when
        ? states.Length == 0 ? when : $"{states}: {when}"
        : states.Length == 0 ? "all" : states;

    private static string Where(EventScope scope) => scope switch
    {
        EventScope.None => "nowhere: the subscription's topic is told",
        EventScope.Job => "job",
        EventScope.Environment => "environment",
        EventScope.Job | EventScope.Environment => "environment; job: for nodes made for its tasks",
        _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "Asked for nowhere."),
    };
}
