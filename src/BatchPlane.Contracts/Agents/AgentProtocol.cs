namespace BatchPlane.Contracts;

/// <summary>Which output of a command.</summary>
public enum OutputStream
{
    /// <summary>Standard output.</summary>
    Stdout,

    /// <summary>Standard error.</summary>
    Stderr,
}

/// <summary>Body of <c>POST /agent/v1/join</c>, with the join token as bearer. Joining again starts a new epoch.</summary>
public sealed record JoinRequest
{
    /// <summary>The node this agent was started for; null: an attached machine, which becomes a new node of <see cref="Env"/>.</summary>
    public string? NodeId { get; init; }

    /// <summary>Id or name of the environment to attach to; null: the default environment. Ignored with <see cref="NodeId"/>.</summary>
    public string? Env { get; init; }

    /// <summary>Host name as the agent sees it.</summary>
    public required string HostName { get; init; }

    /// <summary>Processors.</summary>
    public required int Cpu { get; init; }

    /// <summary>Memory in GiB, rounded up.</summary>
    public required int Mem { get; init; }

    /// <summary>Memory in MiB; null from an agent that does not tell, then <see cref="Mem"/> counts.</summary>
    public int? MemoryMib { get; init; }

    /// <summary>Instances it runs at once, at least 1.</summary>
    public required int Slots { get; init; }

    /// <summary>Engine for containers with its version, <c>podman 4.3.1</c>; null: it has none and gets no task that needs one.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>How it holds processes to their resources: <c>cgroup2</c>, <c>cgroup1</c>, <c>prlimit</c> or <c>none</c>; null from an agent that does not tell.</summary>
    public string? Limits { get; init; }

    /// <summary>Version of the agent.</summary>
    public required string AgentVersion { get; init; }

    /// <summary>Its directory on the machine, absolute, at most 4,096 characters; null: it does not tell.</summary>
    public string? Directory { get; init; }
}

/// <summary>Answer of join: who the agent is from now on.</summary>
public sealed record JoinResponse
{
    /// <summary>The node.</summary>
    public required string NodeId { get; init; }

    /// <summary>Its environment.</summary>
    public required string EnvId { get; init; }

    /// <summary>Epoch that every later request carries.</summary>
    public required long Epoch { get; init; }

    /// <summary>Bearer token for the requests under <c>/agent/v1/nodes/{node}</c>; valid for this node and epoch only.</summary>
    public required string NodeToken { get; init; }

    /// <summary>Seconds without a heartbeat after which the node is given up.</summary>
    public required int LeaseSeconds { get; init; }

    /// <summary>Seconds between heartbeats.</summary>
    public required int HeartbeatSeconds { get; init; }

    /// <summary>Seconds between SIGTERM and SIGKILL.</summary>
    public required int KillGraceSeconds { get; init; }

    /// <summary>Bytes of each output of an attempt that are kept; the rest is dropped with a note.</summary>
    public required long MaxOutputBytes { get; init; }

    /// <summary>Bytes of one uploaded piece of output, from <see cref="SmallestPieceBytes"/>.</summary>
    public int MaxPieceBytes { get; init; } = SmallestPieceBytes;

    /// <summary>Pieces that every server takes: 64 KiB.</summary>
    public const int SmallestPieceBytes = 65_536;

    /// <summary>How much progress attempts may post.</summary>
    public ProgressTerms Progress { get; init; } = new();
}

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/work</c>: a long poll for instances.</summary>
public sealed record WorkRequest
{
    /// <summary>Epoch of the join.</summary>
    public required long Epoch { get; init; }

    /// <summary>How many slots' worth of instances the agent can take now: free slots plus what it likes to hold ready. 0: it is full and waits only for orders to end something.</summary>
    public required int Capacity { get; init; }

    /// <summary>Thousandths of a processor that are promised to nothing the agent holds; may be negative when a grant that was lost came late.</summary>
    public int FreeCpuMillis { get; init; }

    /// <summary>MiB of memory that are promised to nothing the agent holds; may be negative as well.</summary>
    public int FreeMemoryMib { get; init; }

    /// <summary>Seconds to wait when there is nothing, 0 to 60.</summary>
    public required int WaitSeconds { get; init; }
}

/// <summary>Answer of a long poll; everything may be empty.</summary>
public sealed record WorkResponse
{
    /// <summary>Work granted to this node.</summary>
    public IReadOnlyList<ClaimGrant> Claims { get; init; } = [];

    /// <summary>What to end; nothing when nothing new was asked for.</summary>
    public TerminationOrders Terminations { get; init; } = new();

    /// <summary>True when the node is being removed: the agent gives back what it did not start, finishes what runs, leaves.</summary>
    public bool Drain { get; init; }
}

/// <summary>
/// Attempts that the agent kills and reports <see cref="AttemptOutcome.Terminated"/>, also those whose grant arrives later. Why they end is
/// known to the server. Claims and attempts are never granted twice, so an order that arrives late ends nothing else.
/// </summary>
public sealed record TerminationOrders
{
    /// <summary>Claims whose task is to end: all attempts granted by them.</summary>
    public IReadOnlyList<long> Claims { get; init; } = [];

    /// <summary>Single attempts.</summary>
    public IReadOnlyList<AttemptRef> Attempts { get; init; } = [];

    /// <summary>True when there is nothing to end.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => Claims.Count == 0 && Attempts.Count == 0;
}

/// <summary>Instances of one task granted to a node in one transaction.</summary>
public sealed record ClaimGrant
{
    /// <summary>Id of the claim; the agent names it in heartbeats until all its attempts are reported.</summary>
    public required long ClaimId { get; init; }

    /// <summary>The job.</summary>
    public required string JobId { get; init; }

    /// <summary>Key of the task in reports.</summary>
    public required long TaskId { get; init; }

    /// <summary>Name of the task.</summary>
    public required string TaskName { get; init; }

    /// <summary>Number of instances of the task.</summary>
    public required int TaskInstanceNum { get; init; }

    /// <summary>What to run.</summary>
    public required RunSpec Run { get; init; }

    /// <summary>The attempts granted, as runs of consecutive indexes.</summary>
    public required IReadOnlyList<AttemptRange> Attempts { get; init; }
}

/// <summary>Consecutive instances with the same attempt number.</summary>
/// <param name="FirstIndex">First instance index.</param>
/// <param name="Count">How many, at least 1.</param>
/// <param name="Attempt">Attempt number, from 1.</param>
public sealed record AttemptRange(int FirstIndex, int Count, int Attempt);

/// <summary>What an agent needs to know of a task to run its instances.</summary>
public sealed record RunSpec
{
    /// <summary>Command line for <c>/bin/sh -c</c>. Exactly one of this, <see cref="Argv"/> and <see cref="Builtin"/> is given.</summary>
    public string? Command { get; init; }

    /// <summary>Program and arguments, run without a shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }

    /// <summary>What the agent does itself: <see cref="BuiltinApplications.Noop"/>. An agent that does not know the name reports <see cref="AttemptOutcome.StartFailed"/>.</summary>
    public string? Builtin { get; init; }

    /// <summary>The container that <see cref="Command"/> or <see cref="Argv"/> runs in; null: none, it is a process of the node.</summary>
    public DockerDocument? Docker { get; init; }

    /// <summary>User that the command runs as; null: the agent's own.</summary>
    public string? RunAsUser { get; init; }

    /// <summary>The task's environment variables.</summary>
    public IReadOnlyList<EnvVarDocument> EnvVars { get; init; } = [];

    /// <summary>Seconds an attempt may run.</summary>
    public int TimeoutSeconds { get; init; }

    /// <summary>True when the working directory of a failed attempt is kept.</summary>
    public bool KeepDirectoryOnFailure { get; init; }

    /// <summary>What an attempt needs of the node; null: one slot.</summary>
    public ResourcesDocument? Resources { get; init; }

    /// <summary>Files before and after the command; null: none.</summary>
    public FileSpec? Files { get; init; }
}

/// <summary>What an agent does before and after a command.</summary>
public sealed record FileSpec
{
    /// <summary>Archive that becomes the working directory; null: that is empty.</summary>
    public string? PackagePath { get; init; }

    /// <summary>Copied before the command begins, in this order.</summary>
    public IReadOnlyList<InputMappingDocument> InputMappings { get; init; } = [];

    /// <summary>Copied after the command ended by itself.</summary>
    public IReadOnlyList<OutputMappingDocument> OutputMappings { get; init; } = [];

    /// <summary>How they are uploaded.</summary>
    public IReadOnlyList<OutputMappingConfigDocument> OutputMappingConfigs { get; init; } = [];

    /// <summary>Credentials, readable.</summary>
    public IReadOnlyList<AuthenticationDocument> Authentications { get; init; } = [];

    /// <summary>Where standard output and error are stored besides; null: nowhere.</summary>
    public RedirectInfoDocument? RedirectInfo { get; init; }

    /// <summary>The same on the node; null: nowhere.</summary>
    public RedirectLocalInfoDocument? RedirectLocalInfo { get; init; }

    /// <summary>True when outputs are stored of a command that failed, too.</summary>
    public bool StoresAfterFailure { get; init; } = true;

    /// <summary>True when there is something to do before the command.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasBefore => PackagePath is not null || InputMappings.Count > 0;

    /// <summary>True when there is something to do after it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasAfter => OutputMappings.Count > 0 || RedirectInfo is not null || RedirectLocalInfo is not null;
}

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

/// <summary>Names one attempt.</summary>
/// <param name="TaskId">The task, as in the claim.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt number, from 1.</param>
public sealed record AttemptRef(long TaskId, int Index, int Attempt);

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/heartbeat</c>.</summary>
public sealed record HeartbeatRequest
{
    /// <summary>Epoch of the join.</summary>
    public required long Epoch { get; init; }

    /// <summary>Claims with attempts whose end is not acknowledged yet.</summary>
    public required IReadOnlyList<long> Claims { get; init; }

    /// <summary>
    /// True when the agent was started again and goes on with this epoch: it asks for all that the node holds, without waiting for grants that might
    /// still be on the way.
    /// </summary>
    public bool Resumed { get; init; }

    /// <summary>Attempts running now.</summary>
    public int Running { get; init; }

    /// <summary>Slots of the attempts running now.</summary>
    public int BusySlots { get; init; }

    /// <summary>Thousandths of a processor promised to attempts it holds.</summary>
    public int PromisedCpuMillis { get; init; }

    /// <summary>MiB of memory promised to attempts it holds.</summary>
    public int PromisedMemoryMib { get; init; }

    /// <summary>Attempts that ended in a second, on the average of the last minutes of this epoch; 0 while none did.</summary>
    public double EndsPerSecond { get; init; }

    /// <summary>Seconds since it held an attempt, or since it joined; null while it holds one.</summary>
    public double? IdleSeconds { get; init; }

    /// <summary>Attempts whose working directories it keeps for inspection.</summary>
    public int KeptAttempts { get; init; }

    /// <summary>Load average of the last minute; null where the system has none.</summary>
    public double? Load { get; init; }

    /// <summary>MiB of memory that are available; null where the system does not tell.</summary>
    public int? MemoryFreeMib { get; init; }

    /// <summary>MiB free on the file system with the agent's directory; null where the system does not tell.</summary>
    public long? DiskFreeMib { get; init; }

    /// <summary>MiB of that file system.</summary>
    public long? DiskTotalMib { get; init; }
}

/// <summary>Answer of a heartbeat.</summary>
public sealed record HeartbeatResponse
{
    /// <summary>Claims the agent should hold but did not name: their grant was lost on the way. To be taken unless already known.</summary>
    public IReadOnlyList<ClaimGrant> Claims { get; init; } = [];

    /// <summary>All that is to end.</summary>
    public TerminationOrders Terminations { get; init; } = new();

    /// <summary>True when the node is being removed.</summary>
    public bool Drain { get; init; }
}
