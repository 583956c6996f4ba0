using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;

namespace BatchPlane.Server.Dispatch;

/// <summary>Where the messages of a redelivery go, and which of them were sent.</summary>
internal interface IRedeliveryLead
{
    /// <summary>Messages so far.</summary>
    int Count { get; }

    /// <summary>The events that messages were found of; null: nothing was looked for, all events are wanted.</summary>
    RedeliveryEvents? Found { get; }

    /// <summary>False when no message of any event of a row is wanted.</summary>
    bool MayLead(OutboxRow row, SubjectContext subject);

    /// <summary>Where the message of an event for a topic goes; it is taken to be sent there.</summary>
    Destination Lead(string topic, in Message message);

    /// <summary>What came of all of them.</summary>
    RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, long skipped, bool isDone);
}

/// <summary>To topics: those that asked, or one; all messages, or those alone that are exceptions of a kind.</summary>
internal sealed class LeadToTopics(RedeliveryWork work, RedeliveryFinds<MessageKey>? only) : IRedeliveryLead
{
    private readonly HashSet<MessageKey> _wanted = [];
    private readonly HashSet<MessageKey>? _only = only?.Items.ToHashSet();

    /// <inheritdoc/>
    public int Count => _wanted.Count;

    /// <inheritdoc/>
    public RedeliveryEvents? Found { get; } =
        only is null ? null : new(only.Rows, [.. only.Items.Select(message => (message.SubjectId, message.Sequence)).Distinct()], only.IsCut, IsOnly: true);

    /// <inheritdoc/>
    public bool MayLead(OutboxRow row, SubjectContext subject) =>
        work.TopicKey is null
        || subject.Notifications.Where((_, block) => (row.Notify & (1 << block)) != 0).Any(block => block.Topics.Any(topic => TopicKey.Of(topic) == work.TopicKey));

    /// <inheritdoc/>
    public Destination Lead(string topic, in Message message)
    {
        var key = MessageKey.Of(message.Event.Row.SubjectId, message.Event.Sequence, topic);
        if ((work.TopicKey is not null && key.TopicKey != work.TopicKey) || _only?.Contains(key) is false)
        {
            return Destination.None;
        }

        _wanted.Add(key);
        return _only is null ? Destination.OfTopic : Destination.OfTopicAndMissed;
    }

    /// <inheritdoc/>
    public RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, long skipped, bool isDone)
    {
        _wanted.ExceptWith(exceptions.Where(exception => exception.SubscriptionId is null).Select(exception => MessageKey.Of(exception.SubjectId, exception.Sequence, exception.TopicName)));
        return new(cursor, _wanted, exceptions, 0, [], skipped, isDone);
    }
}

/// <summary>Past the topics into the queues of subscriptions: what they gave up, or to one of them all that its bindings and its filter let pass.</summary>
/// <param name="work">What is wanted.</param>
/// <param name="dead">What was given up.</param>
/// <param name="addressed">Who is sent copies of its own: queues of somebody's among them.</param>
internal sealed class LeadToSubscriptions(RedeliveryWork work, RedeliveryFinds<DeadLetter> dead, AddressedSubscriptions addressed) : IRedeliveryLead
{
    private readonly ILookup<(string SubjectId, long Sequence, string TopicKey), DeadLetter> _dead = dead.Items.ToLookup(letter => (letter.SubjectId, letter.Sequence, letter.TopicKey));
    private readonly List<DeadLetter> _revived = [];
    private long _passedOver;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public RedeliveryEvents? Found { get; } =
        new(dead.Rows, [.. dead.Items.Select(letter => (letter.SubjectId, letter.Sequence)).Distinct()], dead.IsCut, IsOnly: work.OnlyState is not null);

    /// <inheritdoc/>
    public bool MayLead(OutboxRow row, SubjectContext subject) => true;

    /// <inheritdoc/>
    public Destination Lead(string topic, in Message message)
    {
        var key = TopicKey.Of(topic);
        if (work.TopicKey is not null && work.TopicKey != key)
        {
            return Destination.None;
        }

        var letters = _dead[(message.Event.Row.SubjectId, message.Event.Sequence, key)].ToList();
        IReadOnlyList<string> wanted = work is { OnlyState: null, Subscription: { } one }
            ? Matches(one, key, message) ? [one.SubscriptionId] : []
            : [.. letters.Select(letter => letter.SubscriptionId)];
        var ofQueues = wanted.ToLookup(id => work.Subscription is { } only ? only.IsQueue : letters.Exists(letter => letter.SubscriptionId == id && letter.IsQueue));
        var copies = ofQueues[true].Select(id => addressed.Find(key, id)).OfType<AddressedSubscription>().ToList();

        // A queue of somebody's that is bound now gets what its topic gets, and nothing past it; one that is disabled gets nothing.
        _passedOver += ofQueues[true].Count() - copies.Count;
        var others = ofQueues[false].ToList();
        _revived.AddRange(letters.Where(letter => others.Contains(letter.SubscriptionId) || copies.Exists(copy => copy.View.SubscriptionId == letter.SubscriptionId)));
        Count += others.Count + copies.Count;
        return new Destination(false, [.. others.Select(SubscriptionQueue.OwnOf)]) { Copies = copies };
    }

    /// <inheritdoc/>
    public RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, long skipped, bool isDone)
    {
        var lost = exceptions.Select(exception => (exception.SubscriptionId!, exception.SubjectId, exception.Sequence)).ToHashSet();
        return new(cursor, [], exceptions, Count - lost.Count, [.. _revived.Where(letter => !lost.Contains((letter.SubscriptionId, letter.SubjectId, letter.Sequence)))], skipped, isDone) { PassedOver = _passedOver };
    }

    private static bool Matches(RedeliverySubscription subscription, string topicKey, in Message message)
    {
        var (kind, row, labels) = (message.Kind, message.Event.Row, message.Subject.Labels);
        return subscription.TopicKey == topicKey
            && AddressedSubscriptions.Gets(subscription.Bindings!, subscription.Filter, kind, AddressedSubscriptions.BeganBefore(row), labels);
    }
}
