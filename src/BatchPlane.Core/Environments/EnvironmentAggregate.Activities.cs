using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>The log of activities: what people read to see what was done to the nodes, and why. Written beside the journal, which tells the states.</summary>
public sealed partial class EnvironmentAggregate
{
    private readonly List<Activity> _activities = [];
    private readonly List<ActivityEnd> _activityEnds = [];

    /// <summary>What begins, or was done at once.</summary>
    public IReadOnlyList<Activity> Activities => _activities;

    /// <summary>What ends of it that began in earlier transactions.</summary>
    public IReadOnlyList<ActivityEnd> ActivityEnds => _activityEnds;

    private void Begin(NodeRecord node, ActivityType type, string cause) => _activities.Add(new()
    {
        ActivityId = EntityId.New(EntityId.Activity),
        EnvId = Environment.EnvId,
        NodeId = node.NodeId,
        InstanceId = node.InstanceId,
        Type = type,
        State = ActivityState.Processing,
        Cause = cause,
        StartedAt = Now,
    });

    private void End(NodeRecord node, ActivityType type, string? failure)
    {
        var state = failure is null ? ActivityState.Succeed : ActivityState.Failed;
        var open = _activities.FindIndex(activity => activity.NodeId == node.NodeId && activity.Type == type && activity.EndedAt is null);
        if (open >= 0)
        {
            _activities[open] = _activities[open] with { State = state, Reason = failure, EndedAt = Now };
        }
        else
        {
            _activityEnds.Add(new(node.NodeId, type, state, failure));
        }
    }

    /// <summary>The engine could not bring the nodes to the number that is to be.</summary>
    public void NoteTrouble(string reason) => _activities.Add(new()
    {
        ActivityId = EntityId.New(EntityId.Activity),
        EnvId = Environment.EnvId,
        Type = ActivityType.ScaleComputeEnv,
        State = ActivityState.Failed,
        Cause = "Reconciliation: its nodes cannot be looked after",
        Reason = reason,
        StartedAt = Now,
        EndedAt = Now,
    });

    private void NoteScaling(string cause) => _activities.Add(new()
    {
        ActivityId = EntityId.New(EntityId.Activity),
        EnvId = Environment.EnvId,
        Type = ActivityType.ScaleComputeEnv,
        State = ActivityState.Succeed,
        Cause = cause,
        StartedAt = Now,
        EndedAt = Now,
    });
}
