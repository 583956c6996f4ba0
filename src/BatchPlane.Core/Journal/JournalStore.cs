using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Journal;

/// <summary>Keeps the journal's partitions. Entries are appended by the stores of their subjects, in their transactions.</summary>
public sealed class JournalStore(NpgsqlDataSource dataSource)
{
    /// <summary>Makes the partitions for today and the days to come. Throws a passing fault when the journal is locked for long by a reader.</summary>
    public async Task EnsurePartitionsAsync(int daysAhead, CancellationToken cancellationToken) =>
        await ChangeAsync("Journal/Sql/journal_ensure_partitions.sql", new("days_ahead", daysAhead), cancellationToken);

    /// <summary>Drops partitions older than the retention whose events are all delivered. Returns how many. Throws as <see cref="EnsurePartitionsAsync"/>.</summary>
    public async Task<int> DropPartitionsAsync(int retentionDays, CancellationToken cancellationToken) =>
        (int)(await ChangeAsync("Journal/Sql/journal_drop_partitions.sql", new("retention_days", retentionDays), cancellationToken))!;

    private async Task<object?> ChangeAsync(string path, NpgsqlParameter parameter, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var alone = new NpgsqlCommand(SqlText.Load("Journal/Sql/journal_change.sql"), connection))
        {
            await alone.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var command = new NpgsqlCommand(SqlText.Load(path), connection) { Parameters = { parameter } };
        var result = await command.ExecuteScalarAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }
}
