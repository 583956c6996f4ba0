using System.Globalization;
using System.Text.Json;
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
            return wasDeleted ? await ListAsync(context, new Subject(jobId, [], []), after, limit, cancellationToken) : null;
        }

        var tasks = await context.Tasks.Where(task => task.JobId == jobId).ToDictionaryAsync(task => task.TaskNo, task => task.TaskName, cancellationToken);
        return await ListAsync(context, new Subject(jobId, Topics(notifications), tasks), after, limit, cancellationToken);
    }

    /// <summary>As <see cref="ListOfJobAsync"/>, of an environment and its nodes.</summary>
    public async Task<IReadOnlyList<EventView>?> ListOfEnvironmentAsync(string envId, long after, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var notifications = await context.Environments.Where(environment => environment.EnvId == envId).Select(environment => environment.Notifications).SingleOrDefaultAsync(cancellationToken);
        return notifications is null
            ? null
            : await ListAsync(context, new Subject(envId, Topics(notifications), []), after, limit, cancellationToken);
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
            yield return ToView(row, offset, subject);
        }
    }

    private static EventView ToView(EventRow row, int offset, Subject subject)
    {
        var sequence = row.Sequence + offset;
        return new EventView
        {
            EventId = string.Create(CultureInfo.InvariantCulture, $"{row.SubjectId}:{sequence}"),
            Sequence = sequence,
            SubjectId = row.SubjectId,
            Level = row.Level,
            EventName = $"{row.Level.ToUpperInvariant()}_{row.State}",
            State = row.State,
            TaskName = row.TaskNo is { } number ? subject.Tasks.GetValueOrDefault(number) : null,
            TaskInstanceIndex = row.InstanceIndex + offset,
            Attempt = row.Attempt,
            ComputeNodeId = row.NodeId,
            ExitCode = row.ExitCode,
            Cause = WireName.ParseNullable<Cause>(row.Cause),
            Reason = row.Reason,
            Source = row.Source,
            OccurredAt = row.OccurredAt,
            Topics = [.. subject.Topics.Where((_, block) => (row.Notify >> block & 1) != 0)],
            Details = row.Details is null ? null : JsonSerializer.Deserialize<JsonElement>(row.Details),
        };
    }

    /// <summary>Topic of each notification block, in the order of the bits of <c>notify</c>.</summary>
    private static IReadOnlyList<string> Topics(string notifications) =>
        [.. ReadJson.Of<NotificationDocument[]>(notifications).Select(block => block.TopicName)];

    private sealed record Subject(string Id, IReadOnlyList<string> Topics, Dictionary<int, string> Tasks);
}
