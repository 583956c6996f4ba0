using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Redelivery;

/// <summary>The wish that events are delivered again.</summary>
/// <param name="Events">Events of one job or environment; null: all of the topic.</param>
/// <param name="TopicName">To this topic alone; null: to every topic that asked.</param>
/// <param name="Since">Not before; null: from the beginning.</param>
/// <param name="Until">Before; null: up to now.</param>
/// <param name="OnlyState">Only messages that are so: <c>failed</c>, <c>unrouted</c>, or <c>dead</c>, which go to the subscriptions that gave them up; null: all.</param>
/// <param name="CreatedBy">Who asks.</param>
/// <param name="SubscriptionId">Into the queue of this subscription alone.</param>
public sealed record RedeliveryWish(
    EventRange? Events,
    string? TopicName,
    DateTimeOffset? Since,
    DateTimeOffset? Until,
    string? OnlyState,
    string CreatedBy,
    string? SubscriptionId = null);

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
/// <param name="Subscription">The one that it is for; null: topics, or all subscriptions that gave up.</param>
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
    RedeliverySubscription? Subscription,
    DateTimeOffset CreatedAt,
    JournalPosition Cursor,
    JournalPosition End)
{
    /// <summary>True when messages go into queues of subscriptions rather than to topics.</summary>
    public bool IsToSubscriptions => Subscription is not null || OnlyState == Contracts.DeliveryStates.Dead;
}

/// <summary>A subscription that events are delivered to again, past its topic.</summary>
/// <param name="SubscriptionId">Which.</param>
/// <param name="TopicKey">Key of its topic; null: it is gone.</param>
/// <param name="Bindings">Its bindings; null: it is gone.</param>
/// <param name="Filter">Its filter; null: it has none.</param>
/// <param name="IsQueue">It is a queue of somebody's, which gets nothing but copies past its topic.</param>
public sealed record RedeliverySubscription(string SubscriptionId, string? TopicKey, IReadOnlyList<string>? Bindings, Contracts.EventFilterDocument? Filter, bool IsQueue);

/// <summary>A delivery that a subscription gave up.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="TopicKey">Key of its topic.</param>
/// <param name="SubjectId">Job or environment.</param>
/// <param name="Sequence">The event.</param>
/// <param name="LastTriedAt">When it was tried last: it is this one no more once that has changed.</param>
/// <param name="IsQueue">The subscription is a queue of somebody's.</param>
public sealed record DeadLetter(string SubscriptionId, string TopicKey, string SubjectId, long Sequence, DateTimeOffset LastTriedAt, bool IsQueue = false);

/// <summary>A message: an event for a topic, whatever its spelling.</summary>
public readonly record struct MessageKey(string SubjectId, long Sequence, string TopicKey)
{
    /// <summary>That of an event for a topic by its name.</summary>
    public static MessageKey Of(string subjectId, long sequence, string topicName) => new(subjectId, sequence, Topics.TopicKey.Of(topicName));
}

/// <summary>What was found about rows of the journal.</summary>
/// <param name="Rows">The rows that were looked at: the first of those asked about.</param>
/// <param name="Items">In the order of the journal; of each event all of them.</param>
/// <param name="IsCut">True when in these rows there may be more, of events behind the last one.</param>
public sealed record RedeliveryFinds<T>(IReadOnlyList<OutboxRow> Rows, IReadOnlyList<T> Items, bool IsCut);

/// <summary>A step of a redelivery that the broker answered.</summary>
/// <param name="Cursor">Where it goes on.</param>
/// <param name="Arrived">Messages that were taken and routed.</param>
/// <param name="Exceptions">Messages that were not.</param>
/// <param name="Requeued">Messages that the queues of subscriptions took.</param>
/// <param name="Revived">Those of them that the subscriptions had given up.</param>
/// <param name="Skipped">Events whose job or environment was removed.</param>
/// <param name="IsDone">True when the shard has nothing more to do for it.</param>
public sealed record RedeliveryStep(
    JournalPosition Cursor,
    IReadOnlyCollection<MessageKey> Arrived,
    IReadOnlyList<DeliveryException> Exceptions,
    int Requeued,
    IReadOnlyList<DeadLetter> Revived,
    long Skipped,
    bool IsDone)
{
    /// <summary>Messages for the queues of subscriptions that were not sent: too long, or refused again and again.</summary>
    public int LeftOut { get; init; }

    /// <summary>Events that queues of somebody's should have had and are not sent, as they are sent copies no more: disabled, or bound.</summary>
    public long PassedOver { get; init; }

    /// <summary>Copies of queues of somebody's that arrived with the topic's message.</summary>
    public IReadOnlyCollection<(string SubscriptionId, string SubjectId, long Sequence)> Copied { get; init; } = [];
}

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
