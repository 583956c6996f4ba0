using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Journal;

/// <summary>A shard held by this dispatcher.</summary>
/// <param name="Shard">Which.</param>
/// <param name="Epoch">Epoch of the lease; every move of the cursor carries it.</param>
/// <param name="Position">The cursor when it was taken.</param>
public sealed record ShardLease(short Shard, long Epoch, OutboxPosition Position);

/// <summary>What a renewal found.</summary>
/// <param name="Share">Shards this dispatcher should hold now: all shards divided by the living dispatchers.</param>
/// <param name="Renewed">Shards whose lease was renewed; a held one that is missing was taken over.</param>
public sealed record LeaseRenewal(int Share, IReadOnlySet<short> Renewed);

/// <summary>
/// The leases of the dispatcher shards. All times are the database clock's; a lease that ran out is taken by whoever comes
/// first, with a greater epoch.
/// </summary>
public sealed class ShardLeases(NpgsqlDataSource dataSource)
{
    /// <summary>Says that <paramref name="holder"/> lives and renews what it holds for another <paramref name="lease"/>. Safe to repeat.</summary>
    public async Task<LeaseRenewal> RenewAsync(
        string holder,
        IReadOnlyCollection<ShardLease> held,
        TimeSpan lease,
        CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/dispatchers_beat.sql"));
        command.Parameters.AddWithValue("holder", holder);
        command.Parameters.AddWithValue("lease", lease);
        command.Parameters.AddWithValue("shards", held.Select(shard => shard.Shard).ToArray());
        command.Parameters.AddWithValue("epochs", held.Select(shard => shard.Epoch).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(reader.GetInt32(0), reader.GetFieldValue<short[]>(1).ToHashSet());
    }

    /// <summary>Takes up to <paramref name="wanted"/> shards that are free or whose lease ran out; may be none.</summary>
    public async Task<IReadOnlyList<ShardLease>> ClaimAsync(string holder, int wanted, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/dispatcher_shards_claim.sql"));
        command.Parameters.AddWithValue("holder", holder);
        command.Parameters.AddWithValue("wanted", wanted);
        command.Parameters.AddWithValue("lease", lease);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var claimed = new List<ShardLease>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var position = new OutboxPosition(reader.GetFieldValue<ulong>(2), reader.GetInt64(3), reader.GetInt32(4));
            claimed.Add(new(reader.GetInt16(0), reader.GetInt64(1), position));
        }

        return claimed;
    }

    /// <summary>Gives a shard back. Nothing happens when it was taken over already.</summary>
    public async Task ReleaseAsync(ShardLease lease, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/dispatcher_shards_release.sql"));
        command.Parameters.AddWithValue("shard", lease.Shard);
        command.Parameters.AddWithValue("epoch", lease.Epoch);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>This dispatcher leaves: the others divide the shards without it at their next renewal.</summary>
    public async Task LeaveAsync(string holder, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/dispatchers_delete.sql"));
        command.Parameters.AddWithValue("holder", holder);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
