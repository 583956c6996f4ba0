namespace BatchPlane.Contracts;

/// <summary>What ended in a time: <c>GET /v1/statistics</c>.</summary>
public sealed record StatisticsView
{
    /// <summary>The day (<c>2025-10-09</c>, UTC), the name of the jobs, or the id of the environment; which is empty for jobs that were removed before they were counted.</summary>
    public required string Key { get; init; }

    /// <summary>Jobs submitted.</summary>
    public required long JobsSubmitted { get; init; }

    /// <summary>Jobs that ended as SUCCEED.</summary>
    public required long JobsSucceeded { get; init; }

    /// <summary>Jobs that ended as FAILED; one that is retried and fails again counts again, as does one that was kept for inspection when it is let go.</summary>
    public required long JobsFailed { get; init; }

    /// <summary>Jobs that ended as FAILED_INTERRUPTED.</summary>
    public required long JobsInterrupted { get; init; }

    /// <summary>Attempts that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>Attempts that failed by themselves.</summary>
    public required long Failed { get; init; }

    /// <summary>Attempts that were ended by others.</summary>
    public required long Killed { get; init; }

    /// <summary>Attempts lost with their node.</summary>
    public required long Lost { get; init; }

    /// <summary>Attempts given back without having been started.</summary>
    public required long Returned { get; init; }

    /// <summary>Of all these but those given back: attempts that took the place of a lost one.</summary>
    public required long Failovers { get; init; }

    /// <summary>Of all these but those given back: attempts that follow one that failed.</summary>
    public required long Retries { get; init; }

    /// <summary>Of all these but those given back: attempts that a user asked for by a retry.</summary>
    public required long Manual { get; init; }

    /// <summary>Milliseconds from the begin of a command until its end was committed, of all attempts together.</summary>
    public required long RunMs { get; init; }
}
