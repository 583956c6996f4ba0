using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;

namespace BatchPlane.Core.Subscriptions;

/// <summary>
/// What is told of subscriptions, which nobody asks for: each event goes to the topic of its subscription. Rows of the journal name the topic themselves, so that they can be read and
/// delivered when the subscription is gone.
/// </summary>
internal static class SubscriptionEvents
{
    private static readonly EventConfigDocument[] Configs =
        [.. EventCatalogue.All.Where(kind => kind.Level == EventLevel.Subscription).Select(kind => new EventConfigDocument { EventName = kind.Name })];

    /// <summary>What stands for the notifications of a subscription: one block, bit 0 of <c>notify</c>.</summary>
    internal static IReadOnlyList<NotificationDocument> NotificationsOf(JournalDetails? details) =>
        details?.TopicName is { } topic ? [new() { TopicName = topic, EventConfigs = Configs }] : [];

    /// <summary>What messages need to know of the subscriptions of these rows.</summary>
    internal static List<SubjectContext> ContextsOf(IEnumerable<OutboxRow> rows) =>
    [
        .. rows.DistinctBy(row => row.SubjectId, StringComparer.Ordinal)
            .Select(row => new SubjectContext { SubjectId = row.SubjectId, Name = row.SubjectId, CreatedAt = row.OccurredAt, Notifications = NotificationsOf(row.Details) }),
    ];
}
