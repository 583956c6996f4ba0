using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using Microsoft.Extensions.Options;

namespace BatchPlane.Core.ReadModel;

/// <summary>What executions are sorted by.</summary>
public enum ExecutionSort
{
    /// <summary>When the command began; those that never began come last.</summary>
    StartTime,

    /// <summary>From begin to end; those that never began come last.</summary>
    Duration,

    /// <summary>By the words of <see cref="ExecutionResults"/>.</summary>
    Result,
}

/// <summary>Place of an execution in a sorted list: what it is sorted by, and where it is in the journal. No two are alike.</summary>
/// <param name="Value">What it is sorted by, as a number.</param>
/// <param name="TxId">Row in the journal.</param>
/// <param name="EventNo">Row in the journal.</param>
/// <param name="Offset">Which event of the row.</param>
public readonly record struct ExecutionPlace(long Value, ulong TxId, long EventNo, int Offset) : IComparable<ExecutionPlace>
{
    /// <summary>Behind all others: where a list backwards begins. It begins onwards at the default.</summary>
    public static ExecutionPlace BehindAll { get; } = new(long.MaxValue, ulong.MaxValue, long.MaxValue, int.MaxValue);

    /// <inheritdoc/>
    public int CompareTo(ExecutionPlace other) => (Value, TxId, EventNo, Offset).CompareTo((other.Value, other.TxId, other.EventNo, other.Offset));

    /// <summary>True when it comes before the other one.</summary>
    public static bool operator <(ExecutionPlace left, ExecutionPlace right) => left.CompareTo(right) < 0;

    /// <summary>True when it does not come before the other one.</summary>
    public static bool operator >=(ExecutionPlace left, ExecutionPlace right) => left.CompareTo(right) >= 0;

    /// <summary>True when it comes behind the other one.</summary>
    public static bool operator >(ExecutionPlace left, ExecutionPlace right) => left.CompareTo(right) > 0;

    /// <summary>True when it does not come behind the other one.</summary>
    public static bool operator <=(ExecutionPlace left, ExecutionPlace right) => left.CompareTo(right) <= 0;
}

/// <summary>A page of a sorted list.</summary>
/// <param name="Items">Each with its place.</param>
/// <param name="More">There are more behind them.</param>
public sealed record SortedExecutions(IReadOnlyList<(ExecutionView View, ExecutionPlace Place)> Items, bool More);

/// <summary>
/// Sorts executions by what the journal is not in the order of. It goes over all that match, in the order of the journal by its indexes, and keeps no more than a page: so a list has to be narrowed
/// by job or time until it is no longer than <see cref="JournalOptions.SortRows"/> and <see cref="JournalOptions.SortExecutions"/>. A page goes on behind a place, so that what ended meanwhile moves nothing.
/// </summary>
public sealed class ExecutionSorting(JournalReader reader, IOptions<JournalOptions> options)
{
    private const int ChunkRows = 1_000;
    private static readonly string[] Results = [.. new[] { ExecutionResults.Failure, ExecutionResults.Killed, ExecutionResults.Lost, ExecutionResults.Returned, ExecutionResults.Success }.Order(StringComparer.Ordinal)];

    /// <summary>A page behind a place; null when there is too much to be sorted.</summary>
    public async Task<SortedExecutions?> PageAsync(
        JournalFilter filter,
        ExecutionSort sort,
        bool descending,
        ExecutionPlace? after,
        int limit,
        CancellationToken cancellationToken)
    {
        var bounds = await reader.BoundsAsync(filter.Since, filter.Until, cancellationToken);
        var start = bounds.Since is { } since && bounds.Begin.IsBefore(since) ? since : bounds.Begin;
        var page = new Page(sort, descending, after, limit + 1);
        var scan = new JournalScan(filter, bounds, start, backwards: false, int.MaxValue);
        var (rows, executions) = (0, 0L);
        while (true)
        {
            var chunk = await reader.ReadAsync(filter.SubjectId, scan.Next, backwards: false, bounds.UntilTxId, ChunkRows, cancellationToken);
            scan.Take(chunk);
            (rows, executions) = (rows + chunk.Count, executions + scan.Hits.Count);
            if (rows > options.Value.SortRows || executions > options.Value.SortExecutions)
            {
                return null;
            }

            scan.Hits.ForEach(page.Add);
            scan.Hits.Clear();
            if (chunk.Count < ChunkRows)
            {
                break;
            }
        }

        var found = page.InOrder();
        var names = await reader.NamesAsync([.. found.Select(item => item.Hit.Row).Distinct()], cancellationToken);
        return new(
            [.. found.Take(limit).Select(item => (ExecutionViews.ToView(item.Hit.Row, item.Hit.Offset, names.GetValueOrDefault(item.Hit.Row.SubjectId, SubjectNames.None)), item.Place))],
            found.Count > limit);
    }

    /// <summary>The first of all that are added, behind a place: the last of them is at hand to be put out.</summary>
    private sealed class Page(ExecutionSort sort, bool descending, ExecutionPlace? after, int size)
    {
        private static readonly Comparer<ExecutionPlace> Ascending = Comparer<ExecutionPlace>.Default;
        private static readonly Comparer<ExecutionPlace> Descending = Comparer<ExecutionPlace>.Create((left, right) => right.CompareTo(left));

        private readonly Comparer<ExecutionPlace> _order = descending ? Descending : Ascending;
        private readonly PriorityQueue<JournalHit, ExecutionPlace> _first = new(descending ? Ascending : Descending);

        internal void Add(JournalHit hit)
        {
            var place = new ExecutionPlace(ValueOf(hit), hit.Row.OrderTxid, hit.Row.EventNo, hit.Offset);
            if (after is { } behind && _order.Compare(place, behind) <= 0)
            {
                return;
            }

            _first.Enqueue(hit, place);
            if (_first.Count > size)
            {
                _first.Dequeue();
            }
        }

        internal List<(JournalHit Hit, ExecutionPlace Place)> InOrder() =>
            [.. _first.UnorderedItems.OrderBy(item => item.Priority, _order).Select(item => (item.Element, item.Priority))];

        private long ValueOf(JournalHit hit)
        {
            var begin = EventViews.RunningAt(hit.Row, hit.Offset);
            return sort switch
            {
                ExecutionSort.StartTime => begin?.UtcTicks ?? Last,
                ExecutionSort.Duration => (hit.Row.OccurredAt - begin)?.Ticks ?? Last,
                ExecutionSort.Result => Array.IndexOf(Results, ExecutionViews.ResultOf(hit.Row)),
            };
        }

        private long Last => descending ? -1 : long.MaxValue;
    }
}
