namespace BatchPlane.Contracts;

/// <summary>
/// One of the ordered rules of <c>retry_rules</c>: the first that matches a failed attempt decides. It matches when the attempt's end is
/// named by any of <see cref="ExitCodes"/>, <see cref="Signals"/> and <see cref="Causes"/> (all three empty: every end) and, when
/// <see cref="Reasons"/> are given, its reason by one of them.
/// </summary>
public sealed record RetryRuleDocument
{
    /// <summary>
    /// Exit codes and ranges of them, <c>75</c> or <c>"64-78"</c>, each from 1 to 255. A command that was ended by a signal has the exit code
    /// 128 + signal, as shells show it.
    /// </summary>
    public IReadOnlyList<string> ExitCodes { get; init; } = [];

    /// <summary>Numbers of signals that ended the command and that the agent did not send, 1 to 64.</summary>
    public IReadOnlyList<int> Signals { get; init; } = [];

    /// <summary>Kinds of ends.</summary>
    public IReadOnlyList<AttemptFailure> Causes { get; init; } = [];

    /// <summary>Patterns of the reason, the end in words, in any case; <c>*</c> stands for any characters, <c>?</c> for one.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>What follows.</summary>
    public required RetryAction Action { get; init; }

    /// <summary>With <see cref="RetryAction.Retry"/>: failed attempts after which there is no further one for this rule, 0 to 100. Null: the task's <c>max_retry_count</c>.</summary>
    public int? MaxRetryCount { get; init; }

    /// <summary>With <see cref="RetryAction.Retry"/>: how long to wait before the next attempt. Null: the task's <c>retry_backoff</c>.</summary>
    public BackoffDocument? Backoff { get; init; }
}

/// <summary>
/// How long an instance waits before its next attempt: after its n-th failed attempt <c>initial_seconds × multiplier^(n-1)</c>, at most
/// <c>max_seconds</c>, less up to the fraction <c>jitter</c> of it, which differs from instance to instance (in a task of
/// more than 4,096 from block to block of neighbours) and is the same whenever it is computed.
/// </summary>
public sealed record BackoffDocument
{
    /// <summary>Seconds after the first failure, 0.1 to 604,800. Default 1.</summary>
    public double InitialSeconds { get; init; } = 1;

    /// <summary>Factor from one failure to the next, 1 to 100. Default 2.</summary>
    public double Multiplier { get; init; } = 2;

    /// <summary>Most seconds, 0.1 to 604,800, not below <see cref="InitialSeconds"/>. Default 300, or <see cref="InitialSeconds"/> when that is more.</summary>
    public double MaxSeconds { get; init; } = 300;

    /// <summary>Largest fraction that is taken off, 0 to 1. Default 0.2.</summary>
    public double Jitter { get; init; } = 0.2;
}

/// <summary>What a retry rule does. On the wire: <c>lower_snake</c>.</summary>
public enum RetryAction
{
    /// <summary>Another attempt, as long as the budget lasts.</summary>
    Retry,

    /// <summary>The instance ends at once, whatever retries are left.</summary>
    Fail,

    /// <summary>The attempt counts as SUCCEED, with its exit code and the cause <see cref="Cause.FailureIgnored"/>. Not for what could not be started.</summary>
    Ignore,
}

/// <summary>Kinds of failed attempts, in the words of <see cref="Cause"/>. On the wire: <c>lower_snake</c>.</summary>
public enum AttemptFailure
{
    /// <summary>The command ended with an exit code other than 0.</summary>
    ExitCode,

    /// <summary>The command was ended by a signal that nobody here sent.</summary>
    Signal,

    /// <summary>The attempt ran longer than the task's <c>timeout</c>.</summary>
    Timeout,

    /// <summary>The command could not be started.</summary>
    StartFailed,

    /// <summary>The image of its container could not be had.</summary>
    ImagePullFailed,

    /// <summary>The command needed more memory than it was given, and the container engine said so.</summary>
    OutOfMemory,

    /// <summary>The package could not be fetched or unpacked.</summary>
    PackageFailed,

    /// <summary>Inputs could not be brought.</summary>
    InputFailed,

    /// <summary>The command succeeded, its outputs could not be stored.</summary>
    OutputFailed,
}
