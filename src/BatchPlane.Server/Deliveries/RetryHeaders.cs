using BatchPlane.Core.Messages;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Deliveries;

/// <summary>Headers that an event returns from RabbitMQ with. What is not in them is unknown to the next server that gets it.</summary>
internal static class RetryHeaders
{
    /// <summary>Topic it was published to: the exchange is another one by then.</summary>
    internal const string Topic = "x-batchplane-topic";

    /// <summary>Key it was published with.</summary>
    internal const string RoutingKey = "x-batchplane-routing-key";

    /// <summary>Tries so far.</summary>
    internal const string Tries = "x-batchplane-tries";

    /// <summary>Not to be tried before: milliseconds since the epoch.</summary>
    internal const string Due = "x-batchplane-due";

    /// <summary>When it was put back for the first time: milliseconds since the epoch.</summary>
    internal const string Since = "x-batchplane-since";

    /// <summary>When the redelivery was asked for that it came by: milliseconds since the epoch; absent: the first delivery.</summary>
    internal const string RedeliveredAt = MessageProperties.RedeliveredAtHeader;

    /// <summary>W3C trace context.</summary>
    internal const string Traceparent = "traceparent";

    /// <summary>Headers of an event that is sent past its topic into the queue of a subscription: it begins with no try made.</summary>
    internal static Dictionary<string, object?> Again(MessageProperties properties, string topic) => Again(properties.Headers, topic, properties.RoutingKey);

    /// <summary>The same of any message.</summary>
    internal static Dictionary<string, object?> Again(IDictionary<string, object?> headers, string topic, string routingKey) => new(headers)
    {
        [Topic] = topic,
        [RoutingKey] = routingKey,
    };

    /// <summary>The event, to return to this queue with so many tries made.</summary>
    internal static DelayedMessage Delayed(Incoming incoming, string queue, int tries, DateTimeOffset dueAt, DateTimeOffset now)
    {
        var headers = new Dictionary<string, object?>
        {
            [Topic] = incoming.TopicName,
            [RoutingKey] = incoming.RoutingKey,
            [Tries] = tries,
            [Due] = dueAt.ToUnixTimeMilliseconds(),
            [Since] = (incoming.Since ?? now).ToUnixTimeMilliseconds(),
        };
        if (incoming.RedeliveredAt > 0)
        {
            headers[RedeliveredAt] = incoming.RedeliveredAt;
        }

        if (incoming.Traceparent is { } traceparent)
        {
            headers[Traceparent] = traceparent;
        }

        return new(queue, incoming.EventId, incoming.EventName, incoming.ContentType, incoming.OccurredAt, headers, incoming.Body);
    }
}
