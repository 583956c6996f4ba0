using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Messages;

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

    /// <summary>Region of the installation.</summary>
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
    /// The body, valid until the next call: at most <paramref name="maxBytes"/> bytes, and at most what the options say. Of a longer one the texts that may be cut lose
    /// their ends, the longest first, until it fits; when that is not enough the answer is the too long body, and <paramref name="tooLong"/> is true.
    /// </summary>
    public ReadOnlyMemory<byte> Write(in Message message, out bool tooLong, int maxBytes = int.MaxValue)
    {
        var limit = Math.Min(_maxBytes, maxBytes);
        var texts = BodyTexts.Of(message.Event.Row);
        Render(message, texts);
        if (_buffer.WrittenCount > limit)
        {
            foreach (var part in texts.LongestFirst())
            {
                texts = texts.With(part, Cut(part, texts[part]!, _buffer.WrittenCount - limit));
                Render(message, texts);
                if (_buffer.WrittenCount <= limit)
                {
                    break;
                }
            }
        }

        tooLong = _buffer.WrittenCount > limit;
        return _buffer.WrittenMemory;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Json.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes one whole JSON object to <see cref="Json"/>; <paramref name="texts"/> stand for those of the row.</summary>
    protected abstract void WriteBody(in Message message, in BodyTexts texts);

    /// <summary>What remains of a text when the body has <paramref name="excess"/> bytes too many. Null: nothing.</summary>
    protected virtual string? Cut(BodyText part, string text, int excess)
    {
        var length = LengthOf(text);
        return length <= CutMark.Length ? text : Shortened(text, length - excess - CutMark.Length) + CutMark;
    }

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

    private void Render(in Message message, in BodyTexts texts)
    {
        _buffer.ResetWrittenCount();
        Json.Reset();
        WriteBody(message, texts);
        Json.Flush();
    }
}
