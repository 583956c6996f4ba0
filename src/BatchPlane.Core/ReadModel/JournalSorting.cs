using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using Microsoft.Extensions.Options;

namespace BatchPlane.Core.ReadModel;

/// <summary>
/// Sorts events and attempts by what the journal is not in the order of. It goes over all that match, in the order of the journal by its indexes, and keeps no more than a page: so a list has to be narrowed
/// by job or time until it is no longer than <see cref="JournalOptions.SortRows"/> and <see cref="JournalOptions.SortExecutions"/>. A page goes on behind a place, so that what ended meanwhile moves nothing.
/// </summary>
public sealed class JournalSorting(JournalReader reader, ExecutionQueries executions, IOptions<JournalOptions> options)
{
    private const int ChunkRows = 1_000;

    /// <summary>Rows of some subjects to read at once: more, since each read goes over all of theirs that are left.</summary>
    private const int ChunkRowsOfSubjects = 10_000;

    /// <summary>A page of events; null when there is too much to be sorted.</summary>
    public async Task<SortedPage<EventView>?> EventsAsync(JournalFilter filter, SortedQuery query, CancellationToken cancellationToken)
    {
        var page = new Page(query);
        return await ScanAsync(filter, page, _ => { }, cancellationToken) ? await ToViewsAsync(page, EventViews.ToView, cancellationToken) : null;
    }

    /// <summary>
    /// A page of attempts; null when there is too much to be sorted. Those that ended are wanted when the filter's <see cref="JournalFilter.Results"/> are set, and those that run <paramref name="withRunning"/>.
    /// One that ends meanwhile is there once.
    /// </summary>
    public async Task<SortedPage<ExecutionView>?> ExecutionsAsync(JournalFilter filter, bool withRunning, SortedQuery query, CancellationToken cancellationToken)
    {
        var page = new Page(query);
        var running = new Dictionary<AttemptKey, RunningAttempt>();
        if (withRunning && !await FindRunningAsync(filter, running, cancellationToken))
        {
            return null;
        }

        // Behind the look at what runs: what is not found there any more has ended.
        if (filter.Results is not null && !await ScanAsync(filter, page, hit => running.Remove(AttemptKey.Of(hit)), cancellationToken))
        {
            return null;
        }

        foreach (var attempt in running.Values)
        {
            page.Add(attempt);
        }

        return await ToViewsAsync(page, ExecutionViews.ToView, cancellationToken);
    }

    /// <summary>All that run and match; false when they are too many.</summary>
    private async Task<bool> FindRunningAsync(JournalFilter filter, Dictionary<AttemptKey, RunningAttempt> running, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunningAttempt> found;
        var place = default(RunningPlace);
        do
        {
            found = await executions.RunningAsync(filter, place, ChunkRows, cancellationToken);
            foreach (var attempt in found)
            {
                running[AttemptKey.Of(attempt)] = attempt;
                place = attempt.Place;
            }

            if (running.Count > options.Value.SortRows)
            {
                return false;
            }
        }
        while (found.Count == ChunkRows);

        return true;
    }

    /// <summary>Puts all that matches into a page; false when it is too much.</summary>
    private async Task<bool> ScanAsync(JournalFilter filter, Page page, Action<JournalHit> found, CancellationToken cancellationToken)
    {
        var bounds = await reader.BoundsAsync(filter.Earliest, filter.Until, cancellationToken);
        var start = bounds.Since is { } since && bounds.Begin.IsBefore(since) ? since : bounds.Begin;
        var scope = await reader.ScopeAsync(filter, start, options.Value.SortRows, cancellationToken);
        var below = JournalScope.BelowOf(scope, bounds);
        var scan = new JournalScan(filter, bounds, start, backwards: false, options.Value.SortExecutions + 1);
        var wanted = scope is { SubjectIds.Count: > 1 } ? ChunkRowsOfSubjects : ChunkRows;
        var (rows, hits) = (0, 0L);
        while (true)
        {
            var chunk = await reader.ReadAsync(scope, scan.Next, backwards: false, below, wanted, cancellationToken);
            rows += chunk.Count;
            if (rows > options.Value.SortRows)
            {
                return false;
            }

            // Row by row: a chunk may stand for very many events.
            var names = await reader.NamesForAsync(filter, chunk, cancellationToken);
            foreach (var row in chunk)
            {
                scan.Take([row], names);
                hits += scan.Hits.Count;
                if (hits > options.Value.SortExecutions)
                {
                    return false;
                }

                foreach (var hit in scan.Hits)
                {
                    found(hit);
                    page.Add(hit);
                }

                scan.Hits.Clear();
            }

            if (chunk.Count < wanted)
            {
                return true;
            }
        }
    }

    private async Task<SortedPage<T>> ToViewsAsync<T>(Page page, Func<EventRow, int, SubjectNames, T> view, CancellationToken cancellationToken)
        where T : class
    {
        var found = page.InOrder();
        var items = found.Take(page.Limit).ToList();
        var names = await reader.NamesAsync([.. items.Where(item => item.Running is null).Select(item => item.Hit.Row).Distinct()], cancellationToken);
        return new(
            [.. items.Select(item => (item.Running as T ?? view(item.Hit.Row, item.Hit.Offset, names.GetValueOrDefault(item.Hit.Row.SubjectId, SubjectNames.None)), item.Place))],
            found.Count > page.Limit);
    }

    /// <summary>An attempt, however it is found.</summary>
    private readonly record struct AttemptKey(string JobId, int? TaskNo, int? Index, int? Attempt)
    {
        internal static AttemptKey Of(JournalHit hit) => new(hit.Row.SubjectId, hit.Row.TaskNo, hit.Row.InstanceIndex + hit.Offset, hit.Row.Attempt);

        internal static AttemptKey Of(RunningAttempt running) => new(running.View.JobId, running.TaskNo, running.View.TaskInstanceIndex, running.View.Attempt);
    }

    /// <summary>What is found in the journal, or runs.</summary>
    private sealed record Item(JournalHit Hit, ExecutionView? Running, SortedPlace Place);

    /// <summary>The first of all that are added, behind a place: the last of them is at hand to be put out.</summary>
    private sealed class Page(SortedQuery query)
    {
        private static readonly Comparer<SortedPlace> Ascending = Comparer<SortedPlace>.Default;
        private static readonly Comparer<SortedPlace> Descending = Comparer<SortedPlace>.Create((left, right) => right.CompareTo(left));

        private readonly Comparer<SortedPlace> _order = query.Descending ? Descending : Ascending;
        private readonly PriorityQueue<(JournalHit Hit, ExecutionView? Running), SortedPlace> _first = new(query.Descending ? Ascending : Descending);

        internal int Limit => query.Limit;

        internal void Add(JournalHit hit)
        {
            var (number, word) = ValueOf(hit);
            Add((hit, null), new(number, word, hit.Row.OrderTxid, hit.Row.EventNo, hit.Offset));
        }

        internal void Add(RunningAttempt running)
        {
            var (number, word) = query.Sort switch
            {
                JournalSort.StartTime => (running.View.StartTime?.UtcTicks ?? Last, ""),
                JournalSort.Result => (0, running.View.Result),
                JournalSort.Duration => (Last, ""),

                // Behind every end there is.
                _ => (long.MaxValue, ""),
            };
            Add((default, running.View), new(number, word, 0, running.Place.ClaimId, running.Place.Index));
        }

        internal List<Item> InOrder() =>
            [.. _first.UnorderedItems.OrderBy(item => item.Priority, _order).Select(item => new Item(item.Element.Hit, item.Element.Running, item.Priority))];

        private void Add((JournalHit, ExecutionView?) item, SortedPlace place)
        {
            if (query.After is { } behind && _order.Compare(place, behind) <= 0)
            {
                return;
            }

            _first.Enqueue(item, place);
            if (_first.Count > query.Limit + 1)
            {
                _first.Dequeue();
            }
        }

        private (long Number, string Word) ValueOf(JournalHit hit) => query.Sort switch
        {
            JournalSort.Time => (hit.Row.OccurredAt.UtcTicks, ""),
            JournalSort.StartTime => (EventViews.RunningAt(hit.Row, hit.Offset)?.UtcTicks ?? Last, ""),
            JournalSort.Duration => ((hit.Row.OccurredAt - EventViews.RunningAt(hit.Row, hit.Offset))?.Ticks ?? Last, ""),
            JournalSort.Result => (0, ExecutionViews.ResultOf(hit.Row) ?? ""),
            JournalSort.Name => (0, EventViews.NameOf(hit.Row)),
            JournalSort.State => (0, hit.Row.State),
            JournalSort.Source => (0, hit.Row.Source),
        };

        private long Last => query.Descending ? -1 : long.MaxValue;
    }
}
