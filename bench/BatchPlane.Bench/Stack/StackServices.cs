using System.Globalization;
using BatchPlane.LocalServices;
using Npgsql;
using Services = BatchPlane.LocalServices.LocalServices;

namespace BatchPlane.Bench.Stack;

/// <summary>PostgreSQL and RabbitMQ of a stack: its own, or in a quick run a database of its own in servers that all stacks share.</summary>
internal sealed class StackServices : IAsyncDisposable
{
    private readonly Services _services;
    private readonly bool _isShared;

    private StackServices(Services services, bool isShared, string database)
    {
        _services = services;
        _isShared = isShared;
        ConnectionString = new NpgsqlConnectionStringBuilder(services.Postgres.ConnectionString) { Database = database }.ConnectionString;
        PostgresUrl = new UriBuilder(services.Postgres.Url) { Path = database }.Uri.AbsoluteUri;
    }

    /// <summary>Of the stack's database.</summary>
    internal string ConnectionString { get; }

    /// <summary>The same as <c>postgres://…</c>.</summary>
    internal string PostgresUrl { get; }

    /// <summary>The default virtual host of the broker.</summary>
    internal string AmqpUrl => _services.Rabbit.AmqpUri.ToString().TrimEnd('/') + "/%2F";

    /// <summary>Process id of the database's first process.</summary>
    internal int PostgresPid => _services.Postgres.ProcessId;

    /// <summary>Ends the broker without a warning.</summary>
    internal Task KillBrokerAsync() => _services.Rabbit.KillAsync();

    /// <summary>Starts it again on its port, with its data.</summary>
    internal Task StartBrokerAsync(CancellationToken cancellation) => _services.Rabbit.RestartAsync(cancellation);

    /// <summary>Process id of the broker.</summary>
    internal int BrokerPid => _services.Rabbit.ProcessId;

    /// <summary>Servers of its own, in a directory that goes with it.</summary>
    internal static async Task<StackServices> StartAsync(string directory, CancellationToken cancellation)
    {
        var services = await StartServersAsync(directory, cancellation);
        return new StackServices(services, isShared: false, new NpgsqlConnectionStringBuilder(services.Postgres.ConnectionString).Database!);
    }

    /// <summary>A new database in servers that run.</summary>
    internal static async Task<StackServices> ShareAsync(Services services, int number, CancellationToken cancellation)
    {
        var database = string.Create(CultureInfo.InvariantCulture, $"stack_{number}");
        await using var source = NpgsqlDataSource.Create(services.Postgres.ConnectionString);
        await using var create = source.CreateCommand($"CREATE DATABASE {database}");
        await create.ExecuteNonQueryAsync(cancellation);
        return new StackServices(services, isShared: true, database);
    }

    /// <summary>PostgreSQL and RabbitMQ with their durable settings.</summary>
    internal static Task<Services> StartServersAsync(string directory, CancellationToken cancellation) =>
        Services.StartAsync(new LocalServiceOptions { DataDirectory = directory }, progress: null, cancellation);

    public ValueTask DisposeAsync() => _isShared ? ValueTask.CompletedTask : _services.DisposeAsync();
}
