using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using Npgsql;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>
/// Writers of events as the transition path is one: several jobs locked in order of their ids, rows appended to each, one commit. They have their transaction
/// number early, dawdle at random and roll back now and then, so that commits come in quite another order than numbers. Rows lie in several partitions and in the
/// default one, stand for one event or several, and some of them nobody asked for. Jobs are locked and changed by the product's own statements.
/// </summary>
internal sealed class OutboxHistory(NpgsqlDataSource dataSource, int jobs, int events, int seed)
{
    private const int MaxJobsOfOne = 3;
    private const int MaxRowsOfJob = 12;

    // Events that nobody asked for, and where rows with a span end.
    private const int UnaskedEvery = 5;
    private const double Rollbacks = 0.1;
    private const double Dawdlers = 0.3;
    private const int MaxDawdleMilliseconds = 8;

    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private long _committed;
    private long _rolledBack;

    /// <summary>Rows that were committed and asked for.</summary>
    internal long Committed => Interlocked.Read(ref _committed);

    /// <summary>Rows that were asked for and rolled back.</summary>
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

    /// <summary>Whether somebody asked for the event of a job with this sequence.</summary>
    internal static bool IsAsked(long sequence) => sequence % UnaskedEvery != 0;

    /// <summary>The last sequence of each job that was asked for, as its row says.</summary>
    internal async Task<Dictionary<string, long>> LastSequencesAsync()
    {
        await using var command = dataSource.CreateCommand("SELECT job_id, last_sequence FROM jobs");
        await using var reader = await command.ExecuteReaderAsync();
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            var sequence = reader.GetInt64(1);
            last.Add(reader.GetString(0), IsAsked(sequence) ? sequence : sequence - 1);
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
            written += await AppendAsync(connection, id, random.Next(1, MaxRowsOfJob + 1), random);
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

    private async Task<int> AppendAsync(NpgsqlConnection connection, string id, int rows, Random random)
    {
        var (last, txid) = await LockAsync(connection, id);
        var entries = new List<JournalEntry>();
        for (var sequence = last + 1; entries.Count < rows; sequence += entries[^1].Span)
        {
            entries.Add(EntryOf(id, sequence, random));
        }

        var job = new JobRecord { JobId = id, LoadedSequence = last, State = RunState.Running, LastSequence = entries[^1].Sequence + entries[^1].Span - 1 };
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { JournalRows.Insert([.. entries.Select(entry => (entry, txid))]), JobRows.ApplyJobs([job]) } };
        Assert.Equal(entries.Count + 1, await batch.ExecuteNonQueryAsync());
        return entries.Count(entry => entry.Notify != 0);
    }

    /// <summary>Of today, of tomorrow, or of a day that has no partition.</summary>
    private JournalEntry EntryOf(string id, long sequence, Random random) => new()
    {
        SubjectId = id,
        Sequence = sequence,
        Span = IsAsked(sequence) ? random.Next(1, (int)(UnaskedEvery - (sequence % UnaskedEvery)) + 1) : 1,
        Level = EventLevel.TaskInstance,
        State = "RUNNING",
        InstanceIndex = 0,
        Source = "engine",
        OccurredAt = _now.AddDays(random.Next(-1, 2)),
        Notify = IsAsked(sequence) ? 1 : 0,
    };

    private static async Task<(long LastSequence, ulong JournalTxid)> LockAsync(NpgsqlConnection connection, string id)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Jobs/Sql/job_lock.sql"), connection);
        command.Parameters.AddWithValue("job_ids", new[] { id });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(reader.GetOrdinal("last_sequence")), reader.GetFieldValue<ulong>(reader.GetOrdinal("journal_txid")));
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
