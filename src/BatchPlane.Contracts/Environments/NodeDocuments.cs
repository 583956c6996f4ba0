namespace BatchPlane.Contracts;

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

    /// <summary>IP address that its agent joined from, which may be one of a proxy; null before it joined.</summary>
    public string? Address { get; init; }

    /// <summary>Version of its agent.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>Why it is in its state, when that needs saying.</summary>
    public string? StateReason { get; init; }

    /// <summary>When the machine was made.</summary>
    public DateTimeOffset? ResourceCreatedAt { get; init; }

    /// <summary>Until when its agent is taken to be alive (database clock).</summary>
    public DateTimeOffset? LeaseUntil { get; init; }
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
