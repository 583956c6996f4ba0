using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Deliveries;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>What became of a notice.</summary>
internal enum NoticeOutcome
{
    /// <summary>A queue has it.</summary>
    Routed,

    /// <summary>The broker took it, and no queue is bound for its key.</summary>
    Unrouted,

    /// <summary>There is no such topic any more.</summary>
    NoTopic,

    /// <summary>The broker is away, answers too late, or does not let us send or make the exchange; it may have taken some of it.</summary>
    NotSent,
}

/// <summary>
/// Publishes what is no event: the test of a topic, and messages that somebody publishes himself. They are in no journal and are sent once, while the request for them waits.
/// </summary>
/// <remarks>
/// A few channels are kept, each for one caller at a time. Exchanges are not declared first: the one that is missing is looked for under the topic's lock, so that a topic which is being
/// deleted does not get its exchange back.
/// </remarks>
internal sealed partial class NoticePublisher(
    BrokerConnection broker,
    TopologyFollower follower,
    TopicStore topics,
    IOptions<NotificationOptions> options,
    IOptions<BrokerOptions> brokerOptions,
    TimeProvider time,
    ILogger<NoticePublisher> logger) : IDisposable
{
    private const ushort NotFound = 404;

    private readonly SemaphoreSlim _places = new(brokerOptions.Value.NoticeChannels);
    private readonly ConcurrentBag<(LiveConnection Connection, IChannel Channel)> _idle = [];

    /// <summary>What the ids of tests begin with.</summary>
    internal const string TestPrefix = "test-";

    private const string MessageName = "TOPIC_MESSAGE";
    private const string MessagePrefix = "msg-";
    private const string PlainText = "text/plain";
    private const string ContentType = "application/json";

    /// <summary>Sends a test.</summary>
    internal Task<NoticeOutcome> TestAsync(string topic, string subjectId, string routingKey, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return SendAsync(topic, routingKey, [(Properties($"{subjectId}:1", TopicNotices.Test.Name, ContentType, now), TestBody(topic, now))], cancellationToken);
    }

    /// <summary>Sends a test into the queue of a subscription that the topic does not reach, since it is sent copies of its own.</summary>
    internal Task<NoticeOutcome> TestAsync(SubscriptionView subscription, string subjectId, string routingKey, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var properties = Properties($"{subjectId}:1", TopicNotices.Test.Name, ContentType, now);
        properties.Headers = RetryHeaders.Again(new Dictionary<string, object?>(), subscription.TopicName, routingKey);
        return SendAsync("", SubscriptionQueue.Of(subscription), [(properties, TestBody(subscription.TopicName, now))], cancellationToken);
    }

    /// <summary>Sends texts as they are. Their ids, when the broker has all of them.</summary>
    internal async Task<(NoticeOutcome Outcome, IReadOnlyList<string> Ids)> MessagesAsync(string topic, string routingKey, IReadOnlyList<byte[]> bodies, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        IReadOnlyList<(BasicProperties Properties, byte[] Body)> messages =
        [
            .. bodies.Select(body => (Properties($"{EntityId.New(EntityId.New(MessagePrefix))}:1", MessageName, PlainText, now), body)),
        ];
        return (await SendAsync(topic, routingKey, messages, cancellationToken), [.. messages.Select(message => message.Properties.MessageId!)]);
    }

    public void Dispose() => _places.Dispose();

    private static BasicProperties Properties(string id, string name, string contentType, DateTimeOffset now) => new()
    {
        MessageId = id,
        Type = name,
        Timestamp = new(now.ToUnixTimeSeconds()),
        ContentType = contentType,
        AppId = "batchplane",
        Persistent = true,
    };

    /// <summary>Routed: a queue has each of them.</summary>
    private async Task<NoticeOutcome> SendAsync(string topic, string routingKey, IReadOnlyList<(BasicProperties Properties, byte[] Body)> messages, CancellationToken cancellationToken)
    {
        if (!await _places.WaitAsync(broker.RequestTimeout, cancellationToken))
        {
            Log.NotSent(logger, messages[0].Properties.Type!, topic, "all channels are busy");
            return NoticeOutcome.NotSent;
        }

        try
        {
            var outcome = await TrySendAsync(topic, routingKey, messages, cancellationToken);
            if (outcome != NoticeOutcome.NoTopic)
            {
                return outcome;
            }

            // Made while the broker was away, or deleted: what PostgreSQL says now is made so.
            if (await follower.FollowAsync(topic, cancellationToken) is Declaration.BrokerAway)
            {
                return NoticeOutcome.NotSent;
            }

            outcome = await TrySendAsync(topic, routingKey, messages, cancellationToken);
            return outcome == NoticeOutcome.NoTopic && await ExistsAsync(topic, cancellationToken) ? NoExchange(messages, topic) : outcome;
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Whether PostgreSQL has the topic; one of the same name in another spelling has another exchange.</summary>
    private async Task<bool> ExistsAsync(string topic, CancellationToken cancellationToken) =>
        (await topics.FindAsync([topic], cancellationToken)).GetValueOrDefault(topic) == topic;

    private NoticeOutcome NoExchange(IReadOnlyList<(BasicProperties Properties, byte[] Body)> messages, string topic)
    {
        Log.NotSent(logger, messages[0].Properties.Type!, topic, "RabbitMQ does not let its exchange be made");
        return NoticeOutcome.NotSent;
    }

    private async Task<NoticeOutcome> TrySendAsync(string topic, string routingKey, IReadOnlyList<(BasicProperties Properties, byte[] Body)> messages, CancellationToken cancellationToken)
    {
        if (!broker.TryGetOpen(out var connection))
        {
            return NoticeOutcome.NotSent;
        }

        var channel = default(IChannel);
        var isSound = false;
        try
        {
            var taken = channel = await TakeChannelAsync(connection, cancellationToken);
            var sends = messages
                .Select(message => IsRoutedAsync(taken.BasicPublishAsync(topic, routingKey, mandatory: true, message.Properties, message.Body, connection.Lost).AsTask()))
                .ToList();
            var routed = await Task.WhenAll(sends).WaitAsync(broker.RequestTimeout, time, cancellationToken);
            isSound = true;
            return Array.TrueForAll(routed, isRouted => isRouted) ? NoticeOutcome.Routed : NoticeOutcome.Unrouted;
        }
        catch (OperationInterruptedException fault) when (fault.ShutdownReason?.ReplyCode == NotFound)
        {
            return NoticeOutcome.NoTopic;
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault) || connection.Lost.IsCancellationRequested)
        {
            if (channel?.CloseReason?.ReplyCode == NotFound)
            {
                return NoticeOutcome.NoTopic;
            }

            Log.NotSent(logger, messages[0].Properties.Type!, topic, fault.Message);
            return NoticeOutcome.NotSent;
        }
        finally
        {
            if (isSound && channel!.IsOpen)
            {
                _idle.Add((connection, channel));
            }
            else if (channel is not null)
            {
                // What has no answer yet must not meet the next caller's. Nobody waits for the end: the client may never come back from it.
                _ = CloseAsync(channel);
            }
        }
    }

    private async Task<IChannel> TakeChannelAsync(LiveConnection connection, CancellationToken cancellationToken)
    {
        while (_idle.TryTake(out var idle))
        {
            // Those of a connection that is gone went with it.
            if (idle.Connection == connection && idle.Channel.IsOpen)
            {
                return idle.Channel;
            }
        }

        return await connection.Client.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
    }

    private static async Task CloseAsync(IChannel channel)
    {
        try
        {
            await channel.DisposeAsync();
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault))
        {
            // Closed already, by the broker or with the connection.
        }
    }

    private static async Task<bool> IsRoutedAsync(Task publish)
    {
        try
        {
            await publish;
            return true;
        }
        catch (PublishException fault) when (fault.IsReturn)
        {
            return false;
        }
    }

    /// <summary>The envelope of all events.</summary>
    private byte[] TestBody(string topic, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("Events");
            writer.WriteStartObject();
            writer.WriteString("EventVersion", "1.0");
            writer.WriteString("EventTime", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteString("Region", options.Value.Region);
            writer.WriteStartObject("Batch");
            writer.WriteString("TopicName", topic);
            writer.WriteEndObject();
            writer.WriteString("EventName", TopicNotices.Test.Name);
            writer.WriteStartArray("EventVars");
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static partial class Log
    {
        [LoggerMessage(5015, LogLevel.Warning, "{Notice} was not sent to topic {Topic}: {Reason}")]
        internal static partial void NotSent(ILogger logger, string notice, string topic, string reason);
    }
}
