using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace BatchPlane.Bench.Stack;

/// <summary>Notes how old each event is when it arrives. Server and consumer are on one machine, so their clocks are one.</summary>
internal sealed class LatencyConsumer(IChannel channel) : AsyncDefaultBasicConsumer(channel)
{
    private const string TimeHeader = "cloudEvents_time";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private ConcurrentQueue<double> _ages = new();

    /// <summary>Waits until so many events came since the last take.</summary>
    /// <exception cref="BenchFailure">They did not.</exception>
    internal async Task GotAsync(int events, CancellationToken cancellation)
    {
        var begin = Stopwatch.GetTimestamp();
        while (_ages.Count < events)
        {
            if (Stopwatch.GetElapsedTime(begin) > Limit)
            {
                throw new BenchFailure($"{_ages.Count} events came instead of {events}");
            }

            await Task.Delay(1, cancellation);
        }
    }

    /// <summary>The ages in milliseconds, sorted; the next events begin a new list.</summary>
    internal double[] Take() => [.. Interlocked.Exchange(ref _ages, new()).Order()];

    public override Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        var now = DateTimeOffset.UtcNow;
        var time = DateTimeOffset.Parse(Encoding.ASCII.GetString((byte[])properties.Headers![TimeHeader]!), CultureInfo.InvariantCulture);
        _ages.Enqueue((now - time).TotalMilliseconds);
        return Task.CompletedTask;
    }
}
