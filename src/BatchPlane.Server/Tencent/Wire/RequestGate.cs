using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchPlane.Core.Access;
using BatchPlane.Core.Journal;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// Who sent a request, by its signature. The host is tried as it came and without its port, since some clients sign it so; which service a signature names does not matter. A signature
/// holds as long as its time is within the window: within it the same request may come again, as clients that ask twice within a second send the very same.
/// </summary>
internal sealed class RequestGate(ApiKeyStore keys, IOptions<ApiOptions> api, IOptions<TencentOptions> options, TimeProvider time)
{
    private const string UnsignedPayload = "UNSIGNED-PAYLOAD";
    private static readonly Caller Anonymous = new("anonymous", JournalSource.User("anonymous"));

    /// <summary>The caller, or why there is none.</summary>
    internal async Task<(Caller? Caller, TencentError? Error)> AdmitAsync(WireRequest request, CancellationToken cancellationToken)
    {
        if (!api.Value.RequireAuthentication)
        {
            return (Anonymous, null);
        }

        if (request.Token.Length > 0)
        {
            return (null, new(ErrorCodes.TokenFailure, "There are no temporary credentials here: sign with a key and without a token."));
        }

        return request.IsOlder ? await AdmitOlderAsync(request, cancellationToken) : await AdmitNewerAsync(request, cancellationToken);
    }

    private async Task<(Caller? Caller, TencentError? Error)> AdmitNewerAsync(WireRequest request, CancellationToken cancellationToken)
    {
        if (Credential.Parse(request.Header("Authorization")) is not { } credential)
        {
            return (null, new(ErrorCodes.InvalidAuthorization, "The header Authorization is missing, or not of the form \"TC3-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…\"."));
        }

        var signed = credential.SignedHeaders.Split(';');
        if (!signed.Contains("content-type") || !signed.Contains("host"))
        {
            return (null, new(ErrorCodes.InvalidAuthorization, "The signed headers must have content-type and host."));
        }

        if (!TryTime(request.Timestamp, out var timestamp, out var refusal))
        {
            return (null, refusal);
        }

        if (credential.Date != DateTimeOffset.FromUnixTimeSeconds(timestamp).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))
        {
            return (null, new(ErrorCodes.SignatureExpire, "The day of the signature is not that of X-TC-Timestamp in UTC."));
        }

        return await DecideAsync(credential.SecretId, secretKey => IsSignedBy(secretKey, credential, timestamp, request), cancellationToken);
    }

    private static bool IsSignedBy(string secretKey, Credential credential, long timestamp, WireRequest request)
    {
        var key = SignatureV3.SigningKey(secretKey, credential.Date, credential.Service);
        var payload = SignatureV3.Hash(request.Header("X-TC-Content-SHA256") == UnsignedPayload ? Encoding.UTF8.GetBytes(UnsignedPayload) : request.Body.Span);
        var query = request.Method == "GET" ? request.Query : "";
        var given = Convert.FromHexString(credential.Signature);
        var isSigned = false;
        foreach (var host in Hosts(request.Host))
        {
            var canonical = SignatureV3.CanonicalRequest(request.Method, query, credential.SignedHeaders, name => name == "host" ? host : request.Header(name), payload);
            isSigned |= CryptographicOperations.FixedTimeEquals(SignatureV3.Sign(key, credential, timestamp, canonical), given);
        }

        return isSigned;
    }

    private async Task<(Caller? Caller, TencentError? Error)> AdmitOlderAsync(WireRequest request, CancellationToken cancellationToken)
    {
        if (request.Parameter("SecretId").Length == 0 || request.Parameter("Signature").Length == 0)
        {
            return (null, new(ErrorCodes.InvalidAuthorization, "The request is not signed: neither by headers nor by the parameters SecretId and Signature."));
        }

        if (!TryTime(request.Timestamp, out _, out var refusal))
        {
            return (null, refusal);
        }

        return await DecideAsync(request.Parameter("SecretId"), secretKey => IsSignedBy(secretKey, request), cancellationToken);
    }

    private static bool IsSignedBy(string secretKey, WireRequest request)
    {
        var algorithm = request.Parameter("SignatureMethod") is { Length: > 0 } method ? method : SignatureV1.Sha1;
        var signed = request.Flat.Where(pair => pair.Key != "Signature").ToList();
        var given = Encoding.UTF8.GetBytes(request.Parameter("Signature"));
        var isSigned = false;
        foreach (var host in Hosts(request.Host))
        {
            isSigned |= SignatureV1.Sign(request.Method, host, signed, algorithm, secretKey) is { } signature
                && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), given);
        }

        return isSigned;
    }

    private async Task<(Caller? Caller, TencentError? Error)> DecideAsync(string secretId, Func<string, bool> isSignedBy, CancellationToken cancellationToken)
    {
        if (secretId.Contains('\0', StringComparison.Ordinal) || await keys.FindSigningKeyAsync(secretId, cancellationToken) is not { } key)
        {
            return (null, new(ErrorCodes.SecretIdNotFound, "There is no key of this SecretId, or it is revoked."));
        }

        return isSignedBy(key.SecretKey)
            ? (new Caller(key.Key.KeyId, JournalSource.User(key.Key.KeyName)), null)
            : (null, new(ErrorCodes.SignatureFailure, "The signature is not that of this request with this key."));
    }

    private bool TryTime(string text, out long timestamp, out TencentError? refusal)
    {
        refusal = null;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out timestamp))
        {
            refusal = new(ErrorCodes.InvalidAuthorization, "X-TC-Timestamp is missing, or no number of seconds since 1970.");
        }
        else if (Math.Abs((decimal)time.GetUtcNow().ToUnixTimeSeconds() - timestamp) > options.Value.SignatureWindowSeconds)
        {
            refusal = new(
                ErrorCodes.SignatureExpire,
                FormattableString.Invariant($"The time of the signature differs from the server's, {time.GetUtcNow().ToUnixTimeSeconds()}, by more than {options.Value.SignatureWindowSeconds} seconds."));
        }

        return refusal is null;
    }

    /// <summary>The host as it came, and without its port where it has one.</summary>
    private static IEnumerable<string> Hosts(string host)
    {
        yield return host;
        var colon = host.LastIndexOf(':');
        if (colon > 0 && !host.EndsWith(']'))
        {
            yield return host[..colon];
        }
    }
}
