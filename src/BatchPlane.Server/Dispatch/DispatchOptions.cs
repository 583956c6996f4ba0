using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Dispatch;

/// <summary>The dispatcher: from the journal to the topics. Section <c>Dispatch</c>.</summary>
public sealed class DispatchOptions : IValidatableObject
{
    /// <summary>Default of <see cref="PageSize"/>.</summary>
    public const int DefaultPageSize = 1_000;

    /// <summary>Default of <see cref="MaxInFlight"/>.</summary>
    public const int DefaultMaxInFlight = 1_000;

    /// <summary>Default of <see cref="MaxRefusals"/>.</summary>
    public const int DefaultMaxRefusals = 5;

    /// <summary>Default of <see cref="RefusedFor"/>.</summary>
    public static readonly TimeSpan DefaultRefusedFor = TimeSpan.FromMinutes(2);

    /// <summary>Default of <see cref="PollInterval"/>.</summary>
    public static readonly TimeSpan DefaultPollInterval = TimeSpan.FromSeconds(1);

    /// <summary>Default of <see cref="LeaseDuration"/>.</summary>
    public static readonly TimeSpan DefaultLeaseDuration = TimeSpan.FromSeconds(15);

    /// <summary>Default of <see cref="LeaseRenewal"/>.</summary>
    public static readonly TimeSpan DefaultLeaseRenewal = TimeSpan.FromSeconds(3);

    /// <summary>Default of <see cref="ConfirmTimeout"/>.</summary>
    public static readonly TimeSpan DefaultConfirmTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Default of <see cref="RetryMax"/>.</summary>
    public static readonly TimeSpan DefaultRetryMax = TimeSpan.FromSeconds(10);

    /// <summary>Default of <see cref="StopTimeout"/>.</summary>
    public static readonly TimeSpan DefaultStopTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Default of <see cref="ReconcileInterval"/>.</summary>
    public static readonly TimeSpan DefaultReconcileInterval = TimeSpan.FromMinutes(5);

    /// <summary>Journal rows read at once. 1 to 10,000; default 1,000.</summary>
    [Range(1, 10_000)]
    public int PageSize { get; set; } = DefaultPageSize;

    /// <summary>Messages of a shard sent and not yet confirmed, at most. 1 to 10,000; default 1,000.</summary>
    [Range(1, 10_000)]
    public int MaxInFlight { get; set; } = DefaultMaxInFlight;

    /// <summary>How often a message may be refused (negative acknowledgement), at least, before it counts as failed. 1 to 100; default 5.</summary>
    [Range(1, 100)]
    public int MaxRefusals { get; set; } = DefaultMaxRefusals;

    /// <summary>
    /// How long a message may be refused, at least, before it counts as failed. Meanwhile the other events of its shard, a quarter of all, wait. Where one failed so, the next ones to the same
    /// topic fail at their first refusal, for as long again. 0 to 1 hour; default 2 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RefusedFor { get; set; } = DefaultRefusedFor;

    /// <summary>Longest time between two looks at the journal: finds what other servers wrote. 10 ms to 1 s; default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:01")]
    public TimeSpan PollInterval { get; set; } = DefaultPollInterval;

    /// <summary>How long a shard stays with a dispatcher that is not heard of. 1 second to 5 minutes; default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan LeaseDuration { get; set; } = DefaultLeaseDuration;

    /// <summary>How often leases are renewed and shards shared out; at most half of <see cref="LeaseDuration"/>. 50 ms to 1 minute; default 3 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan LeaseRenewal { get; set; } = DefaultLeaseRenewal;

    /// <summary>How long the broker may confirm nothing before its channel is given up. 100 ms to 10 minutes; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan ConfirmTimeout { get; set; } = DefaultConfirmTimeout;

    /// <summary>Redeliveries that may be open, at most. 1 to 10,000; default 100.</summary>
    [Range(1, 10_000)]
    public int MaxRedeliveries { get; set; } = 100;

    /// <summary>How often a shard looks whether there is a redelivery to do. 10 ms to 1 minute; default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan RedeliveryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Journal rows of a shard that are counted for how far delivery is behind, at most: beyond that the count is a lower bound. 100 to 1,000,000; default 10,000.</summary>
    [Range(100, 1_000_000)]
    public int LagRows { get; set; } = 10_000;

    /// <summary>How long what was counted for that is told again before it is counted anew. 0 to 1 minute; default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan LagAge { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait after a fault of a shard before it is tried again; also how long a queue that cannot be had is not asked for again by a shard whose copies go there. 10 ms to 10 minutes; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan RetryMax { get; set; } = DefaultRetryMax;

    /// <summary>How long a stop waits for confirms still on their way; at most half of <see cref="LeaseDuration"/>. 0 to 1 minute; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan StopTimeout { get; set; } = DefaultStopTimeout;

    /// <summary>How often all exchanges, queues and bindings are declared again, besides every (re)connect. 1 second to 1 day; default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ReconcileInterval { get; set; } = DefaultReconcileInterval;

    /// <summary>How long, after a (re)connect, events wait for a queue or binding whose declaration gets no answer; then they are sent without it. 1 second to 1 hour; default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan DeclareTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A lease has to outlast a renewal that fails, and the end of a shard that is given back, which is not renewed any more.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LeaseRenewal * 2 > LeaseDuration)
        {
            yield return new($"{nameof(LeaseRenewal)}: expected at most half of {nameof(LeaseDuration)} ({LeaseDuration:c}).", [nameof(LeaseRenewal)]);
        }

        if (StopTimeout * 2 > LeaseDuration)
        {
            yield return new($"{nameof(StopTimeout)}: expected at most half of {nameof(LeaseDuration)} ({LeaseDuration:c}).", [nameof(StopTimeout)]);
        }
    }
}
