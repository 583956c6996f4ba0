using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary>Makes the answers of <c>GET /v1/events/stream</c>, and what they work with.</summary>
internal sealed class EventStreams(
    EventTail tail,
    JournalQueries journal,
    EventMetrics metrics,
    ApiKeyStore keys,
    IHostApplicationLifetime lifetime,
    IOptions<EventsOptions> options,
    IOptions<ApiOptions> api,
    TimeProvider time)
{
    internal EventTail Tail { get; } = tail;

    internal JournalQueries Journal { get; } = journal;

    internal EventMetrics Metrics { get; } = metrics;

    internal IHostApplicationLifetime Lifetime { get; } = lifetime;

    internal EventsOptions Options { get; } = options.Value;

    internal TimeProvider Time { get; } = time;

    /// <summary>A stream of what a filter wants behind a place; null: from the filter's own beginning.</summary>
    internal IResult Answer(JournalFilter filter, JournalPosition? after) => new EventStream(this, filter, after);

    /// <summary>Whether who opened a stream may still read: the key that the request came with is not revoked. While that cannot be asked, nothing changes.</summary>
    internal async Task<bool> MayReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return !api.Value.RequireAuthentication || (BearerHeader.Read(request) is { } token && await keys.FindAsync(token, cancellationToken) is not null);
        }
        catch (Exception fault) when (ExpectedFaults.IsTransient(fault))
        {
            return true;
        }
    }
}
