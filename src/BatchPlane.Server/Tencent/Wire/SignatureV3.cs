using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>TC3-HMAC-SHA256, from the signed parts to the hexadecimal signature. Pure. Source: Tencent Cloud API 3.0, signature v3.</summary>
internal static class SignatureV3
{
    private const string Terminator = "tc3_request";

    /// <summary>The signature of a request.</summary>
    /// <param name="signingKey">From <see cref="SigningKey"/>.</param>
    /// <param name="credential">Day, service and names of the signed headers.</param>
    /// <param name="timestamp">Seconds since 1970, as the request says.</param>
    /// <param name="canonicalRequest">From <see cref="CanonicalRequest"/>.</param>
    internal static byte[] Sign(ReadOnlySpan<byte> signingKey, Credential credential, long timestamp, string canonicalRequest)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Credential.Algorithm}\n{timestamp}\n{credential.Date}/{credential.Service}/{Terminator}\n{Hash(Encoding.UTF8.GetBytes(canonicalRequest))}");
        return HMACSHA256.HashData(signingKey, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The key that signs everything of one day and service.</summary>
    internal static byte[] SigningKey(string secretKey, string date, string service)
    {
        var ofDate = HMACSHA256.HashData(Encoding.UTF8.GetBytes("TC3" + secretKey), Encoding.UTF8.GetBytes(date));
        var ofService = HMACSHA256.HashData(ofDate, Encoding.UTF8.GetBytes(service));
        return HMACSHA256.HashData(ofService, Encoding.UTF8.GetBytes(Terminator));
    }

    /// <summary>The request in the form that is signed.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="query">As it came, without the question mark; empty with POST.</param>
    /// <param name="signedHeaders">Names joined by <c>;</c>.</param>
    /// <param name="valueOf">Value of a header as it is signed.</param>
    /// <param name="payloadHash">From <see cref="Hash"/>.</param>
    internal static string CanonicalRequest(string method, string query, string signedHeaders, Func<string, string> valueOf, string payloadHash)
    {
        var text = new StringBuilder().Append(method).Append("\n/\n").Append(query).Append('\n');
        foreach (var name in signedHeaders.Split(';'))
        {
            text.Append(name).Append(':').Append(valueOf(name).Trim().ToLowerInvariant()).Append('\n');
        }

        return text.Append('\n').Append(signedHeaders).Append('\n').Append(payloadHash).ToString();
    }

    /// <summary>SHA-256 in lower-case hexadecimal digits.</summary>
    internal static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
