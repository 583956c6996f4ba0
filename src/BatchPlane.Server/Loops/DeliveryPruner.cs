using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Forgets what became of old deliveries to webhooks and mail.</summary>
internal sealed partial class DeliveryPruner(DeliveryStore deliveries, IOptions<DeliveryOptions> options, TimeProvider time, ILogger<DeliveryPruner> logger)
    : EngineLoop(time, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        int pruned;
        do
        {
            pruned = await deliveries.PruneAsync(options.Value.RetentionDays, options.Value.PruneLimit, cancellationToken);
            if (pruned > 0)
            {
                Log.Pruned(Logger, pruned);
            }
        }
        while (pruned == options.Value.PruneLimit);
    }

    private static partial class Log
    {
        [LoggerMessage(3015, LogLevel.Debug, "Forgot {Deliveries} deliveries")]
        internal static partial void Pruned(ILogger logger, int deliveries);
    }
}
