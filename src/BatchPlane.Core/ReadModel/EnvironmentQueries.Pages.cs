using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>An environment of a page that is read by offset. It is not gone.</summary>
public sealed record ListedEnvironment
{
    /// <summary>Its id.</summary>
    public required string EnvId { get; init; }

    /// <summary>Its name.</summary>
    public required string EnvName { get; init; }

    /// <summary>Its state.</summary>
    public required EnvironmentState EnvState { get; init; }

    /// <summary>How many nodes are wished for.</summary>
    public required int DesiredComputeNodeCount { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its labels.</summary>
    public required IReadOnlyList<TagDocument> Tags { get; init; }

    /// <summary>Its nodes per state.</summary>
    public required NodeMetrics ComputeNodeMetrics { get; init; }

    /// <summary>Nodes that joined by themselves.</summary>
    public required int AttachedNodeCount { get; init; }

    /// <summary>The placement that its request in Tencent's words named, JSON; null: it came by another way.</summary>
    public string? Placement { get; init; }
}

/// <summary>An environment with what was asked for when it was made.</summary>
/// <param name="View">The environment.</param>
/// <param name="Tencent">The request in Tencent's words, JSON; null: it came by another way.</param>
public sealed record CreatedEnvironment(EnvironmentView View, string? Tencent);

/// <summary>Environments for callers that read by offsets and numbers of matches. What is gone is not there.</summary>
public sealed partial class EnvironmentQueries
{
    private const string AttachedOrigin = "USER_ATTACHED";

    /// <summary>At most <paramref name="limit"/> environments that users made, behind the first <paramref name="offset"/>, newest first, and how many match.</summary>
    public async Task<ListedPage<ListedEnvironment>> PageAsync(PageFilter filter, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = Filtered(context, filter);
        return new(await ToListedAsync(context, Page(query, offset, limit), cancellationToken), await query.CountAsync(cancellationToken));
    }

    /// <summary>The same with what was asked for when they were made.</summary>
    public async Task<ListedPage<CreatedEnvironment>> PageCreatedAsync(PageFilter filter, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = Filtered(context, filter);
        return new(await ToCreatedAsync(context, Page(query, offset, limit), cancellationToken), await query.CountAsync(cancellationToken));
    }

    /// <summary>One environment, also one that was made for a task; null when there is none.</summary>
    public async Task<ListedEnvironment?> FindListedAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return (await ToListedAsync(context, Present(context).Where(environment => environment.EnvId == envId), cancellationToken)).SingleOrDefault();
    }

    /// <summary>The same with what was asked for when it was made.</summary>
    public async Task<CreatedEnvironment?> FindCreatedAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return (await ToCreatedAsync(context, Present(context).Where(environment => environment.EnvId == envId), cancellationToken)).SingleOrDefault();
    }

    /// <summary>True when there is such an environment.</summary>
    public async Task<bool> IsPresentAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await Present(context).AnyAsync(environment => environment.EnvId == envId, cancellationToken);
    }

    /// <summary>At most <paramref name="limit"/> activities of an environment behind the first <paramref name="offset"/>, newest first, and how many there are.</summary>
    public async Task<ListedPage<ActivityView>> PageActivitiesAsync(string envId, IReadOnlyList<string>? nodeIds, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.Activities.Where(activity => activity.EnvId == envId && (nodeIds == null || nodeIds.Contains(activity.NodeId)));
        var total = await query.CountAsync(cancellationToken);
        var rows = await query.OrderByDescending(row => row.StartedAt).ThenByDescending(row => row.ActivityId).Skip(offset).Take(limit).ToListAsync(cancellationToken);
        return new([.. rows.Select(ToView)], total);
    }

    private static IQueryable<EnvironmentRow> Present(ReadContext context) => context.Environments.Where(environment => environment.DeletedAt == null);

    private static IQueryable<EnvironmentRow> Page(IQueryable<EnvironmentRow> query, int offset, int limit) =>
        query.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.EnvId).Skip(offset).Take(limit);

    private static IQueryable<EnvironmentRow> Filtered(ReadContext context, PageFilter filter)
    {
        var query = Present(context).Where(environment => environment.JobId == null);
        if (filter.Ids is { } ids)
        {
            query = query.Where(environment => ids.Contains(environment.EnvId));
        }

        if (filter.Names is { } names)
        {
            query = query.Where(environment => names.Contains(environment.EnvName));
        }

        if (PageConditions.OfZones<EnvironmentRow>(filter, environment => environment.Tencent) is { } ofZones)
        {
            query = query.Where(ofZones);
        }

        return PageConditions.OfLabels<EnvironmentRow>(filter, environment => environment.Tags).Aggregate(query, (narrowed, condition) => narrowed.Where(condition));
    }

    private static async Task<IReadOnlyList<ListedEnvironment>> ToListedAsync(ReadContext context, IQueryable<EnvironmentRow> page, CancellationToken cancellationToken)
    {
        // Without the documents: each may have megabytes, and nothing of them is shown but one member.
        var rows = await page
            .Select(row => new
            {
                row.EnvId,
                row.EnvName,
                row.State,
                row.DesiredNodeCount,
                row.CreatedAt,
                row.Tags,
                Placement = ReadFunctions.JsonMember(row.Tencent, "Placement"),
            })
            .ToListAsync(cancellationToken);
        string[] envIds = [.. rows.Select(row => row.EnvId)];
        var counts = await context.Nodes
            .Where(node => envIds.Contains(node.EnvId) && node.DeletedAt == null)
            .GroupBy(node => new { node.EnvId, node.State })
            .Select(group => new { group.Key.EnvId, group.Key.State, Count = group.Count(), Attached = group.Count(node => node.Origin == AttachedOrigin) })
            .ToListAsync(cancellationToken);
        var byEnvironment = counts.ToLookup(count => count.EnvId, StringComparer.Ordinal);
        return
        [
            .. rows.Select(row => new ListedEnvironment
            {
                EnvId = row.EnvId,
                EnvName = row.EnvName,
                EnvState = WireName.Parse<EnvironmentState>(row.State),
                DesiredComputeNodeCount = row.DesiredNodeCount,
                CreatedAt = row.CreatedAt,
                Tags = ReadJson.Of<TagDocument[]>(row.Tags),
                ComputeNodeMetrics = Metrics(byEnvironment[row.EnvId].Select(count => (WireName.Parse<NodeState>(count.State), count.Count))),
                AttachedNodeCount = byEnvironment[row.EnvId].Sum(count => count.Attached),
                Placement = row.Placement,
            }),
        ];
    }

    private static async Task<IReadOnlyList<CreatedEnvironment>> ToCreatedAsync(ReadContext context, IQueryable<EnvironmentRow> page, CancellationToken cancellationToken)
    {
        var rows = await page.ToListAsync(cancellationToken);
        var views = await ToViewsAsync(context, rows, cancellationToken);
        return [.. views.Zip(rows, (view, row) => new CreatedEnvironment(view, row.Tencent))];
    }
}
