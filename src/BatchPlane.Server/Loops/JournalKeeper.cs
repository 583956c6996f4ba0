using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Statistics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Makes the journal's partitions ahead of time, moves rows that lie in the default partition to that of their day, drops days that are old and delivered, and forgets what
/// was noted about them. A day that cannot be made keeps nothing else from being done.
/// </summary>
internal sealed partial class JournalKeeper(
    JournalStore journal,
    StatisticsStore statistics,
    JournalMetrics metrics,
    IOptions<JournalOptions> options,
    TimeProvider time,
    ILogger<JournalKeeper> logger)
    : EngineLoop(time, logger)
{
    private const int PruneRows = 10_000;

    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        await EnsurePartitionsAsync(cancellationToken);
        var dropped = await journal.DropPartitionsAsync(options.Value.RetentionDays, cancellationToken);
        if (dropped > 0)
        {
            Log.Dropped(Logger, dropped, options.Value.RetentionDays);
        }

        await statistics.PruneAsync(options.Value.StatisticsDays, options.Value.StatisticsNameDays, cancellationToken);
        while (await journal.PruneAsync(options.Value.RetentionDays, PruneRows, cancellationToken) == PruneRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task EnsurePartitionsAsync(CancellationToken cancellationToken)
    {
        var partitions = await journal.EnsurePartitionsAsync(options.Value.DaysAhead, cancellationToken);
        metrics.Misplaced(partitions);
        if (partitions.Moved + partitions.Left > 0)
        {
            Log.Misplaced(Logger, partitions.Moved + partitions.Left, partitions.Left);
        }

        foreach (var (day, why) in partitions.Failures)
        {
            Log.DayNotMade(Logger, ExpectedFaults.IsTransient(why) ? LogLevel.Warning : LogLevel.Error, day, why.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2007, LogLevel.Warning, "{Rows} rows of the journal lay outside the partitions of days, {Left} still do: a clock is wrong, or partitions could not be made")]
        internal static partial void Misplaced(ILogger logger, long rows, long left);

        [LoggerMessage(EventId = 2008, Message = "The journal's partition of {Day} could not be made; trying again in an hour ({Reason})")]
        internal static partial void DayNotMade(ILogger logger, LogLevel level, DateOnly day, string reason);

        [LoggerMessage(2004, LogLevel.Information, "Dropped {Partitions} days of the journal, older than {RetentionDays} days and delivered")]
        internal static partial void Dropped(ILogger logger, int partitions, int retentionDays);
    }
}
