using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which activities of an environment to list.</summary>
public sealed record ActivityFilter
{
    /// <summary>Only those of this node; null: all.</summary>
    public string? NodeId { get; init; }

    /// <summary>Only those older than this place in the order; null: from the newest.</summary>
    public (DateTimeOffset StartedAt, string ActivityId)? Before { get; init; }
}

/// <summary>What was done to the nodes of environments.</summary>
public sealed partial class EnvironmentQueries
{
    /// <summary>At most <paramref name="limit"/> activities of an environment, newest first.</summary>
    public async Task<IReadOnlyList<ActivityView>> ListActivitiesAsync(string envId, ActivityFilter filter, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.Activities.Where(activity => activity.EnvId == envId);
        if (filter.NodeId is { } nodeId)
        {
            query = query.Where(activity => activity.NodeId == nodeId);
        }

        if (filter.Before is var (startedAt, activityId))
        {
            query = query.Where(row => EF.Functions.LessThan(ValueTuple.Create(row.StartedAt, row.ActivityId), ValueTuple.Create(startedAt, activityId)));
        }

        var rows = await query.OrderByDescending(row => row.StartedAt).ThenByDescending(row => row.ActivityId).Take(limit).ToListAsync(cancellationToken);
        return [.. rows.Select(ToView)];
    }

    private static ActivityView ToView(ActivityRow row) => new()
    {
        ActivityId = row.ActivityId,
        EnvId = row.EnvId,
        ComputeNodeId = row.NodeId,
        InstanceId = row.InstanceId,
        ComputeNodeActivityType = WireName.Parse<ActivityType>(row.ActivityType),
        ActivityState = WireName.Parse<ActivityState>(row.State),
        Cause = row.Cause,
        StateReason = row.Reason,
        StartTime = row.StartedAt,
        EndTime = row.EndedAt,
    };
}
