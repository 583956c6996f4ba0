using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>The older signature, over all parameters of a form or query. Pure. Source: Tencent Cloud API 3.0, signature v1.</summary>
internal static class SignatureV1
{
    internal const string Sha1 = "HmacSHA1";
    internal const string Sha256 = "HmacSHA256";

    /// <summary>The signature, in base64; null for an unknown method.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="host">As it was signed, with or without port.</param>
    /// <param name="parameters">All of them, decoded, the signature itself apart.</param>
    /// <param name="algorithm"><see cref="Sha1"/> or <see cref="Sha256"/>.</param>
    /// <param name="secretKey">Key of the caller.</param>
    internal static string? Sign(string method, string host, IEnumerable<KeyValuePair<string, string>> parameters, string algorithm, string secretKey)
    {
        var pairs = parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}");
        var text = Encoding.UTF8.GetBytes($"{method}{host}/?{string.Join('&', pairs)}");
        var key = Encoding.UTF8.GetBytes(secretKey);
        return algorithm switch
        {
            Sha256 => Convert.ToBase64String(HMACSHA256.HashData(key, text)),
#pragma warning disable CA5350 // The clients' own default for this signature; an HMAC does not rest on what is broken of SHA-1.
            Sha1 => Convert.ToBase64String(HMACSHA1.HashData(key, text)),
#pragma warning restore CA5350
            _ => null,
        };
    }
}
