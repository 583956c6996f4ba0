using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Jobs;

/// <summary><c>PATCH /v1/jobs/{id}</c>: changes the priority of a job that waits or runs. Safe to repeat.</summary>
internal static class ChangeJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/jobs/{id}", HandleAsync)
        .WithName("ChangeJob").WithTags("jobs").WithSummary("Change the priority of a job that has not ended")
        .WithDescription("Counts for what is claimed from now on; what nodes hold already goes on. An event, `JOB_PRIORITY_CHANGED`, unless the job has this priority already.")
        .Accepts<ChangeJobRequest>("application/json")
        .Produces<JobDetail>();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, TransitionWriter writer, JobQueries jobs)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var reading = ChangeRequestReader.Read(body.Root);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            return await writer.WriteAsync(new ChangeJobCommand(id, reading.Value.Priority, Caller.Of(context).Source), context.RequestAborted) switch
            {
                ChangeJobOutcome.Changed when await jobs.FindAsync(id, context.RequestAborted) is { } job => TypedResults.Json(job, BatchPlaneJson.Options),
                ChangeJobOutcome.Ended ended => new ProblemResult(ProblemKind.JobEnded, $"The job {id} is {WireName.Of(ended.State)}."),
                _ => new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}."),
            };
        }
    }
}
