using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>A message that is put back for later.</summary>
/// <param name="Queue">Own queue of a subscription that it returns to.</param>
/// <param name="MessageId">Event id.</param>
/// <param name="EventName">Name of the event.</param>
/// <param name="ContentType">Media type of the body.</param>
/// <param name="OccurredAt">When the event happened.</param>
/// <param name="Headers">Headers it returns with.</param>
/// <param name="Body">The body, unchanged.</param>
internal sealed record DelayedMessage(
    string Queue,
    string MessageId,
    string EventName,
    string ContentType,
    DateTimeOffset OccurredAt,
    IReadOnlyDictionary<string, object?> Headers,
    ReadOnlyMemory<byte> Body);

/// <summary>
/// Waits in RabbitMQ: durable quorum queues whose messages all live equally long and then return to the queue they came from. Shared by all subscriptions; a wait is made of as many
/// steps as it takes, each the longest that fits. So no message waits behind a longer one, and any wait survives a restart of everything.
/// </summary>
/// <remarks>
/// Returning is <c>at-least-once</c>: a broker that is killed on the way returns a message twice rather than never. Such a queue keeps what it cannot return, so what belongs to a
/// subscription that is gone is led away by an alternate exchange into a queue that drops it.
/// </remarks>
internal sealed class RetryQueues(BrokerConnection broker, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Exchange that messages return by; each own queue is bound to it with its name.</summary>
    internal const string ReturnExchange = "batchplane.return";

    private const string GoneExchange = "batchplane.gone";
    private const int Steps = 10;
    private const int Factor = 4;

    /// <summary>Bytes that wait in one of the queues, at most: then messages stay where they are until there is room. Not an option: arguments of a queue that exists cannot be changed.</summary>
    private const long MaxBytes = 4_000_000_000;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConcurrentDictionary<TimeSpan, bool> _declared = new();
    private OpenChannel? _channel;

    /// <summary>
    /// Puts a message away for one step of <paramref name="wait"/>; it may return sooner than asked, and is then put away for the rest. Returns when the broker has it safe. Throws what
    /// <see cref="BrokerConnection.IsOutage"/> knows when it could not: then it may or may not have it.
    /// </summary>
    internal async Task DelayAsync(DelayedMessage message, TimeSpan wait, CancellationToken cancellationToken)
    {
        var step = StepFor(wait);
        var channel = await OpenAsync(step, cancellationToken);
        var properties = new BasicProperties
        {
            MessageId = message.MessageId,
            Type = message.EventName,
            ContentType = message.ContentType,
            Timestamp = new(message.OccurredAt.ToUnixTimeSeconds()),
            Persistent = true,
            Headers = message.Headers.ToDictionary(),
        };
        try
        {
            // A publish must not be cancelled while its channel may live; one without an answer ends with its channel.
            await channel.Client.BasicPublishAsync(NameOf(step), message.Queue, mandatory: true, properties, message.Body, channel.Lost).AsTask()
                .WaitAsync(broker.RequestTimeout, time, cancellationToken);
        }
        catch (OperationCanceledException fault) when (channel.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new IOException("The connection to RabbitMQ was lost.", fault);
        }
        catch (Exception fault) when (fault is TimeoutException or PublishException)
        {
            await DropAsync(channel);
            throw;
        }
    }

    /// <summary>Makes the exchange that messages return by, and what takes those whose subscription is gone. Safe to repeat.</summary>
    internal static async Task DeclareReturnAsync(IChannel channel, CancellationToken cancellationToken)
    {
        await channel.ExchangeDeclareAsync(GoneExchange, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(
            GoneExchange,
            durable: true,
            exclusive: false,
            autoDelete: false,
            arguments: new Dictionary<string, object?> { ["x-max-length"] = 1 },
            cancellationToken: cancellationToken);
        await channel.QueueBindAsync(GoneExchange, GoneExchange, "", cancellationToken: cancellationToken);
        await channel.ExchangeDeclareAsync(
            ReturnExchange,
            ExchangeType.Direct,
            durable: true,
            autoDelete: false,
            arguments: new Dictionary<string, object?> { ["alternate-exchange"] = GoneExchange },
            cancellationToken: cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is { } channel)
        {
            await DropAsync(channel);
        }

        _gate.Dispose();
    }

    /// <summary>The longest step that fits into the wait; the shortest when none does.</summary>
    private static TimeSpan StepFor(TimeSpan wait)
    {
        var step = Shortest;
        for (var n = 1; n < Steps && step * Factor <= wait; n++)
        {
            step *= Factor;
        }

        return step;
    }

    private static string NameOf(TimeSpan step) => FormattableString.Invariant($"batchplane.retry.{(long)step.TotalMilliseconds}");

    private async Task<OpenChannel> OpenAsync(TimeSpan step, CancellationToken cancellationToken)
    {
        if (_channel is { Client.IsOpen: true } open && _declared.ContainsKey(step))
        {
            return open;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_channel is not { Client.IsOpen: true })
            {
                if (!broker.TryGetOpen(out var connection))
                {
                    throw new IOException("RabbitMQ is away.");
                }

                // What was declared may have gone with what ended the channel.
                _declared.Clear();
                var settings = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
                _channel = new(await connection.Client.CreateChannelAsync(settings, cancellationToken), connection.Lost);
            }

            if (!_declared.ContainsKey(step))
            {
                await DeclareAsync(_channel.Client, step, cancellationToken);
                _declared[step] = true;
            }

            return _channel;
        }
        finally
        {
            _gate.Release();
        }
    }

    private static async Task DeclareAsync(IChannel channel, TimeSpan step, CancellationToken cancellationToken)
    {
        await DeclareReturnAsync(channel, cancellationToken);
        var name = NameOf(step);
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(
            name,
            durable: true,
            exclusive: false,
            autoDelete: false,
            arguments: new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                ["x-message-ttl"] = (long)step.TotalMilliseconds,
                ["x-dead-letter-exchange"] = ReturnExchange,
                ["x-dead-letter-strategy"] = "at-least-once",
                ["x-max-length-bytes"] = MaxBytes,
                ["x-overflow"] = "reject-publish",
            },
            cancellationToken: cancellationToken);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellationToken);
    }

    private static async Task DropAsync(OpenChannel channel)
    {
        try
        {
            await channel.Client.DisposeAsync();
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault))
        {
            // Closed already.
        }
    }

    /// <summary>A channel, and what is cancelled when its connection is lost.</summary>
    private sealed record OpenChannel(IChannel Client, CancellationToken Lost);
}
