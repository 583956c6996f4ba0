using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Jobs;

/// <summary><c>POST /v1/jobs/{id}/retry</c>: failed instances of a job that failed are tried again, under the same id.</summary>
internal static class RetryJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/jobs/{id}/retry", HandleAsync)
        .WithName("RetryJob").WithTags("jobs").WithSummary("Try what failed of a job again")
        .WithDescription("What succeeded stays as it is, attempts are numbered on, and failures are counted anew. What ended only because of what is retried waits again.")
        .Accepts<RetryJobRequest>(isOptional: true, "application/json")
        .Produces<RetryJobResponse>(StatusCodes.Status202Accepted);

    private static async Task<IResult> HandleAsync(HttpContext context, string id, JobQueries jobs, TransitionWriter writer, IOptions<JobLimits> limits)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        using (body)
        {
            if (refusal is not null)
            {
                return refusal;
            }

            var reading = RetryRequestReader.Read(body?.Root, limits.Value);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            return await RetryAsync(id, reading.Value.Selection, Caller.Of(context).Source, jobs, writer, context.RequestAborted);
        }
    }

    /// <summary>The same for every surface. <paramref name="selection"/>: null for everything that failed.</summary>
    internal static async Task<IResult> RetryAsync(string id, RetrySelection? selection, string source, JobQueries jobs, TransitionWriter writer, CancellationToken cancellationToken)
    {
        return (await jobs.FindRetryFactsAsync([id], cancellationToken)).TryGetValue(id, out var job)
            ? await RetryAsync(id, job, selection, source, writer, cancellationToken)
            : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");
    }

    /// <summary>The same for a job of which everything is known that decides.</summary>
    internal static async Task<IResult> RetryAsync(string id, RetryFacts job, RetrySelection? selection, string source, TransitionWriter writer, CancellationToken cancellationToken) =>
        Answer(await writer.WriteAsync(new RetryJobCommand(id, selection, [.. job.EnvIds], source), cancellationToken), id);

    private static IResult Answer(RetryOutcome outcome, string id) => outcome switch
    {
        RetryOutcome.Accepted accepted => TypedResults.Accepted($"/v1/jobs/{id}", new RetryJobResponse(accepted.Instances)),
        RetryOutcome.NotFound => new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}."),
        RetryOutcome.TaskNotFound task => new ProblemResult(ProblemKind.TaskNotFound, $"The job {id} has no task '{task.TaskName}'."),
        RetryOutcome.InstanceNotFound instance => new ProblemResult(
            ProblemKind.InstanceNotFound,
            string.Create(CultureInfo.InvariantCulture, $"The task '{instance.TaskName}' has no instance {instance.Index}.")),
        RetryOutcome.NotFailed job => new ProblemResult(ProblemKind.JobNotFailed, $"The job {id} is {WireName.Of(job.State)}."),
        RetryOutcome.NothingToRetry => new ProblemResult(ProblemKind.NothingToRetry, $"Nothing of the job {id} that was named failed and can be tried again."),
        RetryOutcome.EnvironmentsMissing missing => new ProblemResult(
            ProblemKind.EnvironmentState,
            $"Environments of the job's tasks that take no jobs any more: {string.Join(", ", missing.EnvIds)}."),
        _ => throw new InvalidOperationException($"Unknown outcome {outcome}."),
    };
}
