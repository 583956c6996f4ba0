using System.Collections.Concurrent;
using BatchPlane.Core;
using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Disables subscriptions whose endpoint is gone or has failed for too long, and says so: in the log, in the metrics, and on the topic itself. In a loop of its own, so that no result waits for
/// it. The notice for the topic is stored with the change and sent until RabbitMQ has it, by whichever server.
/// </summary>
internal sealed partial class SubscriptionDisabler(
    SubscriptionStore store,
    TopicNoticeStore pending,
    TopologyFollower follower,
    NoticePublisher notices,
    DeliveryMetrics metrics,
    IOptions<DeliveryOptions> options,
    TimeProvider time,
    ILogger<SubscriptionDisabler> logger) : BackgroundService
{
    private const int MaxNotices = 100;

    // What cannot be done now is asked for again by the next failure.
    private readonly ConcurrentDictionary<string, string> _asked = new(StringComparer.Ordinal);
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
        await DisableAsync(subscriptionId, reason, failingFor: null, cancellationToken);
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
                await DisableAsync(subscriptionId, reason, options.Value.DisableAfter, cancellationToken);
                _asked.TryRemove(subscriptionId, out _);
            }

            await TellAsync(cancellationToken);
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

    private async Task DisableAsync(string subscriptionId, string reason, TimeSpan? failingFor, CancellationToken cancellationToken)
    {
        if (await store.DisableAsync(subscriptionId, reason, EntityId.New($"{subscriptionId}-"), failingFor, cancellationToken) is { } topic)
        {
            metrics.Disabled();
            Log.Disabled(logger, subscriptionId, topic, reason);
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        foreach (var notice in await pending.ListAsync(MaxNotices, cancellationToken))
        {
            // Its bindings go first: it is not told of its own end.
            await follower.CleanAsync(notice.TopicName, cancellationToken);
            if (await notices.SubscriptionDisabledAsync(notice, cancellationToken) != NoticeOutcome.NotSent)
            {
                await pending.ForgetAsync(notice.NoticeId, cancellationToken);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5043, LogLevel.Warning, "Disabled subscription {SubscriptionId} of topic {Topic}: {Reason}")]
        internal static partial void Disabled(ILogger logger, string subscriptionId, string topic, string reason);

        [LoggerMessage(EventId = 5044, Message = "Subscriptions cannot be disabled, or their topics not be told, now: {Reason}")]
        internal static partial void Postponed(ILogger logger, LogLevel level, string reason);
    }
}
