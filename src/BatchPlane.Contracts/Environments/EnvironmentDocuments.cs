namespace BatchPlane.Contracts;

/// <summary>Who makes and removes an environment's nodes.</summary>
public enum NodeProvider
{
    /// <summary>Agent processes on the server's own host, kept at the desired count by the server.</summary>
    Local,

    /// <summary>Agents that somebody starts with <c>batchplane agent</c>.</summary>
    Attached,

    /// <summary>Slurm jobs that run an agent each, kept at the desired count by the server.</summary>
    Slurm,
}

/// <summary>What becomes of a node that failed, or was lost and does not come back.</summary>
public enum InactiveNodeAction
{
    /// <summary>It is removed, and another one made while tries are left.</summary>
    Recreate,

    /// <summary>It stays as it is, counted among the desired ones, until somebody terminates it.</summary>
    None,
}

/// <summary>Body of <c>POST /v1/environments</c>.</summary>
public sealed record EnvironmentDocument
{
    /// <summary>Idle seconds of environments that name none.</summary>
    public const int DefaultIdleSeconds = 300;

    /// <summary>Tries of environments that name none. Source: Tencent Batch's documented default.</summary>
    public const int DefaultResourceMaxRetryCount = 7;

    /// <summary>Name, unique among environments that exist; a letter or digit, then letters, digits, <c>_</c>, <c>-</c>, <c>.</c>; at most 60 characters.</summary>
    public required string EnvName { get; init; }

    /// <summary>Text for people, at most 200 characters.</summary>
    public string EnvDescription { get; init; } = "";

    /// <summary>How many nodes the provider keeps, 0 to 2,000. Default 0.</summary>
    public int DesiredComputeNodeCount { get; init; }

    /// <summary>Who makes its nodes. Default <c>local</c>.</summary>
    public NodeProvider Provider { get; init; }

    /// <summary>Fewest nodes when their number follows the work, 0 to 2,000. Default 0. Only with <c>max_compute_node_count</c>.</summary>
    public int MinComputeNodeCount { get; init; }

    /// <summary>Most nodes when their number follows the work, 0 to 2,000; null: the number stays the desired one, which else is where it begins.</summary>
    public int? MaxComputeNodeCount { get; init; }

    /// <summary>Seconds that a node has nothing before it may go when their number follows the work, 10 to 86,400. Default 300.</summary>
    public int IdleSeconds { get; init; } = DefaultIdleSeconds;

    /// <summary>What becomes of a node that failed, or was lost and does not come back. Default <c>RECREATE</c>.</summary>
    public InactiveNodeAction ActionIfComputeNodeInactive { get; init; }

    /// <summary>Nodes that may fail one after the other and be made again, 0 to 100. Default 7. Counts anew when a node joins or the environment is changed.</summary>
    public int ResourceMaxRetryCount { get; init; } = DefaultResourceMaxRetryCount;

    /// <summary>Instances a node runs at once, 1 to 1,024; null: one for each processor. Refused for attached machines, which say it themselves.</summary>
    public int? SlotsPerNode { get; init; }

    /// <summary>How its nodes are made as Slurm jobs; only with the provider <c>slurm</c>.</summary>
    public SlurmDocument? Slurm { get; init; }

    /// <summary>Processors that a node promises to instances, 1 to 1,024; null: all of its host. With the provider <c>local</c> alone.</summary>
    public int? CpuPerNode { get; init; }

    /// <summary>MiB of memory that a node promises to instances, 1 to 16,777,216; null: all of its host. With the provider <c>local</c> alone.</summary>
    public int? MemoryMibPerNode { get; init; }

    /// <summary>Which events of the environment and its nodes go to which topics.</summary>
    public IReadOnlyList<NotificationDocument> Notifications { get; init; } = [];

    /// <summary>The same in Alibaba's words, besides or instead. Null: nothing.</summary>
    public AlibabaNotificationDocument? Notification { get; init; }

    /// <summary>Up to 10 labels.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}

/// <summary>Body of <c>PATCH /v1/environments/{id}</c>: what is left out stays as it is.</summary>
public sealed record ChangeEnvironmentRequest
{
    /// <summary>New name, as on creation.</summary>
    public string? EnvName { get; init; }

    /// <summary>New text for people.</summary>
    public string? EnvDescription { get; init; }

    /// <summary>Nodes wished for, 0 to 2,000. Fewer: nodes that have nothing go first; the others finish what they hold.</summary>
    public int? DesiredComputeNodeCount { get; init; }

    /// <summary>Fewest nodes when their number follows the work.</summary>
    public int? MinComputeNodeCount { get; init; }

    /// <summary>Most nodes when their number follows the work; <c>null</c> in the document: the number stays the desired one again.</summary>
    public int? MaxComputeNodeCount { get; init; }

    /// <summary>True when the document says <c>"max_compute_node_count": null</c>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool RemovesMaximum { get; init; }

    /// <summary>Seconds that a node has nothing before it may go.</summary>
    public int? IdleSeconds { get; init; }

    /// <summary>What becomes of a node that failed or stays lost.</summary>
    public InactiveNodeAction? ActionIfComputeNodeInactive { get; init; }

    /// <summary>Nodes that may fail one after the other and be made again.</summary>
    public int? ResourceMaxRetryCount { get; init; }

    /// <summary>New labels instead of all others.</summary>
    public IReadOnlyList<TagDocument>? Tags { get; init; }
}

/// <summary>Answer of <c>POST /v1/environments</c> (201).</summary>
/// <param name="EnvId"><c>env-</c> and 8 of <c>[a-z0-9]</c>.</param>
public sealed record CreateEnvironmentResponse(string EnvId);
