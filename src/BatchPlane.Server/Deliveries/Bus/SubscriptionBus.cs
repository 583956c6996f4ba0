using BatchPlane.Server.Dispatch.Bus;
using MassTransit;

namespace BatchPlane.Server.Deliveries.Bus;

/// <summary>
/// MassTransit as the consumer of the subscriptions' own queues: connections, recovery, prefetch and acknowledgement are its. Bodies are taken as they came, before anything
/// could deserialize them. Nothing outside of this folder names its types.
/// </summary>
internal sealed partial class SubscriptionBus(BrokerAddress address, ILoggerFactory loggers, ILogger<SubscriptionBus> logger) : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);
    private IBusControl? _bus;

    /// <summary>Connects; returns when the broker is there.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        LogContext.ConfigureCurrentLogContext(loggers);
        _bus = MassTransit.Bus.Factory.CreateUsingRabbitMq(bus =>
        {
            bus.Host(address.Uri, host => host.ConnectionName("batchplane deliverer"));
            bus.AutoStart = false;
        });
        await _bus.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Begins to consume a queue of BatchPlane's own. Each message is acknowledged when <paramref name="handle"/> has ended, and comes again when that threw.
    /// </summary>
    /// <param name="queue">Its name.</param>
    /// <param name="arguments">What it is declared with: the same wherever it is declared.</param>
    /// <param name="prefetch">Messages taken and not yet acknowledged, at most.</param>
    /// <param name="handle">What is done with each.</param>
    internal IAsyncDisposable Consume(string queue, IReadOnlyDictionary<string, object?> arguments, int prefetch, Func<Incoming, Task> handle)
    {
        var bus = _bus ?? throw new InvalidOperationException("Not started.");
        var handler = new Handler(handle, logger);
        return new Endpoint(bus.ConnectReceiveEndpoint(queue, endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.PrefetchCount = prefetch;
            endpoint.ConcurrentMessageLimit = prefetch;
            endpoint.PublishFaults = false;
            endpoint.ConfigureReceive(pipe => pipe.UseFilter(handler));

            // The handler ends the pipe: that nothing came out of it at its end is no reason to move a message. Faulted ones go back to the queue.
            endpoint.DiscardSkippedMessages();
            endpoint.RethrowFaultedMessages();
            var rabbit = (IRabbitMqReceiveEndpointConfigurator)endpoint;
            foreach (var (name, value) in arguments)
            {
                rabbit.SetQueueArgument(name, value!);
            }
        }));
    }

    public async ValueTask DisposeAsync()
    {
        if (_bus is { } bus)
        {
            using var limit = new CancellationTokenSource(StopTimeout);
            await bus.StopAsync(limit.Token);
        }
    }

    private sealed class Handler(Func<Incoming, Task> handle, ILogger logger) : IFilter<ReceiveContext>
    {
        public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
        {
            if (IncomingReader.Read(context) is { } incoming)
            {
                await handle(incoming);
            }
            else
            {
                Log.NotOurs(logger, context.InputAddress);
            }
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("batchplane");
    }

    private sealed class Endpoint(HostReceiveEndpointHandle handle) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            using var limit = new CancellationTokenSource(StopTimeout);
            await handle.StopAsync(limit.Token);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5041, LogLevel.Warning, "A message in {Queue} is none of BatchPlane's and is dropped: it has no message_id of an event")]
        internal static partial void NotOurs(ILogger logger, Uri queue);
    }
}
