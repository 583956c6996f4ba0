namespace BatchPlane.Server.Deliveries;

/// <summary>An event as it came out of a subscription's queue.</summary>
internal sealed record Incoming
{
    /// <summary>Job, environment or test it is about.</summary>
    internal required string SubjectId { get; init; }

    /// <summary>Its sequence there.</summary>
    internal required long Sequence { get; init; }

    /// <summary>Name of the event, <c>JOB_FAILED</c>.</summary>
    internal required string EventName { get; init; }

    /// <summary>Topic it was published to.</summary>
    internal required string TopicName { get; init; }

    /// <summary>Key it was published with.</summary>
    internal required string RoutingKey { get; init; }

    /// <summary>Media type of the body.</summary>
    internal required string ContentType { get; init; }

    /// <summary>When the event happened, to the second.</summary>
    internal required DateTimeOffset OccurredAt { get; init; }

    /// <summary>W3C trace context; null: none.</summary>
    internal string? Traceparent { get; init; }

    /// <summary>The body as it was published.</summary>
    internal required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Tries so far.</summary>
    internal int Tries { get; init; }

    /// <summary>When the redelivery was asked for that it came by, in milliseconds since 1970; 0: the first delivery.</summary>
    internal long RedeliveredAt { get; init; }

    /// <summary>True when RabbitMQ handed it out before, and nobody acknowledged it.</summary>
    internal bool IsRepeated { get; init; }

    /// <summary>Not to be tried before; null: now.</summary>
    internal DateTimeOffset? DueAt { get; init; }

    /// <summary>When it was put back for the first time; null: it never was.</summary>
    internal DateTimeOffset? Since { get; init; }

    /// <summary>Why it fell out of the queue that <see cref="RoutingKey"/> names, in RabbitMQ's word; null: it did not.</summary>
    internal string? FallenReason { get; init; }

    /// <summary>Id of the event, the same at every delivery.</summary>
    internal string EventId => FormattableString.Invariant($"{SubjectId}:{Sequence}");
}
