using System.Globalization;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Messages;

/// <summary>What travels beside a body, as AMQP properties. The delivery mode is persistent, always.</summary>
/// <param name="RoutingKey">Level and state in lower case.</param>
/// <param name="MessageId">Id of the event, the same at every delivery.</param>
/// <param name="Type">Event name.</param>
/// <param name="CorrelationId">Job, environment or subscription.</param>
/// <param name="Timestamp">When it happened, in seconds since 1970.</param>
/// <param name="ContentType">MIME type of the body.</param>
/// <param name="Headers">Sequence, trace context, and the attributes of CloudEvents' binary mode unless the body has them.</param>
public sealed record MessageProperties(
    string RoutingKey,
    string MessageId,
    string Type,
    string CorrelationId,
    long Timestamp,
    string ContentType,
    IDictionary<string, object?> Headers)
{
    /// <summary>Header of a message that is delivered again: when that was asked for, in milliseconds since 1970.</summary>
    public const string RedeliveredAtHeader = "x-batchplane-redelivered-at";

    /// <summary>Begins the headers that are attributes of CloudEvents.</summary>
    internal const string AttributePrefix = "cloudEvents_";

    /// <summary>The properties of a message whose body is in the format of <paramref name="writer"/>.</summary>
    public static MessageProperties Of(in Message message, BodyWriter writer, string region)
    {
        var row = message.Event.Row;
        var id = message.Event.Id;
        var headers = new Dictionary<string, object?>(9) { ["x-batchplane-sequence"] = message.Event.Sequence };
        if (writer.IsCloudEventInHeaders)
        {
            headers[AttributePrefix + "specversion"] = "1.0";
            headers[AttributePrefix + "id"] = id;
            headers[AttributePrefix + "source"] = SourceOf(region);
            headers[AttributePrefix + "type"] = message.Kind.Name;
            headers[AttributePrefix + "subject"] = message.Path;
            headers[AttributePrefix + "time"] = TimeOf(message.Event);
            headers[AttributePrefix + "datacontenttype"] = writer.ContentType;
        }

        if (message.Subject.Traceparent is { } traceparent)
        {
            headers["traceparent"] = traceparent;
        }

        return new(message.Kind.RoutingKey, id, message.Kind.Name, row.SubjectId, row.OccurredAt.ToUnixTimeSeconds(), writer.ContentType, headers);
    }

    /// <summary>CloudEvents <c>source</c> of everything in a region.</summary>
    internal static string SourceOf(string region) => $"urn:batchplane:{region}";

    /// <summary>CloudEvents <c>time</c>, in milliseconds.</summary>
    internal static string TimeOf(JournalEvent happened) =>
        happened.Row.OccurredAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
