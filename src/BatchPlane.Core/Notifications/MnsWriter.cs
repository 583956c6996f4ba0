using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Format <c>mns</c>: Alibaba BatchCompute's flat messages. Every value is a text; a time has 27 characters; what is not known is an
/// empty text. Events that Alibaba does not have keep their name and have the members of their level.
/// </summary>
public sealed class MnsWriter(NotificationOptions options) : BodyWriter(options)
{
    private const int TimeLength = 27;

    /// <inheritdoc />
    public override string ContentType => "application/json";

    /// <inheritdoc />
    protected override string CutMark => "...(truncated)";

    /// <inheritdoc />
    protected override void WriteBody(in Message message, string? reason)
    {
        var row = message.Event.Row;
        var name = AlibabaEvents.Of(row.Level, row.State, row.Cause)?.Name ?? message.Kind.Name;
        Json.WriteStartObject();
        Json.WriteString("Category"u8, row.Level is EventLevel.ComputeEnv or EventLevel.ComputeNode ? "Cluster" : "Job");
        switch (row.Level)
        {
            case EventLevel.ComputeEnv:
                WriteCluster(message, name);
                break;
            case EventLevel.ComputeNode:
                WriteMachine(message, name, reason);
                break;
            case EventLevel.Job:
                WriteJob(message, name, reason);
                break;
            case EventLevel.Task:
                WriteTask(message, name);
                break;
            default:
                WriteInstance(message, name, reason);
                break;
        }

        Json.WriteEndObject();
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
        if (row.State is "CREATION_FAILED" or "ABNORMAL" or EventCatalogue.Lost or EventCatalogue.Draining)
        {
            Json.WriteString("ErrorMessage"u8, reason ?? "");
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
        if (row.Details is { From: { } from, To: { } to })
        {
            WriteNumber("From"u8, from);
            WriteNumber("To"u8, to);
        }
    }

    private void WriteTask(in Message message, string name)
    {
        var row = message.Event.Row;
        Json.WriteString("JobId"u8, row.SubjectId);
        Json.WriteString("Task"u8, message.Subject.TaskName(row.TaskNo));
        Json.WriteString("Event"u8, name);
        Json.WriteString("State"u8, AlibabaEvents.RunWord(EventCatalogue.StateBehind(row), row.Cause));
        WriteSpan(row, row.RunningAt);
    }

    private void WriteInstance(in Message message, string name, string? reason)
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
        WriteNumber("RetryCount"u8, Retries(row));
        Json.WriteString("Progress"u8, (row.Details?.Percent ?? 0).ToString("0.##", CultureInfo.InvariantCulture));
        Json.WriteString("StdoutRedirectPath"u8, message.Subject.StreamPath(row.TaskNo, "stdout", index));
        Json.WriteString("StderrRedirectPath"u8, message.Subject.StreamPath(row.TaskNo, "stderr", index));
        Json.WriteString("ExitCode"u8, row.ExitCode is { } code && !IsWaiting(row.State) ? code.ToString(CultureInfo.InvariantCulture) : "");
        Json.WriteString("ErrorCode"u8, isFailure && row.Cause is { } cause ? WireName.Of(cause) : "");
        Json.WriteString("ErrorMessage"u8, isFailure ? reason ?? "" : "");
        Json.WriteString("Detail"u8, row.Details?.Message ?? row.Details?.Name ?? "");
    }

    /// <summary>A row that queues an instance again is about the attempt that ended; the one to come is one more.</summary>
    private static int Retries(OutboxRow row) => row.Attempt is { } attempt ? attempt - (IsWaiting(row.State) ? 0 : 1) : 0;

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
