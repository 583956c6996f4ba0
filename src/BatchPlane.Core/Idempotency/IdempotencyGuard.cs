using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Idempotency;

/// <summary>
/// Idempotency keys of requests that may be repeated by their nature: taken before the request is done, so that all there is
/// to find out is whether the key came with another body.
/// </summary>
public sealed class IdempotencyGuard(NpgsqlDataSource dataSource)
{
    /// <summary>False when the key was used with another body. Without a key always true.</summary>
    public async Task<bool> AdmitAsync(IdempotencyKey? key, string resourceId, CancellationToken cancellationToken)
    {
        if (key is null)
        {
            return true;
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var used = await IdempotencyStore.TakeAsync(connection, [(key, resourceId)], cancellationToken);
        return used.Values.All(earlier => earlier.BodyHash.AsSpan().SequenceEqual(key.BodyHash));
    }

    /// <summary>As <see cref="AdmitAsync"/>; null when the key was used with the same body before. Without a key always true.</summary>
    public async Task<bool?> TakeAsync(IdempotencyKey? key, string resourceId, CancellationToken cancellationToken)
    {
        if (key is null)
        {
            return true;
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var used = await IdempotencyStore.TakeAsync(connection, [(key, resourceId)], cancellationToken);
        return used.Count == 0 ? true : used.Values.All(earlier => earlier.BodyHash.AsSpan().SequenceEqual(key.BodyHash)) ? null : false;
    }

    /// <summary>Gives a key back that made nothing: what is asked for with it again is asked for the first time.</summary>
    public async Task GiveBackAsync(IdempotencyKey key, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Idempotency/Sql/idempotency_key_delete.sql"));
        command.Parameters.AddWithValue("scope", key.Scope);
        command.Parameters.AddWithValue("key", key.Key);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What an earlier request with this key and the same body made; null when there was none, or its body was another one.</summary>
    public async Task<string?> FindAsync(IdempotencyKey key, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var used = await IdempotencyStore.FindAsync(connection, [key], cancellationToken);
        return used.Values.FirstOrDefault(earlier => earlier.BodyHash.AsSpan().SequenceEqual(key.BodyHash))?.ResourceId;
    }

    /// <summary>True: some request was made with this key, whatever its body. Without a key false.</summary>
    public async Task<bool> IsUsedAsync(IdempotencyKey? key, CancellationToken cancellationToken)
    {
        if (key is null)
        {
            return false;
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return (await IdempotencyStore.FindAsync(connection, [key], cancellationToken)).Count > 0;
    }

    /// <summary>Forgets keys older than the retention. Returns how many.</summary>
    public async Task<int> PruneAsync(int retentionHours, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Idempotency/Sql/idempotency_key_prune.sql"));
        command.Parameters.AddWithValue("retention_hours", retentionHours);
        command.Parameters.AddWithValue("key_limit", limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
