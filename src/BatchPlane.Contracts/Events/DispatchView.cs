namespace BatchPlane.Contracts;

/// <summary>How far delivery to the topics is behind: <c>GET /v1/dispatch</c>.</summary>
public sealed record DispatchView
{
    /// <summary>Events that wait; a row that stands for many counts as many.</summary>
    public required long PendingEvents { get; init; }

    /// <summary>Seconds that the first of them waits; 0: none does.</summary>
    public required double SecondsBehind { get; init; }

    /// <summary>True when there may be more events than were counted: the numbers of events and messages are lower bounds then. Seconds are exact.</summary>
    public required bool AtLeast { get; init; }

    /// <summary>The shards: each delivers a quarter of all jobs and environments.</summary>
    public required IReadOnlyList<ShardView> Shards { get; init; }

    /// <summary>Topics that messages wait for, the most first.</summary>
    public required IReadOnlyList<TopicLagView> Topics { get; init; }

    /// <summary>What changes of topics and subscriptions made superfluous and RabbitMQ does not let go; it is tried again with each pass. Oldest first, at most as many as topics.</summary>
    public required IReadOnlyList<RefusedRemovalView> RefusedRemovals { get; init; }
}

/// <summary>How far a shard is behind.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="Holder">The dispatcher that holds it; null: nobody delivers it now.</param>
/// <param name="Epoch">Grows each time it changes hands.</param>
/// <param name="MovedAt">When its cursor moved last; null: never.</param>
/// <param name="PendingEvents">Events that wait.</param>
/// <param name="SecondsBehind">Seconds that the first of them waits; 0: none does.</param>
/// <param name="AtLeast">True when there may be more events than were counted.</param>
public sealed record ShardView(int Shard, string? Holder, long Epoch, DateTimeOffset? MovedAt, long PendingEvents, double SecondsBehind, bool AtLeast);

/// <summary>How far a topic is behind.</summary>
/// <param name="TopicName">The topic.</param>
/// <param name="PendingMessages">Messages that wait for it, among the events that were counted.</param>
/// <param name="SecondsBehind">Seconds that the first of them waits.</param>
public sealed record TopicLagView(string TopicName, long PendingMessages, double SecondsBehind);

/// <summary>Something that RabbitMQ refused to remove.</summary>
/// <param name="TopicName">The topic, which may be gone.</param>
/// <param name="Queue">The queue; null: the topic's exchange.</param>
/// <param name="Binding">The binding of the queue; null: the queue itself.</param>
/// <param name="Tries">How often it was refused.</param>
/// <param name="Reason">What RabbitMQ said the last time.</param>
public sealed record RefusedRemovalView(string TopicName, string? Queue, string? Binding, int Tries, string Reason);
