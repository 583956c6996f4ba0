using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Jobs;

/// <summary>Limits and batch sizes of the transition path. Options section <c>Engine</c>.</summary>
public sealed class EngineLimits
{
    /// <summary>Default of <see cref="MaxLostAttempts"/>.</summary>
    public const int DefaultMaxLostAttempts = 3;

    /// <summary>Default of <see cref="MaxBatchRequests"/>.</summary>
    public const int DefaultMaxBatchRequests = 256;

    /// <summary>Default of <see cref="MaxBatchAttempts"/>.</summary>
    public const int DefaultMaxBatchAttempts = 4_000;

    /// <summary>Attempts of an instance that may be lost with their node, or handed over by it, before it fails; they cost no user's retry. 0 to 100.</summary>
    [Range(0, 100)]
    public int MaxLostAttempts { get; set; } = DefaultMaxLostAttempts;

    /// <summary>Characters that are kept of what an agent says about the end of an attempt; of a longer text its head and its tail, and how much lay between. 100 to 65,536; default 4,000.</summary>
    [Range(100, 65_536)]
    public int MaxReasonLength { get; set; } = 4_000;

    /// <summary>Requests that one transaction takes at most. 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int MaxBatchRequests { get; set; } = DefaultMaxBatchRequests;

    /// <summary>Attempts (claimed or reported) after which a transaction takes no further request. 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxBatchAttempts { get; set; } = DefaultMaxBatchAttempts;

    /// <summary>Milliseconds that a request waits at most for others that are likely to come, because the transaction before had more. 0 to 100; 0: never.</summary>
    [Range(0, 100)]
    public double GatherMilliseconds { get; set; } = 1;

    /// <summary>Requests that may wait for a transaction before callers wait for room. 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueuedRequests { get; set; } = 10_000;

    /// <summary>Times a transaction is tried again after a deadlock, a lost connection or the like. 0 to 100.</summary>
    [Range(0, 100)]
    public int MaxTransactionRetries { get; set; } = 8;
}
