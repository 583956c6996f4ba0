using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// An environment that is made for one task. Its row is written in the transaction that stores the task, so that there is never a task without one; its nodes are
/// made only when something of the task may be claimed, as for every environment that follows the work. From then on it is <see cref="EnvironmentStore"/>'s.
/// </summary>
/// <param name="Record">Its row, not opened yet.</param>
/// <param name="Settings">What was asked for.</param>
/// <param name="Task">Its task.</param>
/// <param name="KeepsTrying">True when nodes are tried without end.</param>
/// <param name="MaxRetryCount">Nodes that may fail one after the other.</param>
/// <param name="CreatedBy">Journal source of the caller.</param>
internal sealed record TaskEnvironment(EnvironmentRecord Record, ComputeEnvDocument Settings, TaskRecord Task, bool KeepsTrying, int MaxRetryCount, string CreatedBy)
{
    /// <summary>The environment of a task that asked for one. Its name tells people whose it is; nobody finds it by that.</summary>
    internal static TaskEnvironment Of(ComputeEnvDocument wanted, JobDocument job, string jobId, TaskRecord task, string createdBy) => new(
        NewRecord(task.EnvId, $"{jobId}.{task.TaskName}", jobId, wanted.Provider),
        wanted,
        task,
        job.StateIfCreateCvmFailed == CreationFailedState.Runnable,
        job.Tasks[task.TaskNo].ResourceMaxRetryCount,
        createdBy);

    /// <summary>The first entries of its journal, with which it is CREATED.</summary>
    internal IReadOnlyList<JournalEntry> Open(DateTimeOffset now) => Open(Record, CreatedBy, now);

    /// <summary>The same for the environment of a task's new life, all else of which is taken from the one before.</summary>
    internal static IReadOnlyList<JournalEntry> OpenNew(TaskRecord task, string jobId, DateTimeOffset now) =>
        Open(NewRecord(task.NewEnvId!, "", jobId, NodeProvider.Local), JournalSource.Engine, now);

    /// <summary>The settings that only the provider reads.</summary>
    internal string ProviderSettings => Settings.Slurm is { } slurm ? JsonSerializer.Serialize(slurm, BatchPlaneJson.Options) : "{}";

    private static IReadOnlyList<JournalEntry> Open(EnvironmentRecord record, string source, DateTimeOffset now)
    {
        var environment = new EnvironmentAggregate(record, [], now);
        environment.Open(source);
        return environment.Journal;
    }

    private static EnvironmentRecord NewRecord(string envId, string name, string jobId, NodeProvider provider) =>
        new() { EnvId = envId, EnvName = name, JobId = jobId, Provider = provider, DesiredNodeCount = 0 };
}
