using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/events</c>: the journal of all jobs and environments in its order. To follow it, ask again with <c>after</c> = <c>next_cursor</c>, or stream it.</summary>
internal static class SearchEvents
{
    private const string Own = "journal";

    private static readonly Dictionary<string, JournalSort> Sorts = new(StringComparer.Ordinal)
    {
        ["occurred_at"] = JournalSort.Time,
        ["name"] = JournalSort.Name,
        ["state"] = JournalSort.State,
        ["source"] = JournalSort.Source,
    };

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/events", HandleAsync)
        .WithName("SearchEvents").WithTags("events").WithSummary("The journal of all jobs and environments")
        .WithDescription("In the order of the journal, in which the events of one job or environment are in sequence. Only what is settled is told, so that a reader that goes on at `next_cursor` misses nothing and gets nothing twice.")
        .Produces<JournalPage<EventView>>()
        .WithJournalPlace("`journal` (default): the order of the journal; or `occurred_at`, `name`, `state`, `source`.")
        .WithEventFilter();

    /// <summary>A page, or the refusal of a place that is not kept any more.</summary>
    internal static IResult Answer<T>(JournalAnswer<T> answer, Func<T, string, T> withCursor) => answer switch
    {
        JournalAnswer<T>.Found found => TypedResults.Json(
            new JournalPage<T>([.. found.Items.Select(item => withCursor(item.View, JournalCursor.Encode(item.Place)))], JournalCursor.Encode(found.Next), found.More),
            BatchPlaneJson.Options),
        JournalAnswer<T>.Gone gone => GoneResult(gone.Oldest),
        JournalAnswer<T>.Ahead ahead => AheadResult(ahead.Newest),
        _ => throw new InvalidOperationException($"No answer for {answer}."),
    };

    internal static ProblemResult GoneResult(JournalPosition oldest)
    {
        var cursor = JournalCursor.Encode(oldest);
        return ProblemResult.EventsGone($"Events behind this cursor are not kept any more. The oldest cursor from which nothing is missing is {cursor}.", cursor, null);
    }

    internal static ProblemResult AheadResult(JournalPosition newest)
    {
        var cursor = JournalCursor.Encode(newest);
        return ProblemResult.EventsGone($"The journal has not come as far as this cursor. The newest is {cursor}.", null, cursor);
    }

    private static async Task<IResult> HandleAsync(HttpContext context, JournalQueries journal, JournalSorting sorting, JobQueries jobs, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var page = JournalPlaces.Read(query, problems, options.Value, Own, Sorts);
        var sorted = page.Sort is null ? null : page.Sorted(query);
        var after = sorted is null ? query.PlaceOf(JournalPlaces.After, JournalCursor.Decode) : null;
        var reading = JournalFilterReader.ReadEvents(query, problems);
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        var (filter, refusal) = await reading.ResolveAsync(journal, jobs, context.RequestAborted);
        return refusal is not null ? refusal
            : sorted is not null ? JournalPlaces.Answer(await sorting.EventsAsync(filter, sorted, context.RequestAborted), sorted)
            : Answer(await journal.EventsAsync(filter, after, page.Backwards, page.Limit, context.RequestAborted), (view, cursor) => view with { Cursor = cursor });
    }
}
