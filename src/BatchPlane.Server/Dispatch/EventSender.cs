using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Dispatch.Bus;
using DeliveryOutcome = BatchPlane.Core.Journal.DeliveryOutcome;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Turns an event of the journal into its messages, one for each topic of the notification blocks that asked for it, and sends them on a
/// channel. What the topics of a block get is written once. Lives as long as its shard's lease: it remembers which messages the broker refused before.
/// </summary>
/// <param name="services">What shards work with.</param>
/// <param name="maySend">Whether the lease holds still.</param>
/// <param name="stop">Declares no queues any more.</param>
internal sealed class EventSender(DispatchServices services, Func<bool> maySend, CancellationToken stop) : IDisposable
{
    private readonly Dictionary<NotificationFormat, BodyWriter> _writers =
        Enum.GetValues<NotificationFormat>().ToDictionary(format => format, format => BodyWriter.Of(format, services.Notifications));

    private readonly Refusals _refusals = new(services.Options, services.Time);

    /// <summary>When the redelivery was asked for that sends now; null: events are sent for the first time.</summary>
    internal DateTimeOffset? RedeliveredAt
    {
        get => _redeliveredAt;
        set
        {
            if (_redeliveredAt != value)
            {
                // Whoever asks for it again means that it be tried again.
                _refusals.Forget();
            }

            _redeliveredAt = value;
        }
    }

    private DateTimeOffset? _redeliveredAt;

    // Null: the exchange is there. Else why it can never be.
    private readonly Dictionary<string, string?> _exchanges = new(StringComparer.Ordinal);

    private readonly CopySender _copies = new(services, maySend, stop);

    private AddressedSubscriptions _addressed = AddressedSubscriptions.None;

    /// <summary>Who is sent copies of its own.</summary>
    internal AddressedSubscriptions Addressed
    {
        get => _addressed;
        set
        {
            _addressed = value;
            _copies.Keep(value);
        }
    }

    /// <summary>A new channel begins: a missing exchange may be what ended the last one, so all are declared again at their first use.</summary>
    internal void BeginChannel(PublishChannel channel)
    {
        _exchanges.Clear();
        _copies.BeginChannel(channel.Connection);
    }

    /// <summary>What was answered of messages that did not simply arrive.</summary>
    internal void Answered(IReadOnlyList<DeliveryException> exceptions) => _copies.Forget(exceptions);

    /// <summary>A channel has ended, on which the broker refused these; a message that is refused too often and for too long is given up.</summary>
    internal void CountRefusals(IReadOnlyList<SentMessage> refused) => _refusals.Count(refused);

    /// <summary>
    /// Sends the messages of one event to its topics, or where <paramref name="pass"/> leads those of a topic; none when its job or environment is gone. False when the channel has a fault:
    /// at least one was not sent.
    /// </summary>
    internal async ValueTask<bool> SendAsync(PublishChannel channel, JournalEvent journalEvent, MessageContexts contexts, RedeliveryPass? pass = null)
    {
        var row = journalEvent.Row;
        if (contexts.SubjectOf(row) is not { } subject)
        {
            return true;
        }

        // As AlibabaEvents.KindFor has it, looked up once for all blocks.
        var kind = EventCatalogue.Of(row.Level, row.State);
        var alibaba = AlibabaEvents.Of(row.Level, row.State, row.Cause);
        for (var block = 0; block < NotificationInterest.MaxNotifications; block++)
        {
            if ((row.Notify & (1 << block)) != 0
                && (Asked(subject, block, kind) ?? Asked(subject, block, alibaba)) is { } asked
                && !await SendToAllAsync(channel, new(asked.Kind, journalEvent, subject, contexts.NodeOf(row), asked.Vars), subject.Notifications[block], pass))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The event, if the block lists it; a block lists events of one catalogue.</summary>
    private static (EventKind Kind, IReadOnlyList<EventVarDocument> Vars)? Asked(SubjectContext subject, int block, EventKind? kind) =>
        kind is not null && subject.VarsOf(block, kind) is { } vars ? (kind, vars) : null;

    public void Dispose()
    {
        foreach (var writer in _writers.Values)
        {
            writer.Dispose();
        }
    }

    private async ValueTask<bool> SendToAllAsync(PublishChannel channel, Message message, NotificationDocument asked, RedeliveryPass? pass)
    {
        Content? written = null;
        foreach (var topic in asked.Topics)
        {
            var destination = pass?.Lead(topic, message) ?? Destination.OfTopic;
            if (destination.IsNone)
            {
                continue;
            }

            written = Written(written, message, topic, asked.Format);

            // Who has its copy already makes a message that no queue is bound for no lost one.
            var addressed = destination.IsTopic ? Addressed.For(topic, message) : destination.Copies;
            if (destination.IsTopic && !await SendToAsync(channel, message, topic, written, isMandatory: addressed.Count == 0))
            {
                return false;
            }

            foreach (var queue in destination.Queues)
            {
                if (CannotBeRequeued(message, queue, written))
                {
                    pass!.LeaveOut(queue);
                }
                else if (!await SendToQueueAsync(channel, message, topic, queue, written))
                {
                    return false;
                }
            }

            foreach (var subscription in addressed)
            {
                if (destination.IsOfMissed && message.Event.Row.OrderTxId >= subscription.SinceTxId)
                {
                    continue;
                }

                if (!await SendCopyAsync(channel, message, topic, subscription, asked.Format, written))
                {
                    return false;
                }

                if (destination.IsTopic)
                {
                    pass?.Copied(subscription.View);
                }
            }
        }

        return true;
    }

    /// <summary>The own copy of a subscription: what the topic gets, or a queue in the format that its subscription asks for. Webhooks and mail are written anew by who delivers them.</summary>
    private ValueTask<bool> SendCopyAsync(PublishChannel channel, in Message message, string topic, AddressedSubscription addressed, NotificationFormat published, Content written)
    {
        var subscription = addressed.View;
        var wanted = subscription.Protocol == SubscriptionProtocol.Queue ? FormatOf(subscription.Format) ?? published : published;
        var content = wanted == published ? written : Written(null, message, topic, wanted, EventCatalogue.Of(message.Event.Row.Level, message.Event.Row.State));
        var id = new SentMessage(topic, message.Event.Row.SubjectId, message.Event.Sequence, new(subscription.SubscriptionId, SubscriptionQueue.Of(subscription)));
        var properties = content.Properties with { RoutingKey = id.Copy!.Queue, Headers = RetryHeaders.Again(content.Properties, topic) };
        return _copies.SendAsync(channel, addressed, new("", id, properties, content.Body), WhyTooLong(content) ?? _refusals.WhyGivenUp(id));
    }

    /// <summary>The format of the messages of a subscription; null: as they are published.</summary>
    private static NotificationFormat? FormatOf(SubscriptionFormat format) => format switch
    {
        SubscriptionFormat.Published => null,
        SubscriptionFormat.Cmq => NotificationFormat.Cmq,
        SubscriptionFormat.Mns => NotificationFormat.Mns,
        SubscriptionFormat.Cloudevents => NotificationFormat.Cloudevents,
    };

    private bool CannotBeRequeued(in Message message, string queue, Content content) =>
        content.TooLong || _refusals.WhyGivenUp(new(queue, message.Event.Row.SubjectId, message.Event.Sequence)) is not null;

    /// <summary>Into the queue of a subscription alone, as if it came from the topic. What belongs to a subscription that is gone is dropped by the broker.</summary>
    private async ValueTask<bool> SendToQueueAsync(PublishChannel channel, Message message, string topic, string queue, Content content)
    {
        var sent = new SentMessage(queue, message.Event.Row.SubjectId, message.Event.Sequence);
        services.Metrics.Published();
        var properties = content.Properties with { RoutingKey = queue, Headers = RetryHeaders.Again(content.Properties, topic) };
        return await channel.SendAsync(new(RetryQueues.ReturnExchange, sent, properties, content.Body));
    }

    /// <summary>What a topic gets: what was written for the one before, unless their limits differ and it matters.</summary>
    private Content Written(Content? before, in Message message, string topic, NotificationFormat format, EventKind? told = null)
    {
        var limit = Math.Min(services.Notifications.MaxMessageBytes, message.Subject.LimitOf(topic));
        return before is not null && (before.Limit == limit || (before.Limit > limit && before.Body.Length <= limit)) ? before : Write(message, format, limit, told);
    }

    /// <summary>Writes a message; one in another format than was asked for tells the event by <paramref name="told"/>, as nobody asked for it in that format's words. Its properties stay those of the event asked for.</summary>
    private Content Write(in Message message, NotificationFormat format, int limit, EventKind? told)
    {
        var writer = _writers[format];
        var body = writer.Write(told is null ? message : message with { Kind = told }, out var tooLong, limit);
        var properties = MessageProperties.Of(message, writer, services.Notifications.Region);
        if (RedeliveredAt is { } redeliveredAt)
        {
            properties.Headers[MessageProperties.RedeliveredAtHeader] = redeliveredAt.ToUnixTimeMilliseconds();
        }

        return new(properties, body, limit, tooLong);
    }

    private async ValueTask<bool> SendToAsync(PublishChannel channel, Message message, string topic, Content content, bool isMandatory)
    {
        var row = message.Event.Row;

        // A topic that was deleted is not made again to be told of what its subscriptions were.
        var isMade = services.Notifications.UnknownTopic != UnknownTopicPolicy.Lenient && row.Level != EventLevel.Subscription;
        if (!isMade && message.Subject.MissingTopics.Contains(topic))
        {
            channel.Ledger.NotSent(new(row.SubjectId, message.Event.Sequence, topic, DeliveryOutcome.Failed, $"There is no topic '{topic}'."));
            return true;
        }

        if (!_exchanges.ContainsKey(topic) && !await DeclareAsync(channel, topic))
        {
            return false;
        }

        var sent = new SentMessage(topic, row.SubjectId, message.Event.Sequence);
        if (WhyNot(sent, topic, content) is { } reason)
        {
            channel.Ledger.NotSent(new(row.SubjectId, message.Event.Sequence, topic, DeliveryOutcome.Failed, reason));
            return true;
        }

        services.Metrics.Published();
        return await channel.SendAsync(new(topic, sent, content.Properties, content.Body) { IsMandatory = isMandatory });
    }

    /// <summary>Why a message is not sent at all; null when it is.</summary>
    private string? WhyNot(SentMessage message, string topic, Content content)
    {
        if (_exchanges[topic] is { } refused)
        {
            return refused;
        }

        return WhyTooLong(content) ?? _refusals.WhyGivenUp(message);
    }

    private static string? WhyTooLong(Content content) => content.TooLong ? $"The message has {content.Body.Length} bytes; the limit is {content.Limit}." : null;

    private async Task<bool> DeclareAsync(PublishChannel channel, string topic)
    {
        switch (await services.Topology.DeclareExchangeAsync(topic, CancellationToken.None))
        {
            case Declaration.Refused refused:
                _exchanges[topic] = refused.Reason;
                return true;
            case Declaration.BrokerAway:
                channel.Ledger.Fail(PublishFault.Closed, $"exchange {topic} could not be declared");
                return false;
            default:
                // Of another type than ours: somebody made it so on purpose, and it takes messages all the same.
                _exchanges[topic] = null;
                return true;
        }
    }

    /// <summary>What each topic of a block gets.</summary>
    /// <param name="Properties">What travels beside the body.</param>
    /// <param name="Body">Valid until the same writer writes again.</param>
    /// <param name="Limit">Its limit, in bytes.</param>
    /// <param name="TooLong">It is over the limit.</param>
    private sealed record Content(MessageProperties Properties, ReadOnlyMemory<byte> Body, int Limit, bool TooLong);
}
