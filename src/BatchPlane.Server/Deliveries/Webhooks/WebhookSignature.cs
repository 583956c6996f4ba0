using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>Signatures of Standard Webhooks, version 1: HMAC-SHA256 over id, time and body.</summary>
internal static class WebhookSignature
{
    private const string SecretPrefix = "whsec_";

    /// <summary>Value of the header <c>webhook-signature</c>: one signature for each secret, separated by blanks.</summary>
    /// <param name="secrets"><c>whsec_</c> and base64 of the key.</param>
    /// <param name="id">Value of <c>webhook-id</c>.</param>
    /// <param name="timestamp">Value of <c>webhook-timestamp</c>: seconds since the epoch.</param>
    /// <param name="body">The body as it is sent.</param>
    internal static string Of(IEnumerable<string> secrets, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes(FormattableString.Invariant($"{id}.{timestamp}."));
        var signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[SecretPrefix.Length..]), signed))));
    }
}
