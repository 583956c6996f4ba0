using System.Collections.Concurrent;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>A plain AMQP client: binds a queue of its own to a topic's exchange, or reads one that is there, and keeps what it gets.</summary>
internal sealed class QueueReader : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private QueueReader(IConnection connection, IChannel channel)
    {
        _connection = connection;
        _channel = channel;
    }

    public ConcurrentQueue<Message> Messages { get; } = new();

    public static Task<QueueReader> BindAsync(string amqpUrl, string exchange, string pattern) => OpenAsync(amqpUrl, async channel =>
    {
        var queue = await channel.QueueDeclareAsync();
        await channel.QueueBindAsync(queue.QueueName, exchange, pattern);
        return queue.QueueName;
    });

    public static Task<QueueReader> ReadAsync(string amqpUrl, string queue) => OpenAsync(amqpUrl, _ => Task.FromResult(queue));

    private static async Task<QueueReader> OpenAsync(string amqpUrl, Func<IChannel, Task<string>> prepare)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(amqpUrl) }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync();
        var queue = await prepare(channel);
        var reader = new QueueReader(connection, channel);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            reader.Messages.Enqueue(new Message(
                message.BasicProperties.MessageId ?? "", message.BasicProperties.CorrelationId ?? "", message.RoutingKey, Encoding.UTF8.GetString(message.Body.Span)));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return reader;
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    internal sealed record Message(string Id, string JobId, string RoutingKey, string Body);
}
