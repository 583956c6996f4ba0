namespace BatchPlane.Core.Journal;

/// <summary>
/// A place between two events in the order of the journal: behind the first <paramref name="Count"/> events of row (<paramref name="TxId"/>, <paramref name="EventNo"/>), and behind
/// all rows before that one.
/// </summary>
/// <param name="TxId"><c>order_txid</c> of the row.</param>
/// <param name="EventNo"><c>event_no</c> of the row.</param>
/// <param name="Count">Events of the row that lie before the place; as many as it has, or more: all of it.</param>
public readonly record struct JournalPosition(ulong TxId, long EventNo, int Count)
{
    /// <summary>The place behind all of a row.</summary>
    public static JournalPosition Behind(ulong txId, long eventNo) => new(txId, eventNo, int.MaxValue);

    /// <summary>The place before all rows of this transaction id and greater ones.</summary>
    public static JournalPosition Before(ulong txId) => new(txId, 0, 0);

    /// <summary>True when its row lies before that of the other.</summary>
    public bool IsBefore(JournalPosition other) => TxId < other.TxId || (TxId == other.TxId && EventNo < other.EventNo);

    /// <summary>Events of a row that lie before this place, where it lies within that row or behind it; 0 for the rows that follow.</summary>
    public int CountOf(ulong txId, long eventNo) => TxId == txId && EventNo == eventNo ? Count : 0;
}
