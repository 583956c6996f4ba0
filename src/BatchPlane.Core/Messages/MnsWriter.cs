using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Messages;

/// <summary>
/// Format <c>mns</c>: Alibaba BatchCompute's flat messages. Every value is a text; a time has 27 characters; what is not known is an
/// empty text. Events that Alibaba does not have keep their name and have the members of their level, and what they tell besides: <see cref="EventPayload.FlatKeysOf"/>.
/// </summary>
public sealed class MnsWriter(NotificationOptions options) : BodyWriter(options)
{
    private const int TimeLength = 27;

    /// <inheritdoc />
    public override string ContentType => "application/json";

    /// <inheritdoc />
    protected override string CutMark => "...(truncated)";

    /// <inheritdoc />
    protected override void WriteBody(in Message message, in BodyTexts texts)
    {
        var row = message.Event.Row;
        var name = AlibabaEvents.Of(row.Level, row.State, row.Cause)?.Name ?? message.Kind.Name;
        Json.WriteStartObject();
        Json.WriteString("Category"u8, CategoryOf(row.Level));
        switch (row.Level)
        {
            case EventLevel.ComputeEnv:
                WriteCluster(message, name);
                break;
            case EventLevel.ComputeNode:
                WriteMachine(message, name, texts.Reason);
                break;
            case EventLevel.Job:
                WriteJob(message, name, texts.Reason);
                break;
            case EventLevel.Task:
                WriteTask(message, name, texts.Reason);
                break;
            case EventLevel.Subscription:
                WriteSubscription(row, name, texts.Reason);
                break;
            default:
                WriteInstance(message, name, texts);
                break;
        }

        Json.WriteEndObject();
    }

    private static string CategoryOf(EventLevel level) => level switch
    {
        EventLevel.ComputeEnv or EventLevel.ComputeNode => "Cluster",
        EventLevel.Subscription => "Topic",
        _ => "Job",
    };

    private void WriteSubscription(OutboxRow row, string name, string? reason)
    {
        Json.WriteString("TopicName"u8, row.Details?.TopicName ?? "");
        Json.WriteString("SubscriptionId"u8, row.SubjectId);
        Json.WriteString("Event"u8, name);
        Json.WriteString("State"u8, row.State == EventCatalogue.Disabled ? "Disabled" : "Enabled");
        Json.WriteString("Message"u8, reason ?? "");
    }

    private void WriteCluster(in Message message, string name)
    {
        Json.WriteString("ClusterId"u8, message.Event.Row.SubjectId);
        Json.WriteString("ClusterName"u8, message.Subject.Name);
        WriteTime("CreationTime"u8, message.Subject.CreatedAt);
        Json.WriteString("State"u8, AlibabaEvents.ClusterWord(EventLevel.ComputeEnv, message.Event.Row.State));
        Json.WriteString("Event"u8, name);
    }

    private void WriteMachine(in Message message, string name, string? reason)
    {
        var row = message.Event.Row;
        var ofJob = row.SubjectId.StartsWith(EntityId.Job, StringComparison.Ordinal);
        Json.WriteString("ClusterId"u8, ofJob ? message.Node?.EnvId ?? "" : row.SubjectId);

        // An environment is one group, which has no name; its nodes' addresses are not known to the server.
        Json.WriteString("Group"u8, ""u8);
        Json.WriteString("InstanceId"u8, row.Details?.InstanceId ?? message.Node?.InstanceId ?? "");
        Json.WriteString("InnerIpAddress"u8, ""u8);
        Json.WriteString("Hints"u8, ""u8);
        Json.WriteString("State"u8, AlibabaEvents.ClusterWord(EventLevel.ComputeNode, EventCatalogue.StateBehind(row)));
        WriteTime("CreationTime"u8, row.Details?.ResourceCreatedTime ?? message.Node?.ResourceCreatedAt);
        Json.WriteString("Event"u8, name);
        if (row.State is "CREATION_FAILED" or "ABNORMAL" or EventCatalogue.Lost)
        {
            Json.WriteString("ErrorCode"u8, row.State);
            Json.WriteString("ErrorMessage"u8, reason ?? "");
        }
        else if (row.State == EventCatalogue.Draining)
        {
            Json.WriteString("Message"u8, reason ?? "");
        }
    }

    private void WriteJob(in Message message, string name, string? reason)
    {
        var row = message.Event.Row;
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("JobName"u8, message.Subject.Name);
        Json.WriteString("Event"u8, name);
        Json.WriteString("State"u8, AlibabaEvents.RunWord(EventCatalogue.StateBehind(row), row.Cause));
        WriteTime("CreationTime"u8, message.Subject.CreatedAt);
        WriteSpan(row, row.RunningAt);
        Json.WriteString("Message"u8, IsFailure(row.State) || row.State == EventCatalogue.Overdue ? reason ?? "" : "");
        if (row.State == EventCatalogue.PriorityChanged)
        {
            WriteNumber("From"u8, row.Details?.From ?? 0);
            WriteNumber("To"u8, row.Details?.To ?? 0);
        }
        else if (row.State == EventCatalogue.Overdue)
        {
            WriteTime("Deadline"u8, row.Details?.Deadline);
        }
    }

    private void WriteTask(in Message message, string name, string? reason)
    {
        var row = message.Event.Row;
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("Task"u8, message.Subject.TaskName(row.TaskNo));
        Json.WriteString("Event"u8, name);
        Json.WriteString("State"u8, AlibabaEvents.RunWord(EventCatalogue.StateBehind(row), row.Cause));
        WriteSpan(row, row.RunningAt);
        if (row.State == EventCatalogue.Progress)
        {
            WritePercent(row);
        }
        else if (row.State == EventCatalogue.Blocked)
        {
            Json.WriteString("Message"u8, reason ?? "");
        }
    }

    private void WriteInstance(in Message message, string name, in BodyTexts texts)
    {
        var row = message.Event.Row;
        var index = message.Event.InstanceIndex ?? 0;
        var isFailure = IsFailure(row.State) || (row.State == EventCatalogue.AttemptEnded && row.Details?.State != RunState.Succeed);
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("Task"u8, message.Subject.TaskName(row.TaskNo));
        WriteNumber("InstanceId"u8, index);
        Json.WriteString("Event"u8, name);
        Json.WriteString("State"u8, AlibabaEvents.RunWord(EventCatalogue.StateBehind(row), row.Cause));
        WriteSpan(row, IsWaiting(row.State) ? null : message.Event.RunningAt);
        WriteNumber("RetryCount"u8, row.Details?.RetryCount ?? AlibabaEvents.UsualRetryCount(row.State, row.Attempt));
        WritePercent(row);
        Json.WriteString("StdoutRedirectPath"u8, message.Subject.StreamPath(row.TaskNo, "stdout", index));
        Json.WriteString("StderrRedirectPath"u8, message.Subject.StreamPath(row.TaskNo, "stderr", index));
        Json.WriteString("ExitCode"u8, row.ExitCode is { } code && !IsWaiting(row.State) ? code.ToString(CultureInfo.InvariantCulture) : "");
        Json.WriteString("ErrorCode"u8, isFailure && row.Cause is { } cause ? WireName.Of(cause) : "");
        Json.WriteString("ErrorMessage"u8, isFailure ? texts.Reason ?? "" : "");
        Json.WriteString("Detail"u8, texts.Posted ?? "");
        if (row.State == EventCatalogue.CustomEvent)
        {
            Json.WriteString("CustomEventName"u8, row.Details?.Name ?? "");
            Json.WriteString("CustomEventData"u8, texts.Data ?? "");
        }
    }

    /// <summary>An attempt that is waited for has none.</summary>
    private void WritePercent(OutboxRow row) =>
        Json.WriteString("Progress"u8, (IsWaiting(row.State) ? 0 : row.Details?.Percent ?? 0).ToString("0.##", CultureInfo.InvariantCulture));

    private static bool IsWaiting(string state) => state is "PENDING" or "RUNNABLE";

    private static bool IsFailure(string state) => state is "FAILED" or "FAILED_INTERRUPTED";

    private void WriteSpan(OutboxRow row, DateTimeOffset? startedAt)
    {
        WriteTime("StartTime"u8, startedAt);
        WriteTime("EndTime"u8, row.State is "SUCCEED" or EventCatalogue.AttemptEnded || IsFailure(row.State) ? row.OccurredAt : null);
    }

    private void WriteNumber(ReadOnlySpan<byte> name, int number)
    {
        Span<byte> text = stackalloc byte[11];
        number.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        Json.WriteString(name, text[..length]);
    }

    private void WriteTime(ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        Span<byte> text = stackalloc byte[TimeLength];
        var length = 0;
        time?.UtcDateTime.TryFormat(text, out length, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        Json.WriteString(name, text[..length]);
    }
}
