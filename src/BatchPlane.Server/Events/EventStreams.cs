using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary>Makes the answers of <c>GET /v1/events/stream</c>, and what they work with.</summary>
internal sealed class EventStreams(EventTail tail, JournalQueries journal, EventMetrics metrics, IHostApplicationLifetime lifetime, IOptions<EventsOptions> options, TimeProvider time)
{
    internal EventTail Tail { get; } = tail;

    internal JournalQueries Journal { get; } = journal;

    internal EventMetrics Metrics { get; } = metrics;

    internal IHostApplicationLifetime Lifetime { get; } = lifetime;

    internal EventsOptions Options { get; } = options.Value;

    internal TimeProvider Time { get; } = time;

    /// <summary>A stream of what a filter wants behind a place; null: from the filter's own beginning.</summary>
    internal IResult Answer(JournalFilter filter, JournalPosition? after) => new EventStream(this, filter, after);
}
