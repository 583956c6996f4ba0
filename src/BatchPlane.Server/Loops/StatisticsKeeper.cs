using BatchPlane.Core.Journal;
using BatchPlane.Core.Statistics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Adds what the journal has to the statistics, in bounded steps; on one server at a time.</summary>
internal sealed class StatisticsKeeper(StatisticsStore statistics, IOptions<JournalOptions> options, TimeProvider time, ILogger<StatisticsKeeper> logger)
    : EngineLoop(time, logger)
{
    private const int StepRows = 5_000;

    /// <inheritdoc/>
    protected override TimeSpan Interval => options.Value.StatisticsInterval;

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        while (await statistics.CountAsync(StepRows, cancellationToken) == StepRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
