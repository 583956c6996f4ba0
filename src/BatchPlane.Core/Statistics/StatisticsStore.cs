using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.ReadModel;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Statistics;

/// <summary>What statistics are told by.</summary>
public enum StatisticsKey
{
    /// <summary>By day, in UTC.</summary>
    Day,

    /// <summary>By name of the job.</summary>
    Job,

    /// <summary>By environment.</summary>
    Env,
}

/// <summary>Which statistics somebody wants.</summary>
/// <param name="By">What they are told by.</param>
/// <param name="First">First day, UTC.</param>
/// <param name="Last">Last day, UTC, itself included.</param>
/// <param name="EnvId">Of this environment; null: of all.</param>
/// <param name="JobName">Of jobs of this name; null: of all.</param>
public sealed record StatisticsQuery(StatisticsKey By, DateOnly First, DateOnly Last, string? EnvId, string? JobName);

/// <summary>Statistics by day, environment and job name, added up from the journal behind a cursor, outside the transition path.</summary>
public sealed class StatisticsStore(NpgsqlDataSource dataSource)
{
    /// <summary>Counts the next rows of the journal, at most <paramref name="limit"/>; returns how many. 0: there are none that are settled, or another server counts.</summary>
    public async Task<int> CountAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(SqlText.Load("Database/Sql/without_jit.sql")),
                new(SqlText.Load("Statistics/Sql/statistics_count.sql"))
                {
                    Parameters = { new("row_limit", limit), new("killed_causes", ExecutionViews.Killed.Select(WireName.Of).ToArray()) },
                },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt32(0);
    }

    /// <summary>Forgets days older than <paramref name="keepDays"/>; of days older than <paramref name="nameDays"/> the names of jobs.</summary>
    public async Task PruneAsync(int keepDays, int nameDays, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Statistics/Sql/statistics_prune.sql"));
        command.Parameters.AddWithValue("keep_days", keepDays);
        command.Parameters.AddWithValue("name_days", nameDays);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>At most <paramref name="limit"/> of them in the order of their key, behind the given one. Days without anything are zero.</summary>
    public async Task<IReadOnlyList<StatisticsView>> ListAsync(StatisticsQuery query, string? after, int limit, CancellationToken cancellationToken)
    {
        var name = query.By switch
        {
            StatisticsKey.Day => "statistics_by_day",
            StatisticsKey.Job => "statistics_by_job_name",
            StatisticsKey.Env => "statistics_by_env_id",
        };
        await using var command = dataSource.CreateCommand(SqlText.Load($"Statistics/Sql/{name}.sql"));
        command.Parameters.AddWithValue("first_day", query.First);
        command.Parameters.AddWithValue("last_day", query.Last);
        command.Parameters.Add(Text("env_id", query.EnvId));
        command.Parameters.Add(Text("job_name", query.JobName));
        command.Parameters.Add(Text("after", after));
        command.Parameters.AddWithValue("row_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<StatisticsView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new()
            {
                Key = reader.GetString(0),
                JobsSubmitted = reader.GetInt64(1),
                JobsSucceeded = reader.GetInt64(2),
                JobsFailed = reader.GetInt64(3),
                JobsInterrupted = reader.GetInt64(4),
                Succeeded = reader.GetInt64(5),
                Failed = reader.GetInt64(6),
                Killed = reader.GetInt64(7),
                Lost = reader.GetInt64(8),
                Returned = reader.GetInt64(9),
                Failovers = reader.GetInt64(10),
                Retries = reader.GetInt64(11),
                Manual = reader.GetInt64(12),
                RunMs = reader.GetInt64(13),
            });
        }

        return found;
    }

    private static NpgsqlParameter Text(string name, string? value) => new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };
}
