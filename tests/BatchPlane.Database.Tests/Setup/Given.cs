using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Database.Tests;

/// <summary>Documents and reports, with only what matters to a test visible.</summary>
internal static class Given
{
    internal static TaskDocument Task(
        string envId,
        int instances = 1,
        string name = "task",
        int retries = 0,
        int? ceiling = null,
        FailedAction failedAction = FailedAction.Terminate) => new()
        {
            TaskName = name,
            Application = new() { Argv = ["true"] },
            TaskInstanceNum = instances,
            EnvId = envId,
            MaxRetryCount = retries,
            MaxConcurrentNum = ceiling,
            FailedAction = failedAction,
        };

    internal static JobDocument Job(params IReadOnlyList<TaskDocument> tasks) => new() { JobName = "test", Tasks = tasks };

    internal static JobDocument Job(string envId, int instances = 1) => Job(Task(envId, instances));

    internal static AttemptReport Exited(int index, int exitCode = 0, int attempt = 1) =>
        new() { Index = index, Attempt = attempt, Outcome = AttemptOutcome.Exited, ExitCode = exitCode, BeganMsAgo = 5, EndedMsAgo = 0 };

    internal static AttemptReport Report(int index, AttemptOutcome outcome, int attempt = 1) =>
        new() { Index = index, Attempt = attempt, Outcome = outcome, BeganMsAgo = outcome == AttemptOutcome.Running ? 0 : null };

    /// <summary>Index and attempt of everything granted.</summary>
    internal static IEnumerable<(int Index, int Attempt)> Attempts(ClaimOutcome outcome) =>
        from claim in outcome.Claims
        from range in claim.Attempts
        from n in Enumerable.Range(0, range.Count)
        select (range.FirstIndex + n, range.Attempt);
}
