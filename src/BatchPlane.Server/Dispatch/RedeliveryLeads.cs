using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Redelivery;

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
    Destination Lead(JournalEvent journalEvent, string topic, EventKind kind);

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
    public Destination Lead(JournalEvent journalEvent, string topic, EventKind kind)
    {
        var message = MessageKey.Of(journalEvent.Row.SubjectId, journalEvent.Sequence, topic);
        if ((work.TopicKey is not null && message.TopicKey != work.TopicKey) || _only?.Contains(message) is false)
        {
            return Destination.None;
        }

        _wanted.Add(message);
        return Destination.OfTopic;
    }

    /// <inheritdoc/>
    public RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, long skipped, bool isDone)
    {
        _wanted.ExceptWith(exceptions.Select(exception => MessageKey.Of(exception.SubjectId, exception.Sequence, exception.TopicName)));
        return new(cursor, _wanted, exceptions, 0, [], skipped, isDone);
    }
}

/// <summary>Past the topics into the queues of webhooks and addresses: what they gave up, or to one of them all that its bindings match.</summary>
internal sealed class LeadToSubscriptions(RedeliveryWork work, RedeliveryFinds<DeadLetter> dead) : IRedeliveryLead
{
    private readonly ILookup<(string SubjectId, long Sequence, string TopicKey), DeadLetter> _dead = dead.Items.ToLookup(letter => (letter.SubjectId, letter.Sequence, letter.TopicKey));
    private readonly List<DeadLetter> _revived = [];

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public RedeliveryEvents? Found { get; } =
        new(dead.Rows, [.. dead.Items.Select(letter => (letter.SubjectId, letter.Sequence)).Distinct()], dead.IsCut, IsOnly: work.OnlyState is not null);

    /// <inheritdoc/>
    public bool MayLead(OutboxRow row, SubjectContext subject) => true;

    /// <inheritdoc/>
    public Destination Lead(JournalEvent journalEvent, string topic, EventKind kind)
    {
        var key = TopicKey.Of(topic);
        if (work.TopicKey is not null && work.TopicKey != key)
        {
            return Destination.None;
        }

        var letters = _dead[(journalEvent.Row.SubjectId, journalEvent.Sequence, key)];
        string[] queues = work is { OnlyState: null, Subscription: { } one }
            ? Matches(one, key, kind) ? [SubscriptionQueue.OwnOf(one.SubscriptionId)] : []
            : [.. letters.Select(letter => SubscriptionQueue.OwnOf(letter.SubscriptionId))];
        _revived.AddRange(queues.Length > 0 ? letters : []);
        Count += queues.Length;
        return new(false, queues);
    }

    /// <inheritdoc/>
    public RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, long skipped, bool isDone) =>
        new(cursor, [], [], Count, _revived, skipped, isDone);

    private static bool Matches(RedeliverySubscription subscription, string topicKey, EventKind kind) =>
        subscription.TopicKey == topicKey && subscription.Bindings!.Any(binding => BindingPattern.Matches(binding, kind.RoutingKey));
}
