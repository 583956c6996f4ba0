using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>The journal of one subject as callers see it.</summary>
public sealed class EventQueries(ReadContexts contexts)
{
    /// <summary>At most <paramref name="limit"/> events of a job with a sequence greater than <paramref name="after"/>, in sequence; null when there is and was no such job.</summary>
    public async Task<IReadOnlyList<EventView>?> ListOfJobAsync(string jobId, long after, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var notifications = await context.AllJobs.Where(job => job.JobId == jobId).Select(job => job.Notifications).SingleOrDefaultAsync(cancellationToken);
        if (notifications is null)
        {
            // The journal outlives a job that was deleted, not so the names of its tasks and topics.
            var wasDeleted = await context.Events.AnyAsync(row => row.SubjectId == jobId && row.State == JobAggregate.DeletedEntry, cancellationToken);
            return wasDeleted ? await ListAsync(context, new Subject(jobId, SubjectNames.None), after, limit, cancellationToken) : null;
        }

        var tasks = await context.Tasks.Where(task => task.JobId == jobId).ToDictionaryAsync(task => task.TaskNo, task => task.TaskName, cancellationToken);
        return await ListAsync(context, new Subject(jobId, new(SubjectNames.BlocksOf(notifications), tasks)), after, limit, cancellationToken);
    }

    /// <summary>As <see cref="ListOfJobAsync"/>, of an environment and its nodes.</summary>
    public async Task<IReadOnlyList<EventView>?> ListOfEnvironmentAsync(string envId, long after, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var notifications = await context.Environments.Where(environment => environment.EnvId == envId).Select(environment => environment.Notifications).SingleOrDefaultAsync(cancellationToken);
        return notifications is null
            ? null
            : await ListAsync(context, new Subject(envId, SubjectNames.None with { Blocks = SubjectNames.BlocksOf(notifications) }), after, limit, cancellationToken);
    }

    private static async Task<IReadOnlyList<EventView>> ListAsync(ReadContext context, Subject subject, long after, int limit, CancellationToken cancellationToken)
    {
        // A row may stand for many events, so the page can begin within the row before it.
        var begin = await context.Events
            .Where(row => row.SubjectId == subject.Id && row.Sequence <= after + 1)
            .OrderByDescending(row => row.Sequence)
            .Select(row => (long?)row.Sequence)
            .FirstOrDefaultAsync(cancellationToken) ?? 0;
        var rows = await context.Events
            .Where(row => row.SubjectId == subject.Id && row.Sequence >= begin)
            .OrderBy(row => row.Sequence)
            .Take(limit + 1)
            .ToListAsync(cancellationToken);
        return [.. rows.SelectMany(row => Expand(row, subject, after)).Take(limit)];
    }

    private static IEnumerable<EventView> Expand(EventRow row, Subject subject, long after)
    {
        for (var offset = (int)Math.Clamp(after + 1 - row.Sequence, 0, row.Span); offset < row.Span; offset++)
        {
            yield return EventViews.ToView(row, offset, subject.Names);
        }
    }

    private sealed record Subject(string Id, SubjectNames Names);
}
