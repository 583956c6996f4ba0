using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>
/// An AMQP channel of one shard with publisher confirms: sends in order, keeps up to a limit of messages without an answer and
/// notes the answers in its <see cref="PublishLedger"/>. After a fault it is thrown away and the shard is read again from its cursor.
/// </summary>
/// <remarks>
/// The client's own confirm tracking is off: a cancelled publish corrupts it for good, it adds a header of its own to every
/// message, and it makes a task for each. The only token that cancels a publish is that of the lost connection, with which the channel is thrown away
/// (<see cref="LiveConnection"/>); a stop closes the channel.
/// </remarks>
internal sealed class PublishChannel : IAsyncDisposable
{
    private const string AppId = "batchplane";

    private readonly IChannel _channel;
    private readonly BrokerConnection _broker;
    private readonly TimeProvider _time;
    private readonly DispatchOptions _options;

    private PublishChannel(
        IChannel channel,
        BrokerConnection broker,
        TimeProvider time,
        DispatchOptions options,
        OutboxPosition start,
        LiveConnection connection)
    {
        _channel = channel;
        Connection = connection;
        _broker = broker;
        _time = time;
        _options = options;
        Ledger = new(options.MaxInFlight, start);
        channel.BasicAcksAsync += OnAccepted;
        channel.BasicNacksAsync += OnRefused;
        channel.BasicReturnAsync += OnReturned;
        channel.ChannelShutdownAsync += OnShutdown;
        if (channel.CloseReason is { } reason)
        {
            Ledger.Fail(PublishFault.Closed, reason.ReplyText);
        }
    }

    /// <summary>The connection that it is of.</summary>
    internal LiveConnection Connection { get; }

    /// <summary>What was sent and what came of it.</summary>
    internal PublishLedger Ledger { get; }

    /// <summary>Opens a channel as soon as the broker is there; its confirmed position begins at <paramref name="start"/>.</summary>
    internal static async Task<PublishChannel> OpenAsync(
        BrokerConnection broker,
        TimeProvider time,
        DispatchOptions options,
        OutboxPosition start,
        CancellationToken cancellationToken)
    {
        var connection = await broker.WhenOpenAsync(cancellationToken);
        var settings = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
        var channel = await connection.Client.CreateChannelAsync(settings, cancellationToken);
        return new(channel, broker, time, options, start, connection);
    }

    /// <summary>Sends one message, after waiting for room. False when the channel has a fault: nothing was sent.</summary>
    internal async ValueTask<bool> SendAsync(OutboundMessage message)
    {
        if (Ledger.InFlight >= _options.MaxInFlight)
        {
            // Down to three quarters rather than one less: one wake-up for many messages.
            await WaitAsync(_options.MaxInFlight * 3 / 4);
        }

        if (Ledger.Fault.Fault != PublishFault.None)
        {
            return false;
        }

        Ledger.Sending(message.Id);
        try
        {
            await _channel.BasicPublishAsync(
                message.Topic,
                message.Properties.RoutingKey,
                message.IsMandatory,
                PropertiesOf(message.Properties),
                message.Body,
                Connection.Lost);
            return true;
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault) || Connection.Lost.IsCancellationRequested)
        {
            Ledger.Fail(PublishFault.Closed, fault.Message);
            return false;
        }
    }

    /// <summary>
    /// Waits until at most <paramref name="inFlight"/> messages are without an answer or the channel is closed. A broker that
    /// answers nothing for the confirm timeout, and has not said that it is blocked, is a fault.
    /// </summary>
    internal async Task WaitAsync(int inFlight)
    {
        while (true)
        {
            var answered = Ledger.Settled;
            try
            {
                await Ledger.WhenAtMostAsync(inFlight).WaitAsync(_options.ConfirmTimeout, _time);
                return;
            }
            catch (TimeoutException)
            {
                if (Ledger.Settled == answered && !_broker.IsBlocked)
                {
                    Ledger.Fail(PublishFault.TimedOut, $"nothing was confirmed for {_options.ConfirmTimeout}");
                    return;
                }
            }
        }
    }

    /// <summary>Closes the channel, within a bound as of a lost connection; what is without an answer stays so.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAny(CloseAsync(), Task.Delay(_broker.RequestTimeout, _time));

    private async Task CloseAsync()
    {
        try
        {
            await _channel.DisposeAsync();
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault))
        {
            // Closed already, by the broker or with the connection.
        }
    }

    private Task OnAccepted(object sender, BasicAckEventArgs answer)
    {
        Ledger.Answered(answer.DeliveryTag, answer.Multiple, accepted: true);
        return Task.CompletedTask;
    }

    private Task OnRefused(object sender, BasicNackEventArgs answer)
    {
        Ledger.Answered(answer.DeliveryTag, answer.Multiple, accepted: false);
        return Task.CompletedTask;
    }

    private Task OnReturned(object sender, BasicReturnEventArgs returned)
    {
        // By the exchange without a name: straight into a queue.
        var queue = returned.Exchange.Length == 0 ? returned.RoutingKey : null;
        Ledger.Returned(returned.Exchange, returned.BasicProperties.MessageId ?? "", $"{returned.ReplyCode} {returned.ReplyText}", queue);
        return Task.CompletedTask;
    }

    private Task OnShutdown(object sender, ShutdownEventArgs shutdown)
    {
        Ledger.Fail(PublishFault.Closed, shutdown.ReplyText);
        return Task.CompletedTask;
    }

    private static BasicProperties PropertiesOf(MessageProperties properties) => new()
    {
        MessageId = properties.MessageId,
        Type = properties.Type,
        Timestamp = new(properties.Timestamp),
        ContentType = properties.ContentType,
        AppId = AppId,
        CorrelationId = properties.CorrelationId,
        Persistent = true,
        Headers = properties.Headers,
    };
}
