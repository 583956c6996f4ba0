using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Environments;

/// <summary><c>GET /v1/environments/{id}/activities</c>: what was done to the nodes, newest first.</summary>
internal static class ListActivities
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/environments/{id}/activities", HandleAsync)
        .WithName("ListActivities").WithTags("environments").WithSummary("What was done to the nodes of an environment and why, newest first")
        .Produces<Page<ActivityView>>()
        .WithPaging()
        .WithQuery("compute_node_id", JsonSchemaType.String, "Only activities of this node.");

    private static async Task<IResult> HandleAsync(HttpContext context, string id, EnvironmentQueries environments, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var filter = new ActivityFilter { NodeId = query.Text("compute_node_id"), Before = query.Place() };
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        return await environments.ExistsAsync(id, context.RequestAborted)
            ? ApiResults.Page(await environments.ListActivitiesAsync(id, filter, limit + 1, context.RequestAborted), limit, last => Cursor.After(last.StartTime, last.ActivityId))
            : new ProblemResult(ProblemKind.EnvironmentNotFound, $"There is no environment {id}.");
    }
}
