namespace BatchPlane.Contracts;

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/work</c>: a long poll for instances.</summary>
public sealed record WorkRequest
{
    /// <summary>Epoch of the join.</summary>
    public required long Epoch { get; init; }

    /// <summary>How many slots' worth of instances the agent can take now: free slots plus what it likes to hold ready. 0: it is full and waits only for orders to end something.</summary>
    public required int Capacity { get; init; }

    /// <summary>Thousandths of a processor that are promised to nothing the agent holds; may be negative when a grant that was lost came late.</summary>
    public int FreeCpuMillis { get; init; }

    /// <summary>MiB of memory that are promised to nothing the agent holds; may be negative as well.</summary>
    public int FreeMemoryMib { get; init; }

    /// <summary>Seconds to wait when there is nothing, 0 to 60.</summary>
    public required int WaitSeconds { get; init; }
}

/// <summary>Answer of a long poll; everything may be empty.</summary>
public sealed record WorkResponse
{
    /// <summary>Work granted to this node.</summary>
    public IReadOnlyList<ClaimGrant> Claims { get; init; } = [];

    /// <summary>What to end; nothing when nothing new was asked for.</summary>
    public TerminationOrders Terminations { get; init; } = new();

    /// <summary>True when the node is being removed: the agent gives back what it did not start, finishes what runs, leaves.</summary>
    public bool Drain { get; init; }
}

/// <summary>
/// Attempts that the agent kills and reports <see cref="AttemptOutcome.Terminated"/>, also those whose grant arrives later. Why they end is
/// known to the server. Claims and attempts are never granted twice, so an order that arrives late ends nothing else.
/// </summary>
public sealed record TerminationOrders
{
    /// <summary>Claims whose task is to end: all attempts granted by them.</summary>
    public IReadOnlyList<long> Claims { get; init; } = [];

    /// <summary>Single attempts.</summary>
    public IReadOnlyList<AttemptRef> Attempts { get; init; } = [];

    /// <summary>True when there is nothing to end.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => Claims.Count == 0 && Attempts.Count == 0;
}

/// <summary>Instances of one task granted to a node in one transaction.</summary>
public sealed record ClaimGrant
{
    /// <summary>Id of the claim; the agent names it in heartbeats until all its attempts are reported.</summary>
    public required long ClaimId { get; init; }

    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>Key of the task in reports.</summary>
    public required long TaskId { get; init; }

    /// <summary>Name of the task.</summary>
    public required string TaskName { get; init; }

    /// <summary>Number of instances of the task.</summary>
    public required int TaskInstanceNum { get; init; }

    /// <summary>What to run.</summary>
    public required RunSpec Run { get; init; }

    /// <summary>The attempts granted, as runs of consecutive indexes.</summary>
    public required IReadOnlyList<AttemptRange> Attempts { get; init; }
}

/// <summary>Consecutive instances with the same attempt number.</summary>
/// <param name="FirstIndex">First instance index.</param>
/// <param name="Count">How many, at least 1.</param>
/// <param name="Attempt">Attempt number, from 1.</param>
public sealed record AttemptRange(int FirstIndex, int Count, int Attempt);

/// <summary>Names one attempt.</summary>
/// <param name="TaskId">The task, as in the claim.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt number, from 1.</param>
public sealed record AttemptRef(long TaskId, int Index, int Attempt);
