using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BatchPlane.Bench.Soak;

/// <summary>One message of a job: what it announces, its id, and its place in the job's journal.</summary>
/// <param name="RoutingKey">Level and state, <c>task.succeed</c>.</param>
/// <param name="Id">Of the event.</param>
/// <param name="Sequence">In the journal of its job.</param>
internal sealed record SoakMessage(string RoutingKey, string Id, long Sequence);

/// <summary>A consumer as anybody's: reads a durable queue with acknowledgements and keeps what it gets, by job.</summary>
internal sealed class SoakQueue : IAsyncDisposable
{
    private const ushort Prefetch = 200;
    private const string SequenceHeader = "x-batchplane-sequence";

    private readonly ConcurrentDictionary<string, ConcurrentQueue<SoakMessage>> _messages = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private SoakQueue(IConnection connection, IChannel channel)
    {
        _connection = connection;
        _channel = channel;
    }

    /// <summary>Connects and begins to consume.</summary>
    internal static async Task<SoakQueue> ConsumeAsync(string amqpUrl, string queue, CancellationToken cancellation)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(amqpUrl) }.CreateConnectionAsync(cancellation);
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var soak = new SoakQueue(connection, channel);
        await channel.BasicQosAsync(0, Prefetch, global: false, cancellation);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += soak.OnReceivedAsync;
        await channel.BasicConsumeAsync(queue, autoAck: false, consumer, cancellation);
        return soak;
    }

    /// <summary>What came for a job so far, in order, repetitions included.</summary>
    internal IReadOnlyList<SoakMessage> Of(string jobId) => _messages.TryGetValue(jobId, out var messages) ? [.. messages] : [];

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task OnReceivedAsync(object sender, BasicDeliverEventArgs message)
    {
        var properties = message.BasicProperties;
        var sequence = properties.Headers is { } headers && headers.TryGetValue(SequenceHeader, out var value) ? Convert.ToInt64(value, null) : 0;
        _messages.GetOrAdd(properties.CorrelationId ?? "", _ => new()).Enqueue(new(message.RoutingKey, properties.MessageId ?? "", sequence));
        await _channel.BasicAckAsync(message.DeliveryTag, multiple: false);
    }
}
