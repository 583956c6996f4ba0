using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Notifications;

/// <summary>How much may be asked for in a notifications block. Section <c>NotificationLimits</c>.</summary>
public sealed class NotificationLimits
{
    /// <summary>Default of <see cref="MaxEventVars"/>.</summary>
    public const int DefaultMaxEventVars = 32;

    /// <summary>Default of <see cref="MaxEventVarNameBytes"/>.</summary>
    public const int DefaultMaxEventVarNameBytes = 256;

    /// <summary>Default of <see cref="MaxEventVarValueBytes"/>.</summary>
    public const int DefaultMaxEventVarValueBytes = 1_024;

    /// <summary>Default of <see cref="MaxTopics"/>.</summary>
    public const int DefaultMaxTopics = 128;

    /// <summary>Most that <see cref="MaxTopics"/> may be.</summary>
    internal const int MostTopics = 1_024;

    /// <summary>
    /// Addresses of topic services that Alibaba's <c>Notification</c> may name as its <c>Endpoint</c>, with commas between: they stand for this
    /// installation's broker, and are never dialled. Case and a last <c>/</c> do not matter. Default: none; a block without an endpoint is always taken.
    /// </summary>
    [StringLength(8_192)]
    public string Endpoints { get; set; } = "";

    /// <summary>
    /// Most topics that all blocks of <c>notifications</c> name together. An event that a block with many topics asks for is as many messages.
    /// </summary>
    [Range(NotificationInterest.MaxNotifications, MostTopics)]
    public int MaxTopics { get; set; } = DefaultMaxTopics;

    /// <summary>Most custom parameters of one event. They travel in every message, which is to stay below 64 KiB.</summary>
    [Range(0, 256)]
    public int MaxEventVars { get; set; } = DefaultMaxEventVars;

    /// <summary>Longest name of a custom parameter, in bytes of UTF-8.</summary>
    [Range(1, 4_096)]
    public int MaxEventVarNameBytes { get; set; } = DefaultMaxEventVarNameBytes;

    /// <summary>Longest value of a custom parameter, in bytes of UTF-8.</summary>
    [Range(1, 32_768)]
    public int MaxEventVarValueBytes { get; set; } = DefaultMaxEventVarValueBytes;

    /// <summary>True when <see cref="Endpoints"/> has this address.</summary>
    internal bool Knows(string endpoint) => Endpoints
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Any(known => known.TrimEnd('/').Equals(endpoint.Trim().TrimEnd('/'), StringComparison.OrdinalIgnoreCase));
}
