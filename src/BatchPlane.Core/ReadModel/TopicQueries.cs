using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Topics and their subscriptions as callers see them.</summary>
public sealed partial class TopicQueries(ReadContexts contexts)
{
    /// <summary>At most <paramref name="limit"/> topics by name, after the given name when there is one.</summary>
    public async Task<IReadOnlyList<TopicView>> ListAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.Topics;
        if (after is not null)
        {
            var key = Key(after);
            query = query.Where(topic => string.Compare(topic.TopicKey, key) > 0);
        }

        var topics = await query.OrderBy(topic => topic.TopicKey).Take(limit).ToListAsync(cancellationToken);
        return await ToViewsAsync(context, topics, cancellationToken);
    }

    /// <summary>One topic, its name in any case; null when there is none.</summary>
    public async Task<TopicView?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var key = Key(name);
        var topics = await context.Topics.Where(topic => topic.TopicKey == key).ToListAsync(cancellationToken);
        return (await ToViewsAsync(context, topics, cancellationToken)).SingleOrDefault();
    }

    /// <summary>One subscription; null when the topic has none of this id.</summary>
    public async Task<SubscriptionView?> FindSubscriptionAsync(string topicName, string subscriptionId, CancellationToken cancellationToken) =>
        await FindAsync(topicName, cancellationToken) is { } topic
            ? topic.Subscriptions.SingleOrDefault(subscription => subscription.SubscriptionId == subscriptionId)
            : null;

    /// <summary>One subscription of any topic; null when there is none of this id.</summary>
    public async Task<SubscriptionView?> FindSubscriptionAsync(string subscriptionId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Subscriptions.SingleOrDefaultAsync(subscription => subscription.SubscriptionId == subscriptionId, cancellationToken) is { } found
            ? ToView(await context.Topics.SingleAsync(topic => topic.TopicKey == found.TopicKey, cancellationToken), found)
            : null;
    }

    private static async Task<IReadOnlyList<TopicView>> ToViewsAsync(ReadContext context, List<TopicRow> topics, CancellationToken cancellationToken)
    {
        var keys = topics.Select(topic => topic.TopicKey).ToArray();
        var subscriptions = await context.Subscriptions
            .Where(subscription => keys.Contains(subscription.TopicKey))
            .OrderBy(subscription => subscription.CreatedAt).ThenBy(subscription => subscription.SubscriptionId)
            .ToListAsync(cancellationToken);
        var byTopic = subscriptions.ToLookup(subscription => subscription.TopicKey, StringComparer.Ordinal);
        return [.. topics.Select(topic => new TopicView
        {
            TopicName = topic.TopicName,
            CreatedAt = topic.CreatedAt,
            Subscriptions = [.. byTopic[topic.TopicKey].Select(subscription => ToView(topic, subscription))],
        })];
    }

    private static SubscriptionView ToView(TopicRow topic, SubscriptionRow subscription) => new()
    {
        SubscriptionId = subscription.SubscriptionId,
        TopicName = topic.TopicName,
        SubscriptionName = subscription.SubscriptionName,
        Protocol = WireName.Parse<SubscriptionProtocol>(subscription.Protocol),
        Endpoint = subscription.Endpoint,
        Bindings = subscription.Bindings,
        Enabled = subscription.Enabled,
        Format = WireName.Parse<SubscriptionFormat>(subscription.Format),
        Filter = subscription.Filter is null ? null : ReadJson.Of<EventFilterDocument>(subscription.Filter),
        Push = WireName.ParseNullable<PushForm>(subscription.Push),
        ContentFormat = WireName.ParseNullable<PushContent>(subscription.ContentFormat),
        MaxInFlight = subscription.MaxInFlight,
        MaxAgeSeconds = subscription.MaxAgeSeconds,
        MaxQueueBytes = subscription.MaxQueueBytes,
        Retry = subscription.Retry is null ? null : ReadJson.Of<RetryDocument>(subscription.Retry),
        PreviousSecretUntil = subscription.PreviousSecretUntil,
        DisabledReason = subscription.DisabledReason,
        DisabledAt = subscription.DisabledAt,
        FailingSince = subscription.FailingSince,
        LastDeliveredAt = subscription.LastDeliveredAt,
        LastFailedAt = subscription.LastFailedAt,
        LastStatus = subscription.LastStatus,
        LastReason = subscription.LastReason,
        CreatedAt = subscription.CreatedAt,
    };

    private static string Key(string name) => name.ToLowerInvariant();
}
