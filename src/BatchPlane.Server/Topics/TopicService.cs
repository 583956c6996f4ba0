using BatchPlane.Contracts;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Topics;

/// <summary>What became of a request to make a topic.</summary>
internal abstract record CreateTopicResult
{
    /// <summary>201. Made; its exchange too, or as soon as the broker is back.</summary>
    internal sealed record Created(TopicView Topic) : CreateTopicResult;

    /// <summary>409. A topic of that name exists, maybe in another spelling.</summary>
    internal sealed record AlreadyExists(TopicView Topic) : CreateTopicResult;

    /// <summary>409. There are as many topics as there may be. Nothing was stored.</summary>
    internal sealed record Full : CreateTopicResult;

    /// <summary>409. RabbitMQ has an exchange of that name that is none of a topic, or keeps the name for itself. Nothing was stored.</summary>
    internal sealed record ExchangeConflict(string Reason) : CreateTopicResult;
}

/// <summary>
/// Topics, for the API, which has validated the documents. PostgreSQL is the truth. While the broker is away, topics are stored all the same and declared when it is back.
/// </summary>
internal sealed class TopicService(TopicStore store, TopologyFollower follower)
{
    /// <summary>Makes a topic and its exchange.</summary>
    internal Task<CreateTopicResult> CreateAsync(TopicDocument document, string createdBy, CancellationToken cancellationToken) =>
        CreateAsync(document, [], tencent: null, createdBy, cancellationToken);

    /// <summary>The same for one with labels, and with attributes in Tencent's words (JSON; null: none).</summary>
    internal async Task<CreateTopicResult> CreateAsync(TopicDocument document, IReadOnlyList<TagDocument> tags, string? tencent, string createdBy, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(document.TopicName, cancellationToken) is { } existing)
        {
            return new CreateTopicResult.AlreadyExists(existing);
        }

        if (!await store.HasRoomAsync(cancellationToken))
        {
            return new CreateTopicResult.Full();
        }

        // The exchange first: a name that the broker refuses is not stored.
        var made = false;
        var declared = await follower.DeclareNewAsync(
            document.TopicName,
            async () => made = await store.CreateAsync(document.TopicName, createdBy, tags, tencent, cancellationToken),
            cancellationToken);
        if (ReasonAgainst(declared) is { } reason)
        {
            return new CreateTopicResult.ExchangeConflict(reason);
        }

        var topic = await store.FindAsync(document.TopicName, cancellationToken);
        if (made)
        {
            return new CreateTopicResult.Created(topic ?? new TopicView { TopicName = document.TopicName, CreatedAt = default });
        }

        return topic is null ? new CreateTopicResult.Full() : new CreateTopicResult.AlreadyExists(topic);
    }

    /// <summary>Deletes a topic, its subscriptions and its exchange; queues stay, but BatchPlane's own. False: there is no such topic.</summary>
    internal async Task<bool> DeleteAsync(string topicName, CancellationToken cancellationToken)
    {
        if (await store.DeleteAsync(topicName, cancellationToken) is not { } name)
        {
            return false;
        }

        await follower.CleanAsync(name, CancellationToken.None);
        return true;
    }

    private static string? ReasonAgainst(Declaration declaration) => declaration switch
    {
        Declaration.Conflict conflict => conflict.Reason,
        Declaration.Refused refused => refused.Reason,
        _ => null,
    };
}
