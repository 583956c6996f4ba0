using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Jobs;

/// <summary><c>POST /v1/jobs/{id}/terminate</c>: notes that a job shall end. Safe to repeat; no effect on a job that has ended.</summary>
internal static class TerminateJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/jobs/{id}/terminate", HandleAsync)
        .WithName("TerminateJob").WithTags("jobs").WithSummary("End a job")
        .WithDescription("What no node runs ends at once, the rest when the nodes have ended it. No effect on a job that has ended.")
        .Accepts<TerminateJobRequest>(isOptional: true, "application/json")
        .Produces(StatusCodes.Status202Accepted);

    private static async Task<IResult> HandleAsync(HttpContext context, string id, TransitionWriter writer)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        using (body)
        {
            if (refusal is not null)
            {
                return refusal;
            }

            var reading = TerminateRequestReader.Read(body?.Root);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            return await TerminateAsync(id, Caller.Of(context).Source, reading.Value.Reason, writer, context.RequestAborted);
        }
    }

    /// <summary>The same for every surface.</summary>
    internal static async Task<IResult> TerminateAsync(string id, string source, string? reason, TransitionWriter writer, CancellationToken cancellationToken) =>
        await writer.WriteAsync(new TerminateJobCommand(id, source, reason), cancellationToken) switch
        {
            TerminateOutcome.Accepted => TypedResults.Accepted($"/v1/jobs/{id}"),
            TerminateOutcome.NotFound => new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}."),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
}
