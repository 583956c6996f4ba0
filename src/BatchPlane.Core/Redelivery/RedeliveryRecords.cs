using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Redelivery;

/// <summary>The wish that events are delivered again.</summary>
/// <param name="Events">Events of one job or environment; null: all of the topic.</param>
/// <param name="TopicName">To this topic alone; null: to every topic that asked.</param>
/// <param name="Since">Not before; null: from the beginning.</param>
/// <param name="Until">Before; null: up to now.</param>
/// <param name="OnlyState">Only messages that are so, <c>failed</c> or <c>unrouted</c>; null: all.</param>
/// <param name="CreatedBy">Who asks.</param>
public sealed record RedeliveryWish(EventRange? Events, string? TopicName, DateTimeOffset? Since, DateTimeOffset? Until, string? OnlyState, string CreatedBy);

/// <summary>Events of one job or environment that follow each other.</summary>
/// <param name="SubjectId">The job or environment.</param>
/// <param name="First">First sequence.</param>
/// <param name="Last">Last sequence.</param>
public sealed record EventRange(string SubjectId, long First, long Last);

/// <summary>What a shard has to do for a redelivery.</summary>
/// <param name="RedeliveryId">Which.</param>
/// <param name="Events">As <see cref="RedeliveryWish"/>.</param>
/// <param name="TopicKey">Key of the topic; null: every topic that asked.</param>
/// <param name="Since">As <see cref="RedeliveryWish"/>.</param>
/// <param name="Until">As <see cref="RedeliveryWish"/>.</param>
/// <param name="OnlyState">As <see cref="RedeliveryWish"/>.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="Cursor">Where it goes on.</param>
/// <param name="End">Behind the last row.</param>
public sealed record RedeliveryWork(
    string RedeliveryId,
    EventRange? Events,
    string? TopicKey,
    DateTimeOffset? Since,
    DateTimeOffset? Until,
    string? OnlyState,
    DateTimeOffset CreatedAt,
    JournalPosition Cursor,
    JournalPosition End);

/// <summary>A message: an event for a topic.</summary>
public readonly record struct MessageKey(string SubjectId, long Sequence, string TopicName);

/// <summary>A step of a redelivery that the broker answered.</summary>
/// <param name="Cursor">Where it goes on.</param>
/// <param name="Arrived">Messages that were taken and routed.</param>
/// <param name="Exceptions">Messages that were not.</param>
/// <param name="IsDone">True when the shard has nothing more to do for it.</param>
public sealed record RedeliveryStep(JournalPosition Cursor, IReadOnlyCollection<MessageKey> Arrived, IReadOnlyList<DeliveryException> Exceptions, bool IsDone);

/// <summary>What came of a wish.</summary>
public abstract record RedeliveryOutcome
{
    /// <summary>It is stored, or was before under the same idempotency key.</summary>
    public sealed record Accepted(Contracts.RedeliveryView View) : RedeliveryOutcome;

    /// <summary>Too many are open.</summary>
    public sealed record TooMany : RedeliveryOutcome;

    /// <summary>The idempotency key came with another body before.</summary>
    public sealed record KeyReused : RedeliveryOutcome;
}
