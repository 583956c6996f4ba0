namespace BatchPlane.Core.ReadModel;

/// <summary>What a list of the journal is sorted by, other than the order of the journal.</summary>
public enum JournalSort
{
    /// <summary>When it happened; of attempts, when they ended. Those that run come last.</summary>
    Time,

    /// <summary>When the command began; those that never began, or have not yet, come last.</summary>
    StartTime,

    /// <summary>From begin to end; those without either come last.</summary>
    Duration,

    /// <summary>By the words of <see cref="Contracts.ExecutionResults"/>.</summary>
    Result,

    /// <summary>By the name of the event.</summary>
    Name,

    /// <summary>By the state entered.</summary>
    State,

    /// <summary>By who caused it.</summary>
    Source,
}

/// <summary>Place in a sorted list: what it is sorted by, and where that is in the journal or, of attempts that run, among what nodes hold. No two are alike.</summary>
/// <param name="Number">What it is sorted by, as a number; 0 when it is a word.</param>
/// <param name="Word">What it is sorted by, as a word; empty when it is a number.</param>
/// <param name="TxId">Row in the journal; 0 of what runs.</param>
/// <param name="EventNo">Row in the journal; of what runs, its claim.</param>
/// <param name="Offset">Which event of the row; of what runs, its instance.</param>
public readonly record struct SortedPlace(long Number, string Word, ulong TxId, long EventNo, int Offset) : IComparable<SortedPlace>
{
    /// <summary>Behind all others: where a list backwards begins. It begins onwards at <see cref="BeforeAll"/>.</summary>
    public static SortedPlace BehindAll { get; } = new(long.MaxValue, "\uFFFF", ulong.MaxValue, long.MaxValue, int.MaxValue);

    /// <summary>Before all others.</summary>
    public static SortedPlace BeforeAll { get; } = new(long.MinValue, "", 0, 0, 0);

    /// <inheritdoc/>
    public int CompareTo(SortedPlace other) =>
        Number != other.Number ? Number.CompareTo(other.Number)
        : string.CompareOrdinal(Word, other.Word) is not 0 and var words ? words
        : (TxId, EventNo, Offset).CompareTo((other.TxId, other.EventNo, other.Offset));

    /// <summary>True when it comes before the other one.</summary>
    public static bool operator <(SortedPlace left, SortedPlace right) => left.CompareTo(right) < 0;

    /// <summary>True when it does not come before the other one.</summary>
    public static bool operator >=(SortedPlace left, SortedPlace right) => left.CompareTo(right) >= 0;

    /// <summary>True when it comes behind the other one.</summary>
    public static bool operator >(SortedPlace left, SortedPlace right) => left.CompareTo(right) > 0;

    /// <summary>True when it does not come behind the other one.</summary>
    public static bool operator <=(SortedPlace left, SortedPlace right) => left.CompareTo(right) <= 0;
}

/// <summary>Which page of a sorted list.</summary>
/// <param name="Sort">What it is sorted by.</param>
/// <param name="Descending">True: backwards.</param>
/// <param name="After">Place of the last one of the page before; null: from the beginning.</param>
/// <param name="Limit">At most so many.</param>
public sealed record SortedQuery(JournalSort Sort, bool Descending, SortedPlace? After, int Limit);

/// <summary>A page of a sorted list.</summary>
/// <param name="Items">Each with its place.</param>
/// <param name="More">There are more behind them.</param>
public sealed record SortedPage<T>(IReadOnlyList<(T View, SortedPlace Place)> Items, bool More);
