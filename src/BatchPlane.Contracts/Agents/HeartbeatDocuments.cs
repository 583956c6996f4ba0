namespace BatchPlane.Contracts;

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/heartbeat</c>.</summary>
public sealed record HeartbeatRequest
{
    /// <summary>Epoch of the join.</summary>
    public required long Epoch { get; init; }

    /// <summary>Claims with attempts whose end is not acknowledged yet.</summary>
    public required IReadOnlyList<long> Claims { get; init; }

    /// <summary>
    /// True when the agent was started again and goes on with this epoch: it asks for all that the node holds, without waiting for grants that might
    /// still be on the way.
    /// </summary>
    public bool Resumed { get; init; }

    /// <summary>Attempts running now.</summary>
    public int Running { get; init; }

    /// <summary>Slots of the attempts running now.</summary>
    public int BusySlots { get; init; }

    /// <summary>Thousandths of a processor promised to attempts it holds.</summary>
    public int PromisedCpuMillis { get; init; }

    /// <summary>MiB of memory promised to attempts it holds.</summary>
    public int PromisedMemoryMib { get; init; }

    /// <summary>Attempts that ended in a second, on the average of the last minutes of this epoch; 0 while none did.</summary>
    public double EndsPerSecond { get; init; }

    /// <summary>Seconds since it held an attempt, or since it joined; null while it holds one.</summary>
    public double? IdleSeconds { get; init; }

    /// <summary>Attempts whose working directories it keeps for inspection.</summary>
    public int KeptAttempts { get; init; }

    /// <summary>Load average of the last minute; null where the system has none.</summary>
    public double? Load { get; init; }

    /// <summary>MiB of memory that are available; null where the system does not tell.</summary>
    public int? MemoryFreeMib { get; init; }

    /// <summary>MiB free on the file system with the agent's directory; null where the system does not tell.</summary>
    public long? DiskFreeMib { get; init; }

    /// <summary>MiB of that file system.</summary>
    public long? DiskTotalMib { get; init; }
}

/// <summary>Answer of a heartbeat.</summary>
public sealed record HeartbeatResponse
{
    /// <summary>Claims the agent should hold but did not name: their grant was lost on the way. To be taken unless already known.</summary>
    public IReadOnlyList<ClaimGrant> Claims { get; init; } = [];

    /// <summary>All that is to end.</summary>
    public TerminationOrders Terminations { get; init; } = new();

    /// <summary>True when the node is being removed.</summary>
    public bool Drain { get; init; }
}
