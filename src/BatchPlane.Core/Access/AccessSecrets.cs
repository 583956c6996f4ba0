using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Core.Access;

/// <summary>Making, hashing and comparing of secrets.</summary>
public static class AccessSecrets
{
    /// <summary>What every bearer key begins with, so that one can be recognised where it does not belong.</summary>
    public const string BearerPrefix = "bp_";

    private const string SecretIdPrefix = "AKID";
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int SecretIdRandom = 32;
    private const int SecretBytes = 32;

    /// <summary>A new bearer key: <c>bp_</c> and 256 random bits in base64url.</summary>
    public static string NewBearerKey() => BearerPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>What every token that lets machines join one environment begins with.</summary>
    public const string JoinPrefix = "bpj_";

    /// <summary>A new token that lets machines join: <c>bpj_</c> and 256 random bits in base64url.</summary>
    public static string NewJoinToken() => JoinPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>A new id of a key for signed requests: <c>AKID</c> and 32 letters and digits, the shape Tencent's clients know.</summary>
    public static string NewSecretId() => SecretIdPrefix + RandomNumberGenerator.GetString(Letters, SecretIdRandom);

    /// <summary>A new key for signed requests: 256 random bits in base64url.</summary>
    public static string NewSecretKey() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>What is stored of a bearer key. A plain SHA-256 is enough for 256 random bits.</summary>
    public static byte[] Hash(string bearerKey) => SHA256.HashData(Encoding.UTF8.GetBytes(bearerKey));

    /// <summary>Compares two secrets in a time that depends on neither's content nor on where they differ.</summary>
    public static bool AreEqual(string left, string right) => CryptographicOperations.FixedTimeEquals(Hash(left), Hash(right));
}
