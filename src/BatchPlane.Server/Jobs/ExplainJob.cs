using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Jobs;

/// <summary><c>GET /v1/jobs/{id}/explain</c>: why a job waits.</summary>
internal static class ExplainJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs/{id}/explain", HandleAsync)
        .WithName("ExplainJob").WithTags("jobs").WithSummary("Why a job waits, task by task")
        .WithDescription("For each task that has not ended: what it waits for, its place in the queue and when it may start, as far as that is known.")
        .Produces<JobExplanation>();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, ExplainQueries explanations) =>
        await explanations.ExplainAsync(id, context.RequestAborted) is { } explanation
            ? TypedResults.Json(explanation, BatchPlaneJson.Options)
            : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");
}
