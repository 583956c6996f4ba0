using System.Diagnostics.CodeAnalysis;
using BatchPlane.Server.Health;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>Where RabbitMQ is: AMQP URI with user, password and virtual host.</summary>
internal sealed record BrokerAddress(Uri Uri);

/// <summary>An open connection.</summary>
/// <param name="Client">The client's.</param>
/// <param name="Lost">
/// Cancelled as soon as the connection is lost, before the client's channels hear of it. To be given to every publish: one that waits for room in a full socket keeps
/// the lock that its channel takes to end, so without it both would wait for each other for ever.
/// </param>
internal sealed record LiveConnection(IConnection Client, CancellationToken Lost);

/// <summary>
/// The one connection of this process to RabbitMQ. Kept up in the background: lost, it is made again after a growing wait with
/// jitter, with one log line when it goes and one when it is back. Nothing in BatchPlane but delivery waits for it.
/// </summary>
/// <remarks>
/// The client's own recovery is off: it would bring channels back without the messages that were on their way, and the
/// dispatcher must know of every loss to read again from its cursor.
/// </remarks>
internal sealed partial class BrokerConnection : BackgroundService
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private readonly BrokerAddress _address;
    private readonly BrokerStatus _status;
    private readonly BrokerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<BrokerConnection> _logger;
    private readonly Lock _gate = new();
    private TaskCompletionSource<LiveConnection> _open = NewSource();
    private TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _blocked;

    public BrokerConnection(
        BrokerAddress address,
        BrokerStatus status,
        IOptions<BrokerOptions> options,
        TimeProvider time,
        ILogger<BrokerConnection> logger)
    {
        _address = address;
        _status = status;
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>True while the broker takes no messages because it is short of memory or disk: confirms come late then, and that is no fault.</summary>
    internal bool IsBlocked => _blocked;

    /// <summary>How long declarations wait for an answer.</summary>
    internal TimeSpan RequestTimeout => _options.RequestTimeout;

    /// <summary>The open connection, as soon as there is one.</summary>
    internal async Task<LiveConnection> WhenOpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<LiveConnection> open;
            lock (_gate)
            {
                open = _open.Task;
            }

            var connection = await open.WaitAsync(cancellationToken);
            if (connection.Client.IsOpen)
            {
                return connection;
            }

            // It went down and the loop below has not noticed yet: its next step replaces the task.
            await Task.Delay(_options.ReconnectMin, _time, cancellationToken);
        }
    }

    /// <summary>The open connection; false when the broker is away now.</summary>
    internal bool TryGetOpen([NotNullWhen(true)] out LiveConnection? connection)
    {
        lock (_gate)
        {
            connection = _open.Task.IsCompletedSuccessfully && _open.Task.Result.Client.IsOpen ? _open.Task.Result : null;
        }

        return connection is not null;
    }

    /// <summary>Completes when the connection that is open now is lost; at once when there is none.</summary>
    internal Task WhenLostAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return (_open.Task.IsCompleted ? _lost.Task : Task.CompletedTask).WaitAsync(cancellationToken);
        }
    }

    /// <summary>True for what a lost connection, a closed channel or a slow broker throws: expected, answered by trying again.</summary>
    internal static bool IsOutage(Exception fault) =>
        fault is OperationInterruptedException or BrokerUnreachableException or AlreadyClosedException or RabbitMQClientException
            or IOException or TimeoutException or System.Net.Sockets.SocketException or ObjectDisposedException
        || (fault is OperationCanceledException canceled && !canceled.CancellationToken.IsCancellationRequested);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff(_options.ReconnectMin, _options.ReconnectMax);
        try
        {
            while (true)
            {
                var connection = await ConnectAsync(backoff, stoppingToken);
                await HoldAsync(connection, stoppingToken);
                backoff.Reset();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private static TaskCompletionSource<LiveConnection> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<IConnection> ConnectAsync(Backoff backoff, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await Factory().CreateConnectionAsync(cancellationToken);
            }
            catch (Exception fault) when (IsOutage(fault))
            {
                _status.Lost(fault.InnerException?.Message ?? fault.Message);
                if (backoff.IsFresh)
                {
                    Log.Unreachable(_logger, fault.InnerException?.Message ?? fault.Message);
                }

                await Task.Delay(backoff.Next(), _time, cancellationToken);
            }
        }
    }

    private ConnectionFactory Factory() => new()
    {
        Uri = _address.Uri,
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        RequestedHeartbeat = Heartbeat,
        RequestedConnectionTimeout = _options.RequestTimeout,
        HandshakeContinuationTimeout = _options.RequestTimeout,
        ContinuationTimeout = _options.RequestTimeout,
        ClientProvidedName = "batchplane",
    };

    /// <summary>Returns when the connection is lost.</summary>
    private async Task HoldAsync(IConnection connection, CancellationToken cancellationToken)
    {
        var lost = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        // The first handler of all but the client's own: it must run before those of channels, which wait for what it cancels.
        var gone = new CancellationTokenSource();
        connection.ConnectionShutdownAsync += (_, shutdown) =>
        {
            lost.TrySetResult(shutdown.ReplyText);
            return gone.CancelAsync();
        };
        connection.ConnectionBlockedAsync += OnBlocked;
        connection.ConnectionUnblockedAsync += OnUnblocked;
        if (!connection.IsOpen)
        {
            lost.TrySetResult(connection.CloseReason?.ReplyText ?? "closed");
        }

        lock (_gate)
        {
            _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _open.SetResult(new(connection, gone.Token));
        }

        _status.Connected();
        Log.Connected(_logger, connection.Endpoint.HostName, connection.Endpoint.Port);
        try
        {
            var reason = await lost.Task.WaitAsync(cancellationToken);
            _status.Lost(reason);
            Log.Lost(_logger, reason);
        }
        finally
        {
            lock (_gate)
            {
                _open = NewSource();
                _lost.TrySetResult();
            }

            _blocked = false;
            await PutAwayAsync(connection);
        }
    }

    /// <summary>
    /// Closes a connection, within a bound: the client may never come back from closing one whose socket went in the middle of a send, and the next connection
    /// must not wait for that.
    /// </summary>
    private async Task PutAwayAsync(IConnection connection) =>
        await Task.WhenAny(CloseAsync(connection), Task.Delay(_options.RequestTimeout, _time));

    private async Task CloseAsync(IConnection connection)
    {
        try
        {
            await using (connection)
            {
                await connection.CloseAsync(_options.RequestTimeout);
            }
        }
        catch (Exception fault) when (IsOutage(fault))
        {
            // It is gone already, which is what was wanted.
        }
    }

    private Task OnBlocked(object sender, ConnectionBlockedEventArgs blocked)
    {
        _blocked = true;
        Log.Blocked(_logger, blocked.Reason);
        return Task.CompletedTask;
    }

    private Task OnUnblocked(object sender, AsyncEventArgs unblocked)
    {
        _blocked = false;
        Log.Unblocked(_logger);
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(5001, LogLevel.Information, "Connected to RabbitMQ at {Host}:{Port}")]
        internal static partial void Connected(ILogger logger, string host, int port);

        [LoggerMessage(5002, LogLevel.Warning, "Lost RabbitMQ ({Reason}); events wait until it is back")]
        internal static partial void Lost(ILogger logger, string reason);

        [LoggerMessage(5003, LogLevel.Warning, "RabbitMQ cannot be reached ({Reason}); events wait until it can")]
        internal static partial void Unreachable(ILogger logger, string reason);

        [LoggerMessage(5004, LogLevel.Warning, "RabbitMQ takes no messages for now ({Reason})")]
        internal static partial void Blocked(ILogger logger, string reason);

        [LoggerMessage(5005, LogLevel.Information, "RabbitMQ takes messages again")]
        internal static partial void Unblocked(ILogger logger);
    }
}
