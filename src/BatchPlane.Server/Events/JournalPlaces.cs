using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary>Which page of a list over the journal: direction, size, and what it is sorted by.</summary>
/// <param name="Sort">Null: in the order of the list itself.</param>
/// <param name="Backwards">Direction.</param>
/// <param name="Limit">Elements of the page.</param>
internal sealed record PageRequest(JournalSort? Sort, bool Backwards, int Limit)
{
    /// <summary>The page of a sorted list. Its place is read by it.</summary>
    internal SortedQuery Sorted(QueryReader query) => new(Sort!.Value, Backwards, query.PlaceOf(JournalPlaces.After, JournalPlaces.Decode), Limit);
}

/// <summary>Reads and writes where lists over the journal go on, when they are in another order than it.</summary>
internal static class JournalPlaces
{
    /// <summary>The parameter with the cursor.</summary>
    internal const string After = "after";

    private const string Ascending = "asc";
    private const string Descending = "desc";
    private const int Parts = 5;

    /// <summary>Describes the parameters that say where to read.</summary>
    internal static RouteHandlerBuilder WithJournalPlace(this RouteHandlerBuilder endpoint, string sort) => endpoint
        .WithQuery(After, JsonSchemaType.String, "`next_cursor` of the page before, or `cursor` of an event.")
        .WithQuery("order", JsonSchemaType.String, "`asc` (default): onwards from the oldest; `desc`: backwards from the newest.")
        .WithQuery("limit", JsonSchemaType.Integer, "Elements of the page.")
        .WithQuery("sort", JsonSchemaType.String, $"{sort} A sorted list has to be narrowed where there is more than `Journal.SortRows`.");

    /// <summary>Reads direction, number and what to sort by: one of the words, of which <paramref name="own"/> is the order of the list itself.</summary>
    internal static PageRequest Read(QueryReader query, ProblemList problems, ApiOptions options, string own, IReadOnlyDictionary<string, JournalSort> sorts)
    {
        var order = query.Text("order") ?? Ascending;
        if (order is not (Ascending or Descending))
        {
            problems.Add("?order", ItemCodes.ValueUnknown, $"Expected {Ascending} or {Descending}, given \"{order}\".");
        }

        var word = query.Text("sort") ?? own;
        JournalSort? sort = sorts.TryGetValue(word, out var known) ? known : null;
        if (sort is null && word != own)
        {
            problems.Add("?sort", ItemCodes.ValueUnknown, $"Expected {own}, {string.Join(", ", sorts.Keys)}, given \"{word}\".");
        }

        return new(sort, order == Descending, query.Limit(options));
    }

    /// <summary>A page of a sorted list, or its refusal.</summary>
    internal static IResult Answer<T>(SortedPage<T>? page, SortedQuery query) => page is null
        ? ProblemResult.Invalid([new("?sort", ItemCodes.SortTooWide, "There is more than can be sorted: narrow it by 'job', 'job_name', 'since' or 'until', or leave 'sort' out.")])
        : TypedResults.Json(
            new JournalPage<T>(
                [.. page.Items.Select(item => item.View)],
                Encode(page.Items is [.., var last] ? last.Place : query.After ?? (query.Descending ? SortedPlace.BehindAll : SortedPlace.BeforeAll)),
                page.More),
            BatchPlaneJson.Options);

    internal static SortedPlace? Decode(string cursor) =>
        Cursor.Decode(cursor, Parts) is { } parts
        && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var txId)
        && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var eventNo)
        && int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? new SortedPlace(number, parts[4][1..], txId, eventNo, offset)
            : null;

    // The word has a colon before it, as no part may be empty.
    private static string Encode(SortedPlace place) => Cursor.Encode(
        place.Number.ToString(CultureInfo.InvariantCulture),
        place.TxId.ToString(CultureInfo.InvariantCulture),
        place.EventNo.ToString(CultureInfo.InvariantCulture),
        place.Offset.ToString(CultureInfo.InvariantCulture),
        $":{place.Word}");
}
