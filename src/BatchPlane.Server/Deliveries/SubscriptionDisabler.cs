using System.Collections.Concurrent;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Disables subscriptions whose endpoint is gone or has failed for too long, and says so in the log and the metrics; the topic is told by the event that is stored with it. In a loop of its
/// own, so that no result waits for it.
/// </summary>
internal sealed partial class SubscriptionDisabler(
    SubscriptionStore store,
    TopologyFollower follower,
    OutboxSignal outbox,
    DeliveryMetrics metrics,
    IOptions<DeliveryOptions> options,
    TimeProvider time,
    ILogger<SubscriptionDisabler> logger) : BackgroundService
{
    // What cannot be done now is asked for again by the next failure.
    private readonly ConcurrentDictionary<string, string> _asked = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _changedTopics = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private bool _postponed;

    /// <summary>Takes note of subscriptions that fail; those that have for too long are disabled.</summary>
    internal void Look(IReadOnlyList<FailingSubscription> failing)
    {
        var now = time.GetUtcNow();
        foreach (var subscription in failing.Where(each => now - each.Since > options.Value.DisableAfter && each.RecentFailures >= options.Value.DisableFailures))
        {
            _asked[subscription.SubscriptionId] = $"failed without one success since {subscription.Since.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}";
            Wake();
        }
    }

    /// <summary>Disables one whose endpoint wants nothing any more.</summary>
    internal async Task GoneAsync(string subscriptionId, string reason, CancellationToken cancellationToken)
    {
        await DisableAsync(subscriptionId, Cause.EndpointGone, reason, failingFor: null, cancellationToken);
        Wake();
    }

    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await StepAsync(stoppingToken);
                await _wake.WaitAsync(options.Value.ReconcileInterval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Wake()
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (subscriptionId, reason) in _asked.ToArray())
            {
                await DisableAsync(subscriptionId, Cause.EndpointFailing, reason, options.Value.DisableAfter, cancellationToken);
                _asked.TryRemove(subscriptionId, out _);
            }

            await UnbindAsync(cancellationToken);
            _postponed = false;
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, it must not end the server.
            if (!_postponed)
            {
                _postponed = true;
                Log.Postponed(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, fault.Message);
            }
        }
    }

    private async Task DisableAsync(string subscriptionId, Cause cause, string reason, TimeSpan? failingFor, CancellationToken cancellationToken)
    {
        if (await store.DisableAsync(subscriptionId, cause, reason, failingFor, cancellationToken) is { } topic)
        {
            metrics.Disabled();
            Log.Disabled(logger, subscriptionId, topic, reason);
            _changedTopics.Enqueue(topic);
        }
    }

    /// <summary>Takes bindings away before the event is looked for, so that a subscription is hardly told of its own end. What is not done here is by whoever looks next.</summary>
    private async Task UnbindAsync(CancellationToken cancellationToken)
    {
        while (_changedTopics.TryDequeue(out var topic))
        {
            await follower.CleanAsync(topic, cancellationToken);
            outbox.Set();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5043, LogLevel.Warning, "Disabled subscription {SubscriptionId} of topic {Topic}: {Reason}")]
        internal static partial void Disabled(ILogger logger, string subscriptionId, string topic, string reason);

        [LoggerMessage(EventId = 5044, Message = "Subscriptions cannot be disabled now: {Reason}")]
        internal static partial void Postponed(ILogger logger, LogLevel level, string reason);
    }
}
