namespace BatchPlane.Contracts;

/// <summary>What became of one event: <c>GET /v1/events/{id}/deliveries</c>.</summary>
public sealed record EventDeliveries
{
    /// <summary>The event.</summary>
    public required EventView Event { get; init; }

    /// <summary>Its delivery to each topic that asked for it; empty when none did, or its job was removed.</summary>
    public required IReadOnlyList<DeliveryView> Deliveries { get; init; }
}

/// <summary>What became of one event at one topic; in lists also at one subscription of it.</summary>
public sealed record DeliveryView
{
    /// <summary>The event.</summary>
    public required string EventId { get; init; }

    /// <summary>The topic.</summary>
    public required string TopicName { get; init; }

    /// <summary>In lists: the webhook or address, or the queue that is sent copies of its own, that it did not reach; null: it did not reach a queue of the topic at all.</summary>
    public string? SubscriptionId { get; init; }

    /// <summary>With <see cref="SubscriptionId"/>: <c>http</c>, <c>email</c> or <c>queue</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>With <see cref="SubscriptionId"/>: URL, address or queue.</summary>
    public string? Endpoint { get; init; }

    /// <summary>One of <see cref="DeliveryStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>With <see cref="SubscriptionId"/>: HTTP status or SMTP reply code of the last try; null when there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why it did not simply arrive; null when it did or still waits.</summary>
    public string? Reason { get; init; }

    /// <summary>How often it did not simply arrive; null when it did or still waits.</summary>
    public int? Tries { get; init; }

    /// <summary>When that was noted last.</summary>
    public DateTimeOffset? LastTriedAt { get; init; }

    /// <summary>Subscriptions of the topic that it is for; null in lists.</summary>
    public IReadOnlyList<SubscriptionDeliveryView>? Subscriptions { get; init; }
}

/// <summary>What became of one event at one subscription. A queue has a message when the broker confirmed it; webhooks and mail are tried until they are delivered or given up.</summary>
public sealed record SubscriptionDeliveryView
{
    /// <summary>The subscription.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary><c>queue</c>, <c>http</c> or <c>email</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Queue, URL or address.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Of a queue that is bound, the state at its topic, or <c>unknown</c>; of one that is sent copies of its own <c>confirmed</c>, <c>dead</c> or <c>unknown</c>; else <c>pending</c>, <c>retrying</c>, <c>delivered</c>, <c>dead</c>, <c>dropped</c> or <c>unknown</c>, and what <see cref="DeliveryStates"/> says while the topic does not have it.</summary>
    public required string State { get; init; }

    /// <summary>Tries made; null for a queue, or before the first.</summary>
    public int? Tries { get; init; }

    /// <summary>HTTP status or SMTP reply code of the last try; null when there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last try failed, or why it is not known what became of the event; null when neither.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was tried last.</summary>
    public DateTimeOffset? LastTriedAt { get; init; }

    /// <summary>When it is tried next; null when it is not.</summary>
    public DateTimeOffset? NextTryAt { get; init; }
}

/// <summary>How the delivery of an event to a topic stands.</summary>
public static class DeliveryStates
{
    /// <summary>It waits for the dispatcher.</summary>
    public const string Pending = "pending";

    /// <summary>The broker has it, and at least one queue got it.</summary>
    public const string Confirmed = "confirmed";

    /// <summary>The broker took it, but no queue was bound for it.</summary>
    public const string Unrouted = "unrouted";

    /// <summary>It was given up.</summary>
    public const string Failed = "failed";

    /// <summary>Of a subscription: the topic had it, and what came of it is forgotten, if it was stored at all; or it was sent while the subscription was being made, bound or changed.</summary>
    public const string Unknown = "unknown";

    /// <summary>Of a subscription: tried and given up; or its copy did not get into its queue.</summary>
    public const string Dead = "dead";

    /// <summary>Of a subscription: it could not be delivered whatever the endpoint said.</summary>
    public const string Dropped = "dropped";
}

/// <summary>Body of <c>POST /v1/events/{id}/redeliver</c>.</summary>
/// <param name="LastSequence">Not this event alone, but all of its job, environment or subscription up to this sequence.</param>
/// <param name="TopicName">To this topic alone; null: to every topic that asked.</param>
/// <param name="Only"><c>failed</c>, <c>unrouted</c>, <c>dead</c>: to subscriptions that gave it up, to these alone; or <c>all</c> (default).</param>
/// <param name="SubscriptionId">To this webhook, address or queue with a filter or format alone; null: to the topics, or with <c>dead</c> to every subscription that gave it up.</param>
public sealed record RedeliverEventRequest(long? LastSequence = null, string? TopicName = null, string? Only = null, string? SubscriptionId = null);

/// <summary>Body of <c>POST /v1/topics/{name}/redeliver</c>.</summary>
/// <param name="Since">Events not before this time.</param>
/// <param name="Until">Events before this time; null: all that are delivered now.</param>
/// <param name="Only"><c>failed</c>, <c>unrouted</c>, <c>dead</c>: to subscriptions that gave them up, to these alone; or <c>all</c> (default).</param>
/// <param name="SubscriptionId">To this webhook, address or queue with a filter or format alone; null: to the topic, or with <c>dead</c> to every subscription that gave them up.</param>
public sealed record RedeliverTopicRequest(DateTimeOffset Since, DateTimeOffset? Until = null, string? Only = null, string? SubscriptionId = null);

/// <summary>The wish that events are delivered again, and how far that is: <c>GET /v1/redeliveries</c>.</summary>
public sealed record RedeliveryView
{
    /// <summary><c>redel-</c> and 8 of <c>[a-z0-9]</c>.</summary>
    public required string RedeliveryId { get; init; }

    /// <summary><c>running</c>, <c>done</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>Job or environment whose events they are; null: of all.</summary>
    public string? SubjectId { get; init; }

    /// <summary>First of its events.</summary>
    public long? FirstSequence { get; init; }

    /// <summary>Last of its events.</summary>
    public long? LastSequence { get; init; }

    /// <summary>To this topic alone; null: to every topic that asked.</summary>
    public string? TopicName { get; init; }

    /// <summary>Events not before this time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Events before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>To this webhook, address or queue with a filter or format alone; null: to topics, or to every subscription that gave up.</summary>
    public string? SubscriptionId { get; init; }

    /// <summary><c>failed</c>, <c>unrouted</c>, <c>dead</c> or <c>all</c>.</summary>
    public required string Only { get; init; }

    /// <summary>Who asked, <c>user:&lt;key&gt;</c>.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was done or cancelled; null: it goes on.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Messages that the broker took so far, for topics or into queues of subscriptions, those included that no queue was bound for.</summary>
    public required long Sent { get; init; }

    /// <summary>Messages of those that no queue was bound for.</summary>
    public required long Unrouted { get; init; }

    /// <summary>Messages given up.</summary>
    public required long Failed { get; init; }

    /// <summary>Events that were passed over since their job or environment was deleted; with <c>only</c>, messages.</summary>
    public required long Skipped { get; init; }
}
