using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>A message as a plain AMQP client got it.</summary>
internal sealed record Received(string Exchange, string RoutingKey, IReadOnlyBasicProperties Properties, byte[] Body)
{
    internal string Id => Properties.MessageId ?? "";

    internal string SubjectId => Id[..Id.IndexOf(':', StringComparison.Ordinal)];

    internal long Sequence => long.Parse(Id[(Id.IndexOf(':', StringComparison.Ordinal) + 1)..]);

    internal string Text => Encoding.UTF8.GetString(Body);

    internal string? Header(string name) =>
        Properties.Headers?.TryGetValue(name, out var value) == true
            ? value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value?.ToString()
            : null;
}

/// <summary>A database, a virtual host, a plain AMQP client, and dispatchers between them.</summary>
internal sealed class DispatchWorld : IAsyncDisposable
{
    internal static readonly DateTimeOffset Now = new(2025, 10, 9, 8, 53, 20, TimeSpan.Zero);

    private readonly TestDatabase _database;
    private readonly TestVirtualHost _virtualHost;
    private readonly List<IAsyncDisposable> _owned = [];

    private DispatchWorld(TestDatabase database, TestVirtualHost virtualHost, NpgsqlDataSource dataSource, IConnection client)
    {
        _database = database;
        _virtualHost = virtualHost;
        DataSource = dataSource;
        Client = client;
    }

    internal NpgsqlDataSource DataSource { get; }

    internal IConnection Client { get; }

    internal Uri Broker => _virtualHost.AmqpUri;

    internal TopicStore Topics => new(DataSource, Options.Create(new NotificationOptions()));

    internal OutboxReader Reader => new(DataSource);

    internal static async Task<DispatchWorld> CreateAsync()
    {
        var database = await TestServices.CreateDatabaseAsync();
        var virtualHost = await TestServices.CreateVirtualHostAsync();
        var dataSource = NpgsqlDataSource.Create(database.ConnectionString);
        await new MigrationRunner(dataSource, NullLogger<MigrationRunner>.Instance).RunAsync(default);
        var client = await new ConnectionFactory { Uri = virtualHost.AmqpUri }.CreateConnectionAsync();
        return new(database, virtualHost, dataSource, client);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            await owned.DisposeAsync();
        }

        await Client.DisposeAsync();
        await DataSource.DisposeAsync();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>A gate to the broker and the address behind it.</summary>
    internal (TcpGate Gate, Uri Address) GateToBroker()
    {
        var gate = Own(new TcpGate(Broker.Host, Broker.Port));
        return (gate, new UriBuilder(Broker) { Host = "127.0.0.1", Port = gate.Port }.Uri);
    }

    /// <summary>A gate to the database and a source of connections through it.</summary>
    internal (TcpGate Gate, NpgsqlDataSource DataSource) GateToDatabase()
    {
        var address = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        var gate = Own(new TcpGate(address.Host!, address.Port));
        address.Host = "127.0.0.1";
        address.Port = gate.Port;
        address.Timeout = 2;
        return (gate, Own(NpgsqlDataSource.Create(address.ConnectionString)));
    }

    internal async Task<RunningDispatcher> StartAsync(
        Uri? broker = null,
        NpgsqlDataSource? dataSource = null,
        Action<DispatchOptions>? configure = null,
        bool dispatcher = true,
        UnknownTopicPolicy unknownTopic = UnknownTopicPolicy.Create,
        TimeSpan? brokerPatience = null)
    {
        var options = new DispatchOptions
        {
            LeaseDuration = TimeSpan.FromSeconds(2),
            LeaseRenewal = TimeSpan.FromMilliseconds(100),
            PollInterval = TimeSpan.FromMilliseconds(50),
            RetryMax = TimeSpan.FromMilliseconds(200),
        };
        configure?.Invoke(options);
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton(dataSource ?? DataSource);
        builder.Services.AddSingleton(Options.Create(options));
        builder.Services.AddSingleton(Options.Create(new NotificationOptions { UnknownTopic = unknownTopic }));
        builder.Services.AddSingleton(Options.Create(new BrokerOptions
        {
            ReconnectMin = TimeSpan.FromMilliseconds(20),
            ReconnectMax = TimeSpan.FromMilliseconds(200),
            RequestTimeout = brokerPatience ?? BrokerOptions.DefaultRequestTimeout,
        }));
        builder.Services.AddSingleton(new InstallationKey(new byte[InstallationKey.KeyBytes]));
        builder.Services.AddDispatch(broker ?? Broker, dispatcher);
        var host = builder.Build();
        await host.StartAsync();
        return Own(new RunningDispatcher(host));
    }

    internal async Task AddJobAsync(string jobId, params NotificationDocument[] notifications)
    {
        await using var command = DataSource.CreateCommand(
            """
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, submitted_by, traceparent, created_at)
            VALUES (@id, 'demo', '', 1, 'RUNNING', '{}', @notifications::jsonb, '{}', '[]', 'test', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', @now);
            """);
        command.Parameters.AddWithValue("id", jobId);
        command.Parameters.AddWithValue("notifications", JsonSerializer.Serialize(notifications, BatchPlaneJson.Options));
        command.Parameters.AddWithValue("now", Now.AddMinutes(-1));
        await command.ExecuteNonQueryAsync();
    }

    internal static NotificationDocument Ask(string topic, params string[] events) => new()
    {
        TopicName = topic,
        EventConfigs = [.. events.Select(name => new EventConfigDocument { EventName = name })],
    };

    /// <summary>Appends a row as the transition path does: under the lock of the job.</summary>
    internal async Task AppendAsync(string jobId, string level = "job", string state = "RUNNING", int span = 1, string? reason = null)
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        await AppendAsync(connection, jobId, level, state, span, reason);
    }

    internal static async Task AppendAsync(
        NpgsqlConnection connection,
        string jobId,
        string level = "job",
        string state = "RUNNING",
        int span = 1,
        string? reason = null)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH subject AS (
                UPDATE jobs
                SET last_sequence = last_sequence + @span, journal_txid = greatest(journal_txid, pg_current_xact_id())
                WHERE job_id = @id
                RETURNING last_sequence, journal_txid
            )
            INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, instance_index, reason, source, occurred_at, notify)
            SELECT journal_txid, @shard, @id, last_sequence - @span + 1, @span, @level, @state,
                CASE @level WHEN 'task_instance' THEN 0 END, @reason, 'engine', @now, 1
            FROM subject;
            """,
            connection);
        command.Parameters.AddWithValue("id", jobId);
        command.Parameters.AddWithValue("shard", DispatcherShard.Of(jobId));
        command.Parameters.AddWithValue("level", level);
        command.Parameters.AddWithValue("state", state);
        command.Parameters.AddWithValue("span", span);
        command.Parameters.Add(new("reason", NpgsqlTypes.NpgsqlDbType.Text) { Value = (object?)reason ?? DBNull.Value });
        command.Parameters.AddWithValue("now", Now);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    /// <summary>What a client that knows nothing of BatchPlane gets from a queue it bound itself.</summary>
    internal async Task<Inbox> BindAsync(string topic, string binding = "#")
    {
        var channel = await Client.CreateChannelAsync();
        await channel.ExchangeDeclareAsync(topic, ExchangeType.Topic, durable: true);
        var queue = $"own-{Guid.NewGuid():N}";
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(queue, topic, binding);
        return await ConsumeAsync(queue);
    }

    /// <summary>Binds a queue that has room for one message and refuses others, and that nobody empties. Its name.</summary>
    internal async Task<string> BindTinyAsync(string topic)
    {
        await using var channel = await Client.CreateChannelAsync();
        await channel.ExchangeDeclareAsync(topic, ExchangeType.Topic, durable: true);
        var queue = $"tiny-{Guid.NewGuid():N}";
        await channel.QueueDeclareAsync(
            queue,
            durable: true,
            exclusive: false,
            autoDelete: false,
            new Dictionary<string, object?> { ["x-max-length"] = 1, ["x-overflow"] = "reject-publish" });
        await channel.QueueBindAsync(queue, topic, "#");
        return queue;
    }

    internal async Task<Inbox> ConsumeAsync(string queue)
    {
        var channel = await Client.CreateChannelAsync();
        var inbox = new Inbox();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            // The client's own copy: its buffer is used again.
            inbox.Messages.Enqueue(new(
                delivery.Exchange,
                delivery.RoutingKey,
                new BasicProperties(delivery.BasicProperties),
                delivery.Body.ToArray()));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return inbox;
    }

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private T Own<T>(T owned)
        where T : IAsyncDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}

/// <summary>Messages in the order they came.</summary>
internal sealed class Inbox
{
    internal ConcurrentQueue<Received> Messages { get; } = new();

    internal Task<Received[]> WhenAsync(int distinct) => Until.ReachedAsync(
        () => Task.FromResult(Messages.ToArray()),
        messages => messages.Select(message => message.Id).Distinct().Count() >= distinct,
        messages => $"{messages.Length} messages, {messages.Select(message => message.Id).Distinct().Count()} of {distinct} distinct");
}

/// <summary>A server with the role dispatcher.</summary>
internal sealed class RunningDispatcher(IHost host) : IAsyncDisposable
{
    private readonly MeterListener _listener = new();
    private bool _stopped;

    internal IServiceProvider Services => host.Services;

    /// <summary>What a counter of this dispatcher has counted from now on.</summary>
    internal Func<long> Count(string instrument)
    {
        var scope = Services.GetRequiredService<IMeterFactory>();
        var sum = 0L;
        _listener.InstrumentPublished = (published, listener) =>
        {
            if (published.Name == instrument && published.Meter.Scope == scope)
            {
                listener.EnableMeasurementEvents(published);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref sum, value));
        _listener.Start();
        return () => Interlocked.Read(ref sum);
    }

    internal DispatcherLoop Loop => host.Services.GetRequiredService<DispatcherLoop>();

    internal async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await host.StopAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _listener.Dispose();
        host.Dispose();
    }
}
