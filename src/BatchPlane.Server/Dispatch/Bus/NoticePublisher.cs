using System.Buffers;
using System.Text.Json;
using BatchPlane.Core.Notifications;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>
/// Publishes what is about a topic itself and no event of a job or environment: its test, and that a subscription was disabled. Such notices are in no journal. A test is sent once;
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

    private const string ContentType = "application/json";

    /// <summary>Sends a test. True: a queue has it; false: none is bound for the key; null: the broker is away or does not let us.</summary>
    internal Task<bool?> TestAsync(string topic, string subjectId, string routingKey, CancellationToken cancellationToken) =>
        PublishAsync(topic, routingKey, subjectId, TopicNotices.Test.Name, writer => writer.WriteString("TopicName", topic), cancellationToken);

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
        cancellationToken,
        notice.CreatedAt);

    private async Task<bool?> PublishAsync(string topic, string routingKey, string subjectId, string name, Action<Utf8JsonWriter> facts, CancellationToken cancellationToken, DateTimeOffset? happenedAt = null)
    {
        if (await topology.DeclareExchangeAsync(topic, cancellationToken) is Declaration.BrokerAway or Declaration.Refused || !broker.TryGetOpen(out var connection))
        {
            return null;
        }

        var now = happenedAt ?? time.GetUtcNow();
        var properties = new BasicProperties
        {
            MessageId = $"{subjectId}:1",
            Type = name,
            Timestamp = new(now.ToUnixTimeSeconds()),
            ContentType = ContentType,
            AppId = "batchplane",
            Persistent = true,
        };
        try
        {
            await using var channel = await connection.Client.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
            await channel.BasicPublishAsync(topic, routingKey, mandatory: true, properties, Body(name, now, facts), connection.Lost).AsTask()
                .WaitAsync(broker.RequestTimeout, time, cancellationToken);
            return true;
        }
        catch (PublishException fault) when (fault.IsReturn)
        {
            return false;
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault) || connection.Lost.IsCancellationRequested)
        {
            Log.NotSent(logger, name, topic, fault.Message);
            return null;
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
