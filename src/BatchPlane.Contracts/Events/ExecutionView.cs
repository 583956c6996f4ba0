namespace BatchPlane.Contracts;

/// <summary>One attempt: <c>GET /v1/executions</c>.</summary>
public sealed record ExecutionView
{
    /// <summary>Unique and the same for ever: <c>job-4yn0we13/0/3/1</c>, of job, number of the task in it, instance and attempt.</summary>
    public required string ExecutionId { get; init; }

    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>Its name, also when it was removed.</summary>
    public string? JobName { get; init; }

    /// <summary>The task; null when the job was removed.</summary>
    public string? TaskName { get; init; }

    /// <summary>The instance.</summary>
    public required int TaskInstanceIndex { get; init; }

    /// <summary>From 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Why it was made: one of <see cref="ExecutionSources"/>.</summary>
    public required string ExecutionSource { get; init; }

    /// <summary>The attempt before it; null for the first one, which is the root of the chain.</summary>
    public int? PreviousAttempt { get; init; }

    /// <summary>With <see cref="ExecutionSources.Failover"/>: the lost attempt whose place it takes.</summary>
    public int? OriginalAttempt { get; init; }

    /// <summary>One of <see cref="ExecutionResults"/>.</summary>
    public required string Result { get; init; }

    /// <summary>Its node.</summary>
    public string? ComputeNodeId { get; init; }

    /// <summary>Environment of that node; null when it was removed.</summary>
    public string? EnvId { get; init; }

    /// <summary>Name of the node's host, as its agent told when it joined last.</summary>
    public string? HostName { get; init; }

    /// <summary>IP address that the node's agent joined from last.</summary>
    public string? HostAddress { get; init; }

    /// <summary>When the node got it.</summary>
    public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>When its command began; null when it never did, or not yet.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>When its end was committed (database clock, UTC); null while it runs.</summary>
    public DateTimeOffset? CompleteTime { get; init; }

    /// <summary>Exit code; null when it has none.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why it ended so; null while it runs.</summary>
    public Cause? Cause { get; init; }

    /// <summary>The cause in words, of what did not succeed.</summary>
    public string? FailureCause { get; init; }

    /// <summary>The event of its end; null while it runs.</summary>
    public string? EventId { get; init; }
}

/// <summary>How attempts stand or ended.</summary>
public static class ExecutionResults
{
    /// <summary>A node holds it.</summary>
    public const string Running = "RUNNING";

    /// <summary>It succeeded, or its failure was to be ignored.</summary>
    public const string Success = "SUCCESS";

    /// <summary>It failed by itself: exit code, signal, timeout, or it could not be started.</summary>
    public const string Failure = "FAILURE";

    /// <summary>It was ended: by a user, a time limit, or because its task was closed.</summary>
    public const string Killed = "KILLED";

    /// <summary>Its node was lost.</summary>
    public const string Lost = "LOST";

    /// <summary>Its node gave it back: without starting it, or because the node left before it had ended.</summary>
    public const string Returned = "RETURNED";
}
