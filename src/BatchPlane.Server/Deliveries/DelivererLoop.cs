using BatchPlane.Core.Database;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Role <c>deliverer</c>: runs a worker for each enabled subscription of webhooks and mail, and replaces it when the subscription was changed, at whichever server. All servers
/// with this role consume all queues; RabbitMQ shares the messages out.
/// </summary>
internal sealed partial class DelivererLoop(
    SubscriptionStore store,
    SubscriptionBus bus,
    DeliveryServices services,
    IOptions<DeliveryOptions> options,
    TimeProvider time,
    ILogger<DelivererLoop> logger) : BackgroundService
{
    private readonly Dictionary<string, SubscriptionWorker> _workers = new(StringComparer.Ordinal);
    private (long Count, long Sum)? _seen;
    private bool _databaseAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartBusAsync(stoppingToken);
            await using var fallen = new FallenWorker(services).Start();
            while (true)
            {
                await StepAsync(stoppingToken);
                await Task.Delay(options.Value.ReconcileInterval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_workers.Values.ToArray().Select(worker => worker.DisposeAsync().AsTask()));
        }
    }

    private async Task StartBusAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await bus.StartAsync(cancellationToken);
                return;
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                Log.NotStarted(logger, fault.Message);
                await Task.Delay(options.Value.ReconcileInterval, time, cancellationToken);
            }
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Taken before the list: what changes in between is seen by the next step.
            var fingerprint = await store.FingerprintAsync(cancellationToken);
            if (fingerprint != _seen)
            {
                await ApplyAsync(await store.ListServedAsync(cancellationToken));
                _seen = fingerprint;
            }

            _databaseAway = false;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, it must not end the server. Workers go on as they are.
            if (!_databaseAway)
            {
                _databaseAway = true;
                Log.DatabaseAway(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, fault.Message);
            }
        }
    }

    private async Task ApplyAsync(IReadOnlyList<ServedSubscription> served)
    {
        var wanted = served.Where(subscription => subscription.View.Enabled).ToDictionary(subscription => subscription.View.SubscriptionId, StringComparer.Ordinal);
        var obsolete = _workers.Where(worker => !wanted.TryGetValue(worker.Key, out var subscription) || subscription.Revision != worker.Value.Revision).ToList();
        foreach (var (id, _) in obsolete)
        {
            _workers.Remove(id);
        }

        // One whose endpoint hangs is broken off; it holds up nobody.
        await Task.WhenAll(obsolete.Select(worker => worker.Value.DisposeAsync().AsTask()));
        foreach (var (id, subscription) in wanted.Where(subscription => !_workers.ContainsKey(subscription.Key)))
        {
            var worker = new SubscriptionWorker(subscription, services);
            worker.Start();
            _workers.Add(id, worker);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5045, LogLevel.Warning, "The consumer of subscriptions cannot be started yet: {Reason}")]
        internal static partial void NotStarted(ILogger logger, string reason);

        [LoggerMessage(EventId = 5046, Message = "Changes of subscriptions cannot be seen now: {Reason}")]
        internal static partial void DatabaseAway(ILogger logger, LogLevel level, string reason);
    }
}
