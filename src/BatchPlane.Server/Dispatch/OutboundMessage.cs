using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Server.Dispatch;

/// <summary>One message for one topic, ready to be sent.</summary>
/// <param name="Topic">Exchange.</param>
/// <param name="Kind">Event: AMQP type and routing key.</param>
/// <param name="Event">Where it comes from: id and sequence.</param>
/// <param name="Subject">What it is about within BatchPlane, for CloudEvents: <c>job-…/t1/3</c>.</param>
/// <param name="Traceparent">W3C trace context of the request that made the job or environment; null: none.</param>
/// <param name="Body">Bytes, valid until the send returns.</param>
internal readonly record struct OutboundMessage(
    string Topic,
    EventKind Kind,
    JournalEvent Event,
    string Subject,
    string? Traceparent,
    ReadOnlyMemory<byte> Body);
