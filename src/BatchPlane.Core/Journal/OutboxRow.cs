using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Core.Journal;

/// <summary>How far a shard is delivered: everything up to and including row (<paramref name="TxId"/>, <paramref name="EventNo"/>).</summary>
/// <param name="TxId"><c>order_txid</c> of the last row delivered whole.</param>
/// <param name="EventNo"><c>event_no</c> of it.</param>
/// <param name="Offset">Events of the row after it that are delivered too, when that row has a span; else 0.</param>
public readonly record struct OutboxPosition(ulong TxId, long EventNo, int Offset)
{
    /// <summary>True when less is delivered than at the other.</summary>
    public bool IsBefore(OutboxPosition other) => (TxId, EventNo, Offset).CompareTo((other.TxId, other.EventNo, other.Offset)) < 0;
}

/// <summary>One row of the journal, as the dispatcher reads it. Columns of <c>events</c>.</summary>
public sealed record OutboxRow
{
    /// <summary>First part of the order.</summary>
    public required ulong OrderTxId { get; init; }

    /// <summary>Second part of the order.</summary>
    public required long EventNo { get; init; }

    /// <summary>The job, environment or subscription.</summary>
    public required string SubjectId { get; init; }

    /// <summary>Sequence of the first event of the row.</summary>
    public required long Sequence { get; init; }

    /// <summary>Events the row stands for, 1 or more.</summary>
    public int Span { get; init; } = 1;

    /// <summary>What changed.</summary>
    public required EventLevel Level { get; init; }

    /// <summary>Wire name of the state entered.</summary>
    public required string State { get; init; }

    /// <summary>Position of the task in the job.</summary>
    public int? TaskNo { get; init; }

    /// <summary>Index of the first instance of the row.</summary>
    public int? InstanceIndex { get; init; }

    /// <summary>Attempt, from 1; null for an instance that was never claimed.</summary>
    public int? Attempt { get; init; }

    /// <summary>Node concerned.</summary>
    public string? NodeId { get; init; }

    /// <summary>Exit code of the attempt.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why.</summary>
    public Cause? Cause { get; init; }

    /// <summary>Why, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>When a node claimed the attempt.</summary>
    public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>When the attempt's command began; in a span, the first one's: see <see cref="JournalEvent.RunningAt"/>.</summary>
    public DateTimeOffset? RunningAt { get; init; }

    /// <summary>Microseconds from <see cref="RunningAt"/> to the begin of each of the row's events; null: all began then.</summary>
    public IReadOnlyList<int>? RunningOffsets { get; init; }

    /// <summary>When the transition happened.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Bit n: block n of the subject's notifications asked for it.</summary>
    public required int Notify { get; init; }

    /// <summary>Facts of the moment; null when there are none.</summary>
    public JournalDetails? Details { get; init; }

    /// <summary>Position when all of the row is delivered.</summary>
    public OutboxPosition End => new(OrderTxId, EventNo, 0);
}

/// <summary>One event of a row: the row itself, or one of the instances it stands for.</summary>
/// <param name="Row">The row.</param>
/// <param name="Offset">Which of its events, 0 to <see cref="OutboxRow.Span"/> - 1.</param>
public readonly record struct JournalEvent(OutboxRow Row, int Offset)
{
    /// <summary>Sequence within the subject.</summary>
    public long Sequence => Row.Sequence + Offset;

    /// <summary>Instance index, for instances.</summary>
    public int? InstanceIndex => Row.InstanceIndex + Offset;

    /// <summary>When the attempt's command began.</summary>
    public DateTimeOffset? RunningAt =>
        Row.RunningOffsets is { } offsets ? Row.RunningAt + TimeSpan.FromMicroseconds(offsets[Offset]) : Row.RunningAt;

    /// <summary>Id of the event, <c>job-4yn0we13:7</c>: the same at every delivery.</summary>
    public string Id => $"{Row.SubjectId}:{Sequence}";
}

/// <summary>What one look at the outbox found.</summary>
/// <param name="Rows">Rows that may be delivered, in order; may be empty.</param>
/// <param name="Full">True when the page limit cut it: there may be more.</param>
/// <param name="Unsettled">True when rows exist beyond that wait for transactions still in flight.</param>
public sealed record OutboxPage(IReadOnlyList<OutboxRow> Rows, bool Full, bool Unsettled)
{
    /// <summary>Which subscriptions are sent copies of their own, of the events of the page at least.</summary>
    public AddressedMark Addressed { get; init; }
}
