using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Keeping;

/// <summary>What to start: content of <see cref="ToKeeper.Spawn"/>.</summary>
/// <param name="Key">The attempt.</param>
/// <param name="Note">What the next agent needs to know of it; the keeper does not look into it.</param>
/// <param name="Mark">Text that stands in the environment of the attempt's processes and in no other.</param>
/// <param name="Program">Path of the program.</param>
/// <param name="Directory">Working directory.</param>
/// <param name="Stdout">File for standard output.</param>
/// <param name="Stderr">File for standard error.</param>
/// <param name="Limits">What it may use.</param>
/// <param name="Argv">Arguments, the first being the name.</param>
/// <param name="Environment"><c>NAME=value</c> each.</param>
internal sealed record SpawnOrder(
    AttemptKey Key,
    byte[] Note,
    string Mark,
    string Program,
    string Directory,
    string Stdout,
    string Stderr,
    LimitOrder Limits,
    IReadOnlyList<string> Argv,
    IReadOnlyList<string> Environment)
{
    internal FrameWriter ToFrame()
    {
        var frame = FrameWriter.Of(ToKeeper.Spawn, Note.Length + 2_048).Add(Key).Add(Note).Add(Mark).Add(Program).Add(Directory).Add(Stdout).Add(Stderr);
        Limits.AddTo(frame);
        return frame.AddStrings(Argv).AddStrings(Environment);
    }
}

/// <summary>How an attempt ended, and what it used.</summary>
/// <param name="Status">Of its first process.</param>
/// <param name="Age">Time since the end.</param>
internal readonly record struct KeptEnd(ExitStatus Status, TimeSpan Age)
{
    private const int None = -1;

    internal void AddTo(FrameWriter frame) => frame
        .Add(Status.ExitCode ?? None).Add(Status.Signal ?? None)
        .Add(Status.Usage?.CpuTime.Ticks ?? None).Add(Status.Usage?.PeakMemoryBytes ?? None)
        .Add(Age.Ticks)
        .Add(Status.Outcome is { } outcome ? (int)outcome : None).Add(Status.Reason ?? "");

    internal static KeptEnd Read(FrameReader frame)
    {
        var (code, signal, cpu, memory, age) = (frame.Int(), frame.Int(), frame.Long(), frame.Long(), frame.Long());
        var (outcome, reason) = (frame.Int(), frame.Text());
        var status = new ExitStatus(code < 0 ? null : code, signal < 0 ? null : signal)
        {
            Outcome = outcome < 0 ? null : (AttemptOutcome)outcome,
            Reason = reason.Length == 0 ? null : reason,
            Usage = cpu < 0 ? null : new AttemptUsage(TimeSpan.FromTicks(cpu), memory),
        };
        return new KeptEnd(status, TimeSpan.FromTicks(age));
    }
}

/// <summary>An attempt that a keeper holds, as it tells a new agent.</summary>
/// <param name="Key">The attempt.</param>
/// <param name="Note">As in its <see cref="SpawnOrder"/>.</param>
/// <param name="Bookmark">As noted last; empty: never.</param>
/// <param name="Age">Time since its start.</param>
/// <param name="Kill">Why it was signalled.</param>
/// <param name="End">Its end; null while it runs.</param>
internal sealed record HeldAttempt(AttemptKey Key, byte[] Note, byte[] Bookmark, TimeSpan Age, KillCause Kill, KeptEnd? End)
{
    internal FrameWriter ToFrame()
    {
        var frame = FrameWriter.Of(FromKeeper.Held, Note.Length + 128).Add(Key).Add(Note).Add(Bookmark).Add(Age.Ticks).Add((int)Kill).Add(End is null ? 0 : 1);
        End?.AddTo(frame);
        return frame;
    }

    internal static HeldAttempt Read(FrameReader frame) =>
        new(frame.Key(), frame.Bytes(), frame.Bytes(), TimeSpan.FromTicks(frame.Long()), (KillCause)frame.Int(), frame.Int() == 0 ? null : KeptEnd.Read(frame));
}
