using BatchPlane.Contracts;

namespace BatchPlane.Core.Notifications;

/// <summary>The queues behind subscriptions.</summary>
public static class SubscriptionQueue
{
    /// <summary>What BatchPlane's own queues of subscriptions begin with. They alone may be deleted.</summary>
    public const string OwnPrefix = "batchplane.sub.";

    /// <summary>BatchPlane's own queue of a webhook or mail subscription.</summary>
    public static string OwnOf(string subscriptionId) => OwnPrefix + subscriptionId;

    /// <summary>The queue that is bound for a subscription: its endpoint, or BatchPlane's own.</summary>
    public static string Of(SubscriptionView subscription) =>
        subscription.Protocol == SubscriptionProtocol.Queue ? subscription.Endpoint : OwnOf(subscription.SubscriptionId);
}
