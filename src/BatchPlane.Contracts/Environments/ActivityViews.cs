namespace BatchPlane.Contracts;

/// <summary>What was done to an environment's nodes.</summary>
public enum ActivityType
{
    /// <summary>A node was made, or a machine joined.</summary>
    CreateComputeNode,

    /// <summary>A node was ended.</summary>
    TerminateComputeNode,

    /// <summary>The number of nodes was changed, by a user or after the work.</summary>
    ScaleComputeEnv,
}

/// <summary>How far an activity is.</summary>
public enum ActivityState
{
    /// <summary>Wished for and begun, which is one thing here.</summary>
    Processing,

    /// <summary>Done.</summary>
    Succeed,

    /// <summary>Over, and not done.</summary>
    Failed,
}

/// <summary>Something done to an environment's nodes: <c>GET /v1/environments/{id}/activities</c>.</summary>
public sealed record ActivityView
{
    /// <summary><c>act-</c> and 8 of <c>[a-z0-9]</c>.</summary>
    public required string ActivityId { get; init; }

    /// <summary>Its environment.</summary>
    public required string EnvId { get; init; }

    /// <summary>Its node; null when it concerns all.</summary>
    public string? ComputeNodeId { get; init; }

    /// <summary>Id of the machine behind the node.</summary>
    public string? InstanceId { get; init; }

    /// <summary>What is done.</summary>
    public required ActivityType ComputeNodeActivityType { get; init; }

    /// <summary>How far it is.</summary>
    public required ActivityState ActivityState { get; init; }

    /// <summary>Why it was begun.</summary>
    public required string Cause { get; init; }

    /// <summary>Why it failed.</summary>
    public string? StateReason { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>When it was over.</summary>
    public DateTimeOffset? EndTime { get; init; }
}
