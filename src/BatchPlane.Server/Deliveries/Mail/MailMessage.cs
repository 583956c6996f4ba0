using System.Globalization;
using System.Text;
using MimeKit;
using MimeKit.Text;
using MimeKit.Utils;

namespace BatchPlane.Server.Deliveries.Mail;

/// <summary>Writes the mail of some events: a line for each, then their texts.</summary>
internal static class MailMessage
{
    private const string Domain = "batchplane";

    /// <summary>The mail. The ids of its events are headers, so that programs that sort mail can tell a repetition.</summary>
    internal static MimeMessage Make(string from, string to, IReadOnlyList<MailEvent> gathered, DateTimeOffset now)
    {
        // They are gathered side by side: in any order.
        MailEvent[] events = [.. gathered.OrderBy(one => one.Incoming.OccurredAt).ThenBy(one => one.Incoming.SubjectId, StringComparer.Ordinal).ThenBy(one => one.Incoming.Sequence)];
        var first = events[0].Incoming;
        var message = new MimeMessage
        {
            Subject = events.Length == 1
                ? $"[BatchPlane] {first.EventName} {first.SubjectId}"
                : string.Create(CultureInfo.InvariantCulture, $"[BatchPlane] {events.Length} events on {first.TopicName}"),
            Date = now,
            MessageId = MimeUtils.GenerateMessageId(Domain),
            Body = new TextPart(TextFormat.Plain) { Text = TextOf(events) },
        };
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse(to));

        // Nobody's holiday notice is wanted.
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Headers.Add("X-BatchPlane-Topic", first.TopicName);
        foreach (var sent in events)
        {
            message.Headers.Add("X-BatchPlane-Event-Id", sent.Incoming.EventId);
        }

        return message;
    }

    private static string TextOf(MailEvent[] events)
    {
        var text = new StringBuilder();
        foreach (var (incoming, _) in events)
        {
            text.Append(CultureInfo.InvariantCulture, $"{incoming.OccurredAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC  {incoming.EventName}  {incoming.EventId}\r\n");
        }

        foreach (var (incoming, content) in events)
        {
            text.Append(CultureInfo.InvariantCulture, $"\r\n{incoming.EventId}\r\n{Encoding.UTF8.GetString(content.Body.Span)}\r\n");
        }

        return text.ToString();
    }
}
