using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Notifications;

/// <summary>Something that has to go from RabbitMQ.</summary>
/// <param name="No">Its number.</param>
/// <param name="TopicName">Exchange.</param>
/// <param name="Queue">Queue.</param>
/// <param name="Binding">Pattern; null: the queue itself.</param>
/// <param name="IsWanted">A subscription made since wants it again: it stays.</param>
public sealed record TopologyRemoval(long No, string TopicName, string Queue, string? Binding, bool IsWanted);

/// <summary>What has to go from RabbitMQ. Rows are written by the statements that change subscriptions, in their transactions.</summary>
public sealed class TopologyRemovalStore(NpgsqlDataSource dataSource)
{
    /// <summary>The oldest removals, at most <paramref name="limit"/>.</summary>
    public async Task<IReadOnlyList<TopologyRemoval>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topology_removals_select.sql"));
        command.Parameters.AddWithValue("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var removals = new List<TopologyRemoval>();
        while (await reader.ReadAsync(cancellationToken))
        {
            removals.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetBoolean(4)));
        }

        return removals;
    }

    /// <summary>Forgets removals that are done.</summary>
    public async Task ForgetAsync(IReadOnlyCollection<long> removals, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topology_removals_delete.sql"));
        command.Parameters.AddWithValue("removal_nos", removals.ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
