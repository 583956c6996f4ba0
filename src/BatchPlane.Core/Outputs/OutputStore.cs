using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using Npgsql;

namespace BatchPlane.Core.Outputs;

/// <summary>What the database knows of outputs: whether they may still grow, and whether they were kept long enough.</summary>
public sealed class OutputStore(NpgsqlDataSource dataSource)
{
    private static readonly string[] LiveStates = [.. Enum.GetValues<RunState>().Where(RunStates.IsHeldByNode).Select(WireName.Of)];
    private static readonly string[] FinalStates = [.. Enum.GetValues<RunState>().Where(RunStates.IsFinal).Select(WireName.Of)];

    /// <summary>Which of these attempts have not ended. All outputs of one that is not among them are complete.</summary>
    public Task<IReadOnlySet<AttemptRef>> LiveAsync(IReadOnlyList<AttemptRef> attempts, CancellationToken cancellationToken) =>
        WhichAsync("Outputs/Sql/instance_select_live.sql", attempts, LiveStates, cancellationToken);

    /// <summary>Of which awaited attempts there is news: they or later ones are there, or their instance or task has ended or is gone.</summary>
    public Task<IReadOnlySet<AttemptRef>> NewsOfAsync(IReadOnlyList<AttemptRef> attempts, CancellationToken cancellationToken) =>
        WhichAsync("Outputs/Sql/instance_select_awaited.sql", attempts, FinalStates, cancellationToken);

    /// <summary>At most <paramref name="limit"/> jobs whose outputs are to be removed, each with the time before which those were written. From now on they count as gone.</summary>
    public async Task<IReadOnlyList<(string JobId, DateTimeOffset GoneAt)>> ExpireAsync(TimeSpan keepFor, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Outputs/Sql/job_expire_outputs.sql"));
        command.Parameters.AddWithValue("keep_for", keepFor);
        command.Parameters.AddWithValue("job_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var jobs = new List<(string, DateTimeOffset)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            jobs.Add((reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return jobs;
    }

    /// <summary>Nothing of what <see cref="ExpireAsync"/> named is left.</summary>
    public async Task RemovedAsync(string jobId, DateTimeOffset goneAt, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Outputs/Sql/job_outputs_removed.sql"));
        command.Parameters.AddWithValue("job_id", jobId);
        command.Parameters.AddWithValue("gone_at", goneAt);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlySet<AttemptRef>> WhichAsync(string statement, IReadOnlyList<AttemptRef> attempts, string[] states, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load(statement));
        command.Parameters.AddWithValue("task_ids", attempts.Select(attempt => attempt.TaskId).ToArray());
        command.Parameters.AddWithValue("indexes", attempts.Select(attempt => attempt.Index).ToArray());
        command.Parameters.AddWithValue("attempts", attempts.Select(attempt => attempt.Attempt).ToArray());
        command.Parameters.AddWithValue("states", states);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var those = new HashSet<AttemptRef>();
        while (await reader.ReadAsync(cancellationToken))
        {
            those.Add(attempts[reader.GetInt32(0) - 1]);
        }

        return those;
    }
}
