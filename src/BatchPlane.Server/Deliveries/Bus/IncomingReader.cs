using System.Globalization;
using System.Text;
using MassTransit;

namespace BatchPlane.Server.Deliveries.Bus;

/// <summary>Reads what a receive endpoint hands over.</summary>
internal static class IncomingReader
{
    private const string DefaultContentType = "application/json";

    /// <summary>The event; null when the message is none of BatchPlane's: somebody wrote to the exchange himself, without its properties.</summary>
    internal static Incoming? Read(ReceiveContext context)
    {
        if (!context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery)
            || delivery.Properties is not { MessageId: { } id } properties
            || id.LastIndexOf(':') is not (> 0 and var colon)
            || !long.TryParse(id.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
        {
            return null;
        }

        var headers = properties.Headers;
        return new Incoming
        {
            SubjectId = id[..colon],
            Sequence = sequence,
            EventName = properties.Type ?? "",
            TopicName = Text(headers, RetryHeaders.Topic) ?? delivery.Exchange,
            RoutingKey = Text(headers, RetryHeaders.RoutingKey) ?? delivery.RoutingKey ?? "",
            ContentType = properties.ContentType ?? DefaultContentType,
            OccurredAt = DateTimeOffset.FromUnixTimeSeconds(properties.Timestamp.UnixTime),
            Traceparent = Text(headers, RetryHeaders.Traceparent),
            Body = context.Body.GetBytes(),
            Tries = (int)(Number(headers, RetryHeaders.Tries) ?? 0),
            DueAt = Number(headers, RetryHeaders.Due) is { } due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null,
        };
    }

    private static string? Text(IDictionary<string, object?>? headers, string name) => headers is not null && headers.TryGetValue(name, out var value)
        ? value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value as string
        : null;

    private static long? Number(IDictionary<string, object?>? headers, string name) => headers is not null && headers.TryGetValue(name, out var value) && value is IConvertible number and not string
        ? number.ToInt64(CultureInfo.InvariantCulture)
        : null;
}
