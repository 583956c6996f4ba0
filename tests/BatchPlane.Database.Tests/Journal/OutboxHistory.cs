using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using Npgsql;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>
/// Writers of events as the transition path is one: several jobs locked in order of their ids, rows appended to each, one commit. They have their transaction
/// number early, dawdle at random and roll back now and then, so that commits come in quite another order than numbers.
/// </summary>
internal sealed class OutboxHistory(NpgsqlDataSource dataSource, int jobs, int events, int seed)
{
    private const int MaxJobsOfOne = 3;
    private const int MaxRowsOfJob = 12;
    private const double Rollbacks = 0.1;
    private const double Dawdlers = 0.3;
    private const int MaxDawdleMilliseconds = 8;

    private static readonly DateTimeOffset Now = new(2025, 10, 9, 8, 53, 20, TimeSpan.Zero);

    private long _committed;
    private long _rolledBack;

    /// <summary>Events that were committed.</summary>
    internal long Committed => Interlocked.Read(ref _committed);

    /// <summary>Events that were written and rolled back.</summary>
    internal long RolledBack => Interlocked.Read(ref _rolledBack);

    /// <summary>Runs writers at the same time until there are enough events.</summary>
    internal async Task WriteAsync(int writers)
    {
        for (var job = 0; job < jobs; job++)
        {
            await AddAsync(Id(job));
        }

        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteOnAsync(new Random(seed + writer)))));
    }

    /// <summary>The last sequence of each job, as its row says.</summary>
    internal async Task<Dictionary<string, long>> LastSequencesAsync()
    {
        await using var command = dataSource.CreateCommand("SELECT job_id, last_sequence FROM jobs");
        await using var reader = await command.ExecuteReaderAsync();
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            last.Add(reader.GetString(0), reader.GetInt64(1));
        }

        return last;
    }

    private static string Id(int job) => FormattableString.Invariant($"job-{job:00000000}");

    private async Task WriteOnAsync(Random random)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        while (Committed < events)
        {
            string[] ids = [.. Enumerable.Range(0, random.Next(1, MaxJobsOfOne + 1)).Select(_ => Id(random.Next(jobs))).Distinct().Order(StringComparer.Ordinal)];
            await TransactAsync(connection, ids, random);
        }
    }

    private async Task TransactAsync(NpgsqlConnection connection, string[] ids, Random random)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "SELECT pg_current_xact_id()");
        await DawdleAsync(random);
        var written = 0L;
        foreach (var id in ids)
        {
            written += await AppendAsync(connection, id, random.Next(1, MaxRowsOfJob + 1));
            await DawdleAsync(random);
        }

        if (random.NextDouble() < Rollbacks)
        {
            await transaction.RollbackAsync();
            Interlocked.Add(ref _rolledBack, written);
            return;
        }

        await transaction.CommitAsync();
        Interlocked.Add(ref _committed, written);
    }

    private static async Task<int> AppendAsync(NpgsqlConnection connection, string id, int rows)
    {
        var (last, txid) = await LockAsync(connection, id);
        var entries = Enumerable.Range(1, rows).Select(row => (
            new JournalEntry { SubjectId = id, Sequence = last + row, Level = EventLevel.Job, State = "RUNNING", Source = "engine", OccurredAt = Now, Notify = 1 }, txid));
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { JournalRows.Insert([.. entries]) } };
        await batch.ExecuteNonQueryAsync();
        await using var update = new NpgsqlCommand(
            "UPDATE jobs SET last_sequence = last_sequence + @rows, journal_txid = greatest(journal_txid, pg_current_xact_id()) WHERE job_id = @id", connection);
        update.Parameters.AddWithValue("rows", rows);
        update.Parameters.AddWithValue("id", id);
        await update.ExecuteNonQueryAsync();
        return rows;
    }

    private static async Task<(long LastSequence, ulong JournalTxid)> LockAsync(NpgsqlConnection connection, string id)
    {
        await using var command = new NpgsqlCommand("SELECT last_sequence, journal_txid FROM jobs WHERE job_id = @id FOR UPDATE", connection);
        command.Parameters.AddWithValue("id", id);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetFieldValue<ulong>(1));
    }

    private static Task DawdleAsync(Random random) =>
        random.NextDouble() < Dawdlers ? Task.Delay(random.Next(MaxDawdleMilliseconds)) : Task.CompletedTask;

    private async Task AddAsync(string id)
    {
        await using var command = dataSource.CreateCommand(
            """
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, submitted_by, created_at)
            VALUES (@id, 'outbox', '', 1, 'RUNNING', '{}', '[]', '{}', '[]', 'test', now())
            """);
        command.Parameters.AddWithValue("id", id);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
