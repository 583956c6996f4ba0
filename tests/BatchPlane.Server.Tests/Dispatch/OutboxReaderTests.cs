using BatchPlane.Core.Journal;
using Npgsql;
using static BatchPlane.Server.Tests.Dispatch.DispatchWorld;

namespace BatchPlane.Server.Tests.Dispatch;

public sealed class OutboxReaderTests : IAsyncLifetime
{
    private const string JobOne = "job-aaaaaaaa";
    private DispatchWorld _world = null!;

    private static short Shard => DispatcherShard.Of(JobOne);

    private static string JobTwo { get; } = Enumerable
        .Range(0, 1_000)
        .Select(n => $"job-bbbbb{n:000}")
        .First(id => DispatcherShard.Of(id) == DispatcherShard.Of(JobOne));

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        await _world.AddJobAsync(JobOne, Ask("t", "JOB_RUNNING"));
        await _world.AddJobAsync(JobTwo, Ask("t", "JOB_RUNNING"));
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task CommitsOutOfOrder_NothingIsSkipped_WhereANaiveReaderLoses()
    {
        await using var slow = await _world.DataSource.OpenConnectionAsync();
        await using var transaction = await slow.BeginTransactionAsync();
        await AppendAsync(slow, JobOne);
        await _world.AppendAsync(JobTwo);

        var early = await _world.Reader.ReadAsync(Shard, default, 10, default);
        var naive = await NaiveAsync(after: 0);
        await transaction.CommitAsync();
        var late = await SettledAsync(rows: 2);
        var naiveLate = await NaiveAsync(after: naive.Max());

        Assert.Empty(early.Rows);
        Assert.True(early.Unsettled);
        Assert.Equal([JobOne, JobTwo], late.Rows.Select(row => row.SubjectId));

        // The control: two rows were committed, the naive reader saw one and will never see the other.
        Assert.Single(naive);
        Assert.Empty(naiveLate);
    }

    [Fact]
    public async Task OlderTransactionWritesLater_SequenceHolds_WhereOrderByOwnTransactionBreaksIt()
    {
        await using var older = await _world.DataSource.OpenConnectionAsync();
        await using var transaction = await older.BeginTransactionAsync();
        await using (var begin = new NpgsqlCommand("SELECT pg_current_xact_id()", older))
        {
            await begin.ExecuteNonQueryAsync();
        }

        await _world.AppendAsync(JobOne);
        await AppendAsync(older, JobOne);
        await transaction.CommitAsync();

        var page = await SettledAsync(rows: 2);
        var byOwnTransaction = await _world.ScalarAsync<long[]>("SELECT array_agg(sequence ORDER BY xmin::text::bigint, event_no) FROM events");

        Assert.Equal([1, 2], page.Rows.Select(row => row.Sequence));
        Assert.Equal([2, 1], byOwnTransaction);
    }

    [Fact]
    public async Task Pages_FollowEachOtherWithoutOverlap()
    {
        for (var n = 0; n < 5; n++)
        {
            await _world.AppendAsync(JobOne);
        }

        await SettledAsync(rows: 5);
        var first = await _world.Reader.ReadAsync(Shard, default, 2, default);
        var second = await _world.Reader.ReadAsync(Shard, first.Rows[^1].End, 2, default);
        var third = await _world.Reader.ReadAsync(Shard, second.Rows[^1].End, 2, default);

        Assert.Equal([1, 2, 3, 4, 5], new[] { first, second, third }.SelectMany(page => page.Rows).Select(row => row.Sequence));
        Assert.True(first.Full);
        Assert.False(third.Full);
    }

    /// <summary>The horizon is that of the whole server: transactions of other tests hold it too.</summary>
    private Task<OutboxPage> SettledAsync(int rows) => Until.ReachedAsync(
        () => _world.Reader.ReadAsync(Shard, default, 10, default),
        page => page.Rows.Count == rows,
        page => $"{page.Rows.Count} of {rows} rows");

    private async Task<List<long>> NaiveAsync(long after)
    {
        await using var command = _world.DataSource.CreateCommand("SELECT event_no FROM events WHERE event_no > $1 ORDER BY event_no");
        command.Parameters.Add(new() { Value = after });
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<long>();
        while (await reader.ReadAsync())
        {
            found.Add(reader.GetInt64(0));
        }

        return found;
    }
}
