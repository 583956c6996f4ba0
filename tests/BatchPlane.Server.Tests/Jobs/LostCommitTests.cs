using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Tests.Dispatch;
using BatchPlane.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server.Tests.Jobs;

/// <summary>The connection breaks while the database commits: the server cannot know whether it did, and the commit may still be under way.</summary>
public sealed class LostCommitTests : IAsyncLifetime, IDisposable
{
    /// <summary>Makes every commit of a job wait for a lock that the test holds.</summary>
    private const string SlowCommit = """
        CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4242); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit();
        """;

    private const string Waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'writer' AND wait_event_type = 'Lock'";

    private TestDatabase _database = null!;
    private NpgsqlDataSource _direct = null!;
    private NpgsqlConnection _holder = null!;
    private TcpGate _gate = null!;
    private NpgsqlDataSource _gated = null!;
    private TransitionWriter _writer = null!;
    private string _envId = "";

    public async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _direct = NpgsqlDataSource.Create(_database.ConnectionString);
        await new MigrationRunner(_direct, NullLogger<MigrationRunner>.Instance).RunAsync(CancellationToken.None);
        var created = await new EnvironmentStore(_direct, new()).CreateAsync(new() { EnvName = "grid", Provider = NodeProvider.Attached }, false, "user:test", null, CancellationToken.None);
        _envId = Assert.IsType<CreateEnvironmentOutcome.Created>(created).EnvId;
        await ScalarAsync(SlowCommit);
        _holder = await _direct.OpenConnectionAsync();
        await HolderAsync("SELECT pg_advisory_lock(4242)");

        var address = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        _gate = new(address.Host!, address.Port);
        _gated = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Host = "127.0.0.1", Port = _gate.Port, ApplicationName = "writer" }.ConnectionString);
        _writer = new(_gated, new JobSecrets(new InstallationKey(new byte[InstallationKey.KeyBytes])), Options.Create(new EngineLimits { MaxTransactionRetries = 2 }), new(), new(), new(), TimeProvider.System, NullLogger<TransitionWriter>.Instance);
        await _writer.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _holder.DisposeAsync();
        await _writer.StopAsync(CancellationToken.None);
        await _gated.DisposeAsync();
        await _gate.DisposeAsync();
        await _direct.DisposeAsync();
        await _database.DisposeAsync();
    }

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task CommitStillUnderWay_JobIsStoredOnce()
    {
        var submit = SubmitAsync();
        await WaitingAsync(1);
        await _gate.ShutAsync();
        _gate.Open();
        await WaitingAsync(2);
        await HolderAsync("SELECT pg_advisory_unlock(4242)");

        var submitted = Assert.IsType<SubmitOutcome.Submitted>(await submit);

        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM jobs"));
        Assert.Equal(submitted.JobId, await ScalarAsync("SELECT job_id FROM jobs"));
    }

    [Fact]
    public async Task DatabaseStaysAway_CallerIsToldAndTheWriterGoesOn()
    {
        var submit = SubmitAsync();
        await WaitingAsync(1);
        await _gate.ShutAsync();

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => submit);
        await HolderAsync("SELECT pg_advisory_unlock(4242)");
        _gate.Open();

        Assert.IsType<SubmitOutcome.Submitted>(await SubmitAsync());
    }

    private Task<SubmitOutcome> SubmitAsync() => _writer
        .SubmitAsync(new() { Tasks = [new() { TaskName = "task", Application = new() { Argv = ["true"] }, EnvId = _envId }] }, "user:test", null, CancellationToken.None)
        .WaitAsync(TimeSpan.FromSeconds(30));

    private Task<object?> WaitingAsync(long backends) => Until.ReachedAsync(() => ScalarAsync(Waiting), count => count is long waiting && waiting >= backends, count => $"{count} backends wait");

    private async Task HolderAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _holder);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _direct.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
