using BatchPlane.Contracts;

namespace BatchPlane.Core.Subscriptions;

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

    /// <summary>True: no binding of RabbitMQ can say what the subscription gets, or in which form. Its queue is not bound, and gets a copy of its own of each event.</summary>
    public static bool IsAddressed(SubscriptionView subscription) => IsAddressed(subscription.Protocol, subscription.Format, subscription.Filter);

    internal static bool IsAddressed(SubscriptionProtocol protocol, SubscriptionFormat format, EventFilterDocument? filter) =>
        filter is not null || (protocol == SubscriptionProtocol.Queue && format != SubscriptionFormat.Published);
}
