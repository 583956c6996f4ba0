using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Loops;

/// <summary>A task that can get no node.</summary>
/// <param name="JobId">Its job.</param>
/// <param name="TaskId">The task.</param>
/// <param name="EnvId">The environment made for it.</param>
/// <param name="Reason">Why, for people.</param>
internal sealed record GivenUp(string JobId, long TaskId, string EnvId, string Reason)
{
    /// <summary>As decided about the environment, under its lock; null: nothing is given up.</summary>
    internal static GivenUp? Of(EnvironmentAggregate environment) =>
        environment.Environment is { JobId: { } jobId, TaskId: { } taskId } record && environment.WhyWithoutNodes() is { } why
            ? new(jobId, taskId, record.EnvId, $"no node could be made: {why}")
            : null;
}

/// <summary>
/// The two ends of an environment that was made for a task. The task has ended: the environment is deleted, its nodes too. The environment can make no node: the task
/// is ended. Each is seen again by the next pass of any server until it is done, whatever dies in between.
/// </summary>
internal sealed partial class TaskEnvironments(EnvironmentStore environments, TransitionWriter writer, ILogger<TaskEnvironments> logger)
{
    private const int MaxInPass = 1_000;

    /// <summary>Asks for the end of environments whose tasks need them no more.</summary>
    internal async Task EndUnneededAsync(CancellationToken cancellationToken)
    {
        foreach (var envId in await environments.UnneededAsync(MaxInPass, cancellationToken))
        {
            await environments.ChangeAsync(envId, End, cancellationToken);
            Log.Ended(logger, envId);
        }
    }

    /// <summary>Ends a task that can get no node; null: there is none.</summary>
    internal async Task GiveUpAsync(GivenUp? givenUp, CancellationToken cancellationToken)
    {
        if (givenUp is not var (jobId, taskId, envId, reason))
        {
            return;
        }

        var outcome = await writer.WriteAsync(new GiveUpTask(jobId, taskId, envId, reason), cancellationToken);
        if (outcome.IsClosed)
        {
            Log.GaveUp(logger, jobId, envId, reason);
        }
    }

    private static EnvironmentAggregate End(EnvironmentAggregate environment)
    {
        environment.RequestDelete(JournalSource.Engine);
        return environment;
    }

    private static partial class Log
    {
        [LoggerMessage(3050, LogLevel.Information, "The task that {EnvId} was made for has ended: it goes")]
        internal static partial void Ended(ILogger logger, string envId);

        [LoggerMessage(3051, LogLevel.Warning, "Ended a task of {JobId}, whose {EnvId} can make no node: {Reason}")]
        internal static partial void GaveUp(ILogger logger, string jobId, string envId, string reason);
    }
}
