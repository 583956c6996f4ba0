using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Core.ReadModel;

/// <summary>Where a job would run if it were submitted now.</summary>
public sealed class PlanQueries(ExplainQueries explanations)
{
    /// <summary>The plan of a validated document whose tasks all name an environment, or the environments that do not exist or take no job.</summary>
    public async Task<(JobPlan? Plan, IReadOnlyList<string> MissingEnvIds)> PlanAsync(JobDocument document, CancellationToken cancellationToken)
    {
        // As it would be stored, under ids that are never used.
        var job = NewJob.From(document, jobId: "", [.. document.Tasks.Select((_, number) => (long)number)], submittedBy: "");
        var environments = await explanations.EnvironmentsAsync(job.EnvIds, cancellationToken);
        var missing = Missing(job.EnvIds, environments).ToList();
        if (missing.Count > 0)
        {
            return (null, missing);
        }

        var rivals = new Dictionary<string, Rivals>(StringComparer.Ordinal);
        foreach (var envId in job.EnvIds)
        {
            rivals[envId] = await explanations.RivalsAsync(environments[envId], job.Job.JobId, document.Priority, cancellationToken);
        }

        return (new()
        {
            Document = JobSecrets.Mask(document) with { Notifications = [.. document.Notifications.Where(block => !AlibabaEvents.Asks(block))] },
            Tasks = [.. job.Tasks.Select(task => task.Record.OwnsEnv
            ? Unmade(task)
            : Plan(job, task, document.Priority, environments[task.Record.EnvId], rivals[task.Record.EnvId]))]
        }, []);
    }

    /// <summary>Those of the environments that do not exist or take no job.</summary>
    public async Task<IReadOnlySet<string>> FindMissingAsync(IReadOnlyCollection<string> envIds, CancellationToken cancellationToken) =>
        Missing(envIds, await explanations.EnvironmentsAsync(envIds, cancellationToken)).ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<string> Missing(IEnumerable<string> envIds, IReadOnlyDictionary<string, EnvironmentFacts> environments) =>
        envIds.Where(envId => environments.GetValueOrDefault(envId) is not { TakesWork: true });

    private static TaskPlan Plan(NewJob job, NewTask task, int priority, EnvironmentFacts environment, Rivals rivals)
    {
        var waiting = new WaitingTask
        {
            State = StateOf(task.Record),
            Waiting = task.Record.InstanceCount,
            WaitingByIndex = task.Record.DependsOn.Any(edge => edge.On == DependenceCondition.EachIndex) ? task.Record.InstanceCount : 0,
            MaxConcurrentNum = task.Record.MaxConcurrentNum,
            Needs = task.Needs,
            StartTasks = [.. task.Record.DependsOn.Select(edge => Start(job.Tasks[edge.TaskNo].Record, edge.On))],
        };
        var verdict = WaitReasons.Of(waiting, priority, environment, rivals);
        return new()
        {
            TaskName = task.Record.TaskName,
            EnvId = task.Record.EnvId,
            RunningNodes = environment.Nodes.Count,
            FittingNodes = environment.Nodes.Count(node => task.Needs.FitsIn(node.Size)),
            StartsNow = verdict.Reasons[0].Code == WaitCodes.AboutToStart,
            Reasons = verdict.Reasons,
            Position = verdict.Position,
            EstimatedSecondsToStart = verdict.EstimatedSecondsToStart,
        };
    }

    /// <summary>Where the environment is made with the job there is no node yet.</summary>
    private static TaskPlan Unmade(NewTask task) => new()
    {
        TaskName = task.Record.TaskName,
        EnvId = null,
        RunningNodes = 0,
        FittingNodes = 0,
        StartsNow = false,
        Reasons = [new() { Code = WaitCodes.NoNodes, Message = "Its environment is made with the job, and nodes when it may run." }],
    };

    private static StartTask Start(TaskRecord task, DependenceCondition on) => new(task.TaskName, StateOf(task), HasBegun: false, on);

    /// <summary>What <see cref="JobAggregate.Expand"/> would make of it.</summary>
    private static RunState StateOf(TaskRecord task) => TaskLifecycle.Table.Next(
        TaskLifecycle.Table.Initial,
        task.DependsOn.Count > 0 ? TaskEvent.ExpandedWaiting : TaskEvent.ExpandedReady);
}
