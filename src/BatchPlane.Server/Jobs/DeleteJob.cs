using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Jobs;

/// <summary><c>DELETE /v1/jobs/{id}</c>: a job that has ended is gone at once; what there is of it is removed by and by.</summary>
internal static class DeleteJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/jobs/{id}", HandleAsync)
        .WithName("DeleteJob").WithTags("jobs").WithSummary("Delete a job that has ended")
        .WithDescription("With its tasks, instances and outputs. Its journal can still be read, and events on their way are delivered. Refused unless the job is SUCCEED or FAILED.")
        .Produces(StatusCodes.Status204NoContent);

    private static Task<IResult> HandleAsync(HttpContext context, string id, TransitionWriter writer) =>
        DeleteAsync(id, Caller.Of(context).Source, writer, context.RequestAborted);

    /// <summary>The same for every surface.</summary>
    internal static async Task<IResult> DeleteAsync(string id, string source, TransitionWriter writer, CancellationToken cancellationToken) =>
        await writer.WriteAsync(new DeleteJobCommand(id, source), cancellationToken) switch
        {
            DeleteJobOutcome.Deleted => TypedResults.NoContent(),
            DeleteJobOutcome.NotFound => new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}."),
            DeleteJobOutcome.NotEnded job => new ProblemResult(ProblemKind.JobNotEnded, $"The job {id} is {WireName.Of(job.State)}."),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
}
