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

/// <summary>State of a node.</summary>
public enum NodeState
{
    /// <summary>Wished for, not yet asked of the provider.</summary>
    Submitted,

    /// <summary>The provider is making it.</summary>
    Creating,

    /// <summary>The machine (here: the agent process) exists, its agent has not reported in yet.</summary>
    Created,

    /// <summary>The provider could not make it, or its agent never reported in.</summary>
    CreationFailed,

    /// <summary>Its agent reports and takes instances.</summary>
    Running,

    /// <summary>Its lease ran out. Returns to RUNNING when its agent reports again.</summary>
    Abnormal,

    /// <summary>Being removed; takes nothing new.</summary>
    Deleting,

    /// <summary>Final: gone, kept for history.</summary>
    Deleted,
}

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

    /// <summary>Instances a node runs at once, 1 to 1,024; null: one for each processor. For nodes made by the provider.</summary>
    public int? SlotsPerNode { get; init; }

    /// <summary>How its nodes are made as Slurm jobs; only with the provider <c>slurm</c>.</summary>
    public SlurmDocument? Slurm { get; init; }
    /// <summary>Processors that a node promises to instances, 1 to 1,024; null: all of its host. For nodes made by the provider <c>local</c>.</summary>
    public int? CpuPerNode { get; init; }

    /// <summary>MiB of memory that a node promises to instances, 1 to 16,777,216; null: all of its host. For nodes made by the provider <c>local</c>.</summary>
    public int? MemoryMibPerNode { get; init; }

    /// <summary>Which events of the environment and its nodes go to which topics.</summary>
    public IReadOnlyList<NotificationDocument> Notifications { get; init; } = [];

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

/// <summary>Body of <c>POST /v1/environments/{id}/nodes/terminate</c>.</summary>
public sealed record TerminateNodesRequest
{
    /// <summary>1 to 100 nodes, none of them twice.</summary>
    public required IReadOnlyList<string> ComputeNodeIds { get; init; }
}

/// <summary>Answer of <c>POST /v1/environments/{id}/nodes/terminate</c> (202).</summary>
/// <param name="DesiredComputeNodeCount">How many nodes are wished for now: less by those ended of the provider.</param>
public sealed record TerminateNodesResponse(int DesiredComputeNodeCount);

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

/// <summary>Answer of <c>POST /v1/environments</c> (201).</summary>
/// <param name="EnvId"><c>env-</c> and 8 of <c>[a-z0-9]</c>.</param>
public sealed record CreateEnvironmentResponse(string EnvId);

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

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>As created.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}

/// <summary>A node: <c>GET /v1/environments/{id}/nodes</c>.</summary>
public sealed record NodeView
{
    /// <summary><c>node-</c> and 8 of <c>[a-z0-9]</c>.</summary>
    public required string ComputeNodeId { get; init; }

    /// <summary>Its environment.</summary>
    public required string EnvId { get; init; }

    /// <summary>Current state.</summary>
    public required NodeState ComputeNodeState { get; init; }

    /// <summary>Id of the machine behind it, <c>ins-…</c>.</summary>
    public required string ComputeNodeInstanceId { get; init; }

    /// <summary><c>BATCH_CREATED</c>: its environment's provider made it; <c>USER_ATTACHED</c>: somebody started its agent.</summary>
    public string ResourceOrigin { get; init; } = "";

    /// <summary>Processors; 0 until its agent reported in.</summary>
    public int Cpu { get; init; }

    /// <summary>Memory in GiB; 0 until its agent reported in.</summary>
    public int Mem { get; init; }

    /// <summary>Memory in MiB that instances can be promised; 0 until its agent reported in.</summary>
    public int MemoryMib { get; init; }

    /// <summary>Engine for containers with its version, <c>podman 4.3.1</c>; null: none, or its agent has not reported in.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>How processes are held to the <c>resources</c> of their task: <c>cgroup2</c>, <c>cgroup1</c>, <c>prlimit</c> (memory alone, of each process) or <c>none</c>; null: its agent has not reported in.</summary>
    public string? Limits { get; init; }

    /// <summary>Instances it runs at once; 0 until its agent reported in.</summary>
    public int Slots { get; init; }

    /// <summary>Slots taken by instances that run, as of the last heartbeat.</summary>
    public int BusySlots { get; init; }

    /// <summary>Attempts whose directories are kept for inspection there, as of the last heartbeat: only a user takes the node away.</summary>
    public int KeptAttempts { get; init; }

    /// <summary>Load average of the last minute, as of the last heartbeat like what follows; null where the system does not tell.</summary>
    public double? LoadAverage { get; init; }

    /// <summary>MiB of memory that are available on the machine, whoever uses the rest.</summary>
    public int? MemoryFreeMib { get; init; }

    /// <summary>MiB free on the file system with the agent's directory.</summary>
    public long? DiskFreeMib { get; init; }

    /// <summary>MiB of that file system.</summary>
    public long? DiskTotalMib { get; init; }

    /// <summary>Fencing epoch: grows each time the node joins or is given up.</summary>
    public long Epoch { get; init; }

    /// <summary>Host name as the agent sees it.</summary>
    public string? HostName { get; init; }

    /// <summary>Version of its agent.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>Why it is in its state, when that needs saying.</summary>
    public string? StateReason { get; init; }

    /// <summary>When the machine was made.</summary>
    public DateTimeOffset? ResourceCreatedAt { get; init; }

    /// <summary>Until when its agent is taken to be alive (database clock).</summary>
    public DateTimeOffset? LeaseUntil { get; init; }
}
