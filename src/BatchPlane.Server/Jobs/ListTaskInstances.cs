using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Jobs;

/// <summary><c>GET /v1/jobs/{id}/tasks/{task}/instances</c>: instances by index, those that no node has claimed yet included.</summary>
internal static class ListTaskInstances
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs/{id}/tasks/{task}/instances", HandleAsync)
        .WithName("ListTaskInstances").WithTags("jobs").WithSummary("List the instances of a task by index")
        .Produces<Page<TaskInstanceView>>()
        .WithPaging();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, string task, JobQueries jobs, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var from = (int)query.Position(int.MaxValue);
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        if (await jobs.ListInstancesAsync(id, task, from, limit + 1, context.RequestAborted) is { } instances)
        {
            return ApiResults.Page(instances, limit, last => Cursor.Encode((last.TaskInstanceIndex + 1).ToString(CultureInfo.InvariantCulture)));
        }

        return await jobs.ExistsAsync(id, context.RequestAborted)
            ? new ProblemResult(ProblemKind.TaskNotFound, $"The job {id} has no task '{task}'.")
            : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");
    }
}
