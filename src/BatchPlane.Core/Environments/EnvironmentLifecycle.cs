using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>What can happen to an environment.</summary>
public enum EnvironmentEvent
{
    /// <summary>It is stored and its provider is known to this installation.</summary>
    Ready,

    /// <summary>A user wants it gone.</summary>
    DeleteRequested,

    /// <summary>Its last node is gone.</summary>
    LastNodeGone,
}

/// <summary>Legal state changes of an environment. Nothing else in BatchPlane may decide an environment's state.</summary>
public static class EnvironmentLifecycle
{
    /// <summary>The table.</summary>
    public static Lifecycle<EnvironmentState, EnvironmentEvent> Table { get; } = new("environment", EnvironmentState.Creating, new Dictionary<(EnvironmentState From, EnvironmentEvent On), EnvironmentState>
    {
        [(EnvironmentState.Creating, EnvironmentEvent.Ready)] = EnvironmentState.Created,
        [(EnvironmentState.Creating, EnvironmentEvent.DeleteRequested)] = EnvironmentState.Deleting,
        [(EnvironmentState.Created, EnvironmentEvent.DeleteRequested)] = EnvironmentState.Deleting,
        [(EnvironmentState.Deleting, EnvironmentEvent.LastNodeGone)] = EnvironmentState.Deleted,
    });
}
