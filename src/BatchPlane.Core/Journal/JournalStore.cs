using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Journal;

/// <summary>What came of making partitions.</summary>
/// <param name="Moved">Rows that lay in the default partition and are in that of their day now.</param>
/// <param name="Left">Rows that lie in the default partition still.</param>
/// <param name="Failures">Days whose partition could not be made, and why. Their rows go to the default partition, and stay there, until it can.</param>
public sealed record JournalPartitions(long Moved, long Left, IReadOnlyList<(DateOnly Day, PostgresException Why)> Failures);

/// <summary>Keeps the journal's partitions. Entries are appended by the stores of their subjects, in their transactions.</summary>
public sealed class JournalStore(NpgsqlDataSource dataSource)
{
    /// <summary>Days made at once, at most: rows in the default partition could be of many.</summary>
    private const int MaxDays = 100;

    /// <summary>
    /// Makes the partitions for today and the days to come, and those of rows that lie in the default partition. Each day by itself: one that cannot be made (the journal is
    /// locked for long by a reader, …) keeps no other from being made. Throws when the database cannot be reached.
    /// </summary>
    public async Task<JournalPartitions> EnsurePartitionsAsync(int daysAhead, CancellationToken cancellationToken)
    {
        var (days, misplaced) = await MissingDaysAsync(daysAhead, cancellationToken);
        var moved = 0L;
        var failures = new List<(DateOnly, PostgresException)>();
        foreach (var day in days)
        {
            try
            {
                moved += (long)(await ChangeAsync("Journal/Sql/journal_ensure_partition.sql", new("day", day), cancellationToken))!;
            }
            catch (PostgresException exception)
            {
                failures.Add((day, exception));
            }
        }

        return new(moved, Math.Max(0, misplaced - moved), failures);
    }

    /// <summary>Drops partitions older than the retention whose events are all delivered. Returns how many. Throws a passing fault when the journal is locked for long by a reader.</summary>
    public async Task<int> DropPartitionsAsync(int retentionDays, CancellationToken cancellationToken) =>
        (int)(await ChangeAsync("Journal/Sql/journal_drop_partitions.sql", new("retention_days", retentionDays), cancellationToken))!;

    /// <summary>Notes where in the order of the journal this moment is, unless somebody did within <paramref name="pause"/>.</summary>
    public async Task MarkAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_mark.sql"));
        command.Parameters.AddWithValue("pause", pause);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Forgets marks, exceptions, redeliveries and names of removed jobs about days that are not kept. Returns how many exceptions or removed jobs went, at most <paramref name="limit"/>: then there may be more.</summary>
    public async Task<int> PruneAsync(int retentionDays, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_prune.sql"));
        command.Parameters.AddWithValue("retention_days", retentionDays);
        command.Parameters.AddWithValue("row_limit", limit);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Days without a partition, and the number of rows in the default partition.</summary>
    private async Task<(List<DateOnly> Days, long Misplaced)> MissingDaysAsync(int daysAhead, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/journal_missing_days.sql"));
        command.Parameters.AddWithValue("days_ahead", daysAhead);
        command.Parameters.AddWithValue("day_limit", MaxDays);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var days = new List<DateOnly>();
        var misplaced = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(reader.GetFieldValue<DateOnly>(0));
            misplaced = reader.GetInt64(1);
        }

        return (days, misplaced);
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
