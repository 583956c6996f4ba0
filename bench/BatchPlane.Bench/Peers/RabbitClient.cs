using System.Diagnostics;
using BatchPlane.Bench.Stack;
using RabbitMQ.Client;

namespace BatchPlane.Bench.Peers;

/// <summary>
/// What RabbitMQ's own client can do: one message of the product again and again, its body and its properties, with confirms, a thousand in flight.
/// Nothing is read, made or remembered.
/// </summary>
internal static class RabbitClient
{
    internal const string Name = "RabbitMQ client";

    private const int InFlight = 1_000;

    // One channel is not always the fastest.
    private static readonly int[] Channels = [1, 4];

    /// <summary>Messages a second into a queue that is then emptied; the faster of one channel and four.</summary>
    internal static async Task<double> RateAsync(string amqpUrl, string topic, EventQueue queue, int messages, CancellationToken cancellation)
    {
        var (body, properties) = await queue.SampleAsync(cancellation);
        var best = 0.0;
        foreach (var channels in Channels)
        {
            await queue.PurgeAsync(cancellation);
            var rate = await RateAsync(amqpUrl, topic, body, properties, messages, channels, cancellation);
            BenchContext.Say(FormattableString.Invariant($"  {Name}, {channels} channels: {rate:0} a second"));
            best = Math.Max(best, rate);
        }

        await queue.PurgeAsync(cancellation);
        return best;
    }

    private static async Task<double> RateAsync(string amqpUrl, string topic, byte[] body, BasicProperties properties, int messages, int channels, CancellationToken cancellation)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(amqpUrl), AutomaticRecoveryEnabled = false }.CreateConnectionAsync(cancellation);
        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, channels).Select(_ => PublishAsync(connection, topic, body, properties, messages / channels, InFlight / channels, cancellation)));
        return messages / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    private static async Task PublishAsync(IConnection connection, string topic, byte[] body, BasicProperties properties, int messages, int inFlight, CancellationToken cancellation)
    {
        // Confirms are counted here: the client's own tracking costs it a task for each message.
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), cancellation);
        using var free = new SemaphoreSlim(inFlight);
        var confirmed = 0UL;
        channel.BasicAcksAsync += (_, ack) =>
        {
            // A confirm of many names the last; one of a single message comes in order from one queue.
            var newly = ack.Multiple ? ack.DeliveryTag - confirmed : 1;
            confirmed += newly;
            free.Release((int)newly);
            return Task.CompletedTask;
        };
        for (var sent = 0; sent < messages; sent++)
        {
            await free.WaitAsync(cancellation);
            await channel.BasicPublishAsync(topic, "task_instance.succeed", mandatory: true, properties, body, CancellationToken.None);
        }

        for (var slot = 0; slot < inFlight; slot++)
        {
            await free.WaitAsync(cancellation);
        }
    }
}
