namespace BatchPlane.Core.Journal;

/// <summary>How a message that did not simply arrive ended.</summary>
public enum DeliveryOutcome
{
    /// <summary>The exchange took it, but no queue was bound for it.</summary>
    Unrouted,

    /// <summary>The broker refused it for good, or it could not be made.</summary>
    Failed,
}

/// <summary>A message that did not simply arrive: a row of <c>delivery_exceptions</c>.</summary>
/// <param name="SubjectId">Job or environment.</param>
/// <param name="Sequence">Sequence of the event.</param>
/// <param name="TopicName">Topic it was meant for.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">What the broker, or the sender, said.</param>
public sealed record DeliveryException(string SubjectId, long Sequence, string TopicName, DeliveryOutcome Outcome, string Reason)
{
    /// <summary>The subscription whose own copy it was, which is a row of <c>subscription_deliveries</c>; null: it was meant for the topic.</summary>
    public string? SubscriptionId { get; init; }
}
