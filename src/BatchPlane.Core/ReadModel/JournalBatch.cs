using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.ReadModel;

/// <summary>Rows of the journal that follow each other, read once for many readers, who unfold them each by their own filter.</summary>
public sealed class JournalBatch
{
    private readonly IReadOnlyList<EventRow> _rows;
    private readonly IReadOnlyDictionary<string, SubjectNames> _names;

    internal JournalBatch(IReadOnlyList<EventRow> rows, IReadOnlyDictionary<string, SubjectNames> names, JournalPosition end)
    {
        _rows = rows;
        _names = names;
        End = end;
    }

    /// <summary>True when nothing followed.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>The place behind it.</summary>
    public JournalPosition End { get; }

    /// <summary>The events that a filter wants and that lie behind <paramref name="after"/>, each with the place behind it.</summary>
    public IEnumerable<(EventView View, JournalPosition Place)> Unfold(JournalFilter filter, JournalPosition after)
    {
        foreach (var row in _rows.Where(filter.Matches))
        {
            var place = new JournalPosition(row.OrderTxid, row.EventNo, 0);
            if (place.IsBefore(after))
            {
                continue;
            }

            var names = _names.GetValueOrDefault(row.SubjectId, SubjectNames.None);
            if (filter.NeedsNames && !filter.Matches(names, row))
            {
                continue;
            }

            foreach (var offset in filter.Offsets(row, after.IsBefore(place) ? 0 : Math.Min(after.Count, row.Span), row.Span))
            {
                yield return (EventViews.ToView(row, offset, names), place with { Count = offset + 1 });
            }
        }
    }
}
