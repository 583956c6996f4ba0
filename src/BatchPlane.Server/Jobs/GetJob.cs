using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Jobs;

/// <summary><c>GET /v1/jobs/{id}</c>: a job with its tasks.</summary>
internal static class GetJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs/{id}", HandleAsync)
        .WithName("GetJob").WithTags("jobs").WithSummary("A job with its tasks")
        .Produces<JobDetail>();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, JobQueries jobs) =>
        await jobs.FindAsync(id, context.RequestAborted) is { } job
            ? TypedResults.Json(job, BatchPlaneJson.Options)
            : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");
}
