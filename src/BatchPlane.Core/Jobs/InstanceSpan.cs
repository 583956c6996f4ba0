using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// One journal row in the making: what happened to consecutive instances of a task in the same way. They differ in nothing but their
/// index and the time their command began.
/// </summary>
internal sealed class InstanceSpan
{
    /// <summary>Most events of a row: bounds the size of the row, and of what a reader holds of it.</summary>
    internal const int MaxLength = 1_000;

    private readonly List<int> _runningOffsets = [];
    private JournalEntry? _first;
    private RunState _state;
    private bool _sameBegin;
    private int? _failoverOf;
    private string? _executionSource;
    private JournalDetails? _lineage;
    private bool _endsAttempt;

    /// <summary>Events so far.</summary>
    internal int Count => _runningOffsets.Count;

    /// <summary>What happened to the attempts of the instances, as an event of the catalogue; null: nothing.</summary>
    internal EventKind? AttemptEvent => _first is null ? null
        : _state == RunState.Running ? EventCatalogue.AttemptBegin
        : _endsAttempt ? EventCatalogue.AttemptEnd
        : null;

    /// <summary>What an entry about the current attempt of an instance says of why it was made; null: its number says it.</summary>
    internal static JournalDetails? LineageOf(InstanceRecord instance) =>
        (instance.FailoverOf is null ? instance.ExecutionSource : ExecutionSources.Failover) is { } source
            ? new() { ExecutionSource = source, OriginalAttempt = instance.FailoverOf }
            : null;

    /// <summary>What the end of the attempts is told with, which is told besides the row that was taken last.</summary>
    internal JournalDetails EndDetails => (_lineage ?? new()) with { State = _state };

    /// <summary>Begins with an instance; there was none before. <paramref name="attempt"/>: the attempt that it is about; null when no node held one.</summary>
    internal void Begin(string jobId, TaskRecord task, InstanceRecord instance, int? attempt, string source, bool endsAttempt, DateTimeOffset now)
    {
        _endsAttempt = endsAttempt;
        _state = instance.State;
        _sameBegin = true;
        _runningOffsets.Add(0);
        _lineage = LineageOf(instance);
        _first = new()
        {
            SubjectId = jobId,
            Level = EventLevel.TaskInstance,
            State = WireName.Of(instance.State),
            TaskNo = task.TaskNo,
            InstanceIndex = instance.Index,
            Attempt = attempt,
            NodeId = instance.NodeId,
            ExitCode = instance.ExitCode,
            Cause = instance.Cause,
            Reason = instance.Reason,
            Source = source,
            LaunchedAt = instance.LaunchedAt,
            RunningAt = instance.RunningAt,
            OccurredAt = now,
            IsRepeatedBegin = attempt > 1 && instance is not { FailoverOf: null, ExecutionSource: ExecutionSources.Manual or ExecutionSources.NormalTrigger },
            Details = _lineage?.ToJson(),
        };
        _failoverOf = instance.FailoverOf;
        _executionSource = instance.ExecutionSource;
    }

    /// <summary>Takes the next instance, if it is the next one and nothing else differs.</summary>
    internal bool TryAdd(TaskRecord task, InstanceRecord instance, int? attempt, string source, bool endsAttempt, DateTimeOffset now)
    {
        if (_first is not { } first
            || Count >= MaxLength
            || instance.Index != first.InstanceIndex + Count
            || instance.State != _state
            || endsAttempt != _endsAttempt
            || attempt != first.Attempt
            || instance.FailoverOf != _failoverOf
            || instance.ExecutionSource != _executionSource
            || task.TaskNo != first.TaskNo
            || instance.NodeId != first.NodeId
            || instance.ExitCode != first.ExitCode
            || instance.Cause != first.Cause
            || instance.Reason != first.Reason
            || instance.LaunchedAt != first.LaunchedAt
            || source != first.Source
            || now != first.OccurredAt
            || RunningOffset(instance, first) is not { } offset)
        {
            return false;
        }

        _runningOffsets.Add(offset);
        _sameBegin &= offset == 0;
        return true;
    }

    /// <summary>True when each event of <paramref name="other"/> is about an instance and attempt of this.</summary>
    internal bool Covers(InstanceSpan other) =>
        _first is { } mine
        && other._first is { } others
        && mine.TaskNo == others.TaskNo
        && mine.Attempt == others.Attempt
        && mine.InstanceIndex <= others.InstanceIndex
        && others.InstanceIndex + other.Count <= mine.InstanceIndex + Count;

    /// <summary>The row; empty afterwards. Null when it was empty.</summary>
    internal JournalEntry? Take()
    {
        var row = _first is null ? null : _first with { Span = Count, RunningOffsets = _sameBegin ? null : [.. _runningOffsets] };
        _first = null;
        _runningOffsets.Clear();
        return row;
    }

    /// <summary>Microseconds from the first one's begin; null when it cannot be said so.</summary>
    private static int? RunningOffset(InstanceRecord instance, JournalEntry first)
    {
        if (instance.RunningAt == first.RunningAt)
        {
            return 0;
        }

        // The database keeps microseconds.
        var ticks = (instance.RunningAt - first.RunningAt)?.Ticks;
        return ticks / TimeSpan.TicksPerMicrosecond is >= int.MinValue and <= int.MaxValue and var microseconds ? (int)microseconds : null;
    }
}
