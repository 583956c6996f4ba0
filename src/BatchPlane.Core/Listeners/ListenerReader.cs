using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Core.Listeners;

/// <summary>What a look at the journal came to.</summary>
public abstract record ListenerPage
{
    /// <summary>Events, and the place behind them. There may be none where the place moved: nothing before it is for listeners.</summary>
    public sealed record Found(IReadOnlyList<ListenerEvent> Events, JournalPosition End) : ListenerPage;

    /// <summary>Nothing follows that is settled.</summary>
    public sealed record Nothing : ListenerPage;

    /// <summary>What follows is not kept any more, up to and including the row at <paramref name="Last"/>.</summary>
    public sealed record Gone(JournalPosition Last) : ListenerPage;
}

/// <summary>
/// Reads the journal for one listener, onwards from a place, and leaves out what its jobs do not want told. Rows are read once and kept until their events are handed out, so that a row that stands for
/// many costs no more than others; it holds at most <paramref name="chunkRows"/> of them.
/// </summary>
/// <param name="journal">The statements.</param>
/// <param name="start">The place behind which it begins.</param>
/// <param name="chunkRows">Rows that are read at once.</param>
/// <param name="sampleEvery">One instance in so many is told of, where a job is sampled.</param>
public sealed class ListenerReader(JournalReader journal, JournalPosition start, int chunkRows, int sampleEvery)
{
    private readonly Queue<EventRow> _rows = new();
    private IReadOnlyDictionary<string, SubjectNames> _names = new Dictionary<string, SubjectNames>();

    /// <summary>Behind what was handed out.</summary>
    public JournalPosition Place { get; private set; } = start;

    /// <summary>The next events, at most <paramref name="limit"/>.</summary>
    public async Task<ListenerPage> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        if (_rows.Count == 0)
        {
            var rows = await journal.ReadAsync(null, Place, backwards: false, null, chunkRows + 1, cancellationToken);

            // Looked at behind the read: days may be dropped in between.
            var begin = (await journal.BoundsAsync(null, null, cancellationToken)).Begin;
            if (Place.IsBefore(begin))
            {
                return new ListenerPage.Gone(begin);
            }

            foreach (var row in rows.Where(row => TakenOf(row) < row.Span))
            {
                _rows.Enqueue(row);
            }

            _names = await journal.NamesAsync(_rows, cancellationToken);
        }

        return _rows.Count == 0 ? new ListenerPage.Nothing() : new ListenerPage.Found(Unfold(limit), Place);
    }

    /// <summary>The place was moved over what is not kept any more.</summary>
    public void GoOnBehind(JournalPosition last)
    {
        _rows.Clear();
        Place = JournalPosition.Behind(last.TxId, last.EventNo);
    }

    private List<ListenerEvent> Unfold(int limit)
    {
        var events = new List<ListenerEvent>();
        while (events.Count < limit && _rows.TryPeek(out var row))
        {
            var names = _names.GetValueOrDefault(row.SubjectId, SubjectNames.None);
            var offset = TakenOf(row);
            for (; offset < row.Span && events.Count < limit; offset++)
            {
                if (TraceSample.Includes(names.Tracing, row, offset, sampleEvery))
                {
                    events.Add(ToEvent(row, offset, names));
                }
            }

            if (offset < row.Span)
            {
                Place = new(row.OrderTxid, row.EventNo, offset);
            }
            else
            {
                Place = JournalPosition.Behind(row.OrderTxid, row.EventNo);
                _rows.Dequeue();
            }
        }

        return events;
    }

    /// <summary>Events of a row that lie before the place.</summary>
    private int TakenOf(EventRow row) => row.OrderTxid == Place.TxId && row.EventNo == Place.EventNo ? Math.Min(Place.Count, row.Span) : 0;

    private static ListenerEvent ToEvent(EventRow row, int offset, SubjectNames names) => new()
    {
        Event = EventViews.ToView(row, offset, names),
        Execution = ExecutionViews.ResultOf(row) is null ? null : ExecutionViews.ToView(row, offset, names),
        TaskNo = row.TaskNo,
        RunningAt = EventViews.RunningAt(row, offset),
        Job = names.Job,
    };
}
