namespace BatchPlane.Contracts;

/// <summary>A page of the journal. Unlike other lists it has a cursor also at the end, from where one can go on later.</summary>
/// <param name="Items">What was found; may be empty although there is more: a page looks at a bounded number of rows.</param>
/// <param name="NextCursor"><c>after</c> of the next page.</param>
/// <param name="More">False at the end of what there is now.</param>
public sealed record JournalPage<T>(IReadOnlyList<T> Items, string NextCursor, bool More);
