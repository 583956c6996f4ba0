using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Bench.Stack;

/// <summary>
/// The Tencent façade as a client of Tencent sees it. Equal requests of one second are signed once, as they come out the same: what is measured is the server.
/// </summary>
internal sealed class FacadeClient(string url, string secretId, string secretKey) : IDisposable
{
    private const string Version = "2017-03-12";
    private const string ContentType = "application/json";

    private readonly HttpClient _http = new() { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(1) };
    private readonly string _host = new Uri(url).Authority;
    private volatile SignedRequest? _last;

    /// <summary>Calls an action and returns the answer.</summary>
    /// <exception cref="BenchFailure">It was refused.</exception>
    internal async Task<string> CallAsync(string action, string body, CancellationToken cancellation)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        if (_last is not { } signed || signed.Timestamp != now || signed.Body != body)
        {
            _last = signed = new(body, now, Sign(body, now));
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(body, Encoding.UTF8) };
        request.Content.Headers.ContentType = new(ContentType);
        var headers = request.Headers;
        headers.TryAddWithoutValidation("X-TC-Action", action);
        headers.TryAddWithoutValidation("X-TC-Version", Version);
        headers.TryAddWithoutValidation("X-TC-Timestamp", now.ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("Authorization", signed.Authorization);
        using var answer = await _http.SendAsync(request, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        return text.Contains("\"Error\":{", StringComparison.Ordinal) ? throw new BenchFailure($"{action} was refused: {text}") : text;
    }

    public void Dispose() => _http.Dispose();

    private string Sign(string body, long timestamp)
    {
        var date = DateTimeOffset.FromUnixTimeSeconds(timestamp).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var canonical = $"POST\n/\n\ncontent-type:{ContentType}\nhost:{_host}\n\ncontent-type;host\n{Hash(body)}";
        var text = FormattableString.Invariant($"TC3-HMAC-SHA256\n{timestamp}\n{date}/batch/tc3_request\n{Hash(canonical)}");
        var key = Encoding.UTF8.GetBytes("TC3" + secretKey);
        foreach (var part in new[] { date, "batch", "tc3_request" })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        return $"TC3-HMAC-SHA256 Credential={secretId}/{date}/batch/tc3_request, SignedHeaders=content-type;host, Signature={signature}";
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private sealed record SignedRequest(string Body, long Timestamp, string Authorization);
}
