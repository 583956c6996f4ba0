using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Writes the body of a message: Tencent's <c>{"Events":[…]}</c> with exactly one event, UTF-8 without a byte order mark,
/// not indented, nothing added. Ids, sequence and trace travel beside it as message properties.
/// </summary>
/// <remarks>
/// Keys stand in a fixed order so that a body can be compared byte for byte; readers must not depend on it. Which keys a family
/// has: docs/events.md. Not safe for use by two threads at once: it keeps its buffers.
/// </remarks>
public sealed class EnvelopeWriter : IDisposable
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _writer;
    private readonly string _region;
    private readonly int _maxBytes;

    /// <summary>A writer for one region and size limit.</summary>
    public EnvelopeWriter(NotificationOptions options)
    {
        _region = options.Region;
        _maxBytes = options.MaxMessageBytes;
        _writer = new(_buffer, WriterOptions);
    }

    /// <summary>
    /// The body, valid until the next call. A body over the limit loses the end of its <c>StateReason</c>; when that is not
    /// enough the answer is the too long body, and <paramref name="tooLong"/> is true.
    /// </summary>
    public ReadOnlyMemory<byte> Write(
        EventKind kind,
        JournalEvent journalEvent,
        SubjectContext subject,
        NodeFacts? node,
        IReadOnlyList<EventVarDocument> vars,
        out bool tooLong)
    {
        var reason = journalEvent.Row.Reason;
        Render(kind, journalEvent, subject, node, vars, reason);
        var excess = _buffer.WrittenCount - _maxBytes;
        if (excess > 0 && !string.IsNullOrEmpty(reason))
        {
            Render(kind, journalEvent, subject, node, vars, Shortened(reason, excess));
        }

        tooLong = _buffer.WrittenCount > _maxBytes;
        return _buffer.WrittenMemory;
    }

    /// <inheritdoc />
    public void Dispose() => _writer.Dispose();

    /// <summary>The text without at least <paramref name="excess"/> bytes of its end, whole characters only. Escaping only makes the cut part longer, so the body shrinks by at least as much.</summary>
    private static string Shortened(string text, int excess)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = Math.Max(0, bytes.Length - excess);
        while (length > 0 && (bytes[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private void Render(
        EventKind kind,
        JournalEvent journalEvent,
        SubjectContext subject,
        NodeFacts? node,
        IReadOnlyList<EventVarDocument> vars,
        string? reason)
    {
        _buffer.ResetWrittenCount();
        _writer.Reset();
        _writer.WriteStartObject();
        _writer.WriteStartArray("Events"u8);
        _writer.WriteStartObject();
        _writer.WriteString("EventVersion"u8, "1.0"u8);
        WriteTime("EventTime"u8, journalEvent.Row.OccurredAt);
        _writer.WriteString("Region"u8, _region);
        _writer.WriteStartObject("Batch"u8);
        WriteBatch(kind, journalEvent, subject, node, reason);
        _writer.WriteEndObject();
        _writer.WriteString("EventName"u8, kind.Name);
        WriteVars(vars);
        _writer.WriteEndObject();
        _writer.WriteEndArray();
        _writer.WriteEndObject();
        _writer.Flush();
    }

    private void WriteBatch(EventKind kind, JournalEvent journalEvent, SubjectContext subject, NodeFacts? node, string? reason)
    {
        switch (kind.Level)
        {
            case EventLevel.Job:
                WriteJob(journalEvent.Row, subject, reason);
                break;
            case EventLevel.Task:
                WriteTask(journalEvent.Row, subject);
                break;
            case EventLevel.TaskInstance:
                WriteInstance(journalEvent, subject, node, reason);
                break;
            case EventLevel.ComputeEnv:
                WriteEnvironment(journalEvent.Row, subject);
                break;
            case EventLevel.ComputeNode:
                WriteNode(journalEvent.Row, subject, node, reason);
                break;
            default:
                throw new UnreachableException($"No message for level {kind.Level}.");
        }
    }

    private void WriteJob(OutboxRow row, SubjectContext subject, string? reason)
    {
        _writer.WriteString("JobId"u8, row.SubjectId);
        _writer.WriteString("JobName"u8, subject.Name);
        _writer.WriteString("JobState"u8, row.Details?.JobState is { } state ? WireName.Of(state) : row.State);
        _writer.WriteNumber("Priority"u8, row.Details?.Priority ?? subject.Priority);
        if (row.Details is { From: { } from, To: { } to })
        {
            _writer.WriteNumber("From"u8, from);
            _writer.WriteNumber("To"u8, to);
        }

        WriteTime("CreateTime"u8, subject.CreatedAt);
        WriteEndTime(row);
        if (IsFailure(row.State) && reason is not null)
        {
            _writer.WriteString("StateReason"u8, reason);
        }

        WriteMetrics("TaskMetrics"u8, row.Details?.TaskMetrics);
        WriteMetrics("TaskInstanceMetrics"u8, row.Details?.TaskInstanceMetrics);
    }

    private void WriteTask(OutboxRow row, SubjectContext subject)
    {
        _writer.WriteString("JobId"u8, row.SubjectId);
        _writer.WriteString("JobName"u8, subject.Name);
        _writer.WriteString("TaskName"u8, subject.TaskName(row.TaskNo));
        _writer.WriteString("TaskState"u8, row.State);
        WriteTime("CreateTime"u8, subject.CreatedAt);
        WriteEndTime(row);
        WriteMetrics("TaskInstanceMetrics"u8, row.Details?.TaskInstanceMetrics);
    }

    private void WriteInstance(JournalEvent journalEvent, SubjectContext subject, NodeFacts? node, string? reason)
    {
        var row = journalEvent.Row;
        _writer.WriteString("JobId"u8, row.SubjectId);
        _writer.WriteString("JobName"u8, subject.Name);
        _writer.WriteString("TaskName"u8, subject.TaskName(row.TaskNo));
        _writer.WriteNumber("TaskInstanceIndex"u8, journalEvent.InstanceIndex ?? 0);
        _writer.WriteString("TaskInstanceState"u8, row.State is EventCatalogue.Progress or EventCatalogue.CustomEvent ? "RUNNING" : row.State);
        WritePosting(row.State, row.Details);
        if (row.ExitCode is { } exitCode)
        {
            _writer.WriteNumber("ExitCode"u8, exitCode);
        }

        if (reason is not null)
        {
            _writer.WriteString("StateReason"u8, reason);
        }

        if (node is not null)
        {
            _writer.WriteString("ComputeNodeInstanceId"u8, node.InstanceId);
        }

        WriteTime("CreateTime"u8, subject.CreatedAt);
        WriteTimeIfKnown("LaunchTime"u8, row.LaunchedAt);
        WriteTimeIfKnown("RunningTime"u8, journalEvent.RunningAt);
        WriteEndTime(row);
    }

    /// <summary>Only a command that runs posts anything.</summary>
    private void WritePosting(string state, JournalDetails? details)
    {
        if (state == EventCatalogue.Progress)
        {
            if (details?.Percent is { } percent)
            {
                _writer.WriteNumber("Progress"u8, percent);
            }

            if (details?.Message is { } message)
            {
                _writer.WriteString("ProgressMessage"u8, message);
            }
        }
        else if (state == EventCatalogue.CustomEvent)
        {
            _writer.WriteString("CustomEventName"u8, details?.Name);
            if (details?.Data is { } data)
            {
                _writer.WritePropertyName("CustomEventData"u8);
                data.WriteTo(_writer);
            }
        }
    }

    private void WriteEnvironment(OutboxRow row, SubjectContext subject)
    {
        _writer.WriteString("EnvId"u8, row.SubjectId);
        _writer.WriteString("EnvName"u8, subject.Name);
        WriteTime("CreateTime"u8, subject.CreatedAt);
        if (row.Details?.DesiredComputeNodeCount is { } desired)
        {
            _writer.WriteNumber("DesiredComputeNodeCount"u8, desired);
        }
    }

    private void WriteNode(OutboxRow row, SubjectContext subject, NodeFacts? node, string? reason)
    {
        // The eight keys of the one documented sample, in its order. What is not known is empty, never null.
        var ofJob = row.SubjectId.StartsWith(EntityId.Job, StringComparison.Ordinal);
        _writer.WriteString("ComputeNodeId"u8, row.NodeId ?? "");
        _writer.WriteString("EnvId"u8, ofJob ? node?.EnvId ?? "" : row.SubjectId);
        _writer.WriteString("ComputeNodeState"u8, row.State);
        _writer.WriteNumber("Mem"u8, row.Details?.Mem ?? node?.MemoryGib ?? 0);
        var createdAt = row.Details?.ResourceCreatedTime ?? node?.ResourceCreatedAt;
        if (createdAt is { } known)
        {
            WriteTime("ResourceCreatedTime"u8, known);
        }
        else
        {
            _writer.WriteString("ResourceCreatedTime"u8, ""u8);
        }

        _writer.WriteString("EnvName"u8, ofJob ? node?.EnvName ?? "" : subject.Name);
        _writer.WriteString("ComputeNodeInstanceId"u8, row.Details?.InstanceId ?? node?.InstanceId ?? "");
        _writer.WriteNumber("Cpu"u8, row.Details?.Cpu ?? node?.Cpu ?? 0);
        if (row.State is "CREATION_FAILED" or "ABNORMAL")
        {
            _writer.WriteString("StateReason"u8, reason ?? "");
        }

        if (ofJob)
        {
            _writer.WriteString("JobId"u8, row.SubjectId);
            _writer.WriteString("TaskName"u8, subject.TaskName(row.TaskNo));
        }
    }

    private void WriteVars(IReadOnlyList<EventVarDocument> vars)
    {
        _writer.WriteStartArray("EventVars"u8);
        foreach (var (name, value) in vars)
        {
            _writer.WriteStartObject();
            _writer.WriteString("Name"u8, name);
            _writer.WriteString("Value"u8, value);
            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
    }

    private void WriteMetrics(ReadOnlySpan<byte> name, RunMetrics? metrics)
    {
        if (metrics is null)
        {
            return;
        }

        _writer.WriteStartObject(name);
        _writer.WriteNumber("SubmittedCount"u8, metrics.SubmittedCount);
        _writer.WriteNumber("PendingCount"u8, metrics.PendingCount);
        _writer.WriteNumber("RunnableCount"u8, metrics.RunnableCount);
        _writer.WriteNumber("StartingCount"u8, metrics.StartingCount);
        _writer.WriteNumber("RunningCount"u8, metrics.RunningCount);
        _writer.WriteNumber("SucceedCount"u8, metrics.SucceedCount);
        _writer.WriteNumber("FailedCount"u8, metrics.FailedCount);
        _writer.WriteNumber("FailedInterruptedCount"u8, metrics.FailedInterruptedCount);
        _writer.WriteEndObject();
    }

    private void WriteEndTime(OutboxRow row)
    {
        if (row.State == "SUCCEED" || IsFailure(row.State))
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
        _writer.WriteString(name, text[..length]);
    }

    private static bool IsFailure(string state) => state is "FAILED" or "FAILED_INTERRUPTED";
}
