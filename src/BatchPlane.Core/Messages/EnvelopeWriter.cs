using System.Diagnostics;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Messages;

/// <summary>
/// Format <c>cmq</c>: Tencent's <c>{"Events":[…]}</c> with exactly one event, nothing added.
/// </summary>
public class EnvelopeWriter(NotificationOptions options) : BodyWriter(options)
{
    /// <inheritdoc />
    public override string ContentType => "application/json";

    /// <inheritdoc />
    protected override void WriteBody(in Message message, in BodyTexts texts)
    {
        Json.WriteStartObject();
        Json.WriteStartArray("Events"u8);
        Json.WriteStartObject();
        Json.WriteString("EventVersion"u8, "1.0"u8);
        WriteTime("EventTime"u8, message.Event.Row.OccurredAt);
        Json.WriteString("Region"u8, message.Subject.Region ?? Region);
        WriteBatch(message, texts);
        Json.WriteString("EventName"u8, message.Kind.Name);
        WriteVars(message.Vars);
        Json.WriteEndObject();
        Json.WriteEndArray();
        Json.WriteEndObject();
    }

    /// <summary>Data is JSON, which half is not: it is left out.</summary>
    protected override string? Cut(BodyText part, string text, int excess) => part == BodyText.Data ? null : base.Cut(part, text, excess);

    /// <summary>The members <c>Batch</c> and <c>EventVars</c>.</summary>
    protected void WriteData(in Message message, in BodyTexts texts)
    {
        WriteBatch(message, texts);
        WriteVars(message.Vars);
    }

    private void WriteBatch(in Message message, in BodyTexts texts)
    {
        var (kind, journalEvent, subject, node, _) = message;
        Json.WriteStartObject("Batch"u8);
        switch (kind.Level)
        {
            case EventLevel.Job:
                WriteJob(journalEvent.Row, subject, texts.Reason);
                break;
            case EventLevel.Task:
                WriteTask(journalEvent.Row, subject, texts.Reason);
                break;
            case EventLevel.TaskInstance:
                WriteInstance(journalEvent, subject, node, texts);
                break;
            case EventLevel.ComputeEnv:
                WriteEnvironment(journalEvent.Row, subject);
                break;
            case EventLevel.ComputeNode:
                WriteNode(journalEvent.Row, subject, node, texts.Reason);
                break;
            case EventLevel.Subscription:
                WriteSubscription(journalEvent.Row, texts.Reason);
                break;
            default:
                throw new UnreachableException($"No message for level {kind.Level}.");
        }

        Json.WriteEndObject();
    }

    private void WriteJob(OutboxRow row, SubjectContext subject, string? reason)
    {
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("JobName"u8, subject.Name);
        Json.WriteString("JobState"u8, EventCatalogue.StateBehind(row));
        Json.WriteNumber("Priority"u8, row.Details?.Priority ?? subject.Priority);
        WriteTimeIfKnown("Deadline"u8, row.Details?.Deadline);
        if (row.Details is { From: { } from, To: { } to })
        {
            Json.WriteNumber("From"u8, from);
            Json.WriteNumber("To"u8, to);
        }

        WriteTime("CreateTime"u8, subject.CreatedAt);
        WriteEndTime(row);
        if ((IsFailure(row.State) || row.State == EventCatalogue.Overdue) && reason is not null)
        {
            Json.WriteString("StateReason"u8, reason);
        }

        WriteMetrics("TaskMetrics"u8, row.Details?.TaskMetrics);
        WriteMetrics("TaskInstanceMetrics"u8, row.Details?.TaskInstanceMetrics);
    }

    private void WriteTask(OutboxRow row, SubjectContext subject, string? reason)
    {
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("JobName"u8, subject.Name);
        Json.WriteString("TaskName"u8, subject.TaskName(row.TaskNo));
        Json.WriteString("TaskState"u8, EventCatalogue.StateBehind(row));
        if (row is { State: EventCatalogue.Progress, Details.Percent: { } percent })
        {
            Json.WriteNumber("Progress"u8, percent);
        }

        if (row.State == EventCatalogue.Blocked && reason is not null)
        {
            Json.WriteString("StateReason"u8, reason);
        }

        WriteTime("CreateTime"u8, subject.CreatedAt);
        WriteEndTime(row);
        WriteMetrics("TaskInstanceMetrics"u8, row.Details?.TaskInstanceMetrics);
    }

    private void WriteInstance(JournalEvent journalEvent, SubjectContext subject, NodeFacts? node, in BodyTexts texts)
    {
        var row = journalEvent.Row;
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("JobName"u8, subject.Name);
        Json.WriteString("TaskName"u8, subject.TaskName(row.TaskNo));
        Json.WriteNumber("TaskInstanceIndex"u8, journalEvent.InstanceIndex ?? 0);
        Json.WriteString("TaskInstanceState"u8, EventCatalogue.StateBehind(row));
        if (row.State is EventCatalogue.AttemptStarted or EventCatalogue.AttemptEnded && row.Attempt is { } attempt)
        {
            Json.WriteNumber("Attempt"u8, attempt);
        }

        WritePosting(row, texts);
        if (row.ExitCode is { } exitCode)
        {
            Json.WriteNumber("ExitCode"u8, exitCode);
        }

        if (texts.Reason is { } reason)
        {
            Json.WriteString("StateReason"u8, reason);
        }

        if (node is not null)
        {
            Json.WriteString("ComputeNodeInstanceId"u8, node.InstanceId);
        }

        WriteTime("CreateTime"u8, subject.CreatedAt);
        WriteTimeIfKnown("LaunchTime"u8, row.LaunchedAt);
        WriteTimeIfKnown("RunningTime"u8, journalEvent.RunningAt);
        WriteEndTime(row);
    }

    /// <summary>Only a command that runs posts anything.</summary>
    private void WritePosting(OutboxRow row, in BodyTexts texts)
    {
        if (row.State == EventCatalogue.Progress)
        {
            if (row.Details?.Percent is { } percent)
            {
                Json.WriteNumber("Progress"u8, percent);
            }

            if (texts.Posted is { } posted)
            {
                Json.WriteString("ProgressMessage"u8, posted);
            }
        }
        else if (row.State == EventCatalogue.CustomEvent)
        {
            Json.WriteString("CustomEventName"u8, row.Details?.Name);
            if (texts.Data is not null && row.Details?.Data is { } data)
            {
                Json.WritePropertyName("CustomEventData"u8);
                data.WriteTo(Json);
            }
        }
    }

    private void WriteEnvironment(OutboxRow row, SubjectContext subject)
    {
        Json.WriteString("EnvId"u8, row.SubjectId);
        Json.WriteString("EnvName"u8, subject.Name);
        WriteTime("CreateTime"u8, subject.CreatedAt);
        if (row.Details?.DesiredComputeNodeCount is { } desired)
        {
            Json.WriteNumber("DesiredComputeNodeCount"u8, desired);
        }
    }

    private void WriteNode(OutboxRow row, SubjectContext subject, NodeFacts? node, string? reason)
    {
        // The eight keys of the one documented sample, in its order. What is not known is empty, never null.
        var ofJob = row.SubjectId.StartsWith(EntityId.Job, StringComparison.Ordinal);
        Json.WriteString("ComputeNodeId"u8, row.NodeId ?? "");
        Json.WriteString("EnvId"u8, ofJob ? node?.EnvId ?? "" : row.SubjectId);
        Json.WriteString("ComputeNodeState"u8, EventCatalogue.StateBehind(row));
        Json.WriteNumber("Mem"u8, row.Details?.Mem ?? node?.MemoryGib ?? 0);
        var createdAt = row.Details?.ResourceCreatedTime ?? node?.ResourceCreatedAt;
        if (createdAt is { } known)
        {
            WriteTime("ResourceCreatedTime"u8, known);
        }
        else
        {
            Json.WriteString("ResourceCreatedTime"u8, ""u8);
        }

        Json.WriteString("EnvName"u8, ofJob ? node?.EnvName ?? "" : subject.Name);
        Json.WriteString("ComputeNodeInstanceId"u8, row.Details?.InstanceId ?? node?.InstanceId ?? "");
        Json.WriteNumber("Cpu"u8, row.Details?.Cpu ?? node?.Cpu ?? 0);
        if (row.State is "CREATION_FAILED" or "ABNORMAL" or EventCatalogue.Lost or EventCatalogue.Draining)
        {
            Json.WriteString("StateReason"u8, reason ?? "");
        }

        if (ofJob)
        {
            Json.WriteString("JobId"u8, row.SubjectId);
            Json.WriteString("TaskName"u8, subject.TaskName(row.TaskNo));
        }
    }

    private void WriteSubscription(OutboxRow row, string? reason)
    {
        Json.WriteString("TopicName"u8, row.Details?.TopicName);
        Json.WriteString("SubscriptionId"u8, row.SubjectId);
        if (row.State == EventCatalogue.Disabled)
        {
            Json.WriteString("StateReason"u8, reason ?? "");
        }
    }

    private void WriteVars(IReadOnlyList<EventVarDocument> vars)
    {
        Json.WriteStartArray("EventVars"u8);
        foreach (var (name, value) in vars)
        {
            Json.WriteStartObject();
            Json.WriteString("Name"u8, name);
            Json.WriteString("Value"u8, value);
            Json.WriteEndObject();
        }

        Json.WriteEndArray();
    }

    private void WriteMetrics(ReadOnlySpan<byte> name, RunMetrics? metrics)
    {
        if (metrics is null)
        {
            return;
        }

        Json.WriteStartObject(name);
        Json.WriteNumber("SubmittedCount"u8, metrics.SubmittedCount);
        Json.WriteNumber("PendingCount"u8, metrics.PendingCount);
        Json.WriteNumber("RunnableCount"u8, metrics.RunnableCount);
        Json.WriteNumber("StartingCount"u8, metrics.StartingCount);
        Json.WriteNumber("RunningCount"u8, metrics.RunningCount);
        Json.WriteNumber("SucceedCount"u8, metrics.SucceedCount);
        Json.WriteNumber("FailedCount"u8, metrics.FailedCount);
        Json.WriteNumber("FailedInterruptedCount"u8, metrics.FailedInterruptedCount);
        Json.WriteEndObject();
    }

    private void WriteEndTime(OutboxRow row)
    {
        if (row.State is "SUCCEED" or EventCatalogue.AttemptEnded || IsFailure(row.State))
        {
            WriteTime("EndTime"u8, row.OccurredAt);
        }
    }

    private void WriteTimeIfKnown(ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            WriteTime(name, known);
        }
    }

    private void WriteTime(ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[20];
        time.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss'Z'");
        Json.WriteString(name, text[..length]);
    }

    private static bool IsFailure(string state) => state is "FAILED" or "FAILED_INTERRUPTED";
}
