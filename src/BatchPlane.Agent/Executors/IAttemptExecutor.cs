using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors;

/// <summary>A way to run attempts: as processes, in containers, ….</summary>
internal interface IAttemptExecutor : IDisposable
{
    /// <summary>
    /// Begins an attempt in its directory, which exists and is empty. May block for as long as a program takes to start. What the
    /// author of a job can get wrong comes back as <see cref="StartResult.Failure"/>, never as an exception.
    /// </summary>
    StartResult Start(Launch launch);

    /// <summary>
    /// What has to be done before <see cref="Start"/> and may take long; null: nothing. Ends with null when it may be started, which it then is, or with
    /// why not. The attempt is STARTING meanwhile; <paramref name="kill"/> ends it early, and it leaves nothing behind then.
    /// </summary>
    Task<StartResult?>? Prepare(Launch launch, CancellationToken kill) => null;

    /// <summary>An attempt that an earlier agent started, as this executor would have it; <paramref name="execution"/> is what goes on of it.</summary>
    IExecution Adopt(Launch launch, IExecution execution) => execution;

    /// <summary>Completes when the executor lost what it ran and knows nothing of it any more; the epoch is over then.</summary>
    Task Lost => Never;

    private static readonly Task Never = new TaskCompletionSource().Task;
}

/// <summary>An attempt that has begun.</summary>
internal interface IExecution
{
    /// <summary>
    /// Tells <paramref name="listener"/> once when the attempt has ended, which may be before this returns. Called exactly
    /// once, after everything the listener needs is in place.
    /// </summary>
    void Watch(IExitListener listener);

    /// <summary>Sends a signal to the attempt and everything it started; nothing happens when it has ended.</summary>
    void Signal(EndSignal signal);

    /// <summary>The same, with why, for executors that remember it for the next agent.</summary>
    void Signal(EndSignal signal, KillCause cause) => Signal(signal);

    /// <summary>Remembers for the next agent how far this one has told of the attempt.</summary>
    void Bookmark(ReadOnlySpan<byte> mark)
    {
    }

    /// <summary>The end is on record at the server, or nobody wants it: nothing of the attempt need be remembered.</summary>
    void Forget()
    {
    }
}

/// <summary>Is told of the end of one attempt.</summary>
internal interface IExitListener
{
    /// <summary>The attempt ended and nothing of it runs any more. Called on the executor's own thread: must not block.</summary>
    void Exited(ExitStatus status);
}

/// <summary>How the agent ends an attempt.</summary>
internal enum EndSignal
{
    /// <summary>Ask: SIGTERM.</summary>
    Terminate,

    /// <summary>Force: SIGKILL.</summary>
    Kill,
}

/// <summary>What to begin and where.</summary>
/// <param name="Claim">The task.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt number, from 1.</param>
/// <param name="Paths">Its directory and output files.</param>
internal readonly record struct Launch(ClaimGrant Claim, int Index, int Attempt, AttemptPaths Paths)
{
    /// <summary>Program and arguments that are run instead of the task's command, for its sake; null: the task's.</summary>
    internal IReadOnlyList<string>? Argv { get; init; }

    /// <summary>Its environment instead of the attempt's; null: the attempt's.</summary>
    internal IReadOnlyDictionary<string, string>? Environment { get; init; }
}

/// <summary>Absolute paths of one attempt.</summary>
/// <param name="Directory">Working directory.</param>
/// <param name="Stdout">File that takes standard output.</param>
/// <param name="Stderr">File that takes standard error.</param>
/// <param name="Progress">File that the command may make and append to, to post progress; not there. An executor that shows the command another file system mounts it, made empty, at the same path.</param>
internal sealed record AttemptPaths(string Directory, OutputFile Stdout, OutputFile Stderr, string Progress)
{
    /// <summary>Of an attempt that needs none.</summary>
    internal static AttemptPaths None { get; } = new("", new OutputFile(""), new OutputFile(""), "");

    /// <summary>Directories that may become its working directory; null: one is made in any case.</summary>
    internal SpareDirectories? Spares { get; init; }

    /// <summary>The working directory as the attempt got it; null: there is none yet.</summary>
    internal DirectoryStamp? AsMade { get; set; }
}

/// <summary>Where attempts have their files.</summary>
internal interface IAttemptFiles
{
    /// <summary>Where an attempt runs; nothing is made.</summary>
    AttemptPaths PathsOf(ClaimGrant claim, int index, int attempt);

    /// <summary>The attempt is over and told: its files are removed some time soon.</summary>
    void Discard(AttemptPaths paths);
}

/// <summary>Either a running attempt or why there is none, in words for the author of the job.</summary>
internal readonly record struct StartResult(IExecution? Execution, string? Failure)
{
    internal static StartResult Began(IExecution execution) => new(execution, null);

    /// <summary>As what a failure is reported, when not as <see cref="AttemptOutcome.StartFailed"/>.</summary>
    internal AttemptOutcome? FailedAs { get; private init; }

    internal static StartResult Failed(string reason) => new(null, reason);

    internal static StartResult Failed(string reason, AttemptOutcome outcome) => new(null, reason) { FailedAs = outcome };

    /// <summary>Nobody knows: the executor is lost, see <see cref="IAttemptExecutor.Lost"/>.</summary>
    internal static StartResult Unknown { get; }
}

/// <summary>How a command ended: exactly one of the two is set.</summary>
/// <param name="ExitCode">0 to 255.</param>
/// <param name="Signal">Number of the signal that ended it.</param>
internal readonly record struct ExitStatus(int? ExitCode, int? Signal)
{
    /// <summary>How the attempt ended, where the code or signal does not tell: it never began, or had too little memory. Null: they tell.</summary>
    internal AttemptOutcome? Outcome { get; init; }

    /// <summary>In words; null where code or signal say it all.</summary>
    internal string? Reason { get; init; }

    /// <summary>What the attempt used; null where the executor cannot tell.</summary>
    internal AttemptUsage? Usage { get; init; }

    /// <summary>Time since the end: the agent may learn of it late.</summary>
    internal TimeSpan Age { get; init; }
}

/// <summary>What an attempt used of its machine, all its processes together.</summary>
/// <param name="CpuTime">Processor time, user and system.</param>
/// <param name="PeakMemoryBytes">Most memory that one of its processes held, or all of them together where the system tells.</param>
internal sealed record AttemptUsage(TimeSpan CpuTime, long PeakMemoryBytes)
{
    internal AttemptUsage Plus(AttemptUsage other) => new(CpuTime + other.CpuTime, Math.Max(PeakMemoryBytes, other.PeakMemoryBytes));
}
