using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>A server with the façade, and a client that signs as Tencent's do.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public class TencentFixture : ServerFixture
{
    /// <summary>More than this the façade takes in no form.</summary>
    internal const int MaxBytes = 65_536;

    private readonly HttpClient _http = new();

    /// <summary>Address of the façade.</summary>
    public Uri Url => new(Services.GetRequiredService<TencentListener>().Urls.Single());

    protected override IReadOnlyList<string> TencentUrls => ["http://127.0.0.1:0"];

    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() => Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>(
    [
        new("Tencent:Provider", "attached"), new("Tencent:MaxBodyBytes", MaxBytes.ToString(CultureInfo.InvariantCulture)), new("Tencent:MaxFormBytes", MaxBytes.ToString(CultureInfo.InvariantCulture)), new("Tencent:Zones", "local-1,local-2"), new("Tencent:BodySeconds", "2"), new("Tencent:MaxParameters", "1000"),
    ]);

    public override async Task DisposeAsync()
    {
        _http.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>The members of a good answer.</summary>
    internal async Task<JsonElement> CallAsync(string action, string body)
    {
        var response = await SendAsync(new() { Action = action, Body = body });
        Assert.False(response.TryGetProperty("Error", out var error), $"{action} {body}: {error}");
        return response;
    }

    /// <summary>Code of a refusal.</summary>
    internal async Task<string> RefusalAsync(string action, string body) => CodeOf(await SendAsync(new() { Action = action, Body = body }));

    /// <summary>Code of an answer's error; none: what was answered.</summary>
    internal static string CodeOf(JsonElement response) => response.TryGetProperty("Error", out var error) ? error.GetProperty("Code").GetString()! : response.GetRawText();

    /// <summary>The member <c>Response</c>; the form of the answer, which is the same for all, is checked here.</summary>
    internal async Task<JsonElement> SendAsync(Call call)
    {
        using var request = RequestOf(call);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == 200, text);
        Assert.Equal("application/json", Assert.Single(response.Content.Headers.GetValues("Content-Type")));
        var answer = JsonDocument.Parse(text).RootElement.GetProperty("Response");
        Assert.True(Guid.TryParseExact(answer.GetProperty("RequestId").GetString(), "D", out _), text);
        if (call.TraceId is not null)
        {
            Assert.Equal(call.TraceId, Assert.Single(response.Headers.GetValues("X-TC-TraceId")));
        }

        return answer;
    }

    /// <summary>A call as it is sent, signed with the key of this server.</summary>
    internal HttpRequestMessage RequestOf(Call call) => call.Sign(Url, Key.SecretId, Key.SecretKey);

    /// <summary>The same with the older signature, of which everything is a parameter of a form or query. The form of the answer is checked, too.</summary>
    internal async Task<JsonElement> SendOlderAsync(OlderCall call)
    {
        using var request = call.Sign(Url, Key.SecretId, Key.SecretKey);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == 200, text);
        Assert.Equal("application/json", Assert.Single(response.Content.Headers.GetValues("Content-Type")));
        return JsonDocument.Parse(text).RootElement.GetProperty("Response");
    }

    /// <summary>A request, right in everything but what a test changes.</summary>
    internal sealed record Call
    {
        internal string Action { get; init; } = "DescribeJobs";

        internal string Version { get; init; } = "2017-03-12";

        internal string Body { get; init; } = "{}";

        /// <summary>Bytes in place of <see cref="Body"/>, signed and sent.</summary>
        internal byte[]? Bytes { get; init; }

        /// <summary>What is sent in place of what is signed.</summary>
        internal byte[]? SentBody { get; init; }

        internal string Method { get; init; } = "POST";

        internal string Path { get; init; } = "/";

        internal string Query { get; init; } = "";

        internal string? SignedHost { get; init; }

        internal string Service { get; init; } = "batch";

        internal string SignedHeaders { get; init; } = "content-type;host";

        internal string? SecretId { get; init; }

        internal string? SecretKey { get; init; }

        internal DateTimeOffset At { get; init; } = TimeProvider.System.GetUtcNow();

        internal string? Date { get; init; }

        internal string? Authorization { get; init; }

        internal string? Token { get; init; }

        internal string? TraceId { get; init; }

        internal string? Region { get; init; }

        internal bool IsUnsigned { get; init; }

        internal HttpRequestMessage Sign(Uri url, string secretId, string secretKey)
        {
            var type = Method == "GET" ? "application/x-www-form-urlencoded" : "application/json";
            var timestamp = At.ToUnixTimeSeconds();
            var date = Date ?? At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var signed = SignedHeaders;
            var body = Method == "GET" ? [] : Bytes ?? Encoding.UTF8.GetBytes(Body);
            var credential = new Credential(SecretId ?? secretId, date, Service, signed, "");
            var payload = SignatureV3.Hash(IsUnsigned ? "UNSIGNED-PAYLOAD"u8 : body);
            var host = SignedHost ?? url.Authority;
            var canonical = SignatureV3.CanonicalRequest(Method, Query, signed, name => name switch { "host" => host, "content-type" => type, _ => Action }, payload);
            var key = SignatureV3.SigningKey(SecretKey ?? secretKey, date, Service);
            var signature = Convert.ToHexStringLower(SignatureV3.Sign(key, credential, timestamp, canonical));
            var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(url, Path + (Query.Length > 0 ? $"?{Query}" : "")))
            {
                Content = new ByteArrayContent(SentBody ?? body),
            };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            foreach (var (name, value) in new (string, string?)[]
            {
                ("X-TC-Action", Action),
                ("X-TC-Version", Version),
                ("X-TC-Timestamp", timestamp.ToString(CultureInfo.InvariantCulture)),
                ("X-TC-Token", Token),
                ("X-TC-Region", Region),
                ("X-TC-TraceId", TraceId),
                ("X-TC-Content-SHA256", IsUnsigned ? "UNSIGNED-PAYLOAD" : null),
                ("Authorization", Authorization ?? $"TC3-HMAC-SHA256  Credential={credential.SecretId}/{date}/{Service}/tc3_request, SignedHeaders={signed}, Signature={signature}"),
            })
            {
                if (!string.IsNullOrEmpty(value))
                {
                    request.Headers.TryAddWithoutValidation(name, value);
                }
            }

            return request;
        }
    }
}
