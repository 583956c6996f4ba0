namespace BatchPlane.Contracts;

/// <summary>State of an environment.</summary>
public enum EnvironmentState
{
    /// <summary>Stored, not yet in use. Left by the engine.</summary>
    Creating,

    /// <summary>Takes jobs and keeps its desired number of nodes.</summary>
    Created,

    /// <summary>Takes no new job; its nodes are being removed. Left by the engine when the last node is gone.</summary>
    Deleting,

    /// <summary>Final: gone, kept for history.</summary>
    Deleted,
}

/// <summary>Counts of nodes per state.</summary>
public sealed record NodeMetrics
{
    /// <summary>In SUBMITTED.</summary>
    public int SubmittedCount { get; init; }

    /// <summary>In CREATING.</summary>
    public int CreatingCount { get; init; }

    /// <summary>In CREATION_FAILED.</summary>
    public int CreationFailedCount { get; init; }

    /// <summary>In CREATED.</summary>
    public int CreatedCount { get; init; }

    /// <summary>In RUNNING.</summary>
    public int RunningCount { get; init; }

    /// <summary>In DELETING.</summary>
    public int DeletingCount { get; init; }

    /// <summary>In ABNORMAL.</summary>
    public int AbnormalCount { get; init; }
}

/// <summary>An environment: <c>GET /v1/environments</c> and <c>GET /v1/environments/{id}</c>.</summary>
public sealed record EnvironmentView
{
    /// <summary>The environment's id.</summary>
    public required string EnvId { get; init; }

    /// <summary>Its name.</summary>
    public required string EnvName { get; init; }

    /// <summary>As created.</summary>
    public string EnvDescription { get; init; } = "";

    /// <summary>Current state.</summary>
    public required EnvironmentState EnvState { get; init; }

    /// <summary>Who makes its nodes.</summary>
    public required NodeProvider Provider { get; init; }

    /// <summary>True for the one environment used by jobs that name none.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Of an anonymous environment: the job whose task it was made for. Null: users made it.</summary>
    public string? JobId { get; init; }

    /// <summary>Of an anonymous environment: that task.</summary>
    public string? TaskName { get; init; }

    /// <summary>Why its provider makes no nodes at present; null: nothing is wrong.</summary>
    public string? StateReason { get; init; }

    /// <summary>As created; null for other providers than <c>slurm</c>.</summary>
    public SlurmDocument? Slurm { get; init; }

    /// <summary>How many nodes are wished for.</summary>
    public required int DesiredComputeNodeCount { get; init; }

    /// <summary>How many nodes are to be at present: as many as wished for, unless the number follows the work.</summary>
    public int TargetComputeNodeCount { get; init; }

    /// <summary>Fewest nodes when their number follows the work.</summary>
    public int MinComputeNodeCount { get; init; }

    /// <summary>Most nodes when their number follows the work; null: it does not.</summary>
    public int? MaxComputeNodeCount { get; init; }

    /// <summary>Seconds that a node has nothing before it may go when their number follows the work.</summary>
    public int IdleSeconds { get; init; }

    /// <summary>What becomes of a node that failed or stays lost.</summary>
    public InactiveNodeAction ActionIfComputeNodeInactive { get; init; }

    /// <summary>Nodes that may fail one after the other and be made again.</summary>
    public int ResourceMaxRetryCount { get; init; }

    /// <summary>As created.</summary>
    public int? SlotsPerNode { get; init; }

    /// <summary>As created.</summary>
    public int? CpuPerNode { get; init; }

    /// <summary>As created.</summary>
    public int? MemoryMibPerNode { get; init; }

    /// <summary>Nodes per state.</summary>
    public required NodeMetrics ComputeNodeMetrics { get; init; }

    /// <summary>As created, event names canonical.</summary>
    public IReadOnlyList<NotificationDocument> Notifications { get; init; } = [];

    /// <summary>Alibaba's block, as created; null: none, or one that asked for nothing.</summary>
    public AlibabaNotificationDocument? Notification { get; init; }

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>As created.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}
