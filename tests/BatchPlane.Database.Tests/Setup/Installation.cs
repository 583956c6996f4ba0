using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Scheduling;
using BatchPlane.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace BatchPlane.Database.Tests;

/// <summary>A migrated database of its own and the stores over it; servers are started as a test needs them.</summary>
internal sealed class Installation : IAsyncDisposable
{
    internal const string Submitter = "user:test";

    /// <summary>The same for all servers of all installations.</summary>
    internal static readonly JobSecrets Secrets = new(new InstallationKey(new byte[InstallationKey.KeyBytes]));

    private readonly TestDatabase _database;
    private readonly List<Server> _servers = [];

    private Installation(TestDatabase database)
    {
        _database = database;
        DataSource = NpgsqlDataSource.Create(database.ConnectionString);
        Environments = new(DataSource, new OutboxSignal());
        Claims = new(DataSource, Secrets);
        Due = new(DataSource);
    }

    internal NpgsqlDataSource DataSource { get; }

    internal EnvironmentStore Environments { get; }

    internal ClaimStore Claims { get; }

    internal DueStore Due { get; }

    internal static async Task<Installation> CreateAsync()
    {
        var installation = new Installation(await TestServices.CreateDatabaseAsync());
        await new MigrationRunner(installation.DataSource, NullLogger<MigrationRunner>.Instance).RunAsync(CancellationToken.None);
        await new JournalStore(installation.DataSource).EnsurePartitionsAsync(1, CancellationToken.None);
        return installation;
    }

    /// <summary>What one server process runs: a writer with connections of its own, named <c>writer</c>.</summary>
    internal async Task<Server> StartServerAsync(EngineLimits? limits = null)
    {
        var server = new Server(_database.ConnectionString, limits ?? new EngineLimits());
        _servers.Add(server);
        await server.Writer.StartAsync(CancellationToken.None);
        return server;
    }

    internal async Task<string> AddEnvironmentAsync(string name = "grid", NodeProvider provider = NodeProvider.Attached, bool isDefault = false) =>
        Assert.IsType<CreateEnvironmentOutcome.Created>(await Environments.CreateAsync(
            new() { EnvName = name, Provider = provider }, isDefault, Submitter, null, CancellationToken.None)).EnvId;

    /// <summary>A node whose agent joined.</summary>
    internal async Task<Node> AddNodeAsync(string envId, TimeSpan? lease = null)
    {
        var nodeId = EntityId.New(EntityId.Node);
        return Assert.IsType<Node>(await Environments.ChangeAsync(
            envId,
            environment => Join(environment, environment.Attach(nodeId, EntityId.New(EntityId.Instance), Node.Machine), lease),
            CancellationToken.None));
    }

    /// <summary>The node's agent joins once more: another incarnation.</summary>
    internal async Task<Node> RejoinAsync(Node node) =>
        Assert.IsType<Node>(await Environments.ChangeAsync(
            node.EnvId,
            environment => Join(environment, environment.Find(node.NodeId)!, lease: null),
            CancellationToken.None));

    /// <summary>The node is given up, as its monitor does when the lease ran out.</summary>
    internal async Task LoseAsync(Node node) =>
        Assert.NotNull(await Environments.ChangeAsync(
            node.EnvId,
            environment =>
            {
                environment.Lose(environment.Find(node.NodeId)!, "lost by the test");
                return environment;
            },
            CancellationToken.None));

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>All rows as text, columns separated by a blank, <c>null</c> as <c>-</c>.</summary>
    internal async Task<List<string>> RowsAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? "-" : reader.GetValue(column).ToString())));
        }

        return rows;
    }

    internal async Task<string> JobStateAsync(string jobId) => await ScalarAsync<string>($"SELECT state FROM jobs WHERE job_id = '{jobId}'");

    internal async Task<long> CountAsync(string table) => await ScalarAsync<long>($"SELECT count(*) FROM {table}");

    /// <summary>Waits until so many sessions of this database wait for a lock.</summary>
    internal Task WaitersAsync(int count) => Condition.ReachedAsync(
        () => ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"),
        waiting => waiting == count,
        $"{count} sessions wait for a lock");

    /// <summary>Holds what <paramref name="sql"/> locks until the transaction returned ends.</summary>
    internal async Task<NpgsqlTransaction> HoldAsync(string sql)
    {
        var connection = await DataSource.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        await command.ExecuteNonQueryAsync();
        return transaction;
    }

    /// <summary>Runs every invariant; a failure lists what is violated.</summary>
    internal async Task AssertInvariantsAsync()
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        Assert.Empty(await InvariantCheck.RunAllAsync(connection));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await DataSource.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static Node Join(EnvironmentAggregate environment, NodeRecord node, TimeSpan? lease)
    {
        Assert.True(environment.Join(node, Node.Machine, "1.0", lease ?? TimeSpan.FromMinutes(5)), $"{node.NodeId} in {node.State} takes no agent");
        return new(environment.Environment.EnvId, node.NodeId, node.Epoch);
    }
}
