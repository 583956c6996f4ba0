using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Writes the bodies of one format: UTF-8 without a byte order mark, not indented. What a body does not hold travels beside it
/// (<see cref="MessageProperties"/>).
/// </summary>
/// <remarks>
/// Keys stand in a fixed order so that a body can be compared byte for byte; readers must not depend on it. Which keys a message
/// has: docs/events.md. Not safe for use by two threads at once: it keeps its buffers.
/// </remarks>
public abstract class BodyWriter : IDisposable
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly int _maxBytes;

    /// <summary>A writer for one region and size limit.</summary>
    protected BodyWriter(NotificationOptions options)
    {
        Region = options.Region;
        _maxBytes = options.MaxMessageBytes;
        Json = new(_buffer, WriterOptions);
    }

    /// <summary>MIME type of the bodies.</summary>
    public abstract string ContentType { get; }

    /// <summary>True when the CloudEvents attributes travel as AMQP headers beside the body; false when they are in it.</summary>
    public virtual bool IsCloudEventInHeaders => true;

    /// <summary>Region that messages name.</summary>
    protected string Region { get; }

    /// <summary>Where the body goes.</summary>
    protected Utf8JsonWriter Json { get; }

    /// <summary>What stands behind a text that lost its end.</summary>
    protected virtual string CutMark => "";

    /// <summary>The writer of a format.</summary>
    public static BodyWriter Of(NotificationFormat format, NotificationOptions options) => format switch
    {
        NotificationFormat.Cmq => new EnvelopeWriter(options),
        NotificationFormat.Mns => new MnsWriter(options),
        NotificationFormat.Cloudevents => new CloudEventsWriter(options),
    };

    /// <summary>
    /// The body, valid until the next call. A body over the limit loses the end of its reason; when that is not
    /// enough the answer is the too long body, and <paramref name="tooLong"/> is true.
    /// </summary>
    public ReadOnlyMemory<byte> Write(in Message message, out bool tooLong)
    {
        var reason = message.Event.Row.Reason;
        Render(message, reason);
        var excess = _buffer.WrittenCount - _maxBytes;
        if (excess > 0 && !string.IsNullOrEmpty(reason))
        {
            Render(message, Shortened(reason, LengthOf(reason) - excess - CutMark.Length) + CutMark);
        }

        tooLong = _buffer.WrittenCount > _maxBytes;
        return _buffer.WrittenMemory;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Json.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes one whole JSON object to <see cref="Json"/>; <paramref name="reason"/> stands for the row's.</summary>
    protected abstract void WriteBody(in Message message, string? reason);

    /// <summary>As much of the text as has at most <paramref name="most"/> bytes in a body, whole characters only.</summary>
    private static string Shortened(string text, int most)
    {
        var (enough, tooMany) = (0, text.Length + 1);
        while (tooMany - enough > 1)
        {
            var middle = (enough + tooMany) / 2;
            (enough, tooMany) = LengthOf(Begin(text, middle)) <= most ? (middle, tooMany) : (enough, middle);
        }

        return Begin(text, enough).ToString();
    }

    private static ReadOnlySpan<char> Begin(string text, int length) =>
        text.AsSpan(0, length > 0 && length < text.Length && char.IsLowSurrogate(text[length]) ? length - 1 : length);

    private static int LengthOf(ReadOnlySpan<char> text) => JsonEncodedText.Encode(text, WriterOptions.Encoder).EncodedUtf8Bytes.Length;

    private void Render(in Message message, string? reason)
    {
        _buffer.ResetWrittenCount();
        Json.Reset();
        WriteBody(message, reason);
        Json.Flush();
    }
}
