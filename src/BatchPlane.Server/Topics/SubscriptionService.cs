using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary>What became of a request to subscribe.</summary>
internal abstract record SubscribeResult
{
    /// <summary>201. Stored; queue and bindings are made, or as soon as the broker is back.</summary>
    internal sealed record Created(SubscriptionView Subscription) : SubscribeResult;

    /// <summary>200. The same endpoint was subscribed the same way before.</summary>
    internal sealed record AlreadyExists(SubscriptionView Subscription) : SubscribeResult;

    /// <summary>404. There is no such topic.</summary>
    internal sealed record NoSuchTopic : SubscribeResult;

    /// <summary>409. The topic has as many as are allowed. Nothing was stored.</summary>
    internal sealed record TooMany : SubscribeResult;

    /// <summary>409. RabbitMQ does not let us have or bind that queue: it is exclusive to somebody's connection, for example. Nothing was stored.</summary>
    internal sealed record QueueConflict(string Reason) : SubscribeResult;
}

/// <summary>
/// Subscriptions, for the API, which has validated the documents. PostgreSQL is the truth. While the broker is away they are stored all the same; what has to be made or
/// taken away there follows when it is back.
/// </summary>
/// <remarks>
/// Queues of subscribers are never deleted: they may have other bindings, readers, and messages nobody has read. The queues of webhooks and mail are
/// BatchPlane's own and go with their subscriptions.
/// </remarks>
internal sealed class SubscriptionService(
    TopicStore topics,
    SubscriptionStore store,
    TopicTopology topology,
    TopologyRemover remover,
    IOptions<SubscriptionLimits> limits)
{
    /// <summary>Makes a subscription. A queue is declared durable and quorum unless it exists, and bound.</summary>
    internal async Task<SubscribeResult> SubscribeAsync(string topicName, SubscriptionDocument document, string createdBy, CancellationToken cancellationToken)
    {
        if (await topics.FindAsync(topicName, cancellationToken) is not { } topic)
        {
            return new SubscribeResult.NoSuchTopic();
        }

        // Somebody's queue first: one that the broker refuses is not stored. Removals that wait might undo what is made here.
        await remover.PassAsync(cancellationToken);
        if (document is { Protocol: SubscriptionProtocol.Queue, Enabled: not false }
            && ReasonAgainst(await topology.BindQueueAsync(topic.TopicName, document.Endpoint, document.Bindings!, cancellationToken)) is { } reason)
        {
            return new SubscribeResult.QueueConflict(reason);
        }

        switch (await store.CreateAsync(topic.TopicName, document, limits.Value.MaxPerTopic, createdBy, cancellationToken))
        {
            case null:
                return new SubscribeResult.NoSuchTopic();
            case { Subscription: null }:
                return new SubscribeResult.TooMany();
            case { IsNew: false, Subscription: var existing }:
                return new SubscribeResult.AlreadyExists(existing);
            case { Subscription: var created }:
                await topology.DeclareAsync(created, cancellationToken);
                return new SubscribeResult.Created(created);
        }
    }

    /// <summary>Changes a subscription, and its bindings with it.</summary>
    internal async Task<SubscriptionChanged> ChangeAsync(string topicName, string subscriptionId, SubscriptionChange change, CancellationToken cancellationToken)
    {
        var changed = await store.ChangeAsync(topicName, subscriptionId, change, cancellationToken);
        if (changed == SubscriptionChanged.Done)
        {
            await remover.PassAsync(cancellationToken);
            if (await store.FindAsync(topicName, subscriptionId, cancellationToken) is { } subscription)
            {
                await topology.DeclareAsync(subscription, cancellationToken);
            }
        }

        return changed;
    }

    /// <summary>
    /// Ends a subscription: unbinds somebody's queue, which stays with what is in it; deletes BatchPlane's own with what is in it. False: the topic has no such
    /// subscription.
    /// </summary>
    internal async Task<bool> UnsubscribeAsync(string topicName, string subscriptionId, CancellationToken cancellationToken)
    {
        if (!await store.DeleteAsync(topicName, subscriptionId, cancellationToken))
        {
            return false;
        }

        await remover.PassAsync(cancellationToken);
        return true;
    }

    private static string? ReasonAgainst(Declaration declaration) => declaration switch
    {
        Declaration.Conflict conflict => conflict.Reason,
        Declaration.Refused refused => refused.Reason,
        _ => null,
    };
}
