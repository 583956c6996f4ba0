using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Notifications;

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
}
