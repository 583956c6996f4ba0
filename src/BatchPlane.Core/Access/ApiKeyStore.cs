using System.Collections.Concurrent;
using System.Security.Cryptography;
using BatchPlane.Core.Database;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Core.Access;

/// <summary>
/// The keys in <c>api_keys</c>. Bearer keys are stored as hashes; the secrets for signed requests are encrypted, since checking
/// a signature needs them. A key found is remembered for a short while, a key not found never.
/// </summary>
public sealed class ApiKeyStore(NpgsqlDataSource dataSource, InstallationKey installationKey, IOptions<AccessOptions> options, TimeProvider time)
{
    /// <summary>Id of the key that the configuration gives.</summary>
    public const string BootstrapKeyId = "key-bootstrap";

    private const string BootstrapKeyName = "bootstrap";

    private readonly TimeSpan _remembered = TimeSpan.FromSeconds(options.Value.KeyCacheSeconds);
    private readonly ConcurrentDictionary<string, (ApiKey Key, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (SigningKey Key, DateTimeOffset Until)> _knownSigning = new(StringComparer.Ordinal);

    /// <summary>Whose bearer key this is; null when nobody's or revoked.</summary>
    public async Task<ApiKey?> FindAsync(string bearerKey, CancellationToken cancellationToken)
    {
        var hash = AccessSecrets.Hash(bearerKey);
        var name = Convert.ToHexString(hash);
        if (_known.TryGetValue(name, out var known) && time.GetUtcNow() < known.Until)
        {
            return known.Key;
        }

        var key = await SelectByHashAsync(hash, cancellationToken);
        if (key is null)
        {
            _known.TryRemove(name, out _);
        }
        else
        {
            _known[name] = (key, time.GetUtcNow() + _remembered);
        }

        return key;
    }

    /// <summary>The secret behind an id for signed requests; null when there is none or it is revoked. Throws <see cref="CryptographicException"/> when the installation key is not the one it was stored under.</summary>
    public async Task<SigningKey?> FindSigningKeyAsync(string secretId, CancellationToken cancellationToken)
    {
        if (_knownSigning.TryGetValue(secretId, out var known) && time.GetUtcNow() < known.Until)
        {
            return known.Key;
        }

        var key = await SelectSigningKeyAsync(secretId, cancellationToken);
        if (key is null)
        {
            _knownSigning.TryRemove(secretId, out _);
        }
        else
        {
            _knownSigning[secretId] = (key, time.GetUtcNow() + _remembered);
        }

        return key;
    }

    /// <summary>Makes the configured key valid; the one that an earlier configuration gave is not valid any more. Safe to repeat.</summary>
    public async Task StoreBootstrapAsync(BootstrapKey bootstrap, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Access/Sql/api_key_upsert.sql"));
        command.Parameters.AddWithValue("key_id", BootstrapKeyId);
        command.Parameters.AddWithValue("key_name", BootstrapKeyName);
        command.Parameters.AddWithValue("key_hash", AccessSecrets.Hash(bootstrap.BearerKey));
        command.Parameters.AddWithValue("secret_id", bootstrap.SecretId);
        command.Parameters.AddWithValue("secret_encrypted", installationKey.Encrypt(bootstrap.SecretKey, BootstrapKeyId));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<SigningKey?> SelectSigningKeyAsync(string secretId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Access/Sql/api_key_select_by_secret_id.sql"));
        command.Parameters.AddWithValue("secret_id", secretId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new SigningKey(
                new ApiKey(reader.GetString(0), reader.GetString(1)),
                installationKey.Decrypt(reader.GetFieldValue<byte[]>(2), reader.GetString(0)))
            : null;
    }

    private async Task<ApiKey?> SelectByHashAsync(byte[] hash, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Access/Sql/api_key_select_by_hash.sql"));
        command.Parameters.AddWithValue("key_hash", hash);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);

        // The index compares as it likes; what decides is this comparison.
        return await reader.ReadAsync(cancellationToken) && CryptographicOperations.FixedTimeEquals(hash, reader.GetFieldValue<byte[]>(2))
            ? new ApiKey(reader.GetString(0), reader.GetString(1))
            : null;
    }
}
