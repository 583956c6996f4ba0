using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Turns an event of the journal into its messages, one for each notification block that asked for it, and sends them on a
/// channel. Lives as long as its shard's lease: it remembers which messages the broker refused before.
/// </summary>
internal sealed partial class EventSender(DispatchServices services) : IDisposable
{
    private readonly Dictionary<NotificationFormat, BodyWriter> _writers =
        Enum.GetValues<NotificationFormat>().ToDictionary(format => format, format => BodyWriter.Of(format, services.Notifications));

    private readonly Dictionary<SentMessage, int> _refusals = [];

    /// <summary>When the redelivery was asked for that sends now; null: events are sent for the first time.</summary>
    internal DateTimeOffset? RedeliveredAt { get; set; }

    // Null: the exchange is there. Else why it can never be.
    private readonly Dictionary<string, string?> _exchanges = new(StringComparer.Ordinal);

    /// <summary>A new channel begins: a missing exchange may be what ended the last one, so all are declared again at their first use.</summary>
    internal void BeginChannel() => _exchanges.Clear();

    /// <summary>The broker refused these; a message that is refused too often is given up.</summary>
    internal void CountRefusals(IReadOnlyList<SentMessage> refused)
    {
        if (refused.Count == 0)
        {
            _refusals.Clear();
        }

        foreach (var message in refused)
        {
            _refusals[message] = _refusals.GetValueOrDefault(message) + 1;
        }
    }

    /// <summary>Sends the messages of one event, those alone to topics that <paramref name="wants"/> names when it is given. False when the channel has a fault: at least one was not sent.</summary>
    internal async ValueTask<bool> SendAsync(PublishChannel channel, JournalEvent journalEvent, MessageContexts contexts, Func<string, bool>? wants = null)
    {
        var row = journalEvent.Row;
        if (contexts.SubjectOf(row) is not { } subject)
        {
            Log.NoSubject(services.Logger, journalEvent.Id);
            return true;
        }

        for (var block = 0; block < NotificationInterest.MaxNotifications; block++)
        {
            if ((row.Notify & (1 << block)) != 0
                && (wants is null || wants(subject.Notifications[block].TopicName))
                && AlibabaEvents.KindFor(subject.Notifications[block], row.Level, row.State, row.Cause) is { } kind
                && subject.VarsOf(block, kind) is { } vars
                && !await SendToAsync(channel, new(kind, journalEvent, subject, contexts.NodeOf(row), vars), subject.Notifications[block]))
            {
                return false;
            }
        }

        return true;
    }

    public void Dispose()
    {
        foreach (var writer in _writers.Values)
        {
            writer.Dispose();
        }
    }

    private async ValueTask<bool> SendToAsync(PublishChannel channel, Message message, NotificationDocument asked)
    {
        var row = message.Event.Row;
        var topic = asked.TopicName;
        if (services.Notifications.UnknownTopic == UnknownTopicPolicy.Lenient && message.Subject.MissingTopics.Contains(topic))
        {
            channel.Ledger.NotSent(new(row.SubjectId, message.Event.Sequence, topic, DeliveryOutcome.Failed, $"There is no topic '{topic}'."));
            return true;
        }

        if (!_exchanges.ContainsKey(topic) && !await DeclareAsync(channel, topic))
        {
            return false;
        }

        var sent = new SentMessage(topic, row.SubjectId, message.Event.Sequence);
        var writer = _writers[asked.Format];
        var body = writer.Write(message, out var tooLong);
        if (WhyNot(sent, topic, body.Length, tooLong) is { } reason)
        {
            channel.Ledger.NotSent(new(row.SubjectId, message.Event.Sequence, topic, DeliveryOutcome.Failed, reason));
            return true;
        }

        var properties = MessageProperties.Of(message, writer, services.Notifications.Region);
        if (RedeliveredAt is { } redeliveredAt)
        {
            properties.Headers[MessageProperties.RedeliveredAtHeader] = redeliveredAt.ToUnixTimeMilliseconds();
        }

        services.Metrics.Published();
        return await channel.SendAsync(new(topic, sent, properties, body));
    }

    /// <summary>Why a message is not sent at all; null when it is.</summary>
    private string? WhyNot(SentMessage message, string topic, int length, bool tooLong)
    {
        if (_exchanges[topic] is { } refused)
        {
            return refused;
        }

        if (tooLong)
        {
            return $"The message has {length} bytes; the limit is {services.Notifications.MaxMessageBytes}.";
        }

        return _refusals.GetValueOrDefault(message) >= services.Options.MaxRefusals
            ? $"The broker refused it {services.Options.MaxRefusals} times."
            : null;
    }

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

    private static partial class Log
    {
        [LoggerMessage(5023, LogLevel.Warning, "Event {EventId} is not sent: its job or environment is gone")]
        internal static partial void NoSubject(ILogger logger, string eventId);
    }
}
