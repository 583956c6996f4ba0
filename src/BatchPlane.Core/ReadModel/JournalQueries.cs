using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using Microsoft.Extensions.Options;

namespace BatchPlane.Core.ReadModel;

/// <summary>What a search of the journal came to.</summary>
public abstract record JournalAnswer<T>
{
    /// <summary>A page.</summary>
    /// <param name="Items">What was found, each with the place behind it (onwards) or before it (backwards).</param>
    /// <param name="Next">Where to go on.</param>
    /// <param name="More">False when the end of what there is now was reached.</param>
    public sealed record Found(IReadOnlyList<(T View, JournalPosition Place)> Items, JournalPosition Next, bool More) : JournalAnswer<T>;

    /// <summary>The place to continue at lies before what is kept.</summary>
    /// <param name="Oldest">The first place from where nothing is missing.</param>
    public sealed record Gone(JournalPosition Oldest) : JournalAnswer<T>;

    /// <summary>The place to continue at was never reached: it is one of another journal, or of this one before an older state of it was restored.</summary>
    /// <param name="Newest">The place that is reached now.</param>
    public sealed record Ahead(JournalPosition Newest) : JournalAnswer<T>;
}

/// <summary>
/// Searches the journal over all subjects, in its order or against it. A page looks at a bounded number of rows (<see cref="JournalOptions.ScanRows"/>), so that a
/// filter that matches rarely gives short pages with a place to go on at, never a slow one.
/// </summary>
public sealed class JournalQueries(JournalReader reader, ReadContexts contexts, IOptions<JournalOptions> options)
{
    private const int ChunkRows = 1_000;

    /// <summary>Events. <paramref name="after"/>: where the page before ended; null: at the beginning, or the end when <paramref name="backwards"/>.</summary>
    public Task<JournalAnswer<EventView>> EventsAsync(JournalFilter filter, JournalPosition? after, bool backwards, int limit, CancellationToken cancellationToken) =>
        SearchAsync(filter, after, backwards, limit, EventViews.ToView, cancellationToken);

    /// <summary>Attempts that ended, in the order of their ends. The filter's <see cref="JournalFilter.Results"/> are set.</summary>
    public Task<JournalAnswer<ExecutionView>> ExecutionsAsync(JournalFilter filter, JournalPosition? after, bool backwards, int limit, CancellationToken cancellationToken) =>
        SearchAsync(filter, after, backwards, limit, ExecutionViews.ToView, cancellationToken);

    /// <summary>The place up to which everything is settled now.</summary>
    public async Task<JournalPosition> NowAsync(CancellationToken cancellationToken) => (await reader.BoundsAsync(null, null, cancellationToken)).Settled;

    /// <summary>The first place from where nothing is missing, and the place up to which everything is settled now.</summary>
    public async Task<(JournalPosition Begin, JournalPosition Settled)> BoundsAsync(CancellationToken cancellationToken)
    {
        var bounds = await reader.BoundsAsync(null, null, cancellationToken);
        return (bounds.Begin, bounds.Settled);
    }

    /// <summary>At most <paramref name="limit"/> rows of all subjects behind a place that lies between rows.</summary>
    public async Task<JournalBatch> BatchAsync(JournalPosition after, int limit, CancellationToken cancellationToken)
    {
        var from = after.Count > 0 ? after with { EventNo = after.EventNo + 1 } : after;
        var rows = await reader.ReadAsync(null, from, backwards: false, null, limit, cancellationToken);
        var end = rows.Count == 0 ? after : JournalPosition.Behind(rows[^1].OrderTxid, rows[^1].EventNo);
        return new(rows, await reader.NamesAsync(rows, cancellationToken), end);
    }

    /// <summary>Number of a task of a job by its name; null when there is none.</summary>
    public async Task<int?> FindTaskNoAsync(string jobId, string taskName, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var found = context.Tasks.Where(task => task.JobId == jobId && task.TaskName == taskName).Select(task => (int?)task.TaskNo);
        return await Microsoft.EntityFrameworkCore.EntityFrameworkQueryableExtensions.SingleOrDefaultAsync(found, cancellationToken);
    }

    private async Task<JournalAnswer<T>> SearchAsync<T>(
        JournalFilter filter,
        JournalPosition? after,
        bool backwards,
        int limit,
        Func<EventRow, int, SubjectNames, T> view,
        CancellationToken cancellationToken)
    {
        var bounds = await reader.BoundsAsync(filter.Earliest, filter.Until, cancellationToken);
        if (after is { } given && given.IsBefore(bounds.Begin))
        {
            return new JournalAnswer<T>.Gone(bounds.Begin);
        }

        if (after is { } reached && bounds.Settled.IsBefore(reached))
        {
            return new JournalAnswer<T>.Ahead(bounds.Settled);
        }

        var start = StartOf(after, backwards, bounds);
        var scope = await reader.ScopeAsync(filter, backwards ? StartOf(null, false, bounds) : start, options.Value.ScanRows, cancellationToken);
        var below = JournalScope.BelowOf(scope, bounds);
        var scan = new JournalScan(filter, bounds, start, backwards, limit);
        for (var looked = 0; !scan.IsFull && looked < options.Value.ScanRows;)
        {
            var wanted = ChunkOf(filter, scope, limit);
            var rows = await reader.ReadAsync(scope, scan.Next, backwards, below, wanted, cancellationToken);
            looked += rows.Count;
            if (!scan.Take(rows, await reader.NamesForAsync(filter, rows, cancellationToken)))
            {
                break;
            }

            if (rows.Count < wanted)
            {
                // Who follows a quiet job moves on with everybody: its last row may be dropped in time.
                scan.End(backwards || scope is null || filter.Until is not null ? null : bounds.Settled);
                break;
            }
        }

        // Days may have been dropped while it was read.
        if (after is { } place && await reader.BoundsAsync(null, null, cancellationToken) is { } now && place.IsBefore(now.Begin))
        {
            return new JournalAnswer<T>.Gone(now.Begin);
        }

        var names = await reader.NamesAsync([.. scan.Hits.Select(hit => hit.Row).Distinct()], cancellationToken);
        return new JournalAnswer<T>.Found(
            [.. scan.Hits.Select(hit => (view(hit.Row, hit.Offset, names.GetValueOrDefault(hit.Row.SubjectId, SubjectNames.None)), hit.Place))],
            scan.Next,
            !scan.AtEnd);
    }

    /// <summary>Rows to read at once: no more than a page has, where most will do; of some subjects all that there may be, since each read sorts all of them.</summary>
    private int ChunkOf(JournalFilter filter, JournalScope? scope, int limit) =>
        filter.IsWide && (scope is not null || filter.JobName is null) ? Math.Min(ChunkRows, limit + 1)
        : scope is { SubjectIds.Count: > 1 } ? options.Value.ScanRows
        : ChunkRows;

    private static JournalPosition StartOf(JournalPosition? after, bool backwards, JournalBounds bounds)
    {
        if (backwards)
        {
            var end = bounds.UntilTxId is { } until ? JournalPosition.Before(until) : bounds.Settled;
            return after is { } place && place.IsBefore(end) ? place : end;
        }

        var start = after ?? bounds.Begin;
        return bounds.Since is { } since && start.IsBefore(since) ? since : start;
    }
}
