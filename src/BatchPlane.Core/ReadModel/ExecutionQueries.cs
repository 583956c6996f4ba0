using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which attempts that run now somebody wants.</summary>
/// <param name="JobId">Of this job; null: of any.</param>
/// <param name="TaskName">Of this task; null: of any.</param>
/// <param name="InstanceIndex">Of this instance; null: of any.</param>
/// <param name="NodeId">On this node; null: on any.</param>
public sealed record RunningFilter(string? JobId, string? TaskName, int? InstanceIndex, string? NodeId);

/// <summary>Attempts that nodes hold now. Those that ended are in the journal: <see cref="JournalQueries.ExecutionsAsync"/>.</summary>
public sealed class ExecutionQueries(NpgsqlDataSource dataSource)
{
    /// <summary>At most <paramref name="limit"/> of them, behind the given place (a claim and an instance), each with its place.</summary>
    public async Task<IReadOnlyList<(ExecutionView View, long ClaimId)>> RunningAsync(RunningFilter filter, (long ClaimId, int Index) after, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/executions_running.sql"));
        command.Parameters.Add(new("job_id", NpgsqlDbType.Text) { Value = (object?)filter.JobId ?? DBNull.Value });
        command.Parameters.Add(new("task_name", NpgsqlDbType.Text) { Value = (object?)filter.TaskName ?? DBNull.Value });
        command.Parameters.Add(new("node_id", NpgsqlDbType.Text) { Value = (object?)filter.NodeId ?? DBNull.Value });
        command.Parameters.Add(new("instance_index", NpgsqlDbType.Integer) { Value = filter.InstanceIndex is { } index ? index : DBNull.Value });
        command.Parameters.AddWithValue("claim_id", after.ClaimId);
        command.Parameters.AddWithValue("after_index", after.Index);
        command.Parameters.AddWithValue("row_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var running = new List<(ExecutionView, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            running.Add((Read(reader), reader.GetInt64(0)));
        }

        return running;
    }

    private static ExecutionView Read(NpgsqlDataReader reader)
    {
        var attempt = reader.GetInt32(5);
        int? original = reader.IsDBNull(6) ? null : reader.GetInt32(6);
        return new ExecutionView
        {
            ExecutionId = ExecutionViews.IdOf(reader.GetString(1), reader.GetInt32(11), reader.GetInt32(4), attempt),
            JobId = reader.GetString(1),
            JobName = reader.GetString(2),
            TaskName = reader.GetString(3),
            TaskInstanceIndex = reader.GetInt32(4),
            Attempt = attempt,
            ExecutionSource = ExecutionSources.Of(attempt, original, reader.IsDBNull(10) ? null : reader.GetString(10)),
            PreviousAttempt = attempt > 1 ? attempt - 1 : null,
            OriginalAttempt = original,
            Result = ExecutionResults.Running,
            ComputeNodeId = reader.GetString(7),
            LaunchedAt = reader.GetFieldValue<DateTimeOffset>(8),
            StartTime = reader.IsDBNull(9) ? null : reader.GetFieldValue<DateTimeOffset>(9),
        };
    }
}
