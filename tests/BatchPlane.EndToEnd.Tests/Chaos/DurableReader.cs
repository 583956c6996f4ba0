using System.Collections.Concurrent;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>A consumer of a durable queue that comes back after the broker's death and goes on; acknowledges what it has kept.</summary>
internal sealed class DurableReader : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _over = new();
    private readonly Task _loop;

    public DurableReader(Func<string> amqpUrl, string queue) => _loop = RunAsync(amqpUrl, queue);

    /// <summary>Everything received, in order, repetitions included.</summary>
    public ConcurrentQueue<(string JobId, string Id, string Body)> Messages { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _loop;
        _over.Dispose();
    }

    private async Task RunAsync(Func<string> amqpUrl, string queue)
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await ConsumeAsync(amqpUrl(), queue);
            }
            catch (Exception exception) when (exception is BrokerUnreachableException or AlreadyClosedException or OperationInterruptedException or IOException)
            {
                // The broker is away: that is what this is about.
            }

            await Task.Delay(Pause, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ConsumeAsync(string amqpUrl, string queue)
    {
        var factory = new ConnectionFactory { Uri = new Uri(amqpUrl), AutomaticRecoveryEnabled = false };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, _) =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        channel.ChannelShutdownAsync += (_, _) =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        await channel.BasicQosAsync(0, 200, false);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, message) =>
        {
            Messages.Enqueue((message.BasicProperties.CorrelationId ?? "", message.BasicProperties.MessageId ?? "", Encoding.UTF8.GetString(message.Body.Span)));
            await channel.BasicAckAsync(message.DeliveryTag, false);
        };
        await channel.BasicConsumeAsync(queue, autoAck: false, consumer);
        await closed.Task.WaitAsync(_over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
