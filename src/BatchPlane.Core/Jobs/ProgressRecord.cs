namespace BatchPlane.Core.Jobs;

/// <summary>A row of <c>instance_progress</c>: what the last attempt of an instance that posted anything has posted. Changed by <see cref="JobAggregate"/> alone.</summary>
public sealed class ProgressRecord
{
    /// <summary>Column <c>task_id</c>.</summary>
    public required long TaskId { get; init; }

    /// <summary>Column <c>instance_index</c>.</summary>
    public required int Index { get; init; }

    /// <summary>Column <c>attempt</c>.</summary>
    public required int Attempt { get; init; }

    /// <summary>Column <c>number</c>: of the last report taken.</summary>
    public int Number { get; internal set; }

    /// <summary>Column <c>percent</c>.</summary>
    public double? Percent { get; internal set; }

    /// <summary>Column <c>message</c>.</summary>
    public string? Message { get; internal set; }

    /// <summary>Column <c>posted_at</c>.</summary>
    public DateTimeOffset? PostedAt { get; internal set; }

    /// <summary>Column <c>told_at</c>.</summary>
    public DateTimeOffset? ToldAt { get; internal set; }

    /// <summary>Column <c>is_told</c>: percentage and message are in the journal.</summary>
    public bool IsTold { get; internal set; } = true;

    /// <summary>Column <c>live</c>: the attempt may post more.</summary>
    public bool IsLive { get; internal set; } = true;

    /// <summary>Column <c>event_count</c>.</summary>
    public int EventCount { get; internal set; }

    /// <summary>Column <c>dropped_events</c>.</summary>
    public long DroppedEvents { get; internal set; }

    /// <summary>Column <c>bad_lines</c>.</summary>
    public long BadLines { get; internal set; }

    /// <summary>Column <c>problem</c>.</summary>
    public string? Problem { get; internal set; }

    /// <summary>True once it differs from what was loaded.</summary>
    internal bool IsDirty { get; set; }
}
