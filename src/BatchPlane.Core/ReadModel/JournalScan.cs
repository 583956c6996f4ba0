using BatchPlane.Core.Journal;

namespace BatchPlane.Core.ReadModel;

/// <summary>An event that was found, and the place to go on at behind it (onwards) or before it (backwards).</summary>
internal readonly record struct JournalHit(EventRow Row, int Offset, JournalPosition Place);

/// <summary>Goes over rows of the journal, unfolds those that match, and remembers how far it came.</summary>
internal sealed class JournalScan(JournalFilter filter, JournalBounds bounds, JournalPosition start, bool backwards, int limit)
{
    internal List<JournalHit> Hits { get; } = [];

    /// <summary>Everything before it (backwards: behind it) was looked at.</summary>
    internal JournalPosition Next { get; private set; } = start;

    internal bool IsFull => Hits.Count >= limit;

    /// <summary>True when there is nothing further.</summary>
    internal bool AtEnd { get; private set; }

    /// <summary>
    /// Takes the next rows, the one at <see cref="Next"/> first if it is there. False when it came to the end or is full. <paramref name="names"/>: of the rows that match by themselves, if the filter needs them.
    /// </summary>
    internal bool Take(IReadOnlyList<EventRow> rows, IReadOnlyDictionary<string, SubjectNames> names)
    {
        foreach (var row in rows)
        {
            if (backwards && IsPast(row))
            {
                AtEnd = true;
                return false;
            }

            if (!TakeRow(row, names))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Notes that there is nothing further, and nothing up to a place that may lie behind the last row.</summary>
    internal void End(JournalPosition? settled)
    {
        AtEnd = true;
        if (settled is { } place && Next.IsBefore(place))
        {
            Next = place;
        }
    }

    private bool IsPast(EventRow row)
    {
        var place = new JournalPosition(row.OrderTxid, row.EventNo, 0);
        return !bounds.Begin.IsBefore(place) || (bounds.Since is { } since && place.IsBefore(since));
    }

    private bool TakeRow(EventRow row, IReadOnlyDictionary<string, SubjectNames> names)
    {
        // Of the row that the page before ended in, only what it did not have.
        var isOpen = row.OrderTxid == Next.TxId && row.EventNo == Next.EventNo;
        var open = isOpen ? Math.Min(Next.Count, row.Span) : backwards ? row.Span : 0;
        if (filter.Matches(row) && (!filter.NeedsNames || filter.Matches(names.GetValueOrDefault(row.SubjectId, SubjectNames.None), row)))
        {
            var (first, end) = backwards ? (0, open) : (open, row.Span);
            foreach (var offset in filter.Offsets(row, first, end, backwards))
            {
                if (IsFull)
                {
                    return false;
                }

                Next = new(row.OrderTxid, row.EventNo, backwards ? offset : offset + 1);
                Hits.Add(new(row, offset, Next));
            }
        }

        Next = new(row.OrderTxid, row.EventNo, backwards ? 0 : int.MaxValue);
        return true;
    }
}
