using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using BatchPlane.Contracts;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace BatchPlane.Server.Api;

/// <summary>
/// A request's JSON body: the parsed document and the SHA-256 of its bytes, by which a repeated request is recognised.
/// Repeated members pass here; the document's reader names them with their paths.
/// </summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>Deepest nesting of objects and arrays.</summary>
    internal const int MaxDepth = 64;

    private const int FirstBuffer = 16_384;
    private const long MaxDrainedBytes = 64 * 1024 * 1024;
    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };

    private readonly JsonDocument _document;

    private RequestBody(JsonDocument document, byte[] hash)
    {
        _document = document;
        Hash = hash;
    }

    /// <summary>The document; valid until disposal.</summary>
    internal JsonElement Root => _document.RootElement;

    /// <summary>SHA-256 of the raw bytes.</summary>
    internal byte[] Hash { get; }

    /// <summary>Reads the body. Exactly one of body and refusal comes back: 413 too large, 415 not JSON, 400 malformed.</summary>
    internal static async Task<(RequestBody? Body, IResult? Refusal)> ReadAsync(HttpContext context)
    {
        var (bytes, refusal) = await ReadBytesAsync(context);
        return refusal is null ? Parse(context.Request, bytes) : (null, refusal);
    }

    /// <summary>As <see cref="ReadAsync"/>, but an empty body gives neither.</summary>
    internal static async Task<(RequestBody? Body, IResult? Refusal)> ReadOptionalAsync(HttpContext context)
    {
        var (bytes, refusal) = await ReadBytesAsync(context);
        return refusal is null && bytes.Length > 0 ? Parse(context.Request, bytes) : (null, refusal);
    }

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();

    private static (RequestBody? Body, IResult? Refusal) Parse(HttpRequest request, ReadOnlyMemory<byte> bytes)
    {
        if (!request.HasJsonContentType())
        {
            return (null, new ProblemResult(ProblemKind.UnsupportedMediaType, $"Expected application/json, given {request.ContentType ?? "no content type"}."));
        }

        try
        {
            return (new RequestBody(JsonDocument.Parse(WithoutByteOrderMark(bytes), DocumentOptions), SHA256.HashData(bytes.Span)), null);
        }
        catch (JsonException exception)
        {
            return (null, new ProblemResult(ProblemKind.MalformedJson, "The body cannot be parsed.", [Describe(exception)]));
        }
    }

    /// <summary>Where it went wrong, counted from 1, and what the parser says about it without its own way of saying where.</summary>
    private static ProblemItem Describe(JsonException exception)
    {
        var reason = exception.Message;
        var place = reason.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return new ProblemItem(
            "$",
            ProblemKind.MalformedJson.Code,
            FormattableString.Invariant($"Line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: {(place < 0 ? reason : reason[..place])}"));
    }

    private static async Task<(ReadOnlyMemory<byte> Bytes, IResult? Refusal)> ReadBytesAsync(HttpContext context)
    {
        var limit = context.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.MaxBodyBytes;
        if (context.Request.ContentLength > limit)
        {
            return (default, await TooLargeAsync(context, limit));
        }

        var buffer = new ArrayBufferWriter<byte>((int)(context.Request.ContentLength ?? FirstBuffer) + 1);
        while (true)
        {
            var read = await ReadPieceAsync(context, buffer);
            if (read == 0)
            {
                return (buffer.WrittenMemory, null);
            }

            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
            {
                return (default, await TooLargeAsync(context, limit));
            }
        }
    }

    private static async Task<int> ReadPieceAsync(HttpContext context, ArrayBufferWriter<byte> buffer)
    {
        try
        {
            return await context.Request.Body.ReadAsync(buffer.GetMemory(), context.RequestAborted);
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            // What the server says of a chunk whose size is no number it knows.
            throw new BadHttpRequestException(fault.Message, StatusCodes.Status400BadRequest, fault);
        }
    }

    /// <summary>
    /// Many clients look at the answer only when all is sent, and would see a broken connection instead: so the rest is read
    /// and thrown away, up to a bound. Clients that ask first (<c>Expect: 100-continue</c>) are told without.
    /// </summary>
    private static async Task<ProblemResult> TooLargeAsync(HttpContext context, int limit)
    {
        if (!context.Request.Headers.ContainsKey(HeaderNames.Expect)
            && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxDrainedBytes;
            var scrap = ArrayPool<byte>.Shared.Rent(FirstBuffer);
            try
            {
                var left = MaxDrainedBytes;
                for (var read = 1; read > 0 && left > 0; left -= read)
                {
                    read = await context.Request.Body.ReadAsync(scrap, context.RequestAborted);
                }
            }
            catch (BadHttpRequestException)
            {
                // Larger still: who sends that sees a broken connection.
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(scrap);
            }
        }

        return new(ProblemKind.BodyTooLarge, FormattableString.Invariant($"At most {limit} bytes are accepted."));
    }

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> bytes) =>
        bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
}
