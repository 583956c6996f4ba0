using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
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
    TopologyFollower follower,
    OutboxSignal outbox,
    IOptions<SubscriptionLimits> limits)
{
    /// <summary>Makes a subscription. A queue is declared durable and quorum unless it exists, and bound.</summary>
    internal async Task<SubscribeResult> SubscribeAsync(string topicName, SubscriptionDocument document, string createdBy, CancellationToken cancellationToken)
    {
        if (await topics.FindAsync(topicName, cancellationToken) is not { } topic)
        {
            return new SubscribeResult.NoSuchTopic();
        }

        // Only looked at: what is made in RabbitMQ before the subscription is stored would stay, and fill, if it never is.
        if (document is { Protocol: SubscriptionProtocol.Queue, Enabled: not false } && ReasonAgainst(await topology.CheckQueueAsync(document.Endpoint, cancellationToken)) is { } reason)
        {
            return new SubscribeResult.QueueConflict(reason);
        }

        return await store.CreateAsync(topic.TopicName, document, limits.Value, createdBy, cancellationToken) switch
        {
            null => new SubscribeResult.NoSuchTopic(),
            { Subscription: null } => new SubscribeResult.TooMany(),
            { IsNew: false, Subscription: var existing } => new SubscribeResult.AlreadyExists(existing),
            { Subscription: var created } => await DeclareAsync(created),
        };
    }

    /// <summary>It is stored: whatever becomes of the request, what belongs to it in RabbitMQ is made, or it ends again.</summary>
    private async Task<SubscribeResult> DeclareAsync(SubscriptionView created)
    {
        var declared = await follower.FollowAsync(created.TopicName, created.SubscriptionId, CancellationToken.None);
        if (created.Protocol == SubscriptionProtocol.Queue && ReasonAgainst(declared) is { } reason)
        {
            await UnsubscribeAsync(created.TopicName, created.SubscriptionId, CancellationToken.None);
            return new SubscribeResult.QueueConflict(reason);
        }

        return new SubscribeResult.Created(created);
    }

    /// <summary>Changes a subscription, and its bindings with it.</summary>
    internal async Task<SubscriptionChanged> ChangeAsync(string topicName, string subscriptionId, SubscriptionChange change, string changedBy, CancellationToken cancellationToken)
    {
        var changed = await store.ChangeAsync(topicName, subscriptionId, change, changedBy, cancellationToken);
        if (changed == SubscriptionChanged.Done)
        {
            await follower.FollowAsync(topicName, subscriptionId, CancellationToken.None);

            // Behind its bindings: who is disabled is hardly told of it, who is enabled mostly is.
            if (change.Enabled is not null)
            {
                outbox.Set();
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

        await follower.CleanAsync(topicName, CancellationToken.None);
        return true;
    }

    private static string? ReasonAgainst(Declaration declaration) => declaration switch
    {
        Declaration.Conflict conflict => conflict.Reason,
        Declaration.Refused refused => refused.Reason,
        _ => null,
    };
}
