using System.ComponentModel.DataAnnotations;
using BatchPlane.Agent.Files;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Keeping;
using BatchPlane.Contracts;

namespace BatchPlane.Agent;

/// <summary>How one node agent runs. Everything else (lease, grace, output limit) is told by the server when it joins.</summary>
public sealed class AgentOptions
{
    /// <summary>
    /// Default of <see cref="PrefillFactor"/>: none. What is held ready cannot go to another node that has room, nor be overtaken by a higher
    /// priority, so it must not wait long: <see cref="PrefillAhead"/> sees to it that it does not.
    /// </summary>
    public const double DefaultPrefillFactor = 0;

    /// <summary>Default of <see cref="PrefillMax"/>.</summary>
    public const int DefaultPrefillMax = 4_000;

    /// <summary>Default of <see cref="ReportMaxAttempts"/>.</summary>
    public const int DefaultReportMaxAttempts = 2_000;

    /// <summary>Default of <see cref="ReportMaxOutputBytes"/>: 2 MiB.</summary>
    public const int DefaultReportMaxOutputBytes = 2 * 1024 * 1024;

    /// <summary>Default of <see cref="InlineOutputBytes"/>.</summary>
    public const int DefaultInlineOutputBytes = 4_096;

    /// <summary>Default of <see cref="OutputPieceBytes"/>, which is also its maximum: 1 MiB.</summary>
    public const int MaxOutputPieceBytes = 1024 * 1024;

    /// <summary>Default of <see cref="OutputPatience"/>, in seconds.</summary>
    public const int DefaultOutputPatienceSeconds = 600;

    /// <summary>Default of <see cref="Cpu"/>: what the process may use.</summary>
    public static int DefaultCpu => HostFacts.Cpu;

    /// <summary>Default of <see cref="MemoryMib"/>: what the machine has.</summary>
    public static int DefaultMemoryMib => HostFacts.MemoryMib;

    /// <summary>Base URL of the server, <c>http://host:8080</c>.</summary>
    [Required]
    public required Uri ServerUrl { get; init; }

    /// <summary>Join token of the installation (secret).</summary>
    [Required]
    public required string JoinToken { get; init; }

    /// <summary>Node this agent was started for by a provider; null: an attached machine, which becomes a new node of <see cref="Env"/>.</summary>
    public string? NodeId { get; init; }

    /// <summary>Id or name of the environment to attach to; null: the server's default environment. Ignored with <see cref="NodeId"/>.</summary>
    public string? Env { get; init; }

    /// <summary>Instances run at once, 1 to 1,024. Default: the number of processors.</summary>
    [Range(1, 1024)]
    public int Slots { get; init; } = Environment.ProcessorCount;

    /// <summary>Processors promised to instances that wish for some, 1 to 100,000. Default: all that the process may use.</summary>
    [Range(1, 100_000)]
    public int Cpu { get; init; } = DefaultCpu;

    /// <summary>MiB of memory promised to instances that wish for some, 0 to 2,147,483,647. Default: all of the machine.</summary>
    [Range(0, int.MaxValue)]
    public int MemoryMib { get; init; } = DefaultMemoryMib;

    /// <summary>All that instances can be promised.</summary>
    internal ResourceAmounts Size => new(Slots, Cpu * 1000, MemoryMib);

    /// <summary>
    /// Work root, created when missing: working directories and output of the attempts. One agent per directory; what a
    /// dead agent left running in it goes on with the next one, or is killed and removed when the server gave it up.
    /// </summary>
    [Required]
    public required string Directory { get; init; }

    /// <summary>How containers are run.</summary>
    [Required]
    public ContainerOptions Containers { get; init; } = new();

    /// <summary>How processes are held to the resources of their task.</summary>
    [Required]
    public LimitOptions Limits { get; init; } = new();

    /// <summary>Users of this machine that tasks may run their command as (<c>run_as_user</c>), by name; of use to an agent of root alone. Default: none.</summary>
    public IReadOnlyList<string> AllowedUsers { get; init; } = [];

    /// <summary>
    /// Program, and its first arguments, that runs the keeper of <see cref="Directory"/>, which is told last: see <see cref="KeeperProcess"/>. Default: the verb
    /// <c>keeper</c> of the program that runs.
    /// </summary>
    [MinLength(1)]
    public IReadOnlyList<string> KeeperCommand { get; init; } = DefaultKeeperCommand();

    /// <summary>Attempts held ready beside the running ones, as a multiple of <see cref="Slots"/>, 0 to 100, however long they take. Default 0.</summary>
    [Range(0.0, 100.0)]
    public double PrefillFactor { get; init; } = DefaultPrefillFactor;

    /// <summary>
    /// How far ahead short instances are held ready on top of <see cref="PrefillFactor"/>: the attempts that end in this
    /// time at the present rate, so that a round trip to the server never leaves a slot empty. Default 250 ms; zero: off.
    /// </summary>
    public TimeSpan PrefillAhead { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Ceiling of what <see cref="PrefillAhead"/> adds, in attempts, 0 to 100,000. Default 4,000.</summary>
    [Range(0, 100_000)]
    public int PrefillMax { get; init; } = DefaultPrefillMax;

    /// <summary>Seconds a request for work waits at the server when there is none, 0 to 60. Default 30.</summary>
    [Range(0, 60)]
    public int WorkWaitSeconds { get; init; } = 30;

    /// <summary>Attempts in one report request, 1 to 10,000. Default 2,000.</summary>
    [Range(1, 10_000)]
    public int ReportMaxAttempts { get; init; } = DefaultReportMaxAttempts;

    /// <summary>Bytes of short output and progress in one report request, before base64; at least one attempt is always sent. Default 2 MiB.</summary>
    [Range(1, 64 * 1024 * 1024)]
    public int ReportMaxOutputBytes { get; init; } = DefaultReportMaxOutputBytes;

    /// <summary>
    /// How long the begin of an attempt may wait for its end, so that a short attempt is one report and one write.
    /// Default 25 ms; zero: told at once.
    /// </summary>
    public TimeSpan StartReportDelay { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// Shortest time from one report request to the next, so that a stream of short instances is told in few requests; a report
    /// after a quiet time goes at once. Default 10 ms; zero: none.
    /// </summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Bytes of an output that travel inside the report; longer output is uploaded. 0 to 65,536, default 4,096.</summary>
    [Range(0, 65_536)]
    public int InlineOutputBytes { get; init; } = DefaultInlineOutputBytes;

    /// <summary>Bytes of one uploaded piece of output, 1 to 1,048,576. Default 1 MiB.</summary>
    [Range(1, MaxOutputPieceBytes)]
    public int OutputPieceBytes { get; init; } = MaxOutputPieceBytes;

    /// <summary>
    /// How long output of an attempt that has ended is brought again while the server cannot store it, from its end or from the last piece that was stored; then the
    /// end is reported with the reason <c>output lost</c>. Zero: after the first try. Default 10 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan OutputPatience { get; init; } = TimeSpan.FromSeconds(DefaultOutputPatienceSeconds);

    /// <summary>Ended attempts whose output waits for the server's storage, 1 to 100,000; with more, no work is asked for. Default 1,000.</summary>
    [Range(1, 100_000)]
    public int OutputsWaitingMax { get; init; } = 1_000;

    /// <summary>How often output of a running attempt is uploaded. Default 2 s.</summary>
    public TimeSpan OutputInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the server is asked which directories that are kept for inspection may go. Default 30 s.</summary>
    public TimeSpan KeptInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Directories asked about in one request, 1 to 10,000. Default 1,000.</summary>
    [Range(1, 10_000)]
    public int KeptMaxAsked { get; init; } = 1_000;

    /// <summary>How long running attempts may go on after a stop was asked for; then they are killed and go to another node. Default 30 s; asked a second time, not at all.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stopping agent tries to deliver its last reports and to leave. Default 15 s.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Files before and after commands.</summary>
    public StagingOptions Files { get; init; } = new();

    /// <summary>Longest pause between two tries while the server cannot be reached. Default 5 s.</summary>
    public TimeSpan RetryPauseMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an agent that runs nothing goes on without an answer of a server; then it ends. Null, the default: for ever.</summary>
    public TimeSpan? GiveUpAfter { get; init; }

    // Where the runtime was started with the program as its argument, that is part of the command.
    private static IReadOnlyList<string> DefaultKeeperCommand() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0], KeeperProcess.Verb]
            : [Environment.ProcessPath!, KeeperProcess.Verb];
}
