using BatchPlane.Contracts;

namespace BatchPlane.Server.Dispatch;

/// <summary>Where the message of an event for a topic goes.</summary>
/// <param name="IsTopic">To the topic.</param>
/// <param name="Queues">Into these own queues of subscriptions, past the topic.</param>
internal readonly record struct Destination(bool IsTopic, IReadOnlyList<string> Queues)
{
    /// <summary>To the topic and to those of its subscriptions that get copies of their own, as a fresh event.</summary>
    internal static Destination OfTopic { get; } = new(true, []) { WithCopies = true };

    /// <summary>To the topic alone: the copies of subscriptions have arrived, or are an exception of their own.</summary>
    internal static Destination OfTopicAlone { get; } = new(true, []);

    /// <summary>Nowhere.</summary>
    internal static Destination None { get; } = new(false, []);

    /// <summary>With the topic's message go the copies of its subscriptions.</summary>
    internal bool WithCopies { get; private init; }

    /// <summary>Copies to these subscriptions, past the topic.</summary>
    internal IReadOnlyList<SubscriptionView> Copies { get; init; } = [];

    /// <summary>True when it goes nowhere.</summary>
    internal bool IsNone => !IsTopic && Queues.Count == 0 && Copies.Count == 0;
}
