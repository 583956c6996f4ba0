using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;

namespace BatchPlane.Core.Journal;

/// <summary>One row of the journal about to be written: a transition that was decided. Times are the database clock's.</summary>
public sealed record JournalEntry
{
    /// <summary>The job or environment it belongs to.</summary>
    public required string SubjectId { get; init; }

    /// <summary>Sequence within the subject; the first of <see cref="Span"/> consecutive ones. Given by the aggregate that appends the entry.</summary>
    public long Sequence { get; init; }

    /// <summary>How many events the row stands for, about consecutive instances; 1 or more.</summary>
    public int Span { get; init; } = 1;

    /// <summary>What changed.</summary>
    public required EventLevel Level { get; init; }

    /// <summary>Wire name of the state entered.</summary>
    public required string State { get; init; }

    /// <summary>Position of the task in the job, for tasks and instances.</summary>
    public int? TaskNo { get; init; }

    /// <summary>Instance index, for instances.</summary>
    public int? InstanceIndex { get; init; }

    /// <summary>Attempt, from 1; null for an instance that was never claimed.</summary>
    public int? Attempt { get; init; }

    /// <summary>Node concerned.</summary>
    public string? NodeId { get; init; }

    /// <summary>Exit code of the attempt that ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why.</summary>
    public Cause? Cause { get; init; }

    /// <summary>Why, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Who caused it: <c>engine</c>, <c>agent</c>, <c>user:&lt;key name&gt;</c>.</summary>
    public required string Source { get; init; }

    /// <summary>When a node claimed the attempt.</summary>
    public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>When the attempt's command began; in a span, the first one's.</summary>
    public DateTimeOffset? RunningAt { get; init; }

    /// <summary>In a span whose commands did not begin at the same time: microseconds from <see cref="RunningAt"/> to the begin of each.</summary>
    public IReadOnlyList<int>? RunningOffsets { get; init; }

    /// <summary>When the transition happened.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>True when Alibaba's word for the state is the one it had before (PENDING and RUNNABLE are both <c>Waiting</c>): its events announce changes of the word. Not stored.</summary>
    public bool KeepsAlibabaWord { get; init; }

    /// <summary>True for the begin of an attempt in a life of its instance that had one: of attempts since the submit, or since a user's retry, one before has begun. Not stored.</summary>
    public bool IsRepeatedBegin { get; init; }

    /// <summary>The only blocks it is meant for, of those that asked; null: all. Not stored.</summary>
    public int? Audience { get; init; }

    /// <summary>Who asked: bit n is block n of the subject's notifications. Given by the aggregate that appends the entry.</summary>
    public int Notify { get; init; }

    /// <summary>JSON object with facts the message needs and that may change later; null when there are none.</summary>
    public string? Details { get; init; }
}
