using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Idempotency;

/// <summary>What an earlier request with the same key was about.</summary>
/// <param name="BodyHash">Its body.</param>
/// <param name="ResourceId">What it made.</param>
internal sealed record UsedKey(byte[] BodyHash, string ResourceId);

/// <summary>The only class that runs Idempotency/Sql. Everything happens in the transaction that makes the resource.</summary>
internal static class IdempotencyStore
{
    /// <summary>Takes keys, each with what it is about to make; distinct by scope and key. Returns those that were used before; they are not taken.</summary>
    internal static async Task<Dictionary<(string Scope, string Key), UsedKey>> TakeAsync(
        NpgsqlConnection connection,
        IReadOnlyList<(IdempotencyKey Key, string ResourceId)> wanted,
        CancellationToken cancellationToken)
    {
        var sorted = wanted.OrderBy(pair => pair.Key.Scope, StringComparer.Ordinal).ThenBy(pair => pair.Key.Key, StringComparer.Ordinal).ToList();
        var taken = new HashSet<(string, string)>();
        await using (var insert = new NpgsqlCommand(SqlText.Load("Idempotency/Sql/idempotency_key_insert.sql"), connection))
        {
            insert.Parameters.Add(new NpgsqlParameter<string[]>("scopes", [.. sorted.Select(pair => pair.Key.Scope)]));
            insert.Parameters.Add(new NpgsqlParameter<string[]>("keys", [.. sorted.Select(pair => pair.Key.Key)]));
            insert.Parameters.Add(new NpgsqlParameter<byte[][]>("body_hashes", [.. sorted.Select(pair => pair.Key.BodyHash)]));
            insert.Parameters.Add(new NpgsqlParameter<string[]>("resource_ids", [.. sorted.Select(pair => pair.ResourceId)]));
            await using var reader = await insert.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                taken.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        return await FindAsync(connection, [.. sorted.Select(pair => pair.Key).Where(key => !taken.Contains((key.Scope, key.Key)))], cancellationToken);
    }

    /// <summary>Those of the keys that were used before.</summary>
    internal static async Task<Dictionary<(string Scope, string Key), UsedKey>> FindAsync(
        NpgsqlConnection connection,
        IReadOnlyList<IdempotencyKey> keys,
        CancellationToken cancellationToken)
    {
        var used = new Dictionary<(string, string), UsedKey>();
        if (keys.Count == 0)
        {
            return used;
        }

        await using var select = new NpgsqlCommand(SqlText.Load("Idempotency/Sql/idempotency_key_select.sql"), connection);
        select.Parameters.Add(new NpgsqlParameter<string[]>("scopes", [.. keys.Select(key => key.Scope)]));
        select.Parameters.Add(new NpgsqlParameter<string[]>("keys", [.. keys.Select(key => key.Key)]));
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            used[(reader.GetString(0), reader.GetString(1))] = new(reader.GetFieldValue<byte[]>(2), reader.GetString(3));
        }

        return used;
    }
}
