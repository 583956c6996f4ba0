using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Outputs;

namespace BatchPlane.Server.Jobs;

/// <summary><c>GET /v1/jobs/{id}/explain</c>: why a job waits.</summary>
internal static class ExplainJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs/{id}/explain", HandleAsync)
        .WithName("ExplainJob").WithTags("jobs").WithSummary("Why a job waits, task by task")
        .WithDescription("For each task that has not ended: what it waits for, its place in the queue and when it may start, as far as that is known.")
        .Produces<JobExplanation>();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, ExplainQueries explanations, OutputStatus outputs) =>
        await explanations.ExplainAsync(id, context.RequestAborted) is { } explanation
            ? TypedResults.Json(outputs.Reason is { } reason ? WithoutStorage(explanation, reason) : explanation, BatchPlaneJson.Options)
            : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");

    /// <summary>What nodes hold may have ended, and be late because of its outputs.</summary>
    private static JobExplanation WithoutStorage(JobExplanation explanation, string reason) => explanation with
    {
        Tasks = [.. explanation.Tasks.Select(task => task.HeldInstances == 0 ? task : task with
        {
            Reasons = [new() { Code = WaitCodes.OutputStorage, Message = $"Outputs cannot be stored: instances that have ended with output stay as they are until they can, or their node gives them up. {reason}" }, .. task.Reasons],
        })],
    };
}
