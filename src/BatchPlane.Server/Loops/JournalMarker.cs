using BatchPlane.Core.Journal;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>Notes again and again where in the order of the journal a time is: by that, readers find the events since a time without looking at those before.</summary>
internal sealed class JournalMarker(JournalStore journal, IOptions<JournalOptions> options, TimeProvider time, ILogger<JournalMarker> logger)
    : EngineLoop(time, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Interval => options.Value.MarkInterval;

    /// <inheritdoc/>
    protected override Task PassAsync(CancellationToken cancellationToken) => journal.MarkAsync(options.Value.MarkInterval / 2, cancellationToken);
}
