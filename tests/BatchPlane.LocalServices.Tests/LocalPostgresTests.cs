using BatchPlane.LocalServices.Processes;
using Npgsql;

namespace BatchPlane.LocalServices.Tests;

public sealed class LocalPostgresTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private LocalServiceOptions Options => new() { DataDirectory = _directory.Path };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task KilledAndRestarted_KeepsPortAndCommittedRows()
    {
        await using var postgres = await LocalPostgres.StartAsync(Options, CancellationToken.None);
        var address = postgres.ConnectionString;
        await ExecuteAsync(address, "CREATE TABLE kept AS SELECT 42 AS answer");
        var processes = ProcessTable.Tree(postgres.ProcessId);

        await postgres.KillAsync();

        Assert.True(processes.Count > 1, "The postmaster should have had children.");
        Assert.DoesNotContain(processes, process => process.IsRunning);
        await postgres.RestartAsync(CancellationToken.None);
        Assert.Equal(address, postgres.ConnectionString);
        Assert.Equal(42, await ExecuteAsync(address, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task Stopped_LeavesNoProcessAndStartsOnTheSameData()
    {
        var postgres = await LocalPostgres.StartAsync(Options, CancellationToken.None);
        await ExecuteAsync(postgres.ConnectionString, "CREATE TABLE kept AS SELECT 7 AS answer");
        var processes = ProcessTable.Tree(postgres.ProcessId);

        await postgres.DisposeAsync();

        Assert.DoesNotContain(processes, process => process.IsRunning);
        await using var again = await LocalPostgres.StartAsync(Options, CancellationToken.None);
        Assert.Equal(7, await ExecuteAsync(again.ConnectionString, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task DirectoryHeldByALiveOwner_IsRefused()
    {
        await using var postgres = await LocalPostgres.StartAsync(Options, CancellationToken.None);

        var refusal = await Assert.ThrowsAsync<LocalServiceException>(() => LocalPostgres.StartAsync(Options, CancellationToken.None));

        Assert.Contains("is in use", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ExecuteAsync(postgres.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task PortTakenBySomebodyElse_IsReplaced()
    {
        string before;
        await using (var postgres = await LocalPostgres.StartAsync(Options, CancellationToken.None))
        {
            before = postgres.ConnectionString;
        }

        using var squatter = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, new NpgsqlConnectionStringBuilder(before).Port);
        squatter.Start();
        await using var again = await LocalPostgres.StartAsync(Options, CancellationToken.None);

        Assert.NotEqual(before, again.ConnectionString);
        Assert.Equal(1, await ExecuteAsync(again.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task ServerThatCannotStart_IsExplainedByItsLog()
    {
        await using (await LocalPostgres.StartAsync(Options, CancellationToken.None))
        {
        }

        File.WriteAllText(Path.Combine(_directory.Path, "postgres", "data", "postgresql.conf"), "no_such_setting = on\n");
        var failure = await Assert.ThrowsAsync<LocalServiceException>(() => LocalPostgres.StartAsync(Options, CancellationToken.None));

        Assert.Contains("no_such_setting", failure.Message, StringComparison.Ordinal);
    }

    internal static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
