using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>What became of a declaration.</summary>
internal abstract record Declaration
{
    /// <summary>It stands as wanted.</summary>
    internal sealed record Done : Declaration;

    /// <summary>Something of that name exists and is of another kind.</summary>
    internal sealed record Conflict(string Reason) : Declaration;

    /// <summary>The broker does not let us.</summary>
    internal sealed record Refused(string Reason) : Declaration;

    /// <summary>The broker cannot be asked now; it is declared when it is back.</summary>
    internal sealed record BrokerAway : Declaration;
}

/// <summary>
/// Exchanges, queues and bindings in RabbitMQ. Everything is safe to repeat. Each declaration has a channel of its own, since a
/// refused one closes its channel.
/// </summary>
internal sealed partial class TopicTopology(BrokerConnection broker, ILogger<TopicTopology> logger)
{
    private const int MaxDeliveries = 1_000_000;
    private const ushort AccessRefused = 403;
    private const ushort NotFound = 404;
    private const ushort ResourceLocked = 405;
    private const ushort PreconditionFailed = 406;

    private static readonly Dictionary<string, object?> QuorumQueue = new() { ["x-queue-type"] = "quorum" };

    /// <summary>The queue and exchange of messages that fell out of BatchPlane's own queues.</summary>
    internal const string Fallen = "batchplane.fallen";

    /// <summary>Bytes of fallen messages that nobody has recorded yet, at most; beyond that the oldest are lost unrecorded. Not an option: arguments of a queue that exists cannot be changed.</summary>
    private const long MaxFallenBytes = 256_000_000;

    /// <summary>Arguments of <see cref="Fallen"/>.</summary>
    internal static IReadOnlyDictionary<string, object?> FallenArguments { get; } = new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = MaxDeliveries,
        ["x-max-length-bytes"] = MaxFallenBytes,
        ["x-overflow"] = "drop-head",
    };

    /// <summary>
    /// Arguments of BatchPlane's own queue of a subscription, the same wherever it is declared. A message may come back often (servers that are killed): newer brokers would drop it
    /// after twenty times by themselves. What is too old, or too much, falls out to where it is recorded.
    /// </summary>
    internal static IReadOnlyDictionary<string, object?> OwnQueueOf(SubscriptionView subscription) => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = MaxDeliveries,
        ["x-message-ttl"] = (subscription.MaxAgeSeconds ?? throw Foreign(subscription)) * 1_000L,
        ["x-max-length-bytes"] = subscription.MaxQueueBytes ?? throw Foreign(subscription),
        ["x-overflow"] = "drop-head",
        ["x-dead-letter-exchange"] = Fallen,
        ["x-dead-letter-routing-key"] = SubscriptionQueue.Of(subscription),
    };

    /// <summary>The topic's exchange: durable, of type <c>topic</c>.</summary>
    internal Task<Declaration> DeclareExchangeAsync(string topic, CancellationToken cancellationToken) =>
        OnOwnChannelAsync(
            $"exchange {topic}",
            (channel, token) => channel.ExchangeDeclareAsync(topic, ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: token),
            cancellationToken);

    /// <summary>The queue of a subscription and its bindings; nothing is bound of one that is disabled, or addressed by the dispatcher.</summary>
    internal async Task<Declaration> DeclareAsync(SubscriptionView subscription, CancellationToken cancellationToken)
    {
        var isOwn = subscription.Protocol != SubscriptionProtocol.Queue;
        if (!subscription.Enabled)
        {
            return isOwn ? await DeclareOwnQueueAsync(subscription, cancellationToken) : new Declaration.Done();
        }

        var declared = isOwn ? await DeclareOwnQueueAsync(subscription, cancellationToken) : await EnsureQueueAsync(subscription.Endpoint, cancellationToken);
        return SubscriptionQueue.IsAddressed(subscription)
            ? declared
            : await BindAsync(subscription.TopicName, declared, SubscriptionQueue.Of(subscription), subscription.Bindings, cancellationToken);
    }

    /// <summary>Whether somebody's queue could be bound, as far as can be seen without making anything: one that does not exist could be made.</summary>
    internal Task<Declaration> CheckQueueAsync(string queue, CancellationToken cancellationToken) =>
        OnOwnChannelAsync($"queue {queue}", (channel, token) => ExistsAsync(channel, queue, token), cancellationToken);

    /// <summary>True: there is such a queue; false: there is none; null: that cannot be seen.</summary>
    internal async Task<bool?> HasQueueAsync(string queue, CancellationToken cancellationToken)
    {
        bool? exists = null;
        await OnOwnChannelAsync($"queue {queue}", async (channel, token) => exists = await ExistsAsync(channel, queue, token), cancellationToken);
        return exists;
    }

    /// <summary>The same of an exchange.</summary>
    internal async Task<bool?> HasExchangeAsync(string exchange, CancellationToken cancellationToken)
    {
        bool? exists = null;
        await OnOwnChannelAsync($"exchange {exchange}", async (channel, token) => exists = await ExistsAsync(channel.ExchangeDeclarePassiveAsync(exchange, token)), cancellationToken);
        return exists;
    }

    /// <summary>Deletes a queue of BatchPlane's own with what is in it. Nothing there: nothing to do.</summary>
    internal Task<Declaration> DeleteOwnQueueAsync(string queue, CancellationToken cancellationToken) => queue.StartsWith(SubscriptionQueue.OwnPrefix, StringComparison.Ordinal)
        ? OnOwnChannelAsync(
            $"queue {queue}",
            async (channel, token) =>
            {
                await IgnoringAbsenceAsync(channel.QueueDeleteAsync(queue, ifUnused: false, ifEmpty: false, cancellationToken: token));

                // The receive endpoint's transport gives each of its queues an exchange of the same name.
                await IgnoringAbsenceAsync(channel.ExchangeDeleteAsync(queue, cancellationToken: token));
            },
            cancellationToken)
        : throw new ArgumentException($"The queue {queue} may be somebody's.", nameof(queue));

    /// <summary>Takes a binding away. The queue stays, with what is in it: it may have other bindings and readers. Nothing there: nothing to do.</summary>
    internal Task<Declaration> UnbindQueueAsync(string topic, string queue, string binding, CancellationToken cancellationToken) =>
        OnOwnChannelAsync(
            $"binding {binding} of queue {queue} to exchange {topic}",
            (channel, token) => IgnoringAbsenceAsync(channel.QueueUnbindAsync(queue, topic, binding, cancellationToken: token)),
            cancellationToken);

    /// <summary>Deletes the topic's exchange with all its bindings. Nothing there: nothing to do.</summary>
    internal Task<Declaration> DeleteExchangeAsync(string topic, CancellationToken cancellationToken) =>
        OnOwnChannelAsync(
            $"exchange {topic}",
            (channel, token) => IgnoringAbsenceAsync(channel.ExchangeDeleteAsync(topic, cancellationToken: token)),
            cancellationToken);

    private Task<Declaration> DeclareOwnQueueAsync(SubscriptionView subscription, CancellationToken cancellationToken)
    {
        var queue = SubscriptionQueue.Of(subscription);
        return OnOwnChannelAsync($"queue {queue}", (channel, token) => DeclareOwnQueueAsync(channel, queue, OwnQueueOf(subscription), token), cancellationToken);
    }

    private static async Task DeclareOwnQueueAsync(IChannel channel, string queue, IReadOnlyDictionary<string, object?> arguments, CancellationToken token)
    {
        await channel.ExchangeDeclareAsync(Fallen, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: token);
        await channel.QueueDeclareAsync(Fallen, durable: true, exclusive: false, autoDelete: false, arguments: FallenArguments.ToDictionary(), cancellationToken: token);
        await channel.QueueBindAsync(Fallen, Fallen, "", cancellationToken: token);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments: arguments.ToDictionary(), cancellationToken: token);
        await RetryQueues.DeclareReturnAsync(channel, token);
        await channel.QueueBindAsync(queue, RetryQueues.ReturnExchange, queue, cancellationToken: token);
    }

    private static ArgumentException Foreign(SubscriptionView subscription) => new($"The queue of {subscription.SubscriptionId} is somebody's.", nameof(subscription));

    private async Task<Declaration> BindAsync(string topic, Declaration queueDeclared, string queue, IReadOnlyList<string> bindings, CancellationToken cancellationToken)
    {
        if (queueDeclared is not Declaration.Done)
        {
            return queueDeclared;
        }

        // The exchange may be missing: the topic was made while the broker was away, or the broker lost its data a moment ago.
        var result = await DeclareExchangeAsync(topic, cancellationToken);
        if (result is Declaration.BrokerAway)
        {
            return result;
        }

        return await OnOwnChannelAsync(
            $"bindings {string.Join(", ", bindings)} of queue {queue} to exchange {topic}",
            async (channel, token) =>
            {
                foreach (var binding in bindings)
                {
                    await channel.QueueBindAsync(queue, topic, binding, cancellationToken: token);
                }
            },
            cancellationToken);
    }

    /// <summary>A queue that exists is bound as it is, whatever its arguments: it is its maker's. One that does not is declared durable, of type quorum.</summary>
    private async Task<Declaration> EnsureQueueAsync(string queue, CancellationToken cancellationToken)
    {
        var exists = false;
        var found = await OnOwnChannelAsync(
            $"queue {queue}",
            async (channel, token) => exists = await ExistsAsync(channel, queue, token),
            cancellationToken);
        if (exists || found is not Declaration.Done)
        {
            return found;
        }

        return await OnOwnChannelAsync(
            $"queue {queue}",
            (channel, token) => channel.QueueDeclareAsync(
                queue,
                durable: true,
                exclusive: false,
                autoDelete: false,
                arguments: QuorumQueue,
                cancellationToken: token),
            cancellationToken);
    }

    private static Task<bool> ExistsAsync(IChannel channel, string queue, CancellationToken cancellationToken) => ExistsAsync(channel.QueueDeclarePassiveAsync(queue, cancellationToken));

    private static async Task<bool> ExistsAsync(Task passiveDeclaration)
    {
        try
        {
            await passiveDeclaration;
            return true;
        }
        catch (OperationInterruptedException fault) when (fault.ShutdownReason?.ReplyCode == NotFound)
        {
            return false;
        }
    }

    private static async Task IgnoringAbsenceAsync(Task request)
    {
        try
        {
            await request;
        }
        catch (OperationInterruptedException fault) when (fault.ShutdownReason?.ReplyCode == NotFound)
        {
            // What was to be taken away is not there.
        }
    }

    private async Task<Declaration> OnOwnChannelAsync(
        string what,
        Func<IChannel, CancellationToken, Task> request,
        CancellationToken cancellationToken)
    {
        if (!broker.TryGetOpen(out var connection))
        {
            return new Declaration.BrokerAway();
        }

        try
        {
            await using var channel = await connection.Client.CreateChannelAsync(cancellationToken: cancellationToken);
            await request(channel, cancellationToken);
            return new Declaration.Done();
        }
        catch (OperationInterruptedException fault) when (fault.ShutdownReason is { ReplyCode: PreconditionFailed or ResourceLocked } reason)
        {
            Log.Refused(logger, what, reason.ReplyText);
            return new Declaration.Conflict(reason.ReplyText);
        }
        catch (OperationInterruptedException fault) when (fault.ShutdownReason is { ReplyCode: AccessRefused or NotFound } reason)
        {
            Log.Refused(logger, what, reason.ReplyText);
            return new Declaration.Refused(reason.ReplyText);
        }
        catch (Exception fault) when (BrokerConnection.IsOutage(fault))
        {
            Log.Postponed(logger, what, fault.Message);
            return new Declaration.BrokerAway();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5011, LogLevel.Warning, "RabbitMQ refused the {What}: {Reason}")]
        internal static partial void Refused(ILogger logger, string what, string reason);

        [LoggerMessage(5012, LogLevel.Debug, "The {What} is declared later: {Reason}")]
        internal static partial void Postponed(ILogger logger, string what, string reason);
    }
}
