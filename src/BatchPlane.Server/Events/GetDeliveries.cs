using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/events/{id}/deliveries</c> and <c>GET /v1/deliveries</c>: what became of messages.</summary>
internal static class GetDeliveries
{
    private const int PlaceParts = 5;

    // A place has no empty part.
    private const string NoSubscription = "-";

    private static readonly string[] States = [DeliveryStates.Failed, DeliveryStates.Unrouted, DeliveryStates.Dead, DeliveryStates.Dropped];

    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/events/{id}/deliveries", OfEventAsync)
            .WithName("GetEventDeliveries").WithTags("deliveries").WithSummary("What became of an event at each topic")
            .WithDescription("`pending`: it waits for the dispatcher; `confirmed`: the broker has it; `unrouted`: no queue was bound for it; `failed`: it was given up. Subscriptions are those whose binding matches, and that were bound, or being bound, when the event was sent, or have a result for it. `unknown`: a result may have been there and is forgotten; or the subscription was being made, bound or changed when the event was sent.")
            .Produces<EventDeliveries>();
        routes.MapGet("/deliveries", ListAsync)
            .WithName("ListDeliveries").WithTags("deliveries").WithSummary("Messages that did not simply arrive, the latest first: dead letters")
            .WithDescription("At topics: `unrouted` and `failed`. At subscriptions, with `subscription_id`: `dead`, given up after the last try, or not taken by the queue; `dropped`, could not be delivered whatever the endpoint said.")
            .Produces<Page<DeliveryView>>()
            .WithPaging()
            .WithQuery("state", JsonSchemaType.String, "`failed`, `unrouted`, `dead` or `dropped`. Default: all.")
            .WithQuery("topic", JsonSchemaType.String, "To this topic.")
            .WithQuery("subscription", JsonSchemaType.String, "To this webhook or address, or queue that is sent copies of its own.")
            .WithQuery("job", JsonSchemaType.String, "About this job.")
            .WithQuery("env", JsonSchemaType.String, "About this environment.")
            .WithQuery("since", JsonSchemaType.String, "Tried last not before this time.")
            .WithQuery("until", JsonSchemaType.String, "Tried last before this time.");
    }

    private static async Task<IResult> OfEventAsync(HttpContext context, string id, DeliveryQueries deliveries, IOptions<DeliveryOptions> options, TimeProvider time) =>
        EventId.Parse(id) is { } known
        && await deliveries.OfEventAsync(known.SubjectId, known.Sequence, time.GetUtcNow().AddDays(-options.Value.RetentionDays), context.RequestAborted) is { } found
            ? TypedResults.Json(found, BatchPlaneJson.Options)
            : new ProblemResult(ProblemKind.EventNotFound, $"There is no event {id}.");

    private static async Task<IResult> ListAsync(HttpContext context, DeliveryQueries deliveries, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var state = query.Text("state");
        if (state is not null && !States.Contains(state))
        {
            problems.Add("?state", ItemCodes.ValueUnknown, $"Expected one of {string.Join(", ", States)}, given \"{state}\".");
        }

        var job = query.Text("job");
        var environment = query.Text("env");
        if (job is not null && environment is not null)
        {
            problems.Add("?env", ItemCodes.ValueUnknown, "Expected a job or an environment, given both: no event is of both.");
        }

        var filter = new DeliveryFilter(job ?? environment, state, query.Text("topic"), query.Instant("since"), query.Instant("until"), query.Text("subscription"));
        var after = query.PlaceOf("cursor", PlaceOf);
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await deliveries.ListAsync(filter, after, limit + 1, context.RequestAborted), limit, CursorAfter);
    }

    private static string CursorAfter(DeliveryView last)
    {
        var id = EventId.Parse(last.EventId)!.Value;
        return Cursor.Encode(last.LastTriedAt!.Value.UtcTicks.ToString(CultureInfo.InvariantCulture), id.SubjectId, id.Sequence.ToString(CultureInfo.InvariantCulture), last.TopicName, last.SubscriptionId ?? NoSubscription);
    }

    private static DeliveryPlace? PlaceOf(string cursor) =>
        Cursor.Decode(cursor, PlaceParts) is { } parts
        && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
        && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            ? new DeliveryPlace(new(ticks, TimeSpan.Zero), parts[1], sequence, parts[3], parts[4] == NoSubscription ? "" : parts[4])
            : null;
}
