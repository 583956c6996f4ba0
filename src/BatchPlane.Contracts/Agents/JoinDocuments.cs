namespace BatchPlane.Contracts;

/// <summary>Body of <c>POST /agent/v1/join</c>, with the join token as bearer. Joining again starts a new epoch, unless it is the same request again (<see cref="JoinId"/>).</summary>
public sealed record JoinRequest
{
    /// <summary>Longest <see cref="JoinId"/>.</summary>
    public const int MaxJoinIdLength = 64;

    /// <summary>
    /// Drawn by the agent, the same at each try of one join, 1 to <see cref="MaxJoinIdLength"/> characters: a try whose answer was lost is answered again, and makes no
    /// second node or epoch. Null: each request is a join of its own.
    /// </summary>
    public string? JoinId { get; init; }

    /// <summary>The node this agent was started for; null: an attached machine, which becomes a new node of <see cref="Env"/>.</summary>
    public string? NodeId { get; init; }

    /// <summary>Id or name of the environment to attach to; null: the default environment. Ignored with <see cref="NodeId"/>.</summary>
    public string? Env { get; init; }

    /// <summary>Host name as the agent sees it.</summary>
    public required string HostName { get; init; }

    /// <summary>Processors.</summary>
    public required int Cpu { get; init; }

    /// <summary>Memory in GiB, rounded up.</summary>
    public required int Mem { get; init; }

    /// <summary>Memory in MiB; null from an agent that does not tell, then <see cref="Mem"/> counts.</summary>
    public int? MemoryMib { get; init; }

    /// <summary>Instances it runs at once, at least 1.</summary>
    public required int Slots { get; init; }

    /// <summary>Engine for containers with its version, <c>podman 4.3.1</c>; null: it has none and gets no task that needs one.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>How it holds processes to their resources: <c>cgroup2</c>, <c>cgroup1</c>, <c>prlimit</c> or <c>none</c>; null from an agent that does not tell.</summary>
    public string? Limits { get; init; }

    /// <summary>Version of the agent.</summary>
    public required string AgentVersion { get; init; }

    /// <summary>Its directory on the machine, absolute, at most 4,096 characters; null: it does not tell.</summary>
    public string? Directory { get; init; }
}

/// <summary>Answer of join: who the agent is from now on.</summary>
public sealed record JoinResponse
{
    /// <summary>The node.</summary>
    public required string NodeId { get; init; }

    /// <summary>Its environment.</summary>
    public required string EnvId { get; init; }

    /// <summary>Epoch that every later request carries.</summary>
    public required long Epoch { get; init; }

    /// <summary>Bearer token for the requests under <c>/agent/v1/nodes/{node}</c>; valid for this node and epoch only.</summary>
    public required string NodeToken { get; init; }

    /// <summary>Seconds without a heartbeat after which the node is given up.</summary>
    public required int LeaseSeconds { get; init; }

    /// <summary>Seconds between heartbeats.</summary>
    public required int HeartbeatSeconds { get; init; }

    /// <summary>Seconds between SIGTERM and SIGKILL.</summary>
    public required int KillGraceSeconds { get; init; }

    /// <summary>Bytes of each output of an attempt that are kept; the rest is dropped with a note.</summary>
    public required long MaxOutputBytes { get; init; }

    /// <summary>Bytes of one uploaded piece of output, from <see cref="SmallestPieceBytes"/>.</summary>
    public int MaxPieceBytes { get; init; } = SmallestPieceBytes;

    /// <summary>Pieces that every server takes: 64 KiB.</summary>
    public const int SmallestPieceBytes = 65_536;

    /// <summary>How much progress attempts may post.</summary>
    public ProgressTerms Progress { get; init; } = new();
}
