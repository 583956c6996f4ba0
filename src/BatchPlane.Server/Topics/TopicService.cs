using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Topics;

/// <summary>What became of a request to make a topic.</summary>
internal abstract record CreateTopicResult
{
    /// <summary>201. Made; its exchange too, or as soon as the broker is back.</summary>
    internal sealed record Created(TopicView Topic) : CreateTopicResult;

    /// <summary>409. A topic of that name exists, maybe in another spelling.</summary>
    internal sealed record AlreadyExists(TopicView Topic) : CreateTopicResult;

    /// <summary>409. RabbitMQ has an exchange of that name that is none of a topic, or keeps the name for itself. Nothing was stored.</summary>
    internal sealed record ExchangeConflict(string Reason) : CreateTopicResult;
}

/// <summary>What became of a request to subscribe.</summary>
internal abstract record SubscribeResult
{
    /// <summary>201. Stored; queue and binding are made, or as soon as the broker is back.</summary>
    internal sealed record Created(SubscriptionView Subscription) : SubscribeResult;

    /// <summary>200. The same queue was bound the same way before.</summary>
    internal sealed record AlreadyExists(SubscriptionView Subscription) : SubscribeResult;

    /// <summary>404. There is no such topic.</summary>
    internal sealed record NoSuchTopic : SubscribeResult;

    /// <summary>409. RabbitMQ does not let us have or bind that queue: it is exclusive to somebody's connection, for example. Nothing was stored.</summary>
    internal sealed record QueueConflict(string Reason) : SubscribeResult;
}

/// <summary>
/// Topics and their subscriptions, for the API, which has validated the documents. PostgreSQL is the truth. While the broker is away, topics and subscriptions are
/// stored all the same and declared when it is back.
/// </summary>
/// <remarks>
/// Queues are never deleted: they may have other bindings, readers, and messages nobody has read. A topic that is deleted while the
/// broker is away leaves its exchange behind, which then gets no more messages unless a job still names the topic.
/// </remarks>
internal sealed class TopicService(TopicStore store, TopicTopology topology)
{
    /// <summary>Makes a topic and its exchange.</summary>
    internal async Task<CreateTopicResult> CreateAsync(TopicDocument document, string createdBy, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(document.TopicName, cancellationToken) is { } existing)
        {
            return new CreateTopicResult.AlreadyExists(existing);
        }

        // The exchange first: a name that the broker refuses is not stored.
        if (ReasonAgainst(await topology.DeclareExchangeAsync(document.TopicName, cancellationToken)) is { } reason)
        {
            return new CreateTopicResult.ExchangeConflict(reason);
        }

        var made = await store.CreateAsync(document.TopicName, createdBy, cancellationToken);
        var topic = await store.FindAsync(document.TopicName, cancellationToken)
            ?? new TopicView { TopicName = document.TopicName, CreatedAt = default };
        return made ? new CreateTopicResult.Created(topic) : new CreateTopicResult.AlreadyExists(topic);
    }

    /// <summary>Deletes a topic, its subscriptions and its exchange; queues stay. False: there is no such topic.</summary>
    internal async Task<bool> DeleteAsync(string topicName, CancellationToken cancellationToken)
    {
        if (await store.DeleteAsync(topicName, cancellationToken) is not { } name)
        {
            return false;
        }

        await topology.DeleteExchangeAsync(name, cancellationToken);
        return true;
    }

    /// <summary>Subscribes a queue: declared durable and quorum unless it exists, and bound.</summary>
    internal async Task<SubscribeResult> SubscribeAsync(
        string topicName,
        SubscriptionDocument document,
        string createdBy,
        CancellationToken cancellationToken)
    {
        if (await store.FindAsync(topicName, cancellationToken) is not { } topic)
        {
            return new SubscribeResult.NoSuchTopic();
        }

        if (ReasonAgainst(await BindAsync(topic.TopicName, document, cancellationToken)) is { } reason)
        {
            return new SubscribeResult.QueueConflict(reason);
        }

        var stored = await store.SubscribeAsync(topic.TopicName, document.Endpoint, document.Binding, createdBy, cancellationToken);
        return stored switch
        {
            null => new SubscribeResult.NoSuchTopic(),
            { IsNew: true } => new SubscribeResult.Created(stored.Subscription),
            _ => new SubscribeResult.AlreadyExists(stored.Subscription),
        };
    }

    /// <summary>Ends a subscription and unbinds its queue, which stays with what is in it. False: the topic has no such subscription.</summary>
    internal async Task<bool> UnsubscribeAsync(string topicName, string subscriptionId, CancellationToken cancellationToken)
    {
        if (await store.UnsubscribeAsync(topicName, subscriptionId, cancellationToken) is not { } bound)
        {
            return false;
        }

        await topology.UnbindQueueAsync(bound.TopicName, bound.Endpoint, bound.Binding, cancellationToken);
        return true;
    }

    private async Task<Declaration> BindAsync(string topicName, SubscriptionDocument document, CancellationToken cancellationToken)
    {
        // The exchange may be missing: the topic was made while the broker was away, or the broker lost its data a moment ago.
        var exchange = await topology.DeclareExchangeAsync(topicName, cancellationToken);
        return exchange is Declaration.BrokerAway
            ? exchange
            : await topology.BindQueueAsync(topicName, document.Endpoint, document.Binding, cancellationToken);
    }

    private static string? ReasonAgainst(Declaration declaration) => declaration switch
    {
        Declaration.Conflict conflict => conflict.Reason,
        Declaration.Refused refused => refused.Reason,
        _ => null,
    };
}
