using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/events</c>: the journal of all jobs and environments in its order. To follow it, ask again with <c>after</c> = <c>next_cursor</c>, or stream it.</summary>
internal static class SearchEvents
{
    private const string Ascending = "asc";
    private const string Descending = "desc";

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/events", HandleAsync)
        .WithName("SearchEvents").WithTags("events").WithSummary("The journal of all jobs and environments")
        .WithDescription("In the order of the journal, in which the events of one job or environment are in sequence. Only what is settled is told, so that a reader that goes on at `next_cursor` misses nothing and gets nothing twice.")
        .Produces<JournalPage<EventView>>()
        .WithJournalPlace()
        .WithJournalFilter();

    /// <summary>Describes the parameters that say where to read.</summary>
    internal static RouteHandlerBuilder WithJournalPlace(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery("after", JsonSchemaType.String, "`next_cursor` of the page before, or `cursor` of an event.")
        .WithQuery("order", JsonSchemaType.String, "`asc` (default): onwards from the oldest; `desc`: backwards from the newest.")
        .WithQuery("limit", JsonSchemaType.Integer, "Elements of the page.");

    /// <summary>Reads where to read: place (unless it is one of another kind), direction, number.</summary>
    internal static (JournalPosition? After, bool Backwards, int Limit) ReadPlace(QueryReader query, ProblemList problems, ApiOptions options, bool isPlace = true)
    {
        var order = query.Text("order") ?? Ascending;
        if (order is not (Ascending or Descending))
        {
            problems.Add("?order", ItemCodes.ValueUnknown, $"Expected {Ascending} or {Descending}, given \"{order}\".");
        }

        return (isPlace ? query.PlaceOf("after", JournalCursor.Decode) : null, order == Descending, query.Limit(options));
    }

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

    private static async Task<IResult> HandleAsync(HttpContext context, JournalQueries journal, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var (after, backwards, limit) = ReadPlace(query, problems, options.Value);
        var filter = JournalFilterReader.Read(query, problems);
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : Answer(await journal.EventsAsync(filter, after, backwards, limit, context.RequestAborted), (view, cursor) => view with { Cursor = cursor });
    }
}
