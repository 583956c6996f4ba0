using BatchPlane.Contracts;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/redeliveries</c>, <c>GET /v1/redeliveries/{id}</c> and <c>POST /v1/redeliveries/{id}/cancel</c>.</summary>
internal static class GetRedeliveries
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/redeliveries", ListAsync)
            .WithName("ListRedeliveries").WithTags("deliveries").WithSummary("Redeliveries with their progress, the newest first")
            .Produces<Page<RedeliveryView>>()
            .WithPaging();
        routes.MapGet("/redeliveries/{id}", FindAsync)
            .WithName("GetRedelivery").WithTags("deliveries").WithSummary("A redelivery with its progress")
            .Produces<RedeliveryView>();
        routes.MapPost("/redeliveries/{id}/cancel", CancelAsync)
            .WithName("CancelRedelivery").WithTags("deliveries").WithSummary("Withdraw a redelivery")
            .WithDescription("Messages on their way still arrive. No effect on one that ended.")
            .Produces<RedeliveryView>();
    }

    private static async Task<IResult> ListAsync(HttpContext context, RedeliveryStore redeliveries, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var after = query.Place();
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await redeliveries.ListAsync(after, limit + 1, context.RequestAborted), limit, last => Cursor.After(last.CreatedAt, last.RedeliveryId));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, RedeliveryStore redeliveries) =>
        Answer(id, await redeliveries.FindAsync(id, context.RequestAborted));

    private static async Task<IResult> CancelAsync(HttpContext context, string id, RedeliveryStore redeliveries) =>
        Answer(id, await redeliveries.CancelAsync(id, context.RequestAborted));

    private static IResult Answer(string id, RedeliveryView? view) => view is not null
        ? TypedResults.Json(view, BatchPlaneJson.Options)
        : new ProblemResult(ProblemKind.RedeliveryNotFound, $"There is no redelivery {id}.");
}
