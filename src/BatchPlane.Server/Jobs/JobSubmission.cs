using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.TaskTemplates;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.Topics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Jobs;

/// <summary>What somebody wants to be submitted.</summary>
/// <param name="Document">The job, as <c>POST /v1/jobs</c> takes it.</param>
/// <param name="Source">Who submits it, as the journal says.</param>
internal sealed record JobToSubmit(JsonElement Document, string Source)
{
    /// <summary>What is wrong with the rest of the request: it is refused for that together with what is wrong with the job.</summary>
    internal ProblemList Problems { get; init; } = new();

    /// <summary>Null: the job is made however often it is asked for.</summary>
    internal IdempotencyKey? Key { get; init; }

    /// <summary>True: nothing is stored, the answer is a plan.</summary>
    internal bool IsDryRun { get; init; }

    /// <summary>The request in Tencent's words; null: it came by another way.</summary>
    internal TencentRequest? Tencent { get; init; }
}

/// <summary>Stores jobs, or says everything that is wrong with them, by whatever surface they come.</summary>
internal sealed class JobSubmission(
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
    /// <summary>A <see cref="Created{T}"/> with the job's id, a plan, or a <see cref="ProblemResult"/>.</summary>
    internal async Task<IResult> SubmitAsync(JobToSubmit wanted, CancellationToken cancellationToken)
    {
        var answer = await DecideAsync(wanted, cancellationToken);

        // An earlier request with this key and body made the job: the same answer, though what it named may be gone since.
        return answer is ProblemResult && !wanted.IsDryRun && !wanted.Problems.Any && wanted.Key is { } key && await keys.FindAsync(key, cancellationToken) is { } jobId
            ? Created(jobId)
            : answer;
    }

    private async Task<IResult> DecideAsync(JobToSubmit wanted, CancellationToken cancellationToken)
    {
        var found = await templates.FindTasksAsync(JobDocumentReader.TemplatesIn(wanted.Document), cancellationToken);
        var reading = JobDocumentReader.Read(wanted.Document, limits.Value, notificationLimits.Value, found);
        if (!reading.IsValid || wanted.Problems.Any)
        {
            var unknown = await references.OfBodyAsync(JobDocumentReader.ReferencesIn(wanted.Document), cancellationToken);
            return ProblemResult.Invalid([.. wanted.Problems.Items, .. reading.Problems, .. unknown]);
        }

        if (await WithEnvironmentsAsync(reading.Value, cancellationToken) is not { } job)
        {
            return NoDefault();
        }

        if (await slurm.RefuseAsync(job, cancellationToken) is { } refused)
        {
            return refused;
        }

        return wanted.IsDryRun
            ? await PlanAsync(job, cancellationToken)
            : await StoreAsync(reading.Value, job, wanted, cancellationToken);
    }

    /// <summary>Stores a valid document, whose tasks all name an environment in <paramref name="job"/>.</summary>
    private async Task<IResult> StoreAsync(JobDocument document, JobDocument job, JobToSubmit wanted, CancellationToken cancellationToken)
    {
        var naming = new NamingRequest(job.Notifications, wanted.Source, () => references.OfEnvironmentsAsync(job, cancellationToken), async () => await keys.IsUsedAsync(wanted.Key, cancellationToken) ? ApiResults.KeyReused() : null);
        var (notifications, refusal) = await topics.AdmitAsync(naming, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var outcome = await WriteAsync();
        if (outcome is SubmitOutcome.EnvironmentsMissing missing && defaultEnvironment.Forget(missing.EnvIds))
        {
            // The one remembered is gone; by now there may be another one.
            if (await WithEnvironmentsAsync(document, cancellationToken) is not { } again)
            {
                return NoDefault();
            }

            job = again;
            outcome = await WriteAsync();
        }

        return Answer(outcome, job);

        Task<SubmitOutcome> WriteAsync() =>
            writer.SubmitAsync(job with { Notifications = notifications }, wanted.Source, wanted.Key, wanted.Tencent, cancellationToken);
    }

    private static ProblemResult NoDefault() =>
        ProblemResult.Invalid([new ProblemItem("$.env_id", ItemCodes.EnvironmentUnknown, "The server has no default environment: name one.")]);

    /// <summary>Everything a submit checks, without the writes: the idempotency key is not used up and no topic is made.</summary>
    private async Task<IResult> PlanAsync(JobDocument job, CancellationToken cancellationToken)
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
    private async Task<JobDocument?> WithEnvironmentsAsync(JobDocument job, CancellationToken cancellationToken)
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
