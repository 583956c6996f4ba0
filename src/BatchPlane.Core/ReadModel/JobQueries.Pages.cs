using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>A job of a page that is read by offset.</summary>
public sealed record ListedJob
{
    /// <summary>Its id.</summary>
    public required string JobId { get; init; }

    /// <summary>Its name.</summary>
    public required string JobName { get; init; }

    /// <summary>Its state.</summary>
    public required RunState JobState { get; init; }

    /// <summary>Its priority.</summary>
    public required int Priority { get; init; }

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ended; null: it has not.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Its labels.</summary>
    public required IReadOnlyList<TagDocument> Tags { get; init; }

    /// <summary>Its tasks per state.</summary>
    public required RunMetrics TaskMetrics { get; init; }

    /// <summary>Its instances per state.</summary>
    public required RunMetrics TaskInstanceMetrics { get; init; }

    /// <summary>The placement that its request in Tencent's words named, JSON; null: it came by another way.</summary>
    public string? Placement { get; init; }
}

/// <summary>What was submitted.</summary>
/// <param name="Document">The document, defaults filled in, JSON.</param>
/// <param name="Tencent">The request in Tencent's words, JSON; null: it came by another way.</param>
public sealed record SubmittedJob(string Document, string? Tencent);

/// <summary>What decides whether a job can be tried again.</summary>
/// <param name="State">Its state.</param>
/// <param name="IsRetried">True: it was tried again and has not ended since.</param>
/// <param name="EnvIds">Environments that what failed of it needs, those apart that are made for its tasks.</param>
/// <param name="EndingEnvIds">Those of them that take no jobs any more.</param>
public sealed record RetryFacts(RunState State, bool IsRetried, IReadOnlyList<string> EnvIds, IReadOnlyList<string> EndingEnvIds);

/// <summary>Jobs for callers that read by offsets and numbers of matches.</summary>
public sealed partial class JobQueries
{
    /// <summary>At most <paramref name="limit"/> jobs behind the first <paramref name="offset"/>, newest first, and how many match.</summary>
    public async Task<ListedPage<ListedJob>> PageAsync(PageFilter filter, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = Filtered(context.Jobs, filter, context);
        var total = await query.CountAsync(cancellationToken);
        if (limit == 0 || offset >= total)
        {
            return new([], total);
        }

        var jobs = await query
            .OrderByDescending(job => job.CreatedAt).ThenByDescending(job => job.JobId)
            .Skip(offset).Take(limit)
            .Select(job => new
            {
                job.JobId,
                job.JobName,
                job.State,
                job.Priority,
                job.CreatedAt,
                job.FinishedAt,
                job.Tags,
                Placement = ReadFunctions.JsonMember(job.Tencent, "Placement"),
            })
            .ToListAsync(cancellationToken);
        var counts = await CountAsync(context, [.. jobs.Select(job => job.JobId)], cancellationToken);
        return new(
            [.. from job in jobs
                let count = counts.GetValueOrDefault(job.JobId) ?? JobCounts.None
                select new ListedJob
                {
                    JobId = job.JobId,
                    JobName = job.JobName,
                    JobState = WireName.Parse<RunState>(job.State),
                    Priority = job.Priority,
                    CreatedAt = job.CreatedAt,
                    FinishedAt = job.FinishedAt,
                    Tags = ReadJson.Of<TagDocument[]>(job.Tags),
                    TaskMetrics = count.Tasks,
                    TaskInstanceMetrics = count.Instances,
                    Placement = job.Placement,
                }],
            total);
    }

    /// <summary>What was submitted; null when there is no such job.</summary>
    public async Task<SubmittedJob?> FindSubmittedAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Jobs.Where(job => job.JobId == jobId).Select(job => new SubmittedJob(job.Document, job.Tencent)).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>What decides whether jobs can be tried again, by id; those that do not exist are left out.</summary>
    public async Task<IReadOnlyDictionary<string, RetryFacts>> FindRetryFactsAsync(IReadOnlyCollection<string> jobIds, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var wanted = jobIds.ToArray();
        var jobs = await context.Jobs
            .Where(job => wanted.Contains(job.JobId))
            .Select(job => new { job.JobId, job.State, IsRetried = job.RetriedAt != null && job.FinishedAt == null })
            .ToListAsync(cancellationToken);
        var succeed = WireName.Of(RunState.Succeed);
        var needed = await (
            from task in context.Tasks
            where wanted.Contains(task.JobId) && task.State != succeed && !task.OwnsEnv
            join environment in context.Environments on task.EnvId equals environment.EnvId
            select new { task.JobId, task.EnvId, TakesJobs = environment.DeleteRequestedAt == null })
            .Distinct()
            .ToListAsync(cancellationToken);
        var byJob = needed.ToLookup(one => one.JobId, StringComparer.Ordinal);
        return jobs.ToDictionary(
            job => job.JobId,
            job => new RetryFacts(
                WireName.Parse<RunState>(job.State),
                job.IsRetried,
                [.. byJob[job.JobId].Select(one => one.EnvId)],
                [.. byJob[job.JobId].Where(one => !one.TakesJobs).Select(one => one.EnvId)]),
            StringComparer.Ordinal);
    }

    /// <summary>Jobs that pass a filter.</summary>
    internal static IQueryable<JobRow> Filtered(IQueryable<JobRow> query, PageFilter filter, ReadContext context)
    {
        if (filter.Ids is { } ids)
        {
            query = query.Where(job => ids.Contains(job.JobId));
        }

        if (filter.Names is { } names)
        {
            query = query.Where(job => names.Contains(job.JobName));
        }

        if (filter.States is { } states)
        {
            query = states.Count == 0 ? query.Where(job => false) : WithState(query, new JobFilter { States = states }, context);
        }

        if (filter.Zones is { } zones)
        {
            string[] labels = [.. zones.Names.Select(JobLabels.OfZone), .. zones.IncludesUnnamed ? [JobLabels.OfNoZone] : Array.Empty<string>()];
            query = query.Where(job => job.Labels.Any(label => labels.Contains(label)));
        }

        foreach (var any in filter.Labels)
        {
            // In this form it becomes the operator &&, which the index knows.
            string[] labels = [.. any.Select(LabelOf)];
            query = query.Where(job => job.Labels.Any(label => labels.Contains(label)));
        }

        return query;
    }

    private static string LabelOf(LabelMatch match) => match.Key is { } key
        ? JobLabels.OfTag(key, match.Value)
        : JobLabels.OfTagValue(match.Value ?? throw new ArgumentException("It has neither key nor value.", nameof(match)));
}
