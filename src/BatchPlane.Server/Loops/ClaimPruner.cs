using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Forgets claims whose attempts all ended, so that the table stays as small as what nodes hold.</summary>
internal sealed partial class ClaimPruner(ClaimStore claims, IOptions<SchedulingOptions> options, TimeProvider time, ILogger<ClaimPruner> logger)
    : EngineLoop(time, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.PruneSeconds);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        int pruned;
        do
        {
            pruned = await claims.PruneAsync(Interval, options.Value.PruneLimit, cancellationToken);
            if (pruned > 0)
            {
                Log.Pruned(Logger, pruned);
            }
        }
        while (pruned == options.Value.PruneLimit);
    }

    private static partial class Log
    {
        [LoggerMessage(4002, LogLevel.Debug, "Forgot {Claims} claims")]
        internal static partial void Pruned(ILogger logger, int claims);
    }
}
