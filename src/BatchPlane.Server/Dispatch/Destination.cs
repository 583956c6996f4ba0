using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Server.Dispatch;

/// <summary>Where the message of an event for a topic goes.</summary>
/// <param name="IsTopic">To the topic, and copies to those of its subscriptions that get copies of their own.</param>
/// <param name="Queues">Into these own queues of subscriptions, past the topic.</param>
internal readonly record struct Destination(bool IsTopic, IReadOnlyList<string> Queues)
{
    /// <summary>To the topic and to all of its subscriptions that get copies of their own, as a fresh event.</summary>
    internal static Destination OfTopic { get; } = new(true, []);

    /// <summary>To the topic, and to those of these subscriptions that were made, or changed, since: the copies of the others have arrived, or are an exception of their own.</summary>
    internal static Destination OfTopicAndMissed { get; } = new(true, []) { IsOfMissed = true };

    /// <summary>Nowhere.</summary>
    internal static Destination None { get; } = new(false, []);

    /// <summary>True: copies go only to subscriptions that nobody knew of when the event was sent.</summary>
    internal bool IsOfMissed { get; private init; }

    /// <summary>Copies to these subscriptions, past the topic.</summary>
    internal IReadOnlyList<AddressedSubscription> Copies { get; init; } = [];

    /// <summary>True when it goes nowhere.</summary>
    internal bool IsNone => !IsTopic && Queues.Count == 0 && Copies.Count == 0;
}
