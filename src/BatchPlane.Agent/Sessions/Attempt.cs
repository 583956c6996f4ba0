using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Outputs;
using BatchPlane.Agent.Progress;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>Names an attempt within the server.</summary>
/// <param name="TaskId">The task, as in the claim.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Number">Attempt number, from 1.</param>
internal readonly record struct AttemptKey(long TaskId, int Index, int Number);

/// <summary>Where an attempt is in the agent.</summary>
internal enum AttemptPhase
{
    /// <summary>Granted, waits for a slot. Left by a starter, or given back.</summary>
    Ready,

    /// <summary>Has a slot; its files are on the way, or the executor is at work on it.</summary>
    Starting,

    /// <summary>Its command runs, or its files are being stored.</summary>
    Running,

    /// <summary>Holds no slot any more; its output and end are on the way to the server.</summary>
    Ended,

    /// <summary>Final: acknowledged, refused or abandoned.</summary>
    Gone,
}

/// <summary>Why the agent kills an attempt.</summary>
internal enum KillCause
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>It ran for longer than its task allows; reported.</summary>
    Timeout,

    /// <summary>The server ordered it; reported.</summary>
    Terminated,

    /// <summary>The agent stops; asked to end first, not reported: the server passes it on when the node leaves.</summary>
    Stopped,

    /// <summary>The node does not hold it any more; killed at once, not reported.</summary>
    Abandoned,

    /// <summary>The node takes nothing new, and what comes before the command is under way: broken off, and given back. Means nothing once the command runs.</summary>
    GivenBack,
}

/// <summary>How an attempt ended, as it will be reported.</summary>
/// <param name="Outcome">Any but <see cref="AttemptOutcome.Running"/>.</param>
/// <param name="ExitCode">With <see cref="AttemptOutcome.Exited"/>.</param>
/// <param name="Signal">With <see cref="AttemptOutcome.Signaled"/>.</param>
/// <param name="Reason">In words; null when the outcome says it all.</param>
internal sealed record AttemptResult(AttemptOutcome Outcome, int? ExitCode = null, int? Signal = null, string? Reason = null)
{
    /// <summary>Short standard output, base64.</summary>
    internal string? Stdout { get; init; }

    /// <summary>What the attempt used; null: it never ran, or nobody knows.</summary>
    internal AttemptUsage? Usage { get; init; }

    /// <summary>Short standard error, base64.</summary>
    internal string? Stderr { get; init; }

    /// <summary>
    /// The end of an attempt that ran: what the agent killed it for decides, then how the command ended, then <paramref name="problem"/>, why its
    /// files could not be stored.
    /// </summary>
    internal static AttemptResult Of(Attempt attempt, ExitStatus status, KillCause kill, string? problem = null) => kill switch
    {
        KillCause.None when problem is not null && status.ExitCode == 0 => new(AttemptOutcome.OutputFailed, ExitCode: 0, Reason: problem),
        KillCause.None when problem is not null => Plain(status) with { Reason = $"{Words(status)}; {problem}" },
        KillCause.Timeout => new(AttemptOutcome.Timeout, Reason: $"killed after its timeout of {attempt.Claim.Run.TimeoutSeconds} s"),
        KillCause.Terminated => new(AttemptOutcome.Terminated),
        KillCause.None or KillCause.Stopped or KillCause.Abandoned or KillCause.GivenBack => Plain(status),
    };

    /// <summary>The end of an attempt that could not be started.</summary>
    internal static AttemptResult NotStarted(KillCause kill, StartResult start) =>
        new(kill == KillCause.Terminated ? AttemptOutcome.Terminated : start.FailedAs ?? AttemptOutcome.StartFailed, Reason: start.Failure);

    /// <summary>The same end, without output, which is lost.</summary>
    internal AttemptResult WithoutOutput(string why) => Losing(why) with { Stdout = null, Stderr = null };

    /// <summary>The same end, of which some output is lost.</summary>
    internal AttemptResult Losing(string why) => this with
    {
        Reason = this switch
        {
            { Reason: { } reason } => $"{reason}; output lost: {why}",
            { Outcome: AttemptOutcome.Exited, ExitCode: > 0 } => $"exit code {ExitCode}; output lost: {why}",
            { Outcome: AttemptOutcome.Signaled } => $"signal {Signal}; output lost: {why}",
            _ => $"output lost: {why}",
        },
    };

    /// <summary>True when output travels with it.</summary>
    internal bool HasOutput => Stdout is not null || Stderr is not null;

    /// <summary>True when the command ran and the attempt did not succeed by itself.</summary>
    internal bool IsFailure => Outcome is AttemptOutcome.Signaled or AttemptOutcome.Timeout or AttemptOutcome.OutOfMemory or AttemptOutcome.OutputFailed || ExitCode is > 0;

    private static AttemptResult Plain(ExitStatus status) => status switch
    {
        { Outcome: { } outcome } => new(outcome, status.ExitCode, Reason: status.Reason),
        { Signal: { } signal } => new(AttemptOutcome.Signaled, Signal: signal),
        _ => new(AttemptOutcome.Exited, ExitCode: status.ExitCode, Reason: status.Reason),
    };

    private static string Words(ExitStatus status) => status.Reason ?? (status.Signal is { } signal ? $"signal {signal}" : $"exit code {status.ExitCode}");
}

/// <summary>One granted attempt. Its mutable members are guarded by the lock of the <see cref="AttemptBook"/> unless they say otherwise.</summary>
internal sealed class Attempt(ClaimGrant claim, int index, int number, AttemptPaths paths)
{
    private ProgressFeed? _progress;
    private bool _isHurried;

    internal AttemptKey Key { get; } = new(claim.TaskId, index, number);

    internal ClaimGrant Claim => claim;

    internal AttemptPaths Paths => paths;

    /// <summary>True when no program is run for it: it has no files and never holds a slot.</summary>
    internal bool IsBuiltin => ReferenceEquals(paths, AttemptPaths.None);

    /// <summary>What it needs of the node while it is ready or runs.</summary>
    internal ResourceAmounts Needs { get; } = ResourceAmounts.Of(claim.Run.Resources);

    internal AttemptPhase Phase { get; set; }

    internal KillCause Kill { get; set; }

    /// <summary>Timestamp of the first signal the agent sent; null: none yet.</summary>
    internal long? SignaledAt { get; set; }

    internal bool KillSent { get; set; }

    internal IExecution? Execution { get; set; }

    /// <summary>Timestamp of the command's begin; null: it never began. Written once, before the attempt is queued for a report.</summary>
    internal long? BeganAt { get; set; }

    /// <summary>Timestamp of the end; null: not ended. Written once, before the result.</summary>
    internal long? EndedAt { get; set; }

    /// <summary>Timestamp of the last upload of live output.</summary>
    internal long ShippedAt { get; set; }

    /// <summary>Timestamp of the last look at its progress file.</summary>
    internal long LookedAt { get; set; }

    /// <summary>How far an earlier agent told of its progress; empty: it did not.</summary>
    internal ReadOnlyMemory<byte> ProgressMark { get; private set; }

    /// <summary>What it posts; null while it has posted nothing. For any thread.</summary>
    internal ProgressFeed? Progress => Volatile.Read(ref _progress);

    /// <summary>Completed when no upload of live output is under way.</summary>
    internal Task Shipping { get; set; } = Task.CompletedTask;

    /// <summary>How far standard output is. Owned by whoever ships: the live upload, after it the final one.</summary>
    internal OutputCursor Stdout { get; } = new();

    /// <summary>How far standard error is; owned like <see cref="Stdout"/>.</summary>
    internal OutputCursor Stderr { get; } = new();

    /// <summary>True when the server does not want its output; owned like <see cref="Stdout"/>.</summary>
    internal bool IsOutputUnwanted { get; set; }

    /// <summary>Why output of it is not at the server and never will be; null: all is. Owned like <see cref="Stdout"/>, after that guarded by the lock of the <see cref="ReportQueue"/>.</summary>
    internal string? OutputLost { get; set; }

    /// <summary>True when its end was ordered after it had ended: its output is waited for no longer. For any thread.</summary>
    internal bool IsHurried
    {
        get => Volatile.Read(ref _isHurried);
        set => Volatile.Write(ref _isHurried, value);
    }

    /// <summary>Guarded by the lock of the <see cref="ReportQueue"/>; null while it runs.</summary>
    internal AttemptResult? Result { get; set; }

    /// <summary>Guarded by the lock of the <see cref="ReportQueue"/>: its end is late.</summary>
    internal bool IsLate { get; set; }

    /// <summary>Guarded by the lock of the <see cref="ReportQueue"/>: why its output could not be stored with its end; null: it was not tried, or could.</summary>
    internal string? WhyLate { get; set; }

    /// <summary>Guarded by the lock of the <see cref="ReportQueue"/>: nothing of it is reported any more.</summary>
    internal bool Unreported { get; set; }

    /// <summary>Guarded by the lock of the <see cref="ReportQueue"/>: its progress waits to be told.</summary>
    internal bool IsProgressQueued { get; set; }

    /// <summary>Gives it a feed, unless it has one already; returns the one it has.</summary>
    internal ProgressFeed Attach(ProgressFeed feed) => Interlocked.CompareExchange(ref _progress, feed, null) ?? feed;

    /// <summary>Remembers for the next agent how far this one has told of its progress.</summary>
    internal void RememberProgress(ReadOnlyMemory<byte> mark)
    {
        lock (Stdout)
        {
            ProgressMark = mark;
            Remember();
        }
    }

    /// <summary>Remembers for the next agent where its files stand in its outputs, and how far progress was told.</summary>
    internal void Remember()
    {
        // In the order in which they are made: an older one must not come last.
        lock (Stdout)
        {
            var mark = new byte[(2 * OutputCursor.MarkBytes) + ProgressMark.Length];
            Stdout.WriteMark(mark);
            Stderr.WriteMark(mark.AsSpan(OutputCursor.MarkBytes));
            ProgressMark.CopyTo(mark.AsMemory(2 * OutputCursor.MarkBytes));
            Execution?.Bookmark(mark);
        }
    }

    /// <summary>Goes on from what an earlier agent remembered; empty: it had nothing to remember.</summary>
    internal void GoOnFrom(ReadOnlyMemory<byte> mark)
    {
        if (mark.Length >= 2 * OutputCursor.MarkBytes)
        {
            Stdout.ReadMark(mark.Span);
            Stderr.ReadMark(mark.Span[OutputCursor.MarkBytes..]);
            ProgressMark = mark[(2 * OutputCursor.MarkBytes)..];
        }
    }
}
