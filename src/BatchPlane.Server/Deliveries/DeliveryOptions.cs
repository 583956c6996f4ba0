using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Deliveries;

/// <summary>The delivery to webhooks and mail. Section <c>Deliveries</c>.</summary>
public sealed class DeliveryOptions
{
    /// <summary>How often a deliverer looks for subscriptions that were made, changed or removed. 50 ms to 1 minute; default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan ReconcileInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Results stored in one transaction, at most. 1 to 10,000; default 1,000.</summary>
    [Range(1, 10_000)]
    public int MaxBatch { get; set; } = 1_000;

    /// <summary>Failures in a row after which an endpoint is left alone for a while. 1 to 1,000; default 10.</summary>
    [Range(1, 1_000)]
    public int PauseAfter { get; set; } = 10;

    /// <summary>First pause of such an endpoint; doubled after each probe that fails. 10 ms to 1 minute; default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan PauseMin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest pause. 10 ms to 1 hour; default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan PauseMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an event is held by a deliverer while its endpoint is left alone, or while PostgreSQL or RabbitMQ is away, before it is put back into RabbitMQ untried. 100 ms to 5 minutes; default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan HoldMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an endpoint may fail without one success before its subscription is disabled. 1 second to 365 days; default 5 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan DisableAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>Failures of such an endpoint within a day, at least, before it is disabled: few tries say little. 1 to 10,000; default 5.</summary>
    [Range(1, 10_000)]
    public int DisableFailures { get; set; } = 5;

    /// <summary>Days that results of deliveries are kept. 1 to 3,650; default 14.</summary>
    [Range(1, 3_650)]
    public int RetentionDays { get; set; } = 14;

    /// <summary>Results removed in one transaction, at most. 100 to 100,000; default 10,000.</summary>
    [Range(100, 100_000)]
    public int PruneLimit { get; set; } = 10_000;

    /// <summary>How long the test of a topic waits for the first tries of its subscriptions. 100 ms to 1 minute; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan TestTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
