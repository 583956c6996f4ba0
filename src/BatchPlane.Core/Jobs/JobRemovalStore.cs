using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>Removes what there is of deleted jobs, a bounded number of rows in each transaction: events wait while one deletes. Safe to run on several servers at once.</summary>
public sealed class JobRemovalStore(NpgsqlDataSource dataSource)
{
    private static readonly string[] Parts =
    [
        "Jobs/Sql/removed_instance_delete.sql",
        "Jobs/Sql/removed_progress_delete.sql",
        "Jobs/Sql/removed_usage_delete.sql",
        "Jobs/Sql/removed_skip_delete.sql",
        "Jobs/Sql/removed_claim_delete.sql",
    ];

    /// <summary>At most <paramref name="limit"/> deleted jobs that are not removed yet, the earliest deleted first.</summary>
    public async Task<IReadOnlyList<string>> DeletedAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Jobs/Sql/removed_job_select.sql"));
        command.Parameters.AddWithValue("job_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var jobIds = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            jobIds.Add(reader.GetString(0));
        }

        return jobIds;
    }

    /// <summary>Removes everything below a deleted job and its tasks, <paramref name="limit"/> rows at a time.</summary>
    public async Task RemovePartsAsync(string jobId, int limit, CancellationToken cancellationToken)
    {
        foreach (var part in Parts)
        {
            int removed;
            do
            {
                await using var command = dataSource.CreateCommand(SqlText.Load(part));
                command.Parameters.AddWithValue("job_id", jobId);
                command.Parameters.AddWithValue("row_limit", limit);
                removed = await command.ExecuteNonQueryAsync(cancellationToken);
            }
            while (removed == limit);
        }
    }

    /// <summary>Removes the environments made for its tasks, <paramref name="limit"/> at a time: those that are gone, once all events of the job are delivered.</summary>
    public async Task RemoveEnvironmentsAsync(string jobId, int limit, CancellationToken cancellationToken)
    {
        int removed;
        do
        {
            await using var command = dataSource.CreateCommand(SqlText.Load("Jobs/Sql/removed_environment_delete.sql"));
            command.Parameters.AddWithValue("job_id", jobId);
            command.Parameters.AddWithValue("row_limit", limit);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            for (removed = 0; await reader.ReadAsync(cancellationToken); removed++)
            {
            }
        }
        while (removed == limit);
    }

    /// <summary>Removes the job and its tasks. False while its events are still to be delivered or environments of its tasks are still there, or when another server was faster.</summary>
    public async Task<bool> RemoveAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Jobs/Sql/removed_job_delete.sql"));
        command.Parameters.AddWithValue("job_id", jobId);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }
}
