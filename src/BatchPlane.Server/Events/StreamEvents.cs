using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/events/stream</c>: the journal as server-sent events, from a place on and then as it grows.</summary>
internal static class StreamEvents
{
    /// <summary>Header in which a reader that comes back names the last event it got.</summary>
    internal const string LastEventId = "Last-Event-ID";

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/events/stream", HandleAsync)
        .WithName("StreamEvents").WithTags("events").WithSummary("The journal as it grows, as server-sent events")
        .WithDescription("Each message has the event as JSON in `data` and its cursor as `id`. Begins at `Last-Event-ID`, else at `after`, else at `since`, else now. A reader that is too slow is cut off and goes on where it was.")
        .Produces<EventView>(StatusCodes.Status200OK, "text/event-stream")
        .WithQuery("after", JsonSchemaType.String, "Begin behind this cursor.")
        .WithEventFilter();

    private static async Task<IResult> HandleAsync(HttpContext context, EventTail tail, EventStreams streams, JournalQueries journal, JobQueries jobs)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var after = query.PlaceOf("after", JournalCursor.Decode);
        var reading = JournalFilterReader.ReadEvents(query, problems);
        query.RefuseOthers();
        if (reading.Filter.Until is not null)
        {
            problems.Add("?until", ItemCodes.NotSupported, "A stream has no end; list the events instead.");
        }

        if (context.Request.Headers[LastEventId] is [{ Length: > 0 } last])
        {
            after = JournalCursor.Decode(last);
            if (after is null)
            {
                problems.Add(LastEventId, ItemCodes.CursorInvalid, "Expected the id of an event of this stream.");
            }
        }

        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        var (filter, refusal) = await reading.ResolveAsync(journal, jobs, context.RequestAborted);
        if (refusal is not null)
        {
            return refusal;
        }

        if (tail.TryEnter() is not { } place)
        {
            return new ProblemResult(ProblemKind.TooManyStreams);
        }

        context.Response.RegisterForDispose(place);
        var (begin, settled) = await journal.BoundsAsync(context.RequestAborted);
        if (after is { } given && given.IsBefore(begin))
        {
            return SearchEvents.GoneResult(begin);
        }

        if (after is { } reached && settled.IsBefore(reached))
        {
            return SearchEvents.AheadResult(settled);
        }

        return streams.Answer(filter, after ?? (filter.Since is null ? settled : null));
    }
}
