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
/// holds as long as its time is within the window: within it the same request may come again. Signatures are not remembered, see docs/tencent-compatibility.md: what clients sign says neither
/// the action nor a number of the request, so that one signature stands for several requests that are all meant.
/// </summary>
/// <remarks>What the head alone shows to be wrong is refused before the body is read.</remarks>
internal sealed class RequestGate(ApiKeyStore keys, BodyReader bodies, IOptions<ApiOptions> api, IOptions<TencentOptions> options, TimeProvider time)
{
    private const string PayloadHeader = "X-TC-Content-SHA256";
    private const string UnsignedPayload = "UNSIGNED-PAYLOAD";
    private const string SignedAction = "x-tc-action";
    private static readonly Caller Anonymous = new("anonymous", JournalSource.User("anonymous"));

    /// <summary>The caller, or why there is none. The body is read when there is one.</summary>
    internal async Task<(Caller? Caller, TencentError? Error)> AdmitAsync(WireRequest request, CancellationToken cancellationToken)
    {
        if (!api.Value.RequireAuthentication)
        {
            return (BrowserGuard.ProblemOf(request) ?? await request.ReadBodyAsync(bodies)) is { } problem ? (null, problem) : (Anonymous, null);
        }

        return request.IsOlder ? await AdmitOlderAsync(request, cancellationToken) : await AdmitNewerAsync(request, cancellationToken);
    }

    private async Task<(Caller? Caller, TencentError? Error)> AdmitNewerAsync(WireRequest request, CancellationToken cancellationToken)
    {
        if (ProblemOfToken(request) is { } temporary)
        {
            return (null, temporary);
        }

        var (credential, timestamp, refusal) = ReadHead(request);
        if (credential is null)
        {
            return (null, refusal);
        }

        if (await FindAsync(credential.SecretId, cancellationToken) is not { } key)
        {
            return (null, NoKey());
        }

        return await request.ReadBodyAsync(bodies) is { } unread ? (null, unread) : Decide(key, IsSignedBy(key.SecretKey, credential, timestamp, request));
    }

    /// <summary>What the head says of the signature. Exactly one of credential and error comes back.</summary>
    private (Credential? Credential, long Timestamp, TencentError? Error) ReadHead(WireRequest request)
    {
        if (Credential.Parse(request.Header("Authorization")) is not { } credential)
        {
            return Refuse(ErrorCodes.InvalidAuthorization, "The header Authorization is missing, or not of the form \"TC3-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…\".");
        }

        var signed = credential.SignedHeaders.Split(';');
        if (!signed.Contains("content-type") || !signed.Contains("host"))
        {
            return Refuse(ErrorCodes.InvalidAuthorization, "The signed headers must have content-type and host.");
        }

        if (options.Value.RequireSignedAction && !signed.Contains(SignedAction))
        {
            return Refuse(ErrorCodes.InvalidAuthorization, "The signed headers must have x-tc-action: this server asks for it.");
        }

        if (!options.Value.AllowUnsignedPayload && request.Header(PayloadHeader) == UnsignedPayload)
        {
            return Refuse(ErrorCodes.InvalidAuthorization, "The body must be signed: this server takes no UNSIGNED-PAYLOAD.");
        }

        if (ProblemOfTime(request.Timestamp, out var timestamp) is { } late)
        {
            return (null, 0, late);
        }

        return credential.Date == DateTimeOffset.FromUnixTimeSeconds(timestamp).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            ? (credential, timestamp, null)
            : Refuse(ErrorCodes.SignatureExpire, "The day of the signature is not that of X-TC-Timestamp in UTC.");

        static (Credential?, long, TencentError?) Refuse(string code, string message) => (null, 0, new(code, message));
    }

    private static bool IsSignedBy(string secretKey, Credential credential, long timestamp, WireRequest request)
    {
        var key = SignatureV3.SigningKey(secretKey, credential.Date, credential.Service);
        var payload = SignatureV3.Hash(request.Header(PayloadHeader) == UnsignedPayload ? Encoding.UTF8.GetBytes(UnsignedPayload) : request.Body.Span);
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

    /// <summary>Everything of the older form is a parameter: a form says only when all of it is here who sent it.</summary>
    private async Task<(Caller? Caller, TencentError? Error)> AdmitOlderAsync(WireRequest request, CancellationToken cancellationToken)
    {
        if ((await request.ReadBodyAsync(bodies) ?? ProblemOfToken(request)) is { } unread)
        {
            return (null, unread);
        }

        if (request.Parameter("SecretId").Length == 0 || request.Parameter("Signature").Length == 0)
        {
            return (null, new(ErrorCodes.InvalidAuthorization, "The request is not signed: neither by headers nor by the parameters SecretId and Signature."));
        }

        if (ProblemOfTime(request.Timestamp, out _) is { } refusal)
        {
            return (null, refusal);
        }

        return await FindAsync(request.Parameter("SecretId"), cancellationToken) is { } key ? Decide(key, IsSignedBy(key.SecretKey, request)) : (null, NoKey());
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

    private async Task<SigningKey?> FindAsync(string secretId, CancellationToken cancellationToken) =>
        secretId.Contains('\0', StringComparison.Ordinal) ? null : await keys.FindSigningKeyAsync(secretId, cancellationToken);

    private static TencentError NoKey() => new(ErrorCodes.SecretIdNotFound, "There is no key of this SecretId, or it is revoked.");

    private static (Caller? Caller, TencentError? Error) Decide(SigningKey key, bool isSigned) => isSigned
        ? (new Caller(key.Key.KeyId, JournalSource.User(key.Key.KeyName)), null)
        : (null, new(ErrorCodes.SignatureFailure, "The signature is not that of this request with this key."));

    private static TencentError? ProblemOfToken(WireRequest request) => request.Token.Length == 0
        ? null
        : new(ErrorCodes.TokenFailure, "There are no temporary credentials here: sign with a key and without a token.");

    private TencentError? ProblemOfTime(string text, out long timestamp)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out timestamp))
        {
            return new(ErrorCodes.InvalidAuthorization, "X-TC-Timestamp is missing, or no number of seconds since 1970.");
        }

        // Compared without a subtraction, which a timestamp of nineteen digits would overflow.
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        return timestamp >= now - options.Value.SignatureWindowSeconds && timestamp <= now + options.Value.FutureSignatureSeconds
            ? null
            : new(
                ErrorCodes.SignatureExpire,
                FormattableString.Invariant(
                    $"The time of the signature may be {options.Value.SignatureWindowSeconds} seconds before the server's, {now}, and {options.Value.FutureSignatureSeconds} after it."));
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
