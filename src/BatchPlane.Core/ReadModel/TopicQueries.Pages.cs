using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>A topic with its labels and attributes in Tencent's words.</summary>
/// <param name="View">The topic and its subscriptions.</param>
/// <param name="Tags">Its labels.</param>
/// <param name="Tencent">Its attributes in Tencent's words, JSON; null: it came by another way.</param>
public sealed record ListedTopic(TopicView View, IReadOnlyList<TagDocument> Tags, string? Tencent);

/// <summary>A subscription with the attributes of its topic in Tencent's words.</summary>
/// <param name="View">The subscription.</param>
/// <param name="Tencent">The topic's attributes in Tencent's words, JSON; null: it came by another way.</param>
public sealed record ListedSubscription(SubscriptionView View, string? Tencent);

/// <summary>Topics for callers that read by offsets and numbers of matches.</summary>
public sealed partial class TopicQueries
{
    /// <summary>At most <paramref name="limit"/> topics behind the first <paramref name="offset"/>, by name, and how many match. <paramref name="part"/>: what their names contain; null: anything.</summary>
    public async Task<ListedPage<ListedTopic>> PageAsync(PageFilter filter, string? part, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.Topics;
        if (filter.Names is { } names)
        {
            var keys = names.Select(Key).ToArray();
            query = query.Where(topic => keys.Contains(topic.TopicKey));
        }

        if (part is not null)
        {
            var contained = Key(part);
            query = query.Where(topic => topic.TopicKey.Contains(contained));
        }

        query = PageConditions.OfLabels<TopicRow>(filter, topic => topic.Tags).Aggregate(query, (narrowed, condition) => narrowed.Where(condition));
        var total = await query.CountAsync(cancellationToken);
        var rows = await query.OrderBy(topic => topic.TopicKey).Skip(offset).Take(limit).ToListAsync(cancellationToken);
        var views = await ToViewsAsync(context, rows, cancellationToken);
        return new([.. rows.Zip(views, (row, view) => new ListedTopic(view, ReadJson.Of<TagDocument[]>(row.Tags), row.Tencent))], total);
    }

    /// <summary>Subscriptions that lead to this queue, of all topics, oldest first: a page of them and how many there are.</summary>
    public async Task<ListedPage<ListedSubscription>> PageOfQueueAsync(string queue, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var protocol = WireName.Of(SubscriptionProtocol.Queue);
        var query = context.Subscriptions.Where(subscription => subscription.Protocol == protocol && subscription.Endpoint == queue);
        var total = await query.CountAsync(cancellationToken);
        var rows = await query
            .OrderBy(subscription => subscription.CreatedAt).ThenBy(subscription => subscription.SubscriptionId)
            .Skip(offset).Take(limit)
            .ToListAsync(cancellationToken);
        var keys = rows.Select(row => row.TopicKey).Distinct().ToArray();
        var topics = await context.Topics.Where(topic => keys.Contains(topic.TopicKey)).ToDictionaryAsync(topic => topic.TopicKey, StringComparer.Ordinal, cancellationToken);
        return new([.. rows.Where(row => topics.ContainsKey(row.TopicKey)).Select(row => new ListedSubscription(ToView(topics[row.TopicKey], row), topics[row.TopicKey].Tencent))], total);
    }
}
