using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>An environment with what was asked for when it was made.</summary>
/// <param name="View">The environment.</param>
/// <param name="AttachedNodeCount">Nodes that joined by themselves.</param>
/// <param name="Tencent">The request in Tencent's words, JSON; null: it came by another way.</param>
public sealed record ListedEnvironment(EnvironmentView View, int AttachedNodeCount, string? Tencent);

/// <summary>Environments for callers that read by offsets and numbers of matches.</summary>
public sealed partial class EnvironmentQueries
{
    private const string AttachedOrigin = "USER_ATTACHED";

    /// <summary>At most <paramref name="limit"/> environments that users made and that are not gone, behind the first <paramref name="offset"/>, newest first, and how many match.</summary>
    public async Task<ListedPage<ListedEnvironment>> PageAsync(PageFilter filter, int offset, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = Filtered(context.Environments.Where(environment => environment.DeletedAt == null && environment.JobId == null), filter);
        var total = await query.CountAsync(cancellationToken);
        var rows = await query.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.EnvId).Skip(offset).Take(limit).ToListAsync(cancellationToken);
        return new(await ToListedAsync(context, rows, cancellationToken), total);
    }

    /// <summary>One environment, also a deleted one; null when there never was one.</summary>
    public async Task<ListedEnvironment?> FindListedAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var rows = await context.Environments.Where(environment => environment.EnvId == envId).ToListAsync(cancellationToken);
        return (await ToListedAsync(context, rows, cancellationToken)).SingleOrDefault();
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

    /// <summary>Ids of the machines behind nodes, also of nodes that are gone.</summary>
    public async Task<IReadOnlyDictionary<string, string>> FindInstanceIdsAsync(IReadOnlyCollection<string> nodeIds, CancellationToken cancellationToken)
    {
        if (nodeIds.Count == 0)
        {
            return new Dictionary<string, string>();
        }

        await using var context = contexts.Open();
        return await context.Nodes.Where(node => nodeIds.Contains(node.NodeId)).ToDictionaryAsync(node => node.NodeId, node => node.InstanceId, cancellationToken);
    }

    private static IQueryable<EnvironmentRow> Filtered(IQueryable<EnvironmentRow> query, PageFilter filter)
    {
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

    private static async Task<IReadOnlyList<ListedEnvironment>> ToListedAsync(ReadContext context, List<EnvironmentRow> rows, CancellationToken cancellationToken)
    {
        var envIds = rows.Select(row => row.EnvId).ToArray();
        var attached = await context.Nodes
            .Where(node => envIds.Contains(node.EnvId) && node.DeletedAt == null && node.Origin == AttachedOrigin)
            .GroupBy(node => node.EnvId)
            .Select(group => new { group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Key, group => group.Count, cancellationToken);
        var views = await ToViewsAsync(context, rows, cancellationToken);
        return [.. views.Zip(rows, (view, row) => new ListedEnvironment(view, attached.GetValueOrDefault(row.EnvId), row.Tencent))];
    }
}
