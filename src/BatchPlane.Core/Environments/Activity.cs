using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>A row of <c>activities</c>: something that begins to be done to a node, or was done to the environment at once.</summary>
public sealed record Activity
{
    /// <summary>Column <c>activity_id</c>.</summary>
    public required string ActivityId { get; init; }

    /// <summary>Column <c>env_id</c>.</summary>
    public required string EnvId { get; init; }

    /// <summary>Column <c>node_id</c>.</summary>
    public string? NodeId { get; init; }

    /// <summary>Column <c>instance_id</c>.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Column <c>activity_type</c>.</summary>
    public required ActivityType Type { get; init; }

    /// <summary>Column <c>state</c>.</summary>
    public required ActivityState State { get; init; }

    /// <summary>Column <c>cause</c>: an action, a colon, and what about.</summary>
    public required string Cause { get; init; }

    /// <summary>Column <c>reason</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Column <c>started_at</c>.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Column <c>ended_at</c>.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>How an activity ends that was begun in an earlier transaction.</summary>
/// <param name="NodeId">Its node.</param>
/// <param name="Type">What was done.</param>
/// <param name="State">SUCCEED or FAILED.</param>
/// <param name="Reason">Why it failed.</param>
public sealed record ActivityEnd(string NodeId, ActivityType Type, ActivityState State, string? Reason);
