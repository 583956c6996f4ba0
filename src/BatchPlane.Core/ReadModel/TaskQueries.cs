using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>A task, without anything of its job that may be large.</summary>
/// <param name="TaskId">Its key.</param>
/// <param name="TaskName">Its name.</param>
/// <param name="State">Its state.</param>
/// <param name="InstanceCount">How many instances it has.</param>
/// <param name="InstanceMetrics">Its instances per state.</param>
/// <param name="FinishedAt">When it ended; null: it has not.</param>
/// <param name="CreatedAt">When its job was stored.</param>
/// <param name="RedirectInfo">Where its outputs are stored, <see cref="RedirectInfoDocument"/>; null: nowhere.</param>
public sealed record TaskFacts(
    long TaskId,
    string TaskName,
    RunState State,
    int InstanceCount,
    RunMetrics InstanceMetrics,
    DateTimeOffset? FinishedAt,
    DateTimeOffset CreatedAt,
    RedirectInfoDocument? RedirectInfo);

/// <summary>An instance of a page that is read by offset.</summary>
/// <param name="Index">Its index.</param>
/// <param name="State">Its state.</param>
/// <param name="ExitCode">Of the last attempt; null: it has none.</param>
/// <param name="Cause">Why it ended, or why its last attempt did.</param>
/// <param name="Reason">The same for people.</param>
/// <param name="MachineId">The machine of the node that holds or held it; null: none did.</param>
/// <param name="LaunchedAt">When a node got it.</param>
/// <param name="RunningAt">When its command began.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record ListedInstance(
    int Index,
    RunState State,
    int? ExitCode,
    Cause? Cause,
    string? Reason,
    string? MachineId,
    DateTimeOffset? LaunchedAt,
    DateTimeOffset? RunningAt,
    DateTimeOffset? FinishedAt);

/// <summary>Single tasks and their instances for callers that read by offsets. What it costs does not depend on how large the job's request was.</summary>
public sealed class TaskQueries(NpgsqlDataSource dataSource)
{
    /// <summary>A task; null when the job has none of this name, or does not exist.</summary>
    public async Task<TaskFacts?> FindAsync(string jobId, string taskName, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/task_find.sql"));
        command.Parameters.AddWithValue("job_id", jobId);
        command.Parameters.AddWithValue("task_name", taskName);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ReadTask(reader) : null;
    }

    /// <summary>
    /// At most <paramref name="limit"/> instances of a task behind the first <paramref name="offset"/>, by index, those without a row included. <paramref name="states"/>: only those in one
    /// of these; null: all.
    /// </summary>
    public async Task<IReadOnlyList<ListedInstance>> PageAsync(long taskId, IReadOnlyCollection<RunState>? states, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/task_instance_page.sql"));
        command.Parameters.AddWithValue("task_id", taskId);
        command.Parameters.Add(new("states", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = states?.Select(WireName.Of).ToArray() ?? (object)DBNull.Value });
        command.Parameters.AddWithValue("page_offset", offset);
        command.Parameters.AddWithValue("page_limit", Math.Min(limit, int.MaxValue - offset));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var instances = new List<ListedInstance>();
        while (await reader.ReadAsync(cancellationToken))
        {
            instances.Add(ReadInstance(reader));
        }

        return instances;
    }

    /// <summary>Numbers of the last attempts of instances; those that were never claimed are left out.</summary>
    public async Task<IReadOnlyDictionary<int, int>> FindAttemptsAsync(long taskId, IReadOnlyCollection<int> indexes, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/task_attempts.sql"));
        command.Parameters.AddWithValue("task_id", taskId);
        command.Parameters.AddWithValue("indexes", indexes.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var attempts = new Dictionary<int, int>();
        while (await reader.ReadAsync(cancellationToken))
        {
            attempts[reader.GetInt32(0)] = reader.GetInt32(1);
        }

        return attempts;
    }

    private static TaskFacts ReadTask(NpgsqlDataReader row)
    {
        var state = row.GetString(2);
        return new(
            row.GetInt64(0),
            row.GetString(1),
            WireName.Parse<RunState>(state),
            row.GetInt32(3),
            JobQueries.Metrics(state, row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9)),
            Time(row, 10),
            row.GetFieldValue<DateTimeOffset>(11),
            Text(row, 12) is { } redirect and not "null" ? ReadJson.Of<RedirectInfoDocument>(redirect) : null);
    }

    private static ListedInstance ReadInstance(NpgsqlDataReader row) => new(
        row.GetInt32(0),
        InstanceStates.Of(WireName.ParseNullable<RunState>(Text(row, 1)), WireName.Parse<RunState>(row.GetString(2)), isHeld: row.GetBoolean(3), isSkipped: row.GetBoolean(4)),
        row.IsDBNull(5) ? null : row.GetInt32(5),
        WireName.ParseNullable<Cause>(Text(row, 6)),
        Text(row, 7),
        Text(row, 8),
        Time(row, 9),
        Time(row, 10),
        Time(row, 11));

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
