using System.Globalization;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using Npgsql;

namespace BatchPlane.Database.Tests.Schema;

public sealed class JournalPartitionTests : IAsyncLifetime
{
    private Installation _installation = null!;

    public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task ServersMakingPartitionsTogether_MakeEachOnce()
    {
        await using var connection = await _installation.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var alone = new NpgsqlCommand(SqlText.Load("Journal/Sql/journal_change.sql"), connection);
        await alone.ExecuteNonQueryAsync();
        await using var first = new NpgsqlCommand("SELECT journal_ensure_partition(current_date + 5)", connection);
        await first.ExecuteNonQueryAsync();

        var second = new JournalStore(_installation.DataSource).EnsurePartitionsAsync(5, CancellationToken.None);
        await _installation.WaitersAsync(1);
        await transaction.CommitAsync();
        var made = await second;

        Assert.Empty(made.Failures);
        Assert.Equal(6, await PartitionsAsync());
    }

    [Fact]
    public async Task RowsWithoutAPartition_AreMovedToThatOfTheirDay()
    {
        await AppendAsync(4);
        await AppendAsync(4);
        await AppendAsync(-40);
        await AppendAsync(0);

        var made = await EnsureAsync();

        Assert.Equal((3L, 0L, 0), (made.Moved, made.Left, made.Failures.Count));
        Assert.Equal(0, await _installation.CountAsync("events_default"));
        Assert.Equal(
            ["events_-40 1", "events_0 1", "events_4 2"],
            await _installation.RowsAsync("""
                SELECT 'events_' || to_date(right(tableoid::regclass::text, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date, count(*)
                FROM events GROUP BY tableoid ORDER BY tableoid::regclass::text
                """));
        Assert.Equal(5, await _installation.ScalarAsync<long>("SELECT count(*) FROM pg_index WHERE indrelid = (SELECT tableoid FROM events ORDER BY occurred_at LIMIT 1)"));

        // Nothing holds an old one any more: it goes with its day.
        await _installation.ExecuteAsync("UPDATE statistics_cursor SET txid = '9223372036854775807'");
        Assert.Equal(1, await DropAsync());
        Assert.Equal(0, (await EnsureAsync()).Moved);
    }

    [Fact]
    public async Task ADayThatCannotBeMade_KeepsNoOtherFromBeingMade()
    {
        await AppendAsync(-40);
        await AppendAsync(2);
        await AppendAsync(3);
        var taken = await _installation.ScalarAsync<string>("SELECT to_char((now() AT TIME ZONE 'UTC')::date + 2, 'YYYYMMDD')");
        await _installation.ExecuteAsync($"CREATE TYPE events_{taken} AS ENUM ()");

        var made = await EnsureAsync();

        Assert.Equal((2L, 1L), (made.Moved, made.Left));
        Assert.Equal([(taken, PostgresErrorCodes.DuplicateObject)], made.Failures.Select(failure => (failure.Day.ToString("yyyyMMdd", CultureInfo.InvariantCulture), failure.Why.SqlState)));
        Assert.Equal(1, await _installation.CountAsync("events_default"));
    }

    [Fact]
    public async Task OldPartitions_GoOnceTheirEventsAreDeliveredAndCounted()
    {
        await _installation.ExecuteAsync("SELECT journal_ensure_partition(current_date - 40), journal_ensure_partition(current_date - 41)");
        await _installation.ExecuteAsync("""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
            VALUES ('7', 0, 'job-old', 1, 'job', 'SUCCEED', 'engine', now() - interval '40 days', 1)
            """);
        var before = await PartitionsAsync();

        Assert.Equal(1, await DropAsync());
        Assert.Equal(before - 1, await PartitionsAsync());

        await _installation.ExecuteAsync("UPDATE dispatcher_shards SET cursor_txid = '8' WHERE shard = 0");

        Assert.Equal(0, await DropAsync());
        Assert.Equal(before - 1, await PartitionsAsync());

        await _installation.ExecuteAsync("UPDATE statistics_cursor SET txid = '8'");

        Assert.Equal(1, await DropAsync());
        Assert.Equal(0, await _installation.CountAsync("events"));
    }

    private Task<JournalPartitions> EnsureAsync() => new JournalStore(_installation.DataSource).EnsurePartitionsAsync(4, CancellationToken.None);

    /// <summary>A row of so many days from now; that of today has a partition already.</summary>
    private Task AppendAsync(int days) => _installation.ExecuteAsync($"""
        INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
        SELECT pg_current_xact_id(), 0, 'job-any', (SELECT count(*) + 1 FROM events), 'job', 'RUNNING', 'engine', now() + interval '{days} days', 0
        """);

    private Task<int> DropAsync() => new JournalStore(_installation.DataSource).DropPartitionsAsync(14, CancellationToken.None);

    private Task<long> PartitionsAsync() =>
        _installation.ScalarAsync<long>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass AND inhrelid <> 'events_default'::regclass");
}
