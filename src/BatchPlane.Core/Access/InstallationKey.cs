using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Core.Access;

/// <summary>
/// The secret of an installation, shared by all its servers: secrets in the database are encrypted under it and node tokens
/// are made from it. Two keys are derived from it so that neither use can serve the other. Whoever loses it has to make all
/// API keys anew; agents join again by themselves.
/// </summary>
public sealed class InstallationKey : IDisposable
{
    /// <summary>Bytes of the key.</summary>
    public const int KeyBytes = 32;

    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int MarkLength = 8;

    // The cipher keeps state while it works: two threads in it at once would spoil what they encrypt.
    private readonly Lock _oneAtATime = new();
    private readonly AesGcm _cipher;
    private readonly byte[] _tokenKey;

    /// <param name="key">Exactly <see cref="KeyBytes"/> random bytes.</param>
    public InstallationKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            throw new ArgumentException($"An installation key has {KeyBytes} bytes, this one {key.Length}.", nameof(key));
        }

        _cipher = new AesGcm(Derive(key, "secrets"), TagBytes);
        _tokenKey = Derive(key, "node tokens");
    }

    /// <summary>
    /// Encrypts a secret with AES-256-GCM: version byte, nonce, tag, ciphertext. <paramref name="owner"/> (the row it is stored in) is
    /// authenticated with it, so that a ciphertext moved to another row does not decrypt.
    /// </summary>
    public byte[] Encrypt(string secret, string owner)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var sealedSecret = new byte[1 + NonceBytes + TagBytes + plain.Length];
        sealedSecret[0] = Version;
        var nonce = sealedSecret.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        lock (_oneAtATime)
        {
            _cipher.Encrypt(
                nonce,
                plain,
                sealedSecret.AsSpan(1 + NonceBytes + TagBytes),
                sealedSecret.AsSpan(1 + NonceBytes, TagBytes),
                Encoding.UTF8.GetBytes(owner));
        }

        return sealedSecret;
    }

    /// <summary>The secret of <see cref="Encrypt"/>. Throws <see cref="CryptographicException"/> when it was encrypted under another key, for another owner, or changed.</summary>
    public string Decrypt(ReadOnlySpan<byte> sealedSecret, string owner)
    {
        if (sealedSecret.Length < 1 + NonceBytes + TagBytes || sealedSecret[0] != Version)
        {
            throw new CryptographicException("Not a secret encrypted by this version.");
        }

        var plain = new byte[sealedSecret.Length - 1 - NonceBytes - TagBytes];
        lock (_oneAtATime)
        {
            _cipher.Decrypt(
                sealedSecret.Slice(1, NonceBytes),
                sealedSecret[(1 + NonceBytes + TagBytes)..],
                sealedSecret.Slice(1 + NonceBytes, TagBytes),
                plain,
                Encoding.UTF8.GetBytes(owner));
        }

        return Encoding.UTF8.GetString(plain);
    }

    /// <summary>Bearer token of a node for one epoch: base64url of HMAC-SHA256 over both. The same on every server.</summary>
    public string NodeToken(string nodeId, long epoch) => Base64Url.EncodeToString(NodeMac(nodeId, epoch));

    /// <summary>True when <paramref name="token"/> is the node's token for this epoch; takes the same time wherever they differ.</summary>
    public bool VerifyNodeToken(string token, string nodeId, long epoch) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(NodeToken(nodeId, epoch)));

    /// <summary>What lets agents join as nodes that a provider made for this environment, and as no other: for machines that others can look into.</summary>
    public string PilotToken(string envId) => Base64Url.EncodeToString(HMACSHA256.HashData(_tokenKey, Encoding.UTF8.GetBytes($"pilot {envId}")));

    /// <summary>True when <paramref name="token"/> is the pilot token of this environment; takes the same time wherever they differ.</summary>
    public bool VerifyPilotToken(string token, string envId) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(PilotToken(envId)));

    /// <summary>Eight characters that tell this installation from others and nothing about its key: the mark of what it leaves in other systems.</summary>
    public string Mark => Convert.ToHexStringLower(HMACSHA256.HashData(_tokenKey, "mark"u8))[..MarkLength];

    /// <summary>Join token of an installation that configures none: the same on every server and after every start.</summary>
    public string JoinToken => Base64Url.EncodeToString(HMACSHA256.HashData(_tokenKey, "join"u8));

    /// <inheritdoc/>
    public void Dispose() => _cipher.Dispose();

    private byte[] NodeMac(string nodeId, long epoch)
    {
        // The epoch has a fixed length and comes first, so no two pairs give the same bytes.
        var message = new byte[sizeof(long) + Encoding.UTF8.GetByteCount(nodeId)];
        BinaryPrimitives.WriteInt64BigEndian(message, epoch);
        Encoding.UTF8.GetBytes(nodeId, message.AsSpan(sizeof(long)));
        return HMACSHA256.HashData(_tokenKey, message);
    }

    private static byte[] Derive(ReadOnlySpan<byte> key, string purpose)
    {
        var derived = new byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt: [], Encoding.UTF8.GetBytes($"batchplane {purpose}"));
        return derived;
    }
}
