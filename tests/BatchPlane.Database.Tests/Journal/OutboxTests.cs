using System.Globalization;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit.Abstractions;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>
/// Sixteen writers of random short transactions, and a reader of each shard beside them. Some ten thousand rows here; a million with
/// <c>./dev soak outbox</c>, which sets <c>BATCHPLANE_SOAK_EVENTS</c> and, to repeat a run, <c>BATCHPLANE_SOAK_SEED</c>.
/// </summary>
public sealed class OutboxTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int DefaultEvents = 15_000;
    private const int Writers = 16;
    private const int Jobs = 40;

    private TestDatabase _database = null!;
    private NpgsqlDataSource _dataSource = null!;

    public async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await new MigrationRunner(_dataSource, NullLogger<MigrationRunner>.Instance).RunAsync(default);
        await new JournalStore(_dataSource).EnsurePartitionsAsync(1, default);
    }

    public async Task DisposeAsync()
    {
        await _dataSource.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task ManyWriters_NoEventIsMissedRepeatedOrOutOfOrder_WhereTheNaiveReaderMissesSome()
    {
        var events = Number("BATCHPLANE_SOAK_EVENTS") ?? DefaultEvents;
        var seed = Number("BATCHPLANE_SOAK_SEED") ?? Random.Shared.Next();
        output.WriteLine($"{events} events, seed {seed}");
        var history = new OutboxHistory(_dataSource, Jobs, events, seed);
        var followers = Enumerable.Range(0, DispatcherShard.Count).Select(shard => new OutboxFollower(_dataSource, (short)shard)).ToArray();
        var naive = new NaiveFollower(_dataSource);

        var writing = history.WriteAsync(Writers);
        await Task.WhenAll([writing, naive.FollowAsync(writing), .. followers.Select(follower => follower.FollowAsync(writing))]);

        output.WriteLine($"{history.Committed} committed, {history.RolledBack} rolled back, the naive reader missed {history.Committed - naive.Count}");
        Assert.Empty(followers.SelectMany(follower => follower.Breaks));
        Assert.Equal(history.Committed, followers.Sum(follower => follower.Count));
        Assert.Equal(await history.LastSequencesAsync(), followers.SelectMany(follower => follower.Last).ToDictionary());

        // The controls: something was rolled back, and there was something to miss.
        Assert.InRange(history.RolledBack, 1, long.MaxValue);
        Assert.InRange(naive.Count, 1, history.Committed - 1);
        await using var command = _dataSource.CreateCommand("SELECT count(DISTINCT tableoid) FROM events");
        Assert.Equal(3L, await command.ExecuteScalarAsync());
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
