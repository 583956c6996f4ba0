using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>What can happen to a node.</summary>
public enum NodeEvent
{
    /// <summary>The provider was asked for its machine.</summary>
    CreationBegan,

    /// <summary>The machine exists.</summary>
    MachineCreated,

    /// <summary>The machine could not be made, or its agent did not report in in time.</summary>
    CreationFailed,

    /// <summary>Its agent joined: a new epoch.</summary>
    Joined,

    /// <summary>Its lease ran out, or its agent joined again and so forgot what it held: a new epoch.</summary>
    Lost,

    /// <summary>It is to go: wished so by a user or the reconciler, or its agent leaves.</summary>
    DeleteRequested,

    /// <summary>The machine is gone.</summary>
    Removed,
}

/// <summary>Legal state changes of a node. Nothing else in BatchPlane may decide a node's state.</summary>
public static class NodeLifecycle
{
    /// <summary>The table.</summary>
    public static Lifecycle<NodeState, NodeEvent> Table { get; } = new("node", NodeState.Submitted, new Dictionary<(NodeState From, NodeEvent On), NodeState>
    {
        [(NodeState.Submitted, NodeEvent.CreationBegan)] = NodeState.Creating,
        [(NodeState.Submitted, NodeEvent.DeleteRequested)] = NodeState.Deleting,

        [(NodeState.Creating, NodeEvent.MachineCreated)] = NodeState.Created,
        [(NodeState.Creating, NodeEvent.CreationFailed)] = NodeState.CreationFailed,
        [(NodeState.Creating, NodeEvent.DeleteRequested)] = NodeState.Deleting,

        [(NodeState.Created, NodeEvent.Joined)] = NodeState.Running,
        [(NodeState.Created, NodeEvent.CreationFailed)] = NodeState.CreationFailed,
        [(NodeState.Created, NodeEvent.DeleteRequested)] = NodeState.Deleting,

        [(NodeState.CreationFailed, NodeEvent.DeleteRequested)] = NodeState.Deleting,

        [(NodeState.Running, NodeEvent.Lost)] = NodeState.Abnormal,
        [(NodeState.Running, NodeEvent.DeleteRequested)] = NodeState.Deleting,

        [(NodeState.Abnormal, NodeEvent.Joined)] = NodeState.Running,
        [(NodeState.Abnormal, NodeEvent.DeleteRequested)] = NodeState.Deleting,

        [(NodeState.Deleting, NodeEvent.Removed)] = NodeState.Deleted,
    });

    /// <summary>True for a node whose agent may hold instances: its epoch is current and its lease counts.</summary>
    public static bool HoldsInstances(NodeState state) => state is NodeState.Running or NodeState.Deleting;
}
