namespace BatchPlane.Server.Dispatch;

/// <summary>Where the message of an event for a topic goes.</summary>
/// <param name="IsTopic">To the topic.</param>
/// <param name="Queues">Into these own queues of subscriptions, past the topic.</param>
internal readonly record struct Destination(bool IsTopic, IReadOnlyList<string> Queues)
{
    /// <summary>To the topic, as a fresh event.</summary>
    internal static Destination OfTopic { get; } = new(true, []);

    /// <summary>Nowhere.</summary>
    internal static Destination None { get; } = new(false, []);
}
