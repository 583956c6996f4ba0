using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>A job of a page that is read by offset.</summary>
/// <param name="View">The job.</param>
/// <param name="TaskMetrics">Its tasks per state.</param>
/// <param name="Tencent">Its request in Tencent's words, JSON; null: it came by another way.</param>
public sealed record ListedJob(JobView View, RunMetrics TaskMetrics, string? Tencent);

/// <summary>What was submitted.</summary>
/// <param name="Document">The document, defaults filled in, JSON.</param>
/// <param name="Tencent">The request in Tencent's words, JSON; null: it came by another way.</param>
public sealed record SubmittedJob(string Document, string? Tencent);

/// <summary>Jobs for callers that read by offsets and numbers of matches.</summary>
public sealed partial class JobQueries
{
    /// <summary>At most <paramref name="limit"/> jobs behind the first <paramref name="offset"/>, newest first, and how many match.</summary>
    public async Task<ListedPage<ListedJob>> PageAsync(PageFilter filter, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = Filtered(context.Jobs, filter, context);
        var total = await query.CountAsync(cancellationToken);
        var jobs = limit == 0 || offset >= total
            ? []
            : await query.OrderByDescending(job => job.CreatedAt).ThenByDescending(job => job.JobId).Skip(offset).Take(limit).ToListAsync(cancellationToken);
        string[] jobIds = [.. jobs.Select(job => job.JobId)];
        var instances = await SumInstancesAsync(context, jobIds, cancellationToken);
        var inFlight = await InFlightOfJobsAsync(context, [.. jobs.Where(job => job.FinishedAt is null).Select(job => job.JobId)], cancellationToken);
        var tasks = (await context.Tasks.Where(task => jobIds.Contains(task.JobId)).ToListAsync(cancellationToken)).ToLookup(task => task.JobId, StringComparer.Ordinal);
        return new(
            [.. jobs.Select(job => new ListedJob(
                ToView(job, instances.GetValueOrDefault(job.JobId) ?? new RunMetrics(), inFlight.GetValueOrDefault(job.JobId)),
                CountTasks([.. tasks[job.JobId]]),
                job.Tencent))],
            total);
    }

    /// <summary>What was submitted; null when there is no such job.</summary>
    public async Task<SubmittedJob?> FindSubmittedAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Jobs.Where(job => job.JobId == jobId).Select(job => new SubmittedJob(job.Document, job.Tencent)).SingleOrDefaultAsync(cancellationToken);
    }

    private static IQueryable<JobRow> Filtered(IQueryable<JobRow> query, PageFilter filter, ReadContext context)
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

        if (PageConditions.OfZones<JobRow>(filter, job => job.Tencent) is { } ofZones)
        {
            query = query.Where(ofZones);
        }

        foreach (var any in filter.Labels)
        {
            if (any.All(label => label.Key is not null))
            {
                // What the index of labels knows.
                string[] labels = [.. any.Select(label => JobLabels.OfTag(label.Key!, label.Value))];
                query = query.Where(job => job.Labels.Any(label => labels.Contains(label)));
            }
            else
            {
                query = query.Where(PageConditions.OfLabels<JobRow>(new() { Labels = [any] }, job => job.Tags).Single());
            }
        }

        return query;
    }
}
