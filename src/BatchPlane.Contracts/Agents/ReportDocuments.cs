namespace BatchPlane.Contracts;

/// <summary>What became of an attempt. On the wire: <c>lower_snake</c>.</summary>
public enum AttemptOutcome
{
    /// <summary>The command has begun to run.</summary>
    Running,

    /// <summary>The command ended by itself; the exit code tells how.</summary>
    Exited,

    /// <summary>The command was ended by a signal the agent did not send.</summary>
    Signaled,

    /// <summary>The agent killed it after the task's timeout.</summary>
    Timeout,

    /// <summary>The command could not be started.</summary>
    StartFailed,

    /// <summary>The image of its container could not be had: the command was not started.</summary>
    ImagePullFailed,

    /// <summary>The kernel ended the command because it needed more memory than it was given.</summary>
    OutOfMemory,

    /// <summary>The agent killed it because it was ordered to.</summary>
    Terminated,

    /// <summary>Given back before it was started; costs no retry.</summary>
    Returned,

    /// <summary>The package could not be fetched or unpacked; the command was not started.</summary>
    PackageFailed,

    /// <summary>Inputs could not be brought; the command was not started.</summary>
    InputFailed,

    /// <summary>The command succeeded, its outputs could not be stored.</summary>
    OutputFailed,
}

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/report</c>. Safe to repeat: the first report of an outcome wins.</summary>
public sealed record ReportRequest
{
    /// <summary>Epoch of the join.</summary>
    public required long Epoch { get; init; }

    /// <summary>What happened, grouped by task.</summary>
    public required IReadOnlyList<TaskReport> Tasks { get; init; }
}

/// <summary>What happened to attempts of one task.</summary>
public sealed record TaskReport
{
    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>The task, as in the claim.</summary>
    public required long TaskId { get; init; }

    /// <summary>Attempts in the order in which things happened.</summary>
    public required IReadOnlyList<AttemptReport> Attempts { get; init; }
}

/// <summary>What happened to one attempt. A final outcome stands alone: it tells when the command began, too.</summary>
public sealed record AttemptReport
{
    /// <summary>Instance index.</summary>
    public required int Index { get; init; }

    /// <summary>Attempt number, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>What became of it.</summary>
    public required AttemptOutcome Outcome { get; init; }

    /// <summary>With <see cref="AttemptOutcome.Exited"/>: 0 to 255.</summary>
    public int? ExitCode { get; init; }

    /// <summary>With <see cref="AttemptOutcome.Signaled"/>: the signal's number.</summary>
    public int? Signal { get; init; }

    /// <summary>What stood in the way, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Milliseconds from the command's begin to the sending of this report (agent's monotonic clock); null when it never began.</summary>
    public long? BeganMsAgo { get; init; }

    /// <summary>Milliseconds from the command's end to the sending of this report; null while it runs.</summary>
    public long? EndedMsAgo { get; init; }

    /// <summary>All of standard output, base64, when it is short; longer output has been uploaded before.</summary>
    public string? Stdout { get; init; }

    /// <summary>All of standard error, base64, when it is short.</summary>
    public string? Stderr { get; init; }

    /// <summary>What the attempt used; null while it runs, or when the executor cannot tell.</summary>
    public ResourceUsage? Usage { get; init; }

    /// <summary>What the command posted since the last report of it, which came before <see cref="Outcome"/>; null: nothing. The end of an attempt that ever posted has one.</summary>
    public AttemptProgress? Progress { get; init; }
}

/// <summary>Answer of a report, after everything accepted is committed.</summary>
public sealed record ReportResponse
{
    /// <summary>Attempts this node does not hold (any more): the agent kills them if they run and forgets them.</summary>
    public IReadOnlyList<AttemptRef> Refused { get; init; } = [];

    /// <summary>Attempts of which nothing was taken, because their output in the report cannot be stored now: to be reported again, later or without it.</summary>
    public IReadOnlyList<AttemptRef> Unstored { get; init; } = [];

    /// <summary>Why, with <see cref="Unstored"/>.</summary>
    public string? UnstoredBecause { get; init; }
}
