using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Bench.Stack;

/// <summary>A durable quorum queue for the events of topics, as a user would bind one, looked at from outside.</summary>
internal sealed class EventQueue : IAsyncDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly string _name;

    private EventQueue(IConnection connection, IChannel channel, string name)
    {
        _connection = connection;
        _channel = channel;
        _name = name;
    }

    /// <summary>Makes the topics and one queue that gets all their messages.</summary>
    internal static async Task<EventQueue> BindAsync(BenchStack stack, IReadOnlyList<string> topics, CancellationToken cancellation)
    {
        foreach (var topic in topics)
        {
            await stack.Client.PostAsync("/v1/topics", $$"""{"topic_name":"{{topic}}"}""", cancellation);
        }

        var queue = await OpenAsync(stack.AmqpUrl, $"queue-of-{topics[0]}", cancellation);
        await queue._channel.QueueDeclareAsync(
            queue._name, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: cancellation);
        foreach (var topic in topics)
        {
            // The server makes the exchange at the same time; both declare it alike.
            await queue._channel.ExchangeDeclareAsync(topic, ExchangeType.Topic, durable: true, cancellationToken: cancellation);
            await queue._channel.QueueBindAsync(queue._name, topic, "#", cancellationToken: cancellation);
        }

        return queue;
    }

    /// <summary>The same queue as soon as its broker, which went away, tells how many messages it holds.</summary>
    internal async Task<EventQueue> ReopenAsync(string amqpUrl, CancellationToken cancellation)
    {
        await DisposeAsync();
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            EventQueue? queue = null;
            try
            {
                queue = await OpenAsync(amqpUrl, _name, cancellation);
                await queue.CountAsync(cancellation);
                return queue;
            }
            catch (Exception fault) when (fault is BrokerUnreachableException or OperationInterruptedException or TimeoutException or IOException && Stopwatch.GetElapsedTime(begin) < Limit)
            {
                if (queue is not null)
                {
                    await queue.DisposeAsync();
                }

                await Task.Delay(LookAgain, cancellation);
            }
        }
    }

    /// <summary>Waits until it holds so many messages.</summary>
    /// <returns>Seconds since <paramref name="begin"/>, a timestamp.</returns>
    /// <exception cref="BenchFailure">They do not come, or too many did.</exception>
    internal async Task<double> HoldsAsync(long messages, long begin, CancellationToken cancellation)
    {
        while (true)
        {
            var count = await CountAsync(cancellation);
            var elapsed = Stopwatch.GetElapsedTime(begin);
            if (count == messages)
            {
                return elapsed.TotalSeconds;
            }

            if (count > messages || elapsed > Limit)
            {
                throw new BenchFailure($"the queue has {count} messages instead of {messages} after {elapsed}");
            }

            await Task.Delay(LookAgain, cancellation);
        }
    }

    /// <summary>Messages it holds.</summary>
    internal Task<uint> CountAsync(CancellationToken cancellation) => _channel.MessageCountAsync(_name, cancellation);

    /// <summary>One of its messages, which stays: body and properties.</summary>
    internal async Task<(byte[] Body, BasicProperties Properties)> SampleAsync(CancellationToken cancellation)
    {
        var message = await _channel.BasicGetAsync(_name, autoAck: false, cancellation) ?? throw new BenchFailure($"queue {_name} is empty");
        var (body, properties) = (message.Body.ToArray(), new BasicProperties(message.BasicProperties));
        await _channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true, cancellation);
        properties.Headers?.Remove("x-delivery-count");
        return (body, properties);
    }

    /// <summary>Empties it.</summary>
    internal Task PurgeAsync(CancellationToken cancellation) => _channel.QueuePurgeAsync(_name, cancellation);

    /// <summary>Empties a queue that somebody else made.</summary>
    internal static async Task PurgeAsync(string amqpUrl, string name, CancellationToken cancellation)
    {
        await using var queue = await OpenAsync(amqpUrl, name, cancellation);
        await queue.PurgeAsync(cancellation);
    }

    /// <summary>Consumes it, each message acknowledged by the broker itself, until disposed.</summary>
    internal async Task ConsumeAsync(IAsyncBasicConsumer consumer, CancellationToken cancellation) =>
        await _channel.BasicConsumeAsync(_name, autoAck: true, consumer, cancellation);

    /// <summary>The channel, for a consumer.</summary>
    internal IChannel Channel => _channel;

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static async Task<EventQueue> OpenAsync(string amqpUrl, string name, CancellationToken cancellation)
    {
        // A broker that is just starting takes connections before it answers; who waits for one of them sees it late.
        var factory = new ConnectionFactory
        {
            Uri = new Uri(amqpUrl),
            AutomaticRecoveryEnabled = false,
            RequestedConnectionTimeout = Patience,
            HandshakeContinuationTimeout = Patience,
        };
        var connection = await factory.CreateConnectionAsync(cancellation);
        return new EventQueue(connection, await connection.CreateChannelAsync(cancellationToken: cancellation), name);
    }
}
