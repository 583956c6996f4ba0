using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Topics;

namespace BatchPlane.Core.Subscriptions;

/// <summary>A subscription that is sent copies of its own.</summary>
/// <param name="View">What it gets, and where.</param>
/// <param name="Revision">Another one with each change.</param>
/// <param name="SinceTxId">Rows of the journal from this transaction on were sent by who knew of it; those before it may have missed.</param>
public sealed record AddressedSubscription(SubscriptionView View, long Revision, ulong SinceTxId);

/// <summary>
/// The subscriptions whose queues are not bound to their topics, since no binding of RabbitMQ can say what they get, or in which form, or not known to be bound since one can: the dispatcher sends them copies of their own. Those of one moment.
/// </summary>
public sealed class AddressedSubscriptions
{
    private readonly ILookup<string, AddressedSubscription> _byTopic;

    internal AddressedSubscriptions(IReadOnlyCollection<(string TopicKey, AddressedSubscription Subscription)> subscriptions)
    {
        _byTopic = subscriptions.ToLookup(subscription => subscription.TopicKey, subscription => subscription.Subscription, StringComparer.Ordinal);
        Mark = new(subscriptions.Count, subscriptions.Sum(subscription => subscription.Subscription.Revision));
        Ids = subscriptions.Select(subscription => subscription.Subscription.View.SubscriptionId).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>There are none.</summary>
    public static AddressedSubscriptions None { get; } = new([]);

    /// <summary>Another one means that they are others.</summary>
    public AddressedMark Mark { get; }

    /// <summary>Their ids.</summary>
    public IReadOnlySet<string> Ids { get; }

    /// <summary>Those of a topic that get an event, in the order in which they were made.</summary>
    public IReadOnlyList<AddressedSubscription> For(string topicName, in Message message)
    {
        if (Mark.Count == 0)
        {
            return [];
        }

        var (kind, row, labels) = (message.Kind, message.Event.Row, message.Subject.Labels);
        return [.. _byTopic[TopicKey.Of(topicName)].Where(subscription => Gets(subscription.View.Bindings, subscription.View.Filter, kind, BeganBefore(row), labels))];
    }

    /// <summary>One of them; null when there is none of this id.</summary>
    public AddressedSubscription? Find(string topicKey, string subscriptionId) => _byTopic[topicKey].FirstOrDefault(subscription => subscription.View.SubscriptionId == subscriptionId);

    /// <summary>Whether bindings and filter of a subscription let an event pass.</summary>
    public static bool Gets(IReadOnlyList<string> bindings, EventFilterDocument? filter, EventKind kind, bool beganBefore, IReadOnlyList<TagDocument> labels) =>
        bindings.Any(binding => BindingPattern.Matches(binding, kind.RoutingKey)) && (filter is null || EventFilter.Admits(filter, kind, beganBefore, labels));

    /// <summary>Whether an attempt of the same instance had begun before the one that a row is about.</summary>
    public static bool BeganBefore(OutboxRow row) => row.Details?.BeganBefore is true;
}

/// <summary>Which addressed subscriptions there are, without their names: equal marks, equal subscriptions.</summary>
/// <param name="Count">How many.</param>
/// <param name="Revisions">Sum of their revisions.</param>
public readonly record struct AddressedMark(long Count, long Revisions);
