using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using BatchPlane.Server.Outputs;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Jobs;

/// <summary><c>GET /v1/jobs/{id}/tasks/{task}/instances/{index}/logs/{stream}</c>: an attempt's standard output or error, as it was written. Ranges are honoured.</summary>
internal static class GetOutput
{
    private const string ContentType = "text/plain; charset=utf-8";

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs/{id}/tasks/{task}/instances/{index:int:min(0)}/logs/{stream}", HandleAsync)
        .WithName("GetOutput").WithTags("jobs").WithSummary("Read the output of an instance")
        .Produces<string>(StatusCodes.Status200OK, "text/plain")
        .WithQuery("attempt", JsonSchemaType.Integer, "Attempt, from 1; the current or last one when left out.");

    private static async Task<IResult> HandleAsync(HttpContext context, string id, string task, int index, string stream, JobQueries jobs, OutputStore outputs)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var attempt = (int)query.Number("attempt", 1, int.MaxValue, otherwise: 0);
        query.RefuseOthers();
        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        if (stream is not ("stdout" or "stderr"))
        {
            return new ProblemResult(ProblemKind.RouteNotFound, $"Expected stdout or stderr, given '{stream}'.");
        }

        if (await jobs.FindTaskIdAsync(id, task, context.RequestAborted) is not { } taskId)
        {
            return await jobs.ExistsAsync(id, context.RequestAborted)
                ? new ProblemResult(ProblemKind.TaskNotFound, $"The job {id} has no task '{task}'.")
                : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");
        }

        if (await jobs.ListInstancesAsync(id, task, index, 1, context.RequestAborted) is not [var instance])
        {
            return new ProblemResult(ProblemKind.InstanceNotFound, string.Create(CultureInfo.InvariantCulture, $"The task '{task}' has no instance {index}."));
        }

        if (instance.Attempt == 0 || attempt > instance.Attempt)
        {
            return new ProblemResult(ProblemKind.OutputNotFound, string.Create(CultureInfo.InvariantCulture, $"Instance {index} has had {instance.Attempt} attempts."));
        }

        var output = new OutputOf(id, taskId, index, attempt == 0 ? instance.Attempt : attempt, stream == "stdout" ? OutputStream.Stdout : OutputStream.Stderr);
        return outputs.Open(output) is { } file
            ? TypedResults.Stream(new OutputSnapshot(file), ContentType, enableRangeProcessing: true)
            : TypedResults.Text("", ContentType);
    }
}
