using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace BatchPlane.Core.ReadModel;

/// <summary>Why tasks wait: gathers the facts for <see cref="WaitReasons"/>. Each statement is of its own moment.</summary>
public sealed class ExplainQueries(ReadContexts contexts, ClaimStore claims, IOptions<SchedulingOptions> options)
{
    private const int MillisPerCpu = 1_000;

    /// <summary>A job's tasks that have not ended, and what they wait for; null when there is no such job.</summary>
    public async Task<JobExplanation?> ExplainAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        if (await context.Jobs.SingleOrDefaultAsync(job => job.JobId == jobId, cancellationToken) is not { } job)
        {
            return null;
        }

        var tasks = await context.Tasks.Where(task => task.JobId == jobId).OrderBy(task => task.TaskNo).ToListAsync(cancellationToken);
        var open = tasks.FindAll(task => task.FinishedAt is null);
        var openIds = open.ConvertAll(task => task.TaskId);
        var nextAttempts = await context.RetryDelays
            .Where(delay => openIds.Contains(delay.TaskId))
            .GroupBy(delay => delay.TaskId)
            .ToDictionaryAsync(delays => delays.Key, delays => (DateTimeOffset?)delays.Min(delay => delay.DueAt), cancellationToken);
        var environments = await EnvironmentsAsync([.. open.Select(task => task.EnvId)], cancellationToken);
        var rivals = new Dictionary<string, Rivals>(StringComparer.Ordinal);
        var explained = new List<TaskExplanation>();
        foreach (var task in open)
        {
            if (!rivals.TryGetValue(task.EnvId, out var others))
            {
                rivals[task.EnvId] = others = await RivalsAsync(environments[task.EnvId], jobId, job.Priority, cancellationToken);
            }

            explained.Add(Explain(ToWaiting(task, tasks, job) with { NextAttemptAt = nextAttempts.GetValueOrDefault(task.TaskId) }, task, environments[task.EnvId], others, job.Priority));
        }

        return new() { JobId = jobId, JobState = WireName.Parse<RunState>(job.State), Tasks = explained };
    }

    /// <summary>
    /// Tasks that could run and do not, of which somebody wants to be told: looks at most at <paramref name="limit"/> behind one. What only other jobs that come first are to blame for is not told:
    /// that would have to be counted for each task.
    /// </summary>
    public async Task<BlockedPage> BlockedAsync(long afterTaskId, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var runnable = WireName.Of(RunState.Runnable);
        var tasks = await context.Tasks
            .Where(task => task.Claimable && task.BlockedBy != null && task.State == runnable && task.TaskId > afterTaskId)
            .OrderBy(task => task.TaskId)
            .Take(limit)
            .ToListAsync(cancellationToken);
        var environments = tasks.Count == 0
            ? new Dictionary<string, EnvironmentFacts>()
            : await EnvironmentsAsync([.. tasks.Select(task => task.EnvId)], cancellationToken);
        var blocked = from task in tasks
                      where environments.ContainsKey(task.EnvId)
                      let reason = WaitReasons.Of(ToWaiting(task), task.Priority, environments[task.EnvId], Rivals.None).Reasons[0]
                      let kind = WaitReasons.KindOf(reason)
                      where kind is not null
                      select new BlockedTask(task.TaskId, task.JobId, kind, $"{reason.Code}: {reason.Message}", task.BlockedBy!);
        return new([.. blocked], tasks.Count == limit ? tasks[^1].TaskId : null);
    }

    /// <summary>Environments and their running nodes, by id; those that do not exist are left out.</summary>
    public async Task<IReadOnlyDictionary<string, EnvironmentFacts>> EnvironmentsAsync(IReadOnlyCollection<string> envIds, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var wanted = envIds.Distinct(StringComparer.Ordinal).ToArray();
        var running = WireName.Of(NodeState.Running);
        var environments = await context.Environments.Where(environment => wanted.Contains(environment.EnvId)).ToListAsync(cancellationToken);
        var nodes = (await context.Nodes
            .Where(node => wanted.Contains(node.EnvId) && node.DeletedAt == null && node.State == running)
            .ToListAsync(cancellationToken)).ToLookup(node => node.EnvId, StringComparer.Ordinal);
        return environments.ToDictionary(environment => environment.EnvId, environment => ToFacts(environment, nodes[environment.EnvId]), StringComparer.Ordinal);
    }

    /// <summary>What else there is to claim in an environment for nodes that a job of this priority could have.</summary>
    public Task<Rivals> RivalsAsync(EnvironmentFacts environment, string jobId, int priority, CancellationToken cancellationToken) =>
        claims.RivalsAsync(environment.EnvId, environment.Largest, jobId, priority, options.Value.MaxTasksExplained, cancellationToken);

    private static TaskExplanation Explain(WaitingTask waiting, TaskRow task, EnvironmentFacts environment, Rivals rivals, int priority)
    {
        var verdict = WaitReasons.Of(waiting, priority, environment, rivals);
        return new()
        {
            TaskName = task.TaskName,
            TaskState = waiting.State,
            EnvId = task.EnvId,
            WaitingInstances = waiting.Waiting,
            HeldInstances = waiting.Held,
            Reasons = verdict.Reasons,
            Position = verdict.Position,
            EstimatedSecondsToStart = verdict.EstimatedSecondsToStart,
        };
    }

    private static WaitingTask ToWaiting(TaskRow task, List<TaskRow> tasks, JobRow job) => ToWaiting(task) with
    {
        StartTasks = [.. task.DependsOn.Zip(task.DependsWhen, (number, on) => ToStart(tasks[number], on))],
        IsTerminating = job.TerminateRequestedAt is not null,
    };

    /// <summary>Without the tasks it waits for, and without what is wished of its job.</summary>
    private static WaitingTask ToWaiting(TaskRow task) => new()
    {
        State = WireName.Parse<RunState>(task.State),
        Waiting = (long)task.InstanceCount - task.StartingCount - task.RunningCount - task.SucceedCount - task.FailedCount - task.InterruptedCount,
        WaitingByIndex = task.WaitingCount,
        Delayed = task.Delayed.Sum(range => range.UpperBound - range.LowerBound),
        Held = task.StartingCount + task.RunningCount,
        MaxConcurrentNum = task.MaxConcurrentNum,
        Needs = new(task.Slots, task.CpuMillis, task.MemoryMib) { Containers = task.NeedsContainer },
        CloseReason = task.CloseReason,
    };

    private static StartTask ToStart(TaskRow task, string on) =>
        new(task.TaskName, WireName.Parse<RunState>(task.State), task.RunningAt is not null, WireName.Parse<DependenceCondition>(on));

    private static EnvironmentFacts ToFacts(EnvironmentRow environment, IEnumerable<NodeRow> nodes) => new(
        environment.EnvId,
        environment.DeletedAt is null && environment.DeleteRequestedAt is null,
        Environments.NodeCounts.Target(environment.DesiredNodeCount, environment.MinNodeCount, environment.MaxNodeCount, environment.ScaledNodeCount, environment.ScaledFrom),
        [.. nodes.Select(ToFacts)]);

    private static NodeFacts ToFacts(NodeRow node)
    {
        var size = new ResourceAmounts(node.Slots, node.Cpu * MillisPerCpu, node.MemoryMib) { Containers = node.ContainerEngine is not null };
        return new(size, size.Minus(new(node.BusySlots, node.PromisedCpuMillis, node.PromisedMemoryMib)), node.EndsPerSecond);
    }
}
