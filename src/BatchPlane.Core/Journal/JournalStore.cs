using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Journal;

/// <summary>Keeps the journal's partitions. Entries are appended by the stores of their subjects, in their transactions.</summary>
public sealed class JournalStore(NpgsqlDataSource dataSource)
{
    /// <summary>Makes the partitions for today and the days to come.</summary>
    public async Task EnsurePartitionsAsync(int daysAhead, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_ensure_partitions.sql"));
        command.Parameters.AddWithValue("days_ahead", daysAhead);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops partitions older than the retention whose events are all delivered. Returns how many.</summary>
    public async Task<int> DropPartitionsAsync(int retentionDays, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_drop_partitions.sql"));
        command.Parameters.AddWithValue("retention_days", retentionDays);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
