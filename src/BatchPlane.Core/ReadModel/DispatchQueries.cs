using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.ReadModel;

/// <summary>How far delivery is behind. Counted from the cursors on, up to a bound, so that it costs as much with a day's events waiting as with an hour's.</summary>
public sealed class DispatchQueries(NpgsqlDataSource dataSource)
{
    /// <summary>Counts at most <paramref name="rowLimit"/> rows of each shard, and tells at most <paramref name="topicLimit"/> topics and refused removals.</summary>
    public async Task<DispatchView> LagAsync(int rowLimit, int topicLimit, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(SqlText.Load("Database/Sql/without_jit.sql")),
                new(SqlText.Load("ReadModel/Sql/dispatch_shards.sql")) { Parameters = { new("row_limit", rowLimit) } },
                new(SqlText.Load("ReadModel/Sql/dispatch_topics.sql")) { Parameters = { new("row_limit", rowLimit), new("topic_limit", topicLimit) } },
                new(SqlText.Load("ReadModel/Sql/dispatch_removals.sql")) { Parameters = { new("removal_limit", topicLimit) } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var shards = new List<ShardView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            shards.Add(new(
                reader.GetInt16(0),
                reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.GetInt64(2),
                reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3),
                reader.GetInt64(4),
                Math.Round(reader.GetDouble(5), 3),
                reader.GetInt32(6) == rowLimit));
        }

        await reader.NextResultAsync(cancellationToken);
        var topics = new List<TopicLagView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            topics.Add(new(reader.GetString(0), reader.GetInt64(1), Math.Round(reader.GetDouble(2), 3)));
        }

        await reader.NextResultAsync(cancellationToken);
        var removals = new List<RefusedRemovalView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            removals.Add(new(
                reader.GetString(0),
                reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.GetInt32(3),
                reader.GetString(4)));
        }

        return new DispatchView
        {
            PendingEvents = shards.Sum(shard => shard.PendingEvents),
            SecondsBehind = shards.Max(shard => shard.SecondsBehind),
            AtLeast = shards.Exists(shard => shard.AtLeast),
            Shards = shards,
            Topics = topics,
            RefusedRemovals = removals,
        };
    }
}
