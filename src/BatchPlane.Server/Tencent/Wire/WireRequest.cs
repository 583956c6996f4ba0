using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// A request as it came, before anything of it is believed: what it is about, who says to have signed it, and its parameters. Three forms are known: JSON
/// with the newer signature, a query with the newer signature, and a query or form with the older one, in which everything is a parameter.
/// </summary>
internal sealed class WireRequest
{
    private const int MaxDepth = 64;
    private const string Form = "application/x-www-form-urlencoded";
    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };
    private static readonly HashSet<string> CommonParameters = new(StringComparer.Ordinal)
    {
        "Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "SignatureMethod", "RequestClient", "Token", "Language", "Signature",
    };

    private readonly HttpRequest _http;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _flat;

    private WireRequest(HttpRequest http, ReadOnlyMemory<byte> body, IReadOnlyList<KeyValuePair<string, string>> flat, bool isOlder)
    {
        _http = http;
        _flat = flat;
        Body = body;
        IsOlder = isOlder;
        Query = http.QueryString.HasValue ? http.QueryString.Value![1..] : "";
    }

    /// <summary>GET or POST.</summary>
    internal string Method => _http.Method;

    /// <summary>The host as the client named it, with the port where it gave one.</summary>
    internal string Host => _http.Headers.Host.ToString();

    /// <summary>The query as it came, without the question mark.</summary>
    internal string Query { get; }

    /// <summary>The bytes that are signed.</summary>
    internal ReadOnlyMemory<byte> Body { get; }

    /// <summary>True: everything is a parameter, the older signature too.</summary>
    internal bool IsOlder { get; }

    /// <summary>What is to be done; empty when it does not say.</summary>
    internal string Action => Common("X-TC-Action", "Action");

    /// <summary>Version of the interface; empty when it does not say.</summary>
    internal string Version => Common("X-TC-Version", "Version");

    /// <summary>When it was signed, in seconds since 1970, as text.</summary>
    internal string Timestamp => Common("X-TC-Timestamp", "Timestamp");

    /// <summary>Token of temporary credentials; empty: none.</summary>
    internal string Token => Common("X-TC-Token", "Token");

    /// <summary>Name and version of the client.</summary>
    internal string Client => Common("X-TC-RequestClient", "RequestClient");

    /// <summary>All parameters of a query or form, in the order in which they came.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Flat => _flat;

    /// <summary>Value of a header; empty when there is none.</summary>
    internal string Header(string name) => _http.Headers[name].ToString();

    /// <summary>A parameter of the older form; empty when there is none.</summary>
    internal string Parameter(string name) => _flat.FirstOrDefault(pair => pair.Key == name).Value ?? "";

    /// <summary>Reads what came. Exactly one of request and error comes back.</summary>
    internal static async Task<(WireRequest? Request, TencentError? Error)> ReadAsync(HttpContext context, TencentOptions options)
    {
        var http = context.Request;
        if (http.Path != "/")
        {
            return (null, new(ErrorCodes.InvalidRequest, "Only the path / is served: name the endpoint as host:port."));
        }

        var isJson = http.Headers.ContainsKey("X-TC-Action") || !(http.ContentType ?? "").StartsWith(Form, StringComparison.OrdinalIgnoreCase);
        switch (http.Method)
        {
            case "GET" when http.QueryString.HasValue && http.QueryString.Value!.Length > options.MaxQueryBytes:
                return (null, TooLarge("query", options.MaxQueryBytes));
            case "GET":
                return (new(http, default, Pairs(http.QueryString.Value), isOlder: !http.Headers.ContainsKey("X-TC-Action")), null);
            case "POST":
                var limit = isJson ? options.MaxBodyBytes : options.MaxFormBytes;
                return await ReadBodyAsync(context, limit) is not { } body
                    ? (null, TooLarge("body", limit))
                    : (new(http, body, isJson ? [] : Pairs(Encoding.UTF8.GetString(body.Span)), isOlder: !isJson), null);
            default:
                return (null, new(ErrorCodes.UnsupportedProtocol, "Expected GET or POST."));
        }
    }

    /// <summary>The parameters as one document, to be disposed of. Exactly one of document and error comes back.</summary>
    internal (JsonDocument? Parameters, TencentError? Error) ReadParameters()
    {
        try
        {
            if (Method == "GET" || IsOlder)
            {
                return FlatParameters.Unfold(_flat.Where(pair => !IsOlder || !CommonParameters.Contains(pair.Key))) is { } flat
                    ? (JsonDocument.Parse(flat.ToJsonString(), DocumentOptions), null)
                    : (null, new(ErrorCodes.InvalidParameter, "A parameter is given twice, or both as a value and as an object."));
            }

            var document = JsonDocument.Parse(Body.Length == 0 ? "{}"u8.ToArray() : Body, DocumentOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return (document, null);
            }

            document.Dispose();
            return (null, new(ErrorCodes.InvalidRequest, "The body is JSON, but no object."));
        }
        catch (JsonException exception)
        {
            return (null, new(ErrorCodes.InvalidRequest, FormattableString.Invariant($"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}.")));
        }
    }

    private string Common(string header, string parameter) => IsOlder ? Parameter(parameter) : Header(header);

    private static TencentError TooLarge(string what, int limit) =>
        new(ErrorCodes.RequestSizeLimitExceeded, FormattableString.Invariant($"The {what} is larger than {limit} bytes."));

    private static List<KeyValuePair<string, string>> Pairs(string? text)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(text))
        {
            pairs.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        }

        return pairs;
    }

    /// <summary>The body; null when it is too large. What is too large is read to a bound and thrown away, since many clients look at the answer only when all is sent.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContext context, int limit)
    {
        const int FirstBuffer = 4_096;
        const int MaxDrained = 64 * 1024 * 1024;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = (long)limit + MaxDrained;
        }

        var length = context.Request.ContentLength;
        var buffer = new ArrayBufferWriter<byte>(length < limit ? (int)length.Value + 1 : FirstBuffer);
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(buffer.GetMemory(1), context.RequestAborted);
            if (read == 0)
            {
                return buffer.WrittenMemory;
            }

            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
            {
                await DrainAsync(context, MaxDrained);
                return null;
            }
        }
    }

    private static async Task DrainAsync(HttpContext context, long left)
    {
        var scrap = ArrayPool<byte>.Shared.Rent(65_536);
        try
        {
            for (var read = 1; read > 0 && left > 0; left -= read)
            {
                read = await context.Request.Body.ReadAsync(scrap, context.RequestAborted);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scrap);
        }
    }
}
