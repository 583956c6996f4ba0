using BatchPlane.Core.Journal;
using BatchPlane.Core.Statistics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Makes the journal's partitions ahead of time, drops those that are old and delivered, and forgets what was noted about them.</summary>
internal sealed partial class JournalKeeper(JournalStore journal, StatisticsStore statistics, IOptions<JournalOptions> options, TimeProvider time, ILogger<JournalKeeper> logger)
    : EngineLoop(time, logger)
{
    private const int PruneRows = 10_000;

    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        await journal.EnsurePartitionsAsync(options.Value.DaysAhead, cancellationToken);
        var dropped = await journal.DropPartitionsAsync(options.Value.RetentionDays, cancellationToken);
        if (dropped > 0)
        {
            Log.Dropped(Logger, dropped, options.Value.RetentionDays);
        }

        await statistics.PruneAsync(options.Value.StatisticsDays, cancellationToken);
        while (await journal.PruneAsync(options.Value.RetentionDays, PruneRows, cancellationToken) == PruneRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2004, LogLevel.Information, "Dropped {Partitions} days of the journal, older than {RetentionDays} days and delivered")]
        internal static partial void Dropped(ILogger logger, int partitions, int retentionDays);
    }
}
