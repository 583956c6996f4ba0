using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Environments;

/// <summary><c>GET /v1/environments/{id}</c> and <c>GET /v1/environments/{id}/nodes</c>.</summary>
internal static class GetEnvironment
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/environments/{id}", HandleAsync)
            .WithName("GetEnvironment").WithTags("environments").WithSummary("An environment")
            .Produces<EnvironmentView>();
        routes.MapGet("/environments/{id}/nodes", NodesAsync)
            .WithName("ListNodes").WithTags("environments").WithSummary("The nodes of an environment, oldest first, on one page")
            .Produces<Page<NodeView>>();
    }

    private static async Task<IResult> HandleAsync(HttpContext context, string id, EnvironmentQueries environments) =>
        await environments.FindAsync(id, context.RequestAborted) is { } environment
            ? TypedResults.Json(environment, BatchPlaneJson.Options)
            : NotFound(id);

    private static async Task<IResult> NodesAsync(HttpContext context, string id, EnvironmentQueries environments) =>
        await environments.ExistsAsync(id, context.RequestAborted)
            ? TypedResults.Json(new Page<NodeView>(await environments.ListNodesAsync(id, context.RequestAborted), null), BatchPlaneJson.Options)
            : NotFound(id);

    private static ProblemResult NotFound(string id) => new(ProblemKind.EnvironmentNotFound, $"There is no environment {id}.");
}
