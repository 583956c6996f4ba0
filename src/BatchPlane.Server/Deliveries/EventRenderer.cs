using BatchPlane.Contracts;

namespace BatchPlane.Server.Deliveries;

/// <summary>Gives an event the format that a subscription asks for.</summary>
internal sealed class EventRenderer
{
    /// <summary>Why an event cannot be written anew.</summary>
    internal const string GoneReason = "The journal does not have the event any more, so that it cannot be written in another format.";

    /// <summary>The event's content; null when it cannot be made any more.</summary>
    internal Task<EventContent?> RenderAsync(SubscriptionFormat format, Incoming incoming, CancellationToken cancellationToken) =>
        Task.FromResult<EventContent?>(new(incoming.Body, incoming.ContentType));
}
