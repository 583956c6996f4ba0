using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using Npgsql;

namespace BatchPlane.Core.Scheduling;

/// <summary>Finds what is due: waits that are over and time limits that have passed. Reads only; what follows is decided by the transition path.</summary>
public sealed class DueStore(NpgsqlDataSource dataSource)
{
    /// <summary>What is due now, by job: up to <paramref name="limit"/> waits, tasks and jobs each, the oldest first.</summary>
    public async Task<IReadOnlyList<DueRequest>> SelectAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/due_select.sql"));
        command.Parameters.AddWithValue("due_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var delayed = new Dictionary<string, List<(long TaskId, int Index)>>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            var jobId = reader.GetString(0);
            if (!delayed.TryGetValue(jobId, out var ofJob))
            {
                delayed.Add(jobId, ofJob = []);
            }

            if (!reader.IsDBNull(1))
            {
                ofJob.Add((reader.GetInt64(1), reader.GetInt32(2)));
            }
        }

        return [.. delayed.Select(pair => new DueRequest(pair.Key, pair.Value))];
    }

    /// <summary>Time until something is due; negative when it is overdue, null when nothing ever is.</summary>
    public async Task<TimeSpan?> NextAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/due_next.sql"));
        return await command.ExecuteScalarAsync(cancellationToken) is double seconds ? TimeSpan.FromSeconds(seconds) : null;
    }
}
