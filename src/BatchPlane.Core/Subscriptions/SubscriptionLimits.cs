using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Subscriptions;

/// <summary>How much a subscription may ask for. Section <c>SubscriptionLimits</c>.</summary>
public sealed class SubscriptionLimits
{
    /// <summary>Most subscriptions of one topic. 1 to 10,000; default 200.</summary>
    [Range(1, 10_000)]
    public int MaxPerTopic { get; set; } = 200;

    /// <summary>Most bindings of one subscription. 1 to 64; default 16.</summary>
    [Range(1, 64)]
    public int MaxBindings { get; set; } = 16;

    /// <summary>Longest URL of a webhook, in bytes. 64 to 8,192; default 2,048.</summary>
    [Range(64, 8_192)]
    public int MaxUrlBytes { get; set; } = 2_048;

    /// <summary>Most requests of a webhook under way at once, on each server. 1 to 1,000; default 100.</summary>
    [Range(1, 1_000)]
    public int MaxInFlight { get; set; } = 100;

    /// <summary>Requests of a webhook that names no number. 1 to 1,000; default 10.</summary>
    [Range(1, 1_000)]
    public int DefaultInFlight { get; set; } = 10;

    /// <summary>How long an event waits for a webhook or address that takes nothing, before it is given up; for subscriptions made from now on. 1 second to 365 days; default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Bytes that wait in the queue of a webhook or address, at most: beyond that the oldest are given up; for subscriptions made from now on. 1,000 to 10¹²; default 1,000,000,000.</summary>
    [Range(1_000L, 1_000_000_000_000L)]
    public long MaxQueueBytes { get; set; } = 1_000_000_000;
}
