using BatchPlane.Core.Database;
using BatchPlane.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace BatchPlane.Database.Tests.Schema;

public sealed class SchemaTests : IAsyncLifetime
{
    private const string AdvisoryLocks = """
        SELECT objid::text FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;

    private TestDatabase _database = null!;
    private NpgsqlDataSource _dataSource = null!;

    public async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        await _dataSource.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task EmptyDatabase_BecomesTheSchemaWrittenDown()
    {
        await MigrateAsync();

        var schema = await SchemaDump.OfAsync(_dataSource);

        var golden = Repository.PathOf("src/BatchPlane.Core/Database/schema.sql");
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(golden, schema);
        }

        Assert.Equal(await File.ReadAllTextAsync(golden), schema);
    }

    [Fact]
    public async Task EveryTableSequenceAndFunction_HasAComment()
    {
        await MigrateAsync();

        var bare = await RowsAsync("""
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S') AND NOT relispartition AND obj_description(oid, 'pg_class') IS NULL
            UNION ALL
            SELECT proname FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
            """);

        // The journal's own numbers; events says what they are for.
        Assert.Equal(["event_no_seq"], bare);
    }

    [Fact]
    public async Task MigratingTwice_ChangesNothing()
    {
        await MigrateAsync();
        var first = await RowsAsync("SELECT version || ' ' || applied_at FROM schema_migrations");

        await MigrateAsync();

        Assert.Equal(first, await RowsAsync("SELECT version || ' ' || applied_at FROM schema_migrations"));
    }

    [Fact]
    public async Task ManyServersStartingTogether_MigrateOnce()
    {
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => MigrateAsync()));

        var migrations = SqlText.Paths.Count(path => path.StartsWith("Database/Migrations/", StringComparison.Ordinal));
        Assert.Equal(migrations, (await RowsAsync("SELECT name FROM schema_migrations")).Count);
        Assert.Empty(await RowsAsync(AdvisoryLocks));
    }

    [Fact]
    public async Task MigrationEditedAfterwards_StopsTheStart()
    {
        await MigrateAsync();
        await ExecuteAsync("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(MigrateAsync);

        Assert.Equal("Migration 0001_initial is not the one that was applied to this database.", exception.Message);
    }

    [Fact]
    public async Task NewerDatabase_StopsTheStart()
    {
        await MigrateAsync();
        await ExecuteAsync("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, '9999_future', '')");

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(MigrateAsync);

        Assert.Equal("The database has migration 9999, which this version of BatchPlane does not know. Start the newer version.", exception.Message);
    }

    [Fact]
    public async Task RefusedStart_LeavesNoLockBehind()
    {
        await MigrateAsync();
        await ExecuteAsync("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
        await Assert.ThrowsAsync<InvalidOperationException>(MigrateAsync);

        Assert.Empty(await RowsAsync(AdvisoryLocks));
    }

    private Task MigrateAsync() => new MigrationRunner(_dataSource, NullLogger<MigrationRunner>.Instance).RunAsync(CancellationToken.None);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<List<string>> RowsAsync(string sql)
    {
        await using var command = _dataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
