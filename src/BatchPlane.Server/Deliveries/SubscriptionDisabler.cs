using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Deliveries;

/// <summary>Disables subscriptions whose endpoint is gone or has failed for too long, and says so: in the log, in the metrics, and on the topic itself.</summary>
internal sealed partial class SubscriptionDisabler(
    SubscriptionStore store,
    TopologyRemover remover,
    NoticePublisher notices,
    DeliveryMetrics metrics,
    ILogger<SubscriptionDisabler> logger)
{
    /// <summary>
    /// Disables it, unless it is already. What it could not do because PostgreSQL is away is done at the next failure.
    /// </summary>
    /// <param name="subscriptionId">Which.</param>
    /// <param name="reason">Why, in words.</param>
    /// <param name="failingBefore">Only if it has been failing since before this; null: whatever.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    internal async Task DisableAsync(string subscriptionId, string reason, DateTimeOffset? failingBefore, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.DisableAsync(subscriptionId, reason, failingBefore, cancellationToken) is { } topic)
            {
                metrics.Disabled();
                Log.Disabled(logger, subscriptionId, topic, reason);
                await remover.PassAsync(cancellationToken);
                await notices.SubscriptionDisabledAsync(topic, subscriptionId, reason, cancellationToken);
            }
        }
        catch (Exception fault) when (ExpectedFaults.IsTransient(fault))
        {
            Log.Postponed(logger, subscriptionId, fault.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5043, LogLevel.Warning, "Disabled subscription {SubscriptionId} of topic {Topic}: {Reason}")]
        internal static partial void Disabled(ILogger logger, string subscriptionId, string topic, string reason);

        [LoggerMessage(5044, LogLevel.Warning, "Subscription {SubscriptionId} cannot be disabled now: {Reason}")]
        internal static partial void Postponed(ILogger logger, string subscriptionId, string reason);
    }
}
