using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.TaskTemplates;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.OpenApi;
using BatchPlane.Server.Topics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Jobs;

/// <summary><c>POST /v1/jobs</c>: stores a job, or says everything that is wrong with it.</summary>
internal static class SubmitJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/jobs", HandleAsync)
        .WithName("SubmitJob").WithTags("jobs").WithSummary("Submit a job")
        .Accepts<JobDocument>("application/json")
        .Produces<SubmitJobResponse>(StatusCodes.Status201Created)
        .Produces<JobPlan>(StatusCodes.Status200OK)
        .WithQuery("dry_run", JsonSchemaType.Boolean, "true: stores nothing, and answers with the document as it would be stored and where its tasks would run now.")
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(
        HttpContext context,
        IOptions<JobLimits> limits,
        IOptions<NotificationLimits> notificationLimits,
        DefaultEnvironment defaultEnvironment,
        TopicAdmission topics,
        PlanQueries plans,
        ReferenceCheck references,
        TaskTemplateStore templates,
        SlurmAdmission slurm,
        IdempotencyGuard keys,
        TransitionWriter writer)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var problems = new ProblemList();
            var query = new QueryReader(context.Request.Query, problems);
            var isDryRun = query.Flag("dry_run");
            query.RefuseOthers();
            var key = ApiResults.KeyOf(context, body, "submit_job", problems);
            var answer = await SubmitAsync();

            // What the job named may be gone since an earlier request with this key made it: the same answer all the same.
            return answer is ProblemResult && !isDryRun && !problems.Any && key is not null && await keys.FindAsync(key, context.RequestAborted) is { } jobId
                ? Created(jobId)
                : answer;

            async Task<IResult> SubmitAsync()
            {
                var found = await templates.FindTasksAsync(JobDocumentReader.TemplatesIn(body.Root), context.RequestAborted);
                var reading = JobDocumentReader.Read(body.Root, limits.Value, notificationLimits.Value, found);
                if (!reading.IsValid || problems.Any)
                {
                    var unknown = await references.OfBodyAsync(JobDocumentReader.ReferencesIn(body.Root), context.RequestAborted);
                    return ProblemResult.Invalid([.. problems.Items, .. reading.Problems, .. unknown]);
                }

                if (await WithEnvironmentsAsync(reading.Value, defaultEnvironment, context.RequestAborted) is not { } job)
                {
                    return NoDefault();
                }

                if (await slurm.RefuseAsync(job, context.RequestAborted) is { } refused)
                {
                    return refused;
                }

                return isDryRun
                    ? await PlanAsync(job, topics, plans, context.RequestAborted)
                    : await StoreAsync(context, reading.Value, job, key, defaultEnvironment, topics, references, writer);
            }
        }
    }

    /// <summary>Stores a valid document, whose tasks all name an environment in <paramref name="job"/>.</summary>
    private static async Task<IResult> StoreAsync(
        HttpContext context,
        JobDocument document,
        JobDocument job,
        IdempotencyKey? key,
        DefaultEnvironment defaultEnvironment,
        TopicAdmission topics,
        ReferenceCheck references,
        TransitionWriter writer)
    {
        var source = Caller.Of(context).Source;
        var (notifications, unknownNames) = await topics.AdmitAsync(job.Notifications, source, () => references.OfEnvironmentsAsync(job, context.RequestAborted), context.RequestAborted);
        if (unknownNames.Count > 0)
        {
            return ProblemResult.Invalid(unknownNames);
        }

        var outcome = await writer.SubmitAsync(job with { Notifications = notifications }, source, key, context.RequestAborted);
        if (outcome is SubmitOutcome.EnvironmentsMissing missing && defaultEnvironment.Forget(missing.EnvIds))
        {
            // The one remembered is gone; by now there may be another one.
            if (await WithEnvironmentsAsync(document, defaultEnvironment, context.RequestAborted) is not { } again)
            {
                return NoDefault();
            }

            job = again;
            outcome = await writer.SubmitAsync(job with { Notifications = notifications }, source, key, context.RequestAborted);
        }

        return Answer(outcome, job);
    }

    private static ProblemResult NoDefault() =>
        ProblemResult.Invalid([new ProblemItem("$.env_id", ItemCodes.EnvironmentUnknown, "The server has no default environment: name one.")]);

    /// <summary>Everything a submit checks, without the writes: the idempotency key is not used up and no topic is made.</summary>
    private static async Task<IResult> PlanAsync(JobDocument job, TopicAdmission topics, PlanQueries plans, CancellationToken cancellationToken)
    {
        var topicProblems = await topics.FindProblemsAsync([.. job.Notifications.SelectMany(TopicAdmission.Named)], cancellationToken);
        var (plan, missing) = await plans.PlanAsync(job, cancellationToken);
        return plan is not null && topicProblems.Count == 0
            ? TypedResults.Json(plan, BatchPlaneJson.Options)
            : ProblemResult.Invalid([.. ReferenceCheck.Missing(job, missing), .. topicProblems]);
    }

    private static Created<SubmitJobResponse> Created(string jobId) => TypedResults.Created($"/v1/jobs/{jobId}", new SubmitJobResponse(jobId));

    private static IResult Answer(SubmitOutcome outcome, JobDocument job) => outcome switch
    {
        SubmitOutcome.Submitted submitted => Created(submitted.JobId),
        SubmitOutcome.KeyReused => ApiResults.KeyReused(),
        SubmitOutcome.EnvironmentsMissing missing => ProblemResult.Invalid(ReferenceCheck.Missing(job, missing.EnvIds)),
        _ => throw new InvalidOperationException($"Unknown outcome {outcome}."),
    };

    /// <summary>The job with every task naming its environment; null when one is needed that nobody named and the server has no default.</summary>
    private static async Task<JobDocument?> WithEnvironmentsAsync(JobDocument job, DefaultEnvironment defaultEnvironment, CancellationToken cancellationToken)
    {
        var envId = job.EnvId;
        if (envId is null && job.Tasks.Any(task => task is { EnvId: null, ComputeEnv: null }))
        {
            envId = await defaultEnvironment.FindAsync(cancellationToken);
            if (envId is null)
            {
                return null;
            }
        }

        return job with { Tasks = [.. job.Tasks.Select(task => task is { EnvId: null, ComputeEnv: null } ? task with { EnvId = envId } : task)] };
    }
}
