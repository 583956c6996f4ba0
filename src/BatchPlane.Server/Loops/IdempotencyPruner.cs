using BatchPlane.Core.Idempotency;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Forgets old idempotency keys.</summary>
internal sealed partial class IdempotencyPruner(IdempotencyGuard keys, IOptions<IdempotencyOptions> options, TimeProvider time, ILogger<IdempotencyPruner> logger)
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
            pruned = await keys.PruneAsync(options.Value.RetentionHours, options.Value.PruneLimit, cancellationToken);
            if (pruned > 0)
            {
                Log.Pruned(Logger, pruned);
            }
        }
        while (pruned == options.Value.PruneLimit);
    }

    private static partial class Log
    {
        [LoggerMessage(2005, LogLevel.Debug, "Forgot {Keys} idempotency keys")]
        internal static partial void Pruned(ILogger logger, int keys);
    }
}
