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

    /// <summary>Notes where in the order of the journal this moment is, unless somebody did within <paramref name="pause"/>.</summary>
    public async Task MarkAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_mark.sql"));
        command.Parameters.AddWithValue("pause", pause);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Forgets marks, exceptions and redeliveries about days that are not kept. Returns how many exceptions went, at most <paramref name="limit"/>: then there may be more.</summary>
    public async Task<int> PruneAsync(int retentionDays, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_prune.sql"));
        command.Parameters.AddWithValue("retention_days", retentionDays);
        command.Parameters.AddWithValue("row_limit", limit);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

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
