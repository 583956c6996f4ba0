using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Redelivery;

namespace BatchPlane.Server.Dispatch;

/// <summary>Goes over the events of a page of a redelivery; ends after a bounded number of messages, wherever in the page.</summary>
internal sealed class RedeliverySteps(RedeliveryWork work, IReadOnlyList<OutboxRow> rows, IRedeliveryLead lead, bool isLast, int maxMessages)
{
    private JournalPosition _cursor = work.Cursor;
    private int _row;
    private JournalEvent _current;

    /// <summary>The next event; null at the end of the page, or when enough was sent.</summary>
    internal JournalEvent? Next()
    {
        while (_row < rows.Count && lead.Count < maxMessages)
        {
            var row = rows[_row];
            var isOpen = row.OrderTxId == _cursor.TxId && row.EventNo == _cursor.EventNo;
            var offset = isOpen ? _cursor.Count : 0;
            if (offset >= row.Span)
            {
                _row++;
                continue;
            }

            _cursor = new(row.OrderTxId, row.EventNo, offset + 1);
            _current = new(row, offset);
            if (IsWanted(_current.Sequence))
            {
                return _current;
            }
        }

        return null;
    }

    /// <summary>Where the message of the current event for a topic goes; it is taken to be sent there.</summary>
    internal Destination Lead(string topic, EventKind kind) => lead.Lead(_current, topic, kind);

    /// <summary>What came of it, once the broker has answered.</summary>
    internal RedeliveryStep Result(IReadOnlyList<DeliveryException> exceptions) => lead.Result(_cursor, exceptions, isDone: isLast && _row == rows.Count);

    private bool IsWanted(long sequence) => work.Events is not { } events || (sequence >= events.First && sequence <= events.Last);
}

/// <summary>Where the messages of a redelivery go, and which of them were sent.</summary>
internal interface IRedeliveryLead
{
    /// <summary>Messages so far.</summary>
    int Count { get; }

    /// <summary>Where the message of an event for a topic goes; it is taken to be sent there.</summary>
    Destination Lead(JournalEvent journalEvent, string topic, EventKind kind);

    /// <summary>What came of all of them.</summary>
    RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, bool isDone);
}

/// <summary>To topics: those that asked, or one; all messages, or those alone that are exceptions of a kind.</summary>
internal sealed class LeadToTopics(RedeliveryWork work, IReadOnlySet<MessageKey>? only) : IRedeliveryLead
{
    private readonly HashSet<MessageKey> _wanted = [];

    /// <inheritdoc/>
    public int Count => _wanted.Count;

    /// <inheritdoc/>
    public Destination Lead(JournalEvent journalEvent, string topic, EventKind kind)
    {
        var message = new MessageKey(journalEvent.Row.SubjectId, journalEvent.Sequence, topic);
        if ((work.TopicKey is not null && TopicKey.Of(topic) != work.TopicKey) || only?.Contains(message) is false)
        {
            return Destination.None;
        }

        _wanted.Add(message);
        return Destination.OfTopic;
    }

    /// <inheritdoc/>
    public RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, bool isDone)
    {
        _wanted.ExceptWith(exceptions.Select(exception => new MessageKey(exception.SubjectId, exception.Sequence, exception.TopicName)));
        return new(cursor, _wanted, exceptions, 0, 0, [], isDone);
    }
}

/// <summary>Past the topics into the queues of webhooks and addresses: what they gave up, or to one of them all that its bindings match.</summary>
internal sealed class LeadToSubscriptions(RedeliveryWork work, ILookup<(string SubjectId, long Sequence, string TopicKey), DeadLetter> dead) : IRedeliveryLead
{
    private readonly List<DeadLetter> _revived = [];

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public Destination Lead(JournalEvent journalEvent, string topic, EventKind kind)
    {
        var key = TopicKey.Of(topic);
        if (work.TopicKey is not null && work.TopicKey != key)
        {
            return Destination.None;
        }

        var letters = dead[(journalEvent.Row.SubjectId, journalEvent.Sequence, key)];
        string[] queues = work is { OnlyState: null, Subscription: { } one }
            ? Matches(one, key, kind) ? [SubscriptionQueue.OwnOf(one.SubscriptionId)] : []
            : [.. letters.Select(letter => SubscriptionQueue.OwnOf(letter.SubscriptionId))];
        _revived.AddRange(queues.Length > 0 ? letters : []);
        Count += queues.Length;
        return new(false, queues);
    }

    /// <inheritdoc/>
    public RedeliveryStep Result(JournalPosition cursor, IReadOnlyList<DeliveryException> exceptions, bool isDone)
    {
        // Exceptions are noted of topics; here the delivery stays given up.
        var lost = exceptions.Select(exception => (exception.SubjectId, exception.Sequence, TopicKey.Of(exception.TopicName))).ToHashSet();
        _revived.RemoveAll(letter => lost.Contains((letter.SubjectId, letter.Sequence, letter.TopicKey)));
        return new(cursor, [], [], Count - exceptions.Count, exceptions.Count, _revived, isDone);
    }

    private static bool Matches(RedeliverySubscription subscription, string topicKey, EventKind kind) =>
        subscription.TopicKey == topicKey && subscription.Bindings!.Any(binding => BindingPattern.Matches(binding, kind.RoutingKey));
}
