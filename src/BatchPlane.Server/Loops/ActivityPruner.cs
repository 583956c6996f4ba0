using BatchPlane.Core.Environments;
using BatchPlane.Server.Nodes;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Forgets old activities of environments.</summary>
internal sealed partial class ActivityPruner(EnvironmentStore environments, IOptions<NodeOptions> options, TimeProvider time, ILogger<ActivityPruner> logger)
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
            pruned = await environments.PruneActivitiesAsync(options.Value.ActivityRetentionDays, options.Value.ActivityPruneLimit, cancellationToken);
            if (pruned > 0)
            {
                Log.Pruned(Logger, pruned);
            }
        }
        while (pruned == options.Value.ActivityPruneLimit);
    }

    private static partial class Log
    {
        [LoggerMessage(3006, LogLevel.Debug, "Forgot {Activities} activities")]
        internal static partial void Pruned(ILogger logger, int activities);
    }
}
