using BatchPlane.Core.Database;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Topics;

/// <summary>Something that has to go from RabbitMQ.</summary>
/// <param name="No">Its number.</param>
/// <param name="TopicName">Exchange.</param>
/// <param name="Queue">Queue; null: the exchange itself.</param>
/// <param name="Binding">Pattern; null: the queue itself.</param>
/// <param name="IsWanted">A topic or subscription made since wants it again: it stays.</param>
public sealed record TopologyRemoval(long No, string TopicName, string? Queue, string? Binding, bool IsWanted);

/// <summary>What has to go from RabbitMQ. Rows are written by the statements that change topics and subscriptions, in their transactions.</summary>
public sealed class TopologyRemovalStore(NpgsqlDataSource dataSource)
{
    /// <summary>The oldest removals of a topic that may be done, at most <paramref name="limit"/>. A binding whose queue is sent copies since a change stays until all before that is delivered.</summary>
    public async Task<IReadOnlyList<TopologyRemoval>> ListAsync(string topicName, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topology_removals_select.sql"));
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(topicName));
        command.Parameters.AddWithValue("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var removals = new List<TopologyRemoval>();
        while (await reader.ReadAsync(cancellationToken))
        {
            removals.Add(new(
                reader.GetInt64(0),
                reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetBoolean(4)));
        }

        return removals;
    }

    /// <summary>Topics that have removals, at most <paramref name="limit"/>, in lower case and by name; those after <paramref name="after"/> when it is given.</summary>
    public async Task<IReadOnlyList<string>> ListTopicsAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topology_removals_topics.sql"));
        command.Parameters.Add(new("after", NpgsqlDbType.Text) { Value = (object?)after ?? DBNull.Value });
        command.Parameters.AddWithValue("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var topics = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            topics.Add(reader.GetString(0));
        }

        return topics;
    }

    /// <summary>Topics that have bindings to be taken away which had to wait, and need not any more; at most <paramref name="limit"/>, in lower case.</summary>
    public async Task<IReadOnlyList<string>> ListHandedOverAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topology_removals_handed_over.sql"));
        command.Parameters.AddWithValue("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var topics = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            topics.Add(reader.GetString(0));
        }

        return topics;
    }

    /// <summary>RabbitMQ refused a removal: it stays, and says why.</summary>
    public async Task RefusedAsync(long removal, string reason, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topology_removals_refused.sql"));
        command.Parameters.AddWithValue("removal_no", removal);
        command.Parameters.AddWithValue("reason", reason);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Forgets removals that are done.</summary>
    public async Task ForgetAsync(IReadOnlyCollection<long> removals, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topology_removals_delete.sql"));
        command.Parameters.AddWithValue("removal_nos", removals.ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
