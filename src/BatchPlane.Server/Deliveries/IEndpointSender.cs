using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Server.Deliveries;

/// <summary>Delivers events of subscriptions of one protocol.</summary>
internal interface IEndpointSender
{
    /// <summary>
    /// Tries once to deliver an event. Ends within a bounded time. Throws <see cref="OperationCanceledException"/> when it was broken off: then nothing is known, and it is tried again.
    /// </summary>
    Task<DeliveryOutcome> TryAsync(ServedSubscription subscription, Incoming incoming, CancellationToken cancellationToken);
}
