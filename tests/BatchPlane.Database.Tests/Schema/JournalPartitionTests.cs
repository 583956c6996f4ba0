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
        await using var first = new NpgsqlCommand(SqlText.Load("Journal/Sql/journal_ensure_partitions.sql"), connection) { Parameters = { new("days_ahead", 5) } };
        await first.ExecuteNonQueryAsync();

        var second = new JournalStore(_installation.DataSource).EnsurePartitionsAsync(5, CancellationToken.None);
        await _installation.WaitersAsync(1);
        await transaction.CommitAsync();
        await second;

        Assert.Equal(6, await PartitionsAsync());
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

    private Task<int> DropAsync() => new JournalStore(_installation.DataSource).DropPartitionsAsync(14, CancellationToken.None);

    private Task<long> PartitionsAsync() =>
        _installation.ScalarAsync<long>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass AND inhrelid <> 'events_default'::regclass");
}
