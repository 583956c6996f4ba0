using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.WebUtilities;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// A request as it came, before anything of it is believed: what it is about, who says to have signed it, and its parameters. Three forms are known: JSON
/// with the newer signature, a query with the newer signature, and a query or form with the older one, in which everything is a parameter. The body is read when the head has been
/// looked at.
/// </summary>
internal sealed class WireRequest : IDisposable
{
    /// <summary>The header that tells the newer forms from the older one.</summary>
    internal const string ActionHeader = "X-TC-Action";

    private const int MaxDepth = 64;
    private const string Form = "application/x-www-form-urlencoded";
    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };
    private static readonly HashSet<string> CommonParameters = new(StringComparer.Ordinal)
    {
        "Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "SignatureMethod", "RequestClient", "Token", "Language", "Signature",
    };

    private readonly HttpContext _context;
    private readonly TencentOptions _options;
    private WireBody? _body;

    private WireRequest(HttpContext context, TencentOptions options)
    {
        _context = context;
        _options = options;
        Query = context.Request.QueryString.HasValue ? context.Request.QueryString.Value![1..] : "";
        IsOlder = !context.Request.Headers.ContainsKey(ActionHeader) && (Method == "GET" || (context.Request.ContentType ?? "").StartsWith(Form, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>GET or POST.</summary>
    internal string Method => _context.Request.Method;

    /// <summary>The host as the client named it, with the port where it gave one.</summary>
    internal string Host => _context.Request.Headers.Host.ToString();

    /// <summary>The query as it came, without the question mark.</summary>
    internal string Query { get; }

    /// <summary>The bytes that are signed; empty before <see cref="ReadBodyAsync"/>.</summary>
    internal ReadOnlyMemory<byte> Body => _body?.Bytes ?? default;

    /// <summary>True: everything is a parameter, the older signature too.</summary>
    internal bool IsOlder { get; }

    /// <summary>True: there is nothing more to be read of it.</summary>
    internal bool IsRead { get; private set; }

    /// <summary>What is to be done; empty when it does not say.</summary>
    internal string Action => Common(ActionHeader, "Action");

    /// <summary>Version of the interface; empty when it does not say.</summary>
    internal string Version => Common("X-TC-Version", "Version");

    /// <summary>When it was signed, in seconds since 1970, as text.</summary>
    internal string Timestamp => Common("X-TC-Timestamp", "Timestamp");

    /// <summary>The region it is meant for; empty: it does not say.</summary>
    internal string Region => Common("X-TC-Region", "Region");

    /// <summary>Token of temporary credentials; empty: none.</summary>
    internal string Token => Common("X-TC-Token", "Token");

    /// <summary>Name and version of the client, as it says.</summary>
    internal string Client => Common("X-TC-RequestClient", "RequestClient");

    /// <summary>All parameters of a query or form, in the order in which they came; of a form empty before <see cref="ReadBodyAsync"/>.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Flat { get; private set; } = [];

    /// <summary>Value of a header; empty when there is none.</summary>
    internal string Header(string name) => _context.Request.Headers[name].ToString();

    /// <summary>A parameter of the older form; empty when there is none.</summary>
    internal string Parameter(string name) => Flat.FirstOrDefault(pair => pair.Key == name).Value ?? "";

    /// <summary>Looks at the head of what came. Exactly one of request and error comes back.</summary>
    internal static (WireRequest? Request, TencentError? Error) Open(HttpContext context, TencentOptions options)
    {
        var http = context.Request;
        if (http.Path != "/")
        {
            return (null, new(ErrorCodes.InvalidRequest, "Only the path / is served: name the endpoint as host:port."));
        }

        if (http.Method is not ("GET" or "POST"))
        {
            return (null, new(ErrorCodes.UnsupportedProtocol, "Expected GET or POST."));
        }

        if (http.Method == "GET" && http.QueryString.HasValue && http.QueryString.Value!.Length > options.MaxQueryBytes)
        {
            return (null, new(ErrorCodes.RequestSizeLimitExceeded, FormattableString.Invariant($"The query is larger than {options.MaxQueryBytes} bytes.")));
        }

        return (new(context, options), null);
    }

    /// <summary>Reads the rest. What is wrong with it; null: nothing.</summary>
    internal async Task<TencentError?> ReadBodyAsync(BodyReader bodies)
    {
        TencentError? error = null;
        if (Method == "POST")
        {
            (_body, error) = await bodies.ReadAsync(_context, IsOlder);
        }

        IsRead = true;
        return error ?? ReadFlat();
    }

    /// <summary>The parameters as one document, to be disposed of. Exactly one of document and error comes back.</summary>
    internal (JsonDocument? Parameters, TencentError? Error) ReadParameters()
    {
        try
        {
            if (Method == "GET" || IsOlder)
            {
                var (flat, problem) = FlatParameters.Unfold(Flat.Where(pair => !IsOlder || !CommonParameters.Contains(pair.Key)), _options.MaxParameters);
                return flat is null ? (null, problem) : (JsonDocument.Parse(flat.ToJsonString(), DocumentOptions), null);
            }

            if (!Utf8.IsValid(Body.Span))
            {
                return (null, NoUtf8());
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

    /// <summary>Lets go of the body.</summary>
    public void Dispose() => _body?.Dispose();

    private string Common(string header, string parameter) => IsOlder ? Parameter(parameter) : Header(header);

    private static TencentError NoUtf8() => new(ErrorCodes.InvalidRequest, "The parameters are no UTF-8.");

    /// <summary>What stands for a text in a query or form; null: bytes that are no UTF-8, which the library would leave as they are written.</summary>
    private static string? Decode(ReadOnlyMemory<char> encoded)
    {
        var bytes = Encoding.UTF8.GetBytes(encoded.Span.ToArray());
        bytes = WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }

    private TencentError? ReadFlat()
    {
        if (Method != "GET" && !IsOlder)
        {
            return null;
        }

        if (!Utf8.IsValid(Body.Span))
        {
            return NoUtf8();
        }

        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(Method == "GET" ? Query : Encoding.UTF8.GetString(Body.Span)))
        {
            if (pairs.Count == _options.MaxParameters)
            {
                return FlatParameters.TooMany(_options.MaxParameters);
            }

            if (Decode(pair.EncodedName) is not { } name || Decode(pair.EncodedValue) is not { } value)
            {
                return NoUtf8();
            }

            pairs.Add(new(name, value));
        }

        Flat = pairs;
        return null;
    }
}
