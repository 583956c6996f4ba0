using System.Diagnostics.CodeAnalysis;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Events;
using BatchPlane.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server.Tests.Events;

[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public sealed class EventTailTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly FailedLooks _failures = new();
    private TestDatabase _database = null!;
    private NpgsqlDataSource _dataSource = null!;
    private EventTail _tail = null!;

    public async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await new MigrationRunner(_dataSource, NullLogger<MigrationRunner>.Instance).RunAsync(default);
        var journal = new JournalQueries(new(_dataSource), new(_dataSource), Options.Create(new JournalOptions()));
        _tail = new(journal, Options.Create(new EventsOptions { LookInterval = TimeSpan.FromMilliseconds(10) }), TimeProvider.System, _failures);
        await _tail.StartAsync(default);
    }

    public async Task DisposeAsync()
    {
        await _tail.StopAsync(default);
        _tail.Dispose();
        await _dataSource.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task LookFailsBehindThePlaceToldOf_NothingIsLeftOut()
    {
        await ExecuteAsync("ALTER VIEW journal_rows RENAME TO away");
        using var first = _tail.Join();
        await first.Began.WaitAsync(Bound);
        await _failures.Next.WaitAsync(Bound);
        await AppendAsync();
        await ExecuteAsync("ALTER VIEW away RENAME TO journal_rows");

        Assert.Equal(["job-a:1"], await NextAsync(first));

        await AppendAsync();
        using var second = _tail.Join();
        Assert.Equal(["job-a:2"], await NextAsync(first));
    }

    [Fact]
    public async Task FirstLookFails_TheNextTellsWhereBatchesBegin()
    {
        await ExecuteAsync("ALTER TABLE journal_begin RENAME TO away");
        using var reader = _tail.Join();
        await _failures.Next.WaitAsync(Bound);
        await ExecuteAsync("ALTER TABLE away RENAME TO journal_begin");

        await reader.Began.WaitAsync(Bound);
    }

    private static async Task<string[]> NextAsync(TailReader reader)
    {
        using var patience = new CancellationTokenSource(Bound);
        var batch = await reader.Batches.ReadAsync(patience.Token);
        return [.. batch.Unfold(new(), default).Select(found => found.View.EventId)];
    }

    private Task AppendAsync() => ExecuteAsync("""
        INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
        SELECT pg_current_xact_id(), 0, 'job-a', coalesce(max(sequence), 0) + 1, 'job', 'RUNNING', 'engine', now(), 0 FROM events
        """);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Tells of the first look that failed.</summary>
    private sealed class FailedLooks : ILogger<EventTail>
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Next => _first.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _first.TrySetResult();
    }
}
