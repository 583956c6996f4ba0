namespace BatchPlane.Contracts;

/// <summary>How a listener stands.</summary>
public enum ListenerState
{
    /// <summary>A server has it and hands events to it.</summary>
    Running,

    /// <summary>Its last call failed; the same events are handed over again after a pause, for as long as it fails.</summary>
    Retrying,

    /// <summary>A user paused it: it gets nothing until it is resumed.</summary>
    Paused,

    /// <summary>No server runs it: it could not be loaded, none has it, or a call has not returned on the servers that have it.</summary>
    Unavailable,
}

/// <summary>A listener: <c>GET /v1/listeners</c>.</summary>
public sealed record ListenerView
{
    /// <summary>Its name; of a plug-in that could not be loaded, that of its directory.</summary>
    public required string ListenerName { get; init; }

    /// <summary>How it stands.</summary>
    public required ListenerState State { get; init; }

    /// <summary>The server that runs it; null when none does.</summary>
    public string? Server { get; init; }

    /// <summary>Since when it is paused; null when it is not.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>Events of the journal behind its place. A lower bound when <see cref="AtLeast"/>; those of jobs that it is not told of are counted too.</summary>
    public long PendingEvents { get; init; }

    /// <summary>Seconds that the first of them waits; 0 when none does.</summary>
    public double SecondsBehind { get; init; }

    /// <summary>True when more rows wait than are counted (<c>Listeners.LagRows</c>).</summary>
    public bool AtLeast { get; init; }

    /// <summary>Events it took, ever; what was handed over twice and taken once counts once.</summary>
    public long HandledEvents { get; init; }

    /// <summary>When it last took some, or its place moved; null: never.</summary>
    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>Calls that failed since the last that did not.</summary>
    public int Failures { get; init; }

    /// <summary>When the next try is due; null when none is.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Why the last call that failed did; kept when others go well. Null: none ever did.</summary>
    public string? LastError { get; init; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? LastFailedAt { get; init; }

    /// <summary>Which servers could not load it when they last started, and why; null: none.</summary>
    public string? LoadError { get; init; }

    /// <summary>How often events were left out because they were not kept any more or a user skipped them.</summary>
    public int Gaps { get; init; }

    /// <summary>When that was last.</summary>
    public DateTimeOffset? LastGapAt { get; init; }

    /// <summary>Why.</summary>
    public string? LastGap { get; init; }
}
