namespace BatchPlane.Server.Deliveries;

/// <summary>What came of one try.</summary>
internal abstract record DeliveryOutcome
{
    /// <summary>The endpoint took it.</summary>
    /// <param name="Status">HTTP status or SMTP reply code.</param>
    internal sealed record Delivered(int? Status) : DeliveryOutcome;

    /// <summary>It did not; another try may do.</summary>
    /// <param name="Status">HTTP status or SMTP reply code; null: no answer.</param>
    /// <param name="Reason">Why, in words.</param>
    /// <param name="RetryAfter">Least wait that the endpoint asked for.</param>
    internal sealed record Failed(int? Status, string Reason, TimeSpan? RetryAfter = null) : DeliveryOutcome;

    /// <summary>It refused this event for good.</summary>
    internal sealed record Refused(int? Status, string Reason) : DeliveryOutcome;

    /// <summary>It wants nothing any more: the subscription is to be disabled.</summary>
    internal sealed record Gone(int? Status, string Reason) : DeliveryOutcome;

    /// <summary>There is nothing to be delivered: the event cannot be made into what the subscription asks for.</summary>
    internal sealed record Undeliverable(string Reason) : DeliveryOutcome;
}
