using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries.Bus;
using BatchPlane.Server.Deliveries.Mail;
using BatchPlane.Server.Deliveries.Webhooks;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries;

/// <summary>What every subscription's worker works with.</summary>
internal sealed class DeliveryServices(
    SubscriptionBus bus,
    RetryQueues retries,
    DeliveryRecorder recorder,
    DeliveryStore results,
    SubscriptionDisabler disabler,
    WebhookSender webhooks,
    MailSender mail,
    DeliveryMetrics metrics,
    IOptions<DeliveryOptions> options,
    IOptions<EmailOptions> email,
    TimeProvider time,
    ILogger<SubscriptionWorker> logger)
{
    internal SubscriptionBus Bus { get; } = bus;

    internal RetryQueues Retries { get; } = retries;

    internal DeliveryRecorder Recorder { get; } = recorder;

    internal DeliveryStore Results { get; } = results;

    internal ILogger Logger { get; } = logger;

    internal SubscriptionDisabler Disabler { get; } = disabler;

    internal DeliveryMetrics Metrics { get; } = metrics;

    internal DeliveryOptions Options { get; } = options.Value;

    internal TimeProvider Time { get; } = time;

    /// <summary>A random number from 0 to below 1.</summary>
    /// <remarks>It spreads retries; it guards no secret.</remarks>
#pragma warning disable CA5394
    internal static double NextChance() => Random.Shared.NextDouble();
#pragma warning restore CA5394

    internal IEndpointSender SenderOf(SubscriptionProtocol protocol) => protocol switch
    {
        SubscriptionProtocol.Http => webhooks,
        SubscriptionProtocol.Email => mail,
        SubscriptionProtocol.Queue => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "Nobody delivers from a queue of somebody's."),
    };

    /// <summary>Tries under way at once; those of mail wait together for the mail that they share.</summary>
    internal int ConcurrencyOf(SubscriptionView subscription) =>
        subscription.Protocol == SubscriptionProtocol.Email ? email.Value.MaxEvents : subscription.MaxInFlight ?? 1;
}
