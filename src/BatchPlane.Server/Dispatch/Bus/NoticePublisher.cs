using System.Buffers;
using System.Text.Json;
using BatchPlane.Core;
using BatchPlane.Core.Notifications;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>
/// Publishes what is about a topic itself and no event of a job or environment: its test, that a subscription was disabled, and messages that somebody publishes himself. Such notices are in no journal. Tests and messages are sent once;
/// that a subscription was disabled waits in PostgreSQL until it was sent.
/// </summary>
internal sealed partial class NoticePublisher(
    BrokerConnection broker,
    TopicTopology topology,
    IOptions<NotificationOptions> options,
    TimeProvider time,
    ILogger<NoticePublisher> logger)
{
    /// <summary>What the ids of tests begin with.</summary>
    internal const string TestPrefix = "test-";

    private const string MessageName = "TOPIC_MESSAGE";
    private const string MessagePrefix = "msg-";
    private const string PlainText = "text/plain";
    private const string ContentType = "application/json";

    /// <summary>Sends a test. True: a queue has it; false: none is bound for the key; null: the broker is away or does not let us.</summary>
    internal Task<bool?> TestAsync(string topic, string subjectId, string routingKey, CancellationToken cancellationToken) =>
        PublishAsync(topic, routingKey, subjectId, TopicNotices.Test.Name, writer => writer.WriteString("TopicName", topic), happenedAt: null, cancellationToken);

    /// <summary>Tells the topic that one of its subscriptions was disabled. Null: it has to be told again.</summary>
    internal Task<bool?> SubscriptionDisabledAsync(TopicNotice notice, CancellationToken cancellationToken) => PublishAsync(
        notice.TopicName,
        TopicNotices.SubscriptionDisabled.RoutingKey,
        notice.NoticeId,
        TopicNotices.SubscriptionDisabled.Name,
        writer =>
        {
            writer.WriteString("TopicName", notice.TopicName);
            writer.WriteString("SubscriptionId", notice.SubscriptionId);
            writer.WriteString("StateReason", notice.Reason);
        },
        notice.CreatedAt,
        cancellationToken);

    /// <summary>Sends texts as they are. Their ids; null: the broker is away or does not let us, maybe after it took some of them.</summary>
    internal async Task<IReadOnlyList<string>?> MessagesAsync(string topic, string routingKey, IReadOnlyList<byte[]> bodies, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        IReadOnlyList<(BasicProperties Properties, byte[] Body)> messages =
        [
            .. bodies.Select(body => (Properties($"{EntityId.New(EntityId.New(MessagePrefix))}:1", MessageName, PlainText, now), body)),
        ];
        return await SendAsync(topic, routingKey, messages, cancellationToken) is null ? null : [.. messages.Select(message => message.Properties.MessageId!)];
    }

    private Task<bool?> PublishAsync(string topic, string routingKey, string subjectId, string name, Action<Utf8JsonWriter> facts, DateTimeOffset? happenedAt, CancellationToken cancellationToken)
    {
        var now = happenedAt ?? time.GetUtcNow();
        return SendAsync(topic, routingKey, [(Properties($"{subjectId}:1", name, ContentType, now), Body(name, now, facts))], cancellationToken);
    }

    private static BasicProperties Properties(string id, string name, string contentType, DateTimeOffset now) => new()
    {
        MessageId = id,
        Type = name,
        Timestamp = new(now.ToUnixTimeSeconds()),
        ContentType = contentType,
        AppId = "batchplane",
        Persistent = true,
    };

    /// <summary>True: a queue has each of them; false: none is bound for the key; null: the broker is away or does not let us.</summary>
    private async Task<bool?> SendAsync(string topic, string routingKey, IReadOnlyList<(BasicProperties Properties, byte[] Body)> messages, CancellationToken cancellationToken)
    {
        if (await topology.DeclareExchangeAsync(topic, cancellationToken) is Declaration.BrokerAway or Declaration.Refused || !broker.TryGetOpen(out var connection))
        {
            return null;
        }

        var isRouted = true;
        try
        {
            await using var channel = await connection.Client.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
            foreach (var (properties, body) in messages)
            {
                isRouted &= await IsRoutedAsync(channel.BasicPublishAsync(topic, routingKey, mandatory: true, properties, body, connection.Lost).AsTask()
                    .WaitAsync(broker.RequestTimeout, time, cancellationToken));
            }

            return isRouted;
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault) || connection.Lost.IsCancellationRequested)
        {
            Log.NotSent(logger, messages[0].Properties.Type!, topic, fault.Message);
            return null;
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

    /// <summary>The envelope of all events, with these facts in place of those of a job or environment.</summary>
    private byte[] Body(string name, DateTimeOffset now, Action<Utf8JsonWriter> facts)
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
            facts(writer);
            writer.WriteEndObject();
            writer.WriteString("EventName", name);
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
