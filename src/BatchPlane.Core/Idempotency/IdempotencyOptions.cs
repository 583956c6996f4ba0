using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Idempotency;

/// <summary>How long idempotency keys are remembered. Options section <c>Idempotency</c>.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>Hours after which a key is forgotten and may be used anew. 24 to 8,760; default 72.</summary>
    [Range(24, 8_760)]
    public int RetentionHours { get; set; } = 72;

    /// <summary>Keys forgotten in one statement. 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int PruneLimit { get; set; } = 10_000;
}
