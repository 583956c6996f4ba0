using BatchPlane.Contracts;

namespace BatchPlane.Core.Subscriptions;

/// <summary>A subscription of protocol http or email as deliverers need it.</summary>
public sealed record ServedSubscription
{
    /// <summary>As callers see it.</summary>
    public required SubscriptionView View { get; init; }

    /// <summary>What requests are signed with, <c>whsec_…</c>; null for mail, and when the installation key is not the one it was stored under.</summary>
    public string? Secret { get; init; }

    /// <summary>The secret before the last rotation, valid until <see cref="SubscriptionView.PreviousSecretUntil"/>.</summary>
    public string? PreviousSecret { get; init; }

    /// <summary>Another one means that something of it was changed.</summary>
    public required long Revision { get; init; }

    /// <summary>True: subscriptions of the topic choose by tags, which are the words of routing keys.</summary>
    public bool HasTags { get; init; }
}
