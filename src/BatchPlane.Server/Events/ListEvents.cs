using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Events;

/// <summary>
/// <c>GET /v1/jobs/{id}/events</c> and <c>GET /v1/environments/{id}/events</c>: the journal of one subject in sequence. To follow it, ask again with
/// <c>after</c> = the greatest sequence seen.
/// </summary>
internal static class ListEvents
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        Describe(routes.MapGet("/jobs/{id}/events", OfJobAsync).WithName("ListJobEvents").WithTags("jobs").WithSummary("The journal of a job in sequence"));
        Describe(routes.MapGet("/environments/{id}/events", OfEnvironmentAsync).WithName("ListEnvironmentEvents").WithTags("environments").WithSummary("The journal of an environment in sequence"));
    }

    private static void Describe(RouteHandlerBuilder endpoint) => endpoint
        .Produces<Page<EventView>>()
        .WithPaging()
        .WithQuery("after", JsonSchemaType.Integer, "Only events with a greater sequence. Default 0. With `cursor`, the greater of both counts.");

    private static Task<IResult> OfJobAsync(HttpContext context, string id, EventQueries events, IOptions<ApiOptions> options) =>
        HandleAsync(context, options.Value, events.ListOfJobAsync, id, ProblemKind.JobNotFound);

    private static Task<IResult> OfEnvironmentAsync(HttpContext context, string id, EventQueries events, IOptions<ApiOptions> options) =>
        HandleAsync(context, options.Value, events.ListOfEnvironmentAsync, id, ProblemKind.EnvironmentNotFound);

    private static async Task<IResult> HandleAsync(
        HttpContext context,
        ApiOptions options,
        Func<string, long, int, CancellationToken, Task<IReadOnlyList<EventView>?>> list,
        string id,
        ProblemKind notFound)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options);
        var after = Math.Max(query.Number("after", 0, long.MaxValue - 1, 0), query.Position(long.MaxValue - 1));
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        return await list(id, after, limit + 1, context.RequestAborted) is { } events
            ? ApiResults.Page(events, limit, last => Cursor.Encode(last.Sequence.ToString(CultureInfo.InvariantCulture)))
            : new ProblemResult(notFound, $"There is no {id}.");
    }
}
