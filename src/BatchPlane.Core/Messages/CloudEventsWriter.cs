using System.Globalization;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Messages;

/// <summary>
/// Format <c>cloudevents</c>: a CloudEvents 1.0 event in structured mode. Its <c>data</c> has the <c>Batch</c> and <c>EventVars</c> of
/// the envelope, with the same keys.
/// </summary>
public sealed class CloudEventsWriter(NotificationOptions options) : EnvelopeWriter(options)
{
    /// <inheritdoc />
    public override string ContentType => "application/cloudevents+json";

    /// <inheritdoc />
    public override bool IsCloudEventInHeaders => false;

    /// <inheritdoc />
    protected override void WriteBody(in Message message, in BodyTexts texts)
    {
        Json.WriteStartObject();
        Json.WriteString("specversion"u8, "1.0"u8);
        Json.WriteString("id"u8, message.Event.Id);
        Json.WriteString("source"u8, MessageProperties.SourceOf(Region));
        Json.WriteString("type"u8, message.Kind.Name);
        Json.WriteString("subject"u8, message.Path);
        Json.WriteString("time"u8, MessageProperties.TimeOf(message.Event));
        Json.WriteString("datacontenttype"u8, "application/json"u8);

        // The extension wants texts that sort as the numbers do: as many digits as the greatest has.
        Json.WriteString("sequence"u8, message.Event.Sequence.ToString("D19", CultureInfo.InvariantCulture));
        if (message.Subject.Traceparent is { } traceparent)
        {
            Json.WriteString("traceparent"u8, traceparent);
        }

        Json.WriteStartObject("data"u8);
        WriteData(message, texts);
        Json.WriteEndObject();
        Json.WriteEndObject();
    }
}
