using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/executions/{job}/{task}/{index}/{attempt}</c>: one attempt by the parts of its id, what happened to it, and the other attempts of its instance.</summary>
internal static class GetExecution
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/executions/{job}/{task}/{index}/{attempt}", HandleAsync)
        .WithName("GetExecution").WithTags("events").WithSummary("One attempt, what happened to it, and the attempts of its instance")
        .WithDescription("The path is `/v1/executions/` and an `execution_id`: the job, the number of the task in it from 0, the instance, the attempt.")
        .Produces<ExecutionDetails>();

    private static async Task<IResult> HandleAsync(HttpContext context, string job, string task, string index, string attempt, ExecutionQueries executions)
    {
        var problems = new ProblemList();
        new QueryReader(context.Request.Query, problems).RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        var id = $"{job}/{task}/{index}/{attempt}";
        return ExecutionId.Parse(id) is { } parsed && await executions.FindAsync(parsed.JobId, parsed.TaskNo, parsed.Index, parsed.Attempt, context.RequestAborted) is { } found
            ? TypedResults.Json(found, BatchPlaneJson.Options)
            : new ProblemResult(ProblemKind.ExecutionNotFound, $"There is no execution {id}.");
    }
}
