using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Jobs;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>Actions about whole jobs: the use cases of <c>/v1/jobs</c> in Tencent's words.</summary>
internal sealed class JobActions(JobSubmission submission, JobTranslation translation, JobQueries jobs, TransitionWriter writer, MachineCatalogue catalogue) : IActionGroup
{
    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (JobShapes.Submit, SubmitAsync),
        (JobShapes.Terminate, TerminateAsync),
        (JobShapes.Delete, DeleteAsync),
        (JobShapes.Retry, RetryAsync),
        (JobShapes.Describe, DescribeAsync),
        (JobShapes.List, ListAsync),
        (JobShapes.SubmitInfo, SubmitInfoAsync),
    ];

    private async Task<ActionAnswer> SubmitAsync(ActionCall call)
    {
        var (placement, job) = (call.Object("Placement")!, call.Object("Job")!);
        if ((Checks.OfPlacement(placement, catalogue) ?? Checks.OfToken(call.Text("ClientToken"))) is { } refused)
        {
            return new(refused);
        }

        var (document, error) = translation.Translate(job);
        if (document is null)
        {
            return new(error!);
        }

        var shown = JobShapes.Submit.Request.ToShown(new JsonObject { ["Placement"] = placement.DeepClone(), ["Job"] = job.DeepClone() });
        var wanted = new JobToSubmit(JsonSerializer.SerializeToElement(document), call.Caller.Source) { Key = call.Key(), Tencent = call.Shown(shown, placement) };
        var result = await submission.SubmitAsync(wanted, call.CancellationToken);
        return result is Created<SubmitJobResponse> created ? new(new { created.Value!.JobId }) : ActionAnswer.Of(result, "Job");
    }

    private async Task<ActionAnswer> TerminateAsync(ActionCall call)
    {
        var jobId = call.Text("JobId");
        return Checks.OfJob(jobId) is { } malformed
            ? new(malformed)
            : ActionAnswer.Of(await TerminateJob.TerminateAsync(jobId, call.Caller.Source, null, writer, call.CancellationToken));
    }

    private async Task<ActionAnswer> DeleteAsync(ActionCall call)
    {
        var jobId = call.Text("JobId");
        return Checks.OfJob(jobId) is { } malformed
            ? new(malformed)
            : ActionAnswer.Of(await DeleteJob.DeleteAsync(jobId, call.Caller.Source, writer, call.CancellationToken));
    }

    private async Task<ActionAnswer> RetryAsync(ActionCall call)
    {
        IReadOnlyList<string> jobIds = [.. call.Texts("JobIds")!.Distinct(StringComparer.Ordinal)];
        if (jobIds.Count == 0)
        {
            return ActionAnswer.Refuse(ErrorCodes.MissingParameter, "`JobIds`: expected at least one.");
        }

        if (Checks.OfIds(jobIds, EntityId.Job, ErrorCodes.JobIdMalformed) is { } malformed)
        {
            return new(malformed);
        }

        // Nothing is retried when one of them cannot be, as far as that is known before.
        var known = await jobs.FindRetryFactsAsync(jobIds, call.CancellationToken);
        if (jobIds.Select(jobId => RefuseRetry(jobId, known.GetValueOrDefault(jobId))).FirstOrDefault(refused => refused is not null) is { } refusal)
        {
            return new(refusal);
        }

        var failed = jobIds.Where(jobId => known[jobId].State == RunState.Failed).ToList();
        var answers = await Task.WhenAll(failed.Select(jobId => RetryJob.RetryAsync(jobId, known[jobId], selection: null, call.Caller.Source, writer, call.CancellationToken)));
        var refusals = answers.OfType<ProblemResult>().Select(problem => problem.Problem.Detail ?? problem.Problem.Title).ToList();
        return refusals.Count == 0
            ? ActionAnswer.Done
            : ActionAnswer.Refuse(ErrorCodes.UnsupportedOperation, $"{string.Join(" ", refusals)} The others are tried again.");
    }

    /// <summary>Why a job cannot be tried again; null: it can, or it is already, which makes the action one that may be repeated.</summary>
    private static TencentError? RefuseRetry(string jobId, RetryFacts? job) => job switch
    {
        null => new(ErrorCodes.JobNotFound, $"There is no job {jobId}."),
        { IsRetried: true } => null,
        { State: not RunState.Failed } => new(ErrorCodes.UnsupportedOperation, $"The job {jobId} is {WireName.Of(job.State)}."),
        { EndingEnvIds: [var envId, ..] } => new(ErrorCodes.UnsupportedOperation, $"The environment {envId}, which the job {jobId} needs, takes no jobs any more."),
        _ => null,
    };

    private async Task<ActionAnswer> DescribeAsync(ActionCall call)
    {
        var jobId = call.Text("JobId");
        if (Checks.OfJob(jobId) is { } malformed)
        {
            return new(malformed);
        }

        if (await jobs.FindWithPlacementAsync(jobId, call.CancellationToken) is not var (job, placement))
        {
            return NoJob(jobId);
        }

        return new(new
        {
            job.JobId,
            job.JobName,
            Zone = SubmittedView.Zone(placement, catalogue),
            job.Priority,
            JobState = WireName.Of(job.JobState),
            StateReason = job.StateReason ?? "",
            NextAction = job is { TerminateRequestedAt: not null, FinishedAt: null } ? "TERMINATING" : "",
            CreateTime = Shown.Time(job.CreatedAt),
            EndTime = Shown.Time(job.FinishedAt),
            TaskSet = job.Tasks.Select(task => new
            {
                task.TaskName,
                TaskState = WireName.Of(task.TaskState),
                CreateTime = Shown.Time(job.CreatedAt),
                EndTime = Shown.Time(task.FinishedAt),
            }),
            DependenceSet = job.Dependences.Select(edge => new { edge.StartTask, edge.EndTask }),
            TaskMetrics = Shown.Metrics(job.TaskMetrics),
            TaskInstanceMetrics = Shown.Metrics(job.TaskInstanceMetrics),
            Tags = Shown.Tags(job.Tags),
        });
    }

    private async Task<ActionAnswer> ListAsync(ActionCall call)
    {
        var (query, filter, error) = ListQuery.ReadWithIds(
            call, "JobIds", EntityId.Job, ErrorCodes.JobIdMalformed, "job-id", "job-name", catalogue,
            "job-id", "job-name", "job-state", "zone", "tag-key", "tag-value", "tag:");
        if (query is null || filter is null)
        {
            return new(error!);
        }

        var page = await jobs.PageAsync(filter, query.Offset, query.Limit, call.CancellationToken);
        return new(new { JobSet = page.Items.Select(View), TotalCount = page.Total });
    }

    private object View(ListedJob job) => new
    {
        job.JobId,
        job.JobName,
        JobState = WireName.Of(job.JobState),
        job.Priority,
        Placement = SubmittedView.Placement(job.Placement, catalogue),
        CreateTime = Shown.Time(job.CreatedAt),
        EndTime = Shown.Time(job.FinishedAt),
        TaskMetrics = Shown.Metrics(job.TaskMetrics),
        TaskInstanceMetrics = Shown.Metrics(job.TaskInstanceMetrics),
        Tags = Shown.Tags(job.Tags),
    };

    private async Task<ActionAnswer> SubmitInfoAsync(ActionCall call)
    {
        var jobId = call.Text("JobId");
        if (Checks.OfJob(jobId) is { } malformed)
        {
            return new(malformed);
        }

        if (await jobs.FindSubmittedAsync(jobId, call.CancellationToken) is not { } submitted)
        {
            return NoJob(jobId);
        }

        var job = SubmittedView.Job(submitted);
        return new(new
        {
            JobId = jobId,
            JobName = job["JobName"]?.GetValue<string>() ?? "",
            JobDescription = job["JobDescription"]?.GetValue<string>() ?? "",
            Priority = job["Priority"],
            Tasks = job["Tasks"],
            Dependences = job["Dependences"] ?? new JsonArray(),
            Tags = job["Tags"] ?? new JsonArray(),
        });
    }

    private static ActionAnswer NoJob(string jobId) => ActionAnswer.Refuse(ErrorCodes.JobNotFound, $"There is no job {jobId}.");
}
