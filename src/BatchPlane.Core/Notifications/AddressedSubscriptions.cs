using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// The subscriptions whose queues are not bound to their topics, since no binding of RabbitMQ can say what they get, or in which form: the dispatcher sends them copies of their own. Those of one moment.
/// </summary>
public sealed class AddressedSubscriptions
{
    private readonly ILookup<string, SubscriptionView> _byTopic;

    internal AddressedSubscriptions(IReadOnlyCollection<(string TopicKey, SubscriptionView View, long Revision)> subscriptions)
    {
        _byTopic = subscriptions.ToLookup(subscription => subscription.TopicKey, subscription => subscription.View, StringComparer.Ordinal);
        Mark = new(subscriptions.Count, subscriptions.Sum(subscription => subscription.Revision));
    }

    /// <summary>There are none.</summary>
    public static AddressedSubscriptions None { get; } = new([]);

    /// <summary>Another one means that they are others.</summary>
    public AddressedMark Mark { get; }

    /// <summary>Those of a topic that get an event, in the order in which they were made.</summary>
    public IReadOnlyList<SubscriptionView> For(string topicName, in Message message)
    {
        if (Mark.Count == 0)
        {
            return [];
        }

        var (kind, row, labels) = (message.Kind, message.Event.Row, message.Subject.Labels);
        return [.. _byTopic[TopicKey.Of(topicName)].Where(subscription => Gets(subscription, kind, BeganBefore(row), labels))];
    }

    /// <summary>One of them; null when there is none of this id.</summary>
    public SubscriptionView? Find(string topicKey, string subscriptionId) => _byTopic[topicKey].FirstOrDefault(subscription => subscription.SubscriptionId == subscriptionId);

    /// <summary>Whether bindings and filter of a subscription let an event pass.</summary>
    public static bool Gets(SubscriptionView subscription, EventKind kind, bool beganBefore, IReadOnlyList<TagDocument> labels) =>
        subscription.Bindings.Any(binding => BindingPattern.Matches(binding, kind.RoutingKey))
        && (subscription.Filter is null || EventFilter.Admits(subscription.Filter, kind, beganBefore, labels));

    /// <summary>Whether an attempt of the same instance had begun before the one that a row is about.</summary>
    public static bool BeganBefore(OutboxRow row) => row.Details?.BeganBefore is true;
}

/// <summary>Which addressed subscriptions there are, without their names: equal marks, equal subscriptions.</summary>
/// <param name="Count">How many.</param>
/// <param name="Revisions">Sum of their revisions.</param>
public readonly record struct AddressedMark(long Count, long Revisions);
