using System.Security.Cryptography;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Dev;

/// <summary>Keys of one stack, made at its first start and kept in <c>DIR/keys.json</c> (mode 0600).</summary>
internal sealed record DevKeys
{
    private const string FileName = "keys.json";
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int SecretLength = 32;

    /// <summary>Bearer key of the REST API.</summary>
    public required string ApiKey { get; init; }

    /// <summary>Id for signed requests.</summary>
    public required string SecretId { get; init; }

    /// <summary>Secret for signed requests.</summary>
    public required string SecretKey { get; init; }

    /// <summary>What agents join with.</summary>
    public required string JoinToken { get; init; }

    /// <summary>Port the REST API had last; null before the first start.</summary>
    public int? HttpPort { get; init; }

    /// <summary>Port the Tencent façade had last; null before the first start with one.</summary>
    public int? TencentPort { get; init; }

    /// <summary>Reads the keys of a directory, or makes them.</summary>
    internal static DevKeys ReadOrMake(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path))
        {
            return JsonSerializer.Deserialize<DevKeys>(File.ReadAllBytes(path), BatchPlaneJson.Options)!;
        }

        var keys = new DevKeys
        {
            ApiKey = "bp_" + Random(),
            SecretId = "AKID" + Random(),
            SecretKey = Random(),
            JoinToken = "join_" + Random(),
        };
        keys.Write(directory);
        return keys;
    }

    /// <summary>Keeps them.</summary>
    internal void Write(string directory) =>
        PrivateFile.Write(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, BatchPlaneJson.Indented));

    private static string Random() => RandomNumberGenerator.GetString(Letters, SecretLength);
}
