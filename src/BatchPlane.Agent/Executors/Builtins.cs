using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors;

/// <summary>
/// What the agent does itself instead of running a program: nothing, at once. A means to measure and to test everything around an
/// attempt: claims, reports and events are those of real ones.
/// </summary>
internal static class Builtins
{
    /// <summary>How each of its attempts ends.</summary>
    internal static AttemptResult Result { get; } = new(AttemptOutcome.Exited, ExitCode: 0);

    /// <summary>True when attempts of it begin and end the moment they are granted.</summary>
    internal static bool EndsAtOnce(RunSpec run) => run.Builtin == BuiltinApplications.Noop;

    /// <summary>Why attempts of it cannot be started; null when no built-in is asked for. For an agent older than its server.</summary>
    internal static string? WhyUnknown(RunSpec run) => run.Builtin is { } name ? $"this agent has no built-in '{name}'" : null;
}
