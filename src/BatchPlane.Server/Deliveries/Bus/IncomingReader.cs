using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BatchPlane.Server.Dispatch.Bus;
using MassTransit;

namespace BatchPlane.Server.Deliveries.Bus;

/// <summary>Reads what a receive endpoint hands over. Anybody may write to an exchange: what could not be stored or sent on is no message of BatchPlane's.</summary>
internal static partial class IncomingReader
{
    private const string DefaultContentType = "application/json";
    private const int MaxTries = 1_000_000;

    /// <summary>The event; null when the message is none of BatchPlane's: somebody wrote to the exchange himself, without its properties.</summary>
    internal static Incoming? Read(ReceiveContext context)
    {
        if (!context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery)
            || delivery.Properties is not { MessageId: { } id } properties
            || EventId().Match(id) is not { Success: true } parts
            || !long.TryParse(parts.Groups["sequence"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
        {
            return null;
        }

        var headers = properties.Headers;
        var death = delivery.Exchange == TopicTopology.Fallen ? LastDeath(headers) : null;
        var topic = Text(headers, RetryHeaders.Topic) ?? (death is null ? delivery.Exchange : Text(death, "exchange") ?? "");
        var name = properties.Type ?? "";
        if (!TopicName().IsMatch(topic) || !EventName().IsMatch(name))
        {
            return null;
        }

        return new Incoming
        {
            SubjectId = parts.Groups["subject"].Value,
            Sequence = sequence,
            EventName = name,
            TopicName = topic,
            RoutingKey = (death is null ? Text(headers, RetryHeaders.RoutingKey) : null) ?? delivery.RoutingKey ?? "",
            ContentType = properties.ContentType is { } type && Printable().IsMatch(type) ? type : DefaultContentType,
            OccurredAt = Within(DateTimeOffset.UnixEpoch, properties.Timestamp.UnixTime, TimeSpan.TicksPerSecond),
            Traceparent = Text(headers, RetryHeaders.Traceparent) is { } trace && Printable().IsMatch(trace) ? trace : null,
            Body = context.Body.GetBytes(),
            Tries = (int)Math.Clamp(Number(headers, RetryHeaders.Tries) ?? 0, 0, MaxTries),
            RedeliveredAt = Math.Max(Number(headers, RetryHeaders.RedeliveredAt) ?? 0, 0),
            IsRepeated = context.Redelivered,
            Since = Number(headers, RetryHeaders.Since) is { } since ? Within(DateTimeOffset.UnixEpoch, since, TimeSpan.TicksPerMillisecond) : null,
            FallenReason = death is null ? null : Text(death, "reason") ?? "",
            DueAt = Number(headers, RetryHeaders.Due) is { } due ? Within(DateTimeOffset.UnixEpoch, due, TimeSpan.TicksPerMillisecond) : null,
        };
    }

    /// <summary>What RabbitMQ noted of a message that it took out of a queue, the last time first.</summary>
    private static IDictionary<string, object?>? LastDeath(IDictionary<string, object?>? headers) =>
        headers is not null && headers.TryGetValue("x-death", out var deaths) && deaths is IList<object> { Count: > 0 } list ? list[0] as IDictionary<string, object?> : null;

    /// <summary>A time so many units after another one, or the last one that there is.</summary>
    private static DateTimeOffset Within(DateTimeOffset start, long units, long ticks) =>
        units < 0 ? start : units > (DateTimeOffset.MaxValue - start).Ticks / ticks ? DateTimeOffset.MaxValue : start.AddTicks(units * ticks);

    private static string? Text(IDictionary<string, object?>? headers, string name) => headers is not null && headers.TryGetValue(name, out var value)
        ? value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value as string
        : null;

    private static long? Number(IDictionary<string, object?>? headers, string name) => headers is not null && headers.TryGetValue(name, out var value)
        ? value switch
        {
            long number => number,
            int number => number,
            short number => number,
            byte number => number,
            _ => null,
        }
        : null;

    [GeneratedRegex(@"^(?<subject>[A-Za-z0-9_-]{1,64}):(?<sequence>[0-9]{1,19})\z")]
    private static partial Regex EventId();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_-]{0,63}\z")]
    private static partial Regex TopicName();

    [GeneratedRegex(@"^[A-Za-z0-9_.-]{0,100}\z")]
    private static partial Regex EventName();

    [GeneratedRegex(@"^[\x20-\x7e]{1,255}\z")]
    private static partial Regex Printable();
}
