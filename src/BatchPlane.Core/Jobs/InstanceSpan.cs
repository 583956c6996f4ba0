using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

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
    private InstanceFacts _facts;

    /// <summary>Events so far.</summary>
    internal int Count => _runningOffsets.Count;

    /// <summary>What happened to the attempts of the instances, as an event of the catalogue; null: nothing.</summary>
    internal EventKind? AttemptEvent => _first is null ? null
        : _state == RunState.Running ? EventCatalogue.AttemptBegin
        : _facts.EndsAttempt ? EventCatalogue.AttemptEnd
        : null;

    /// <summary>What an entry about the current attempt of an instance says of why it was made; null: its number says it.</summary>
    internal static JournalDetails? LineageOf(InstanceRecord instance) =>
        (instance.FailoverOf is null ? instance.ExecutionSource : ExecutionSources.Failover) is { } source
            ? new() { ExecutionSource = source, OriginalAttempt = instance.FailoverOf }
            : null;

    /// <summary>What the end of the attempts is told with, which is told besides the row that was taken last.</summary>
    internal JournalDetails EndDetails => (_lineage ?? new()) with
    {
        State = _state,
        Percent = _facts.Percent,
        RetryCount = Unusual(EventCatalogue.AttemptEnded, _facts.RetryCountOfAttempt),
    };

    /// <summary>Begins with an instance; there was none before.</summary>
    internal void Begin(string jobId, TaskRecord task, InstanceRecord instance, InstanceFacts facts, DateTimeOffset now)
    {
        _facts = facts;
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
            Attempt = facts.Attempt,
            NodeId = instance.NodeId,
            ExitCode = instance.ExitCode,
            Cause = instance.Cause,
            Reason = instance.Reason,
            Source = facts.Source,
            LaunchedAt = instance.LaunchedAt,
            RunningAt = instance.RunningAt,
            OccurredAt = now,
            IsRepeatedBegin = IsRepeatedBegin(instance),
            Details = DetailsOf(WireName.Of(instance.State), IsRepeatedBegin(instance))?.ToJson(),
        };
        _failoverOf = instance.FailoverOf;
        _executionSource = instance.ExecutionSource;
    }

    /// <summary>Takes the next instance, if it is the next one and nothing else differs.</summary>
    internal bool TryAdd(TaskRecord task, InstanceRecord instance, InstanceFacts facts, DateTimeOffset now)
    {
        if (_first is not { } first
            || Count >= MaxLength
            || instance.Index != first.InstanceIndex + Count
            || instance.State != _state
            || facts != _facts
            || instance.FailoverOf != _failoverOf
            || instance.ExecutionSource != _executionSource
            || IsRepeatedBegin(instance) != first.IsRepeatedBegin
            || task.TaskNo != first.TaskNo
            || instance.NodeId != first.NodeId
            || instance.ExitCode != first.ExitCode
            || instance.Cause != first.Cause
            || instance.Reason != first.Reason
            || instance.LaunchedAt != first.LaunchedAt
            || now != first.OccurredAt
            || RunningOffset(instance, first) is not { } offset)
        {
            return false;
        }

        _runningOffsets.Add(offset);
        _sameBegin &= offset == 0;
        return true;
    }

    private static bool IsRepeatedBegin(InstanceRecord instance) => instance is { State: RunState.Running, HasBegunBefore: true };

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

    private JournalDetails? DetailsOf(string state, bool isRepeatedBegin)
    {
        var retryCount = Unusual(state, _facts.RetryCount);
        return _lineage is null && _facts.Percent is null && retryCount is null && !isRepeatedBegin
            ? null
            : (_lineage ?? new()) with { Percent = _facts.Percent, RetryCount = retryCount, BeganBefore = isRepeatedBegin ? true : null };
    }

    /// <summary>What its attempt's number says needs not be stored.</summary>
    private int? Unusual(string state, int retryCount) => retryCount == AlibabaEvents.UsualRetryCount(state, _facts.Attempt) ? null : retryCount;

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

/// <summary>What an entry says of an instance beyond its record.</summary>
/// <param name="Attempt">The attempt that it is about; null when no node held one.</param>
/// <param name="Source">Who caused it.</param>
/// <param name="EndsAttempt">Whether an attempt ends with it.</param>
/// <param name="RetryCount">Attempts since it was submitted, or tried again by a user, that were made or are to be made again; one that was given back is none.</param>
/// <param name="RetryCountOfAttempt">The same of the attempt that ends.</param>
/// <param name="Percent">What the attempt that ends has posted last; null: nothing.</param>
internal readonly record struct InstanceFacts(int? Attempt, string Source, bool EndsAttempt, int RetryCount, int RetryCountOfAttempt, double? Percent);
