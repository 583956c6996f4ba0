using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Jobs;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which jobs to list.</summary>
public sealed record JobFilter
{
    /// <summary>Only jobs in one of these states; empty: all.</summary>
    public IReadOnlyList<RunState> States { get; init; } = [];

    /// <summary>Only jobs of exactly this name; null: all.</summary>
    public string? JobName { get; init; }

    /// <summary>Only jobs whose name begins with this; null: all.</summary>
    public string? NamePrefix { get; init; }

    /// <summary>Only jobs that have all these labels.</summary>
    public IReadOnlyList<TagFilter> Tags { get; init; } = [];

    /// <summary>Only jobs with a task in this environment; null: all.</summary>
    public string? EnvId { get; init; }

    /// <summary>Only jobs of at least this priority.</summary>
    public int MinPriority { get; init; }

    /// <summary>Only jobs of at most this priority.</summary>
    public int MaxPriority { get; init; } = int.MaxValue;

    /// <summary>Only jobs stored at this instant or later; null: all.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Only jobs stored before this instant; null: all.</summary>
    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>Only jobs older than this place in the order; null: from the newest.</summary>
    public JobPlace? Before { get; init; }
}

/// <summary>Place of a job in the list.</summary>
/// <param name="CreatedAt">When it was stored.</param>
/// <param name="JobId">Its id, which orders jobs of the same instant.</param>
public sealed record JobPlace(DateTimeOffset CreatedAt, string JobId);

/// <summary>Jobs, tasks and instances as callers see them. Each answer is of one moment per statement.</summary>
public sealed partial class JobQueries(ReadContexts contexts)
{
    /// <summary>At most <paramref name="limit"/> jobs, newest first.</summary>
    public async Task<IReadOnlyList<JobView>> ListAsync(JobFilter filter, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var jobs = await Select(context, filter, limit).Select(JobHead.OfRow).ToListAsync(cancellationToken);
        var counts = await CountAsync(context, [.. jobs.Select(job => job.JobId)], cancellationToken);
        var inFlight = await InFlightOfJobsAsync(context, [.. jobs.Where(job => job.FinishedAt is null).Select(job => job.JobId)], cancellationToken);
        return [.. jobs.Select(job => ToView(job, (counts.GetValueOrDefault(job.JobId) ?? JobCounts.None).Instances, inFlight.GetValueOrDefault(job.JobId)))];
    }

    /// <summary>The rows of a page.</summary>
    internal static IQueryable<JobRow> Select(ReadContext context, JobFilter filter, int limit)
    {
        var query = WithState(Filtered(context.Jobs, filter), filter, context);
        if (filter.Before is { } place)
        {
            query = query.Where(job => EF.Functions.LessThan(ValueTuple.Create(job.CreatedAt, job.JobId), ValueTuple.Create(place.CreatedAt, place.JobId)));
        }

        return query.OrderByDescending(job => job.CreatedAt).ThenByDescending(job => job.JobId).Take(limit);
    }

    private static IQueryable<JobRow> Filtered(IQueryable<JobRow> query, JobFilter filter)
    {
        if (filter.JobName is { } name)
        {
            query = query.Where(job => job.JobName == name);
        }

        if (filter.NamePrefix is { } prefix)
        {
            var pattern = ListFilters.BeginsWith(prefix);
            query = query.Where(job => EF.Functions.Like(job.JobName, pattern, ListFilters.Escape));
        }

        string[] labels = [.. filter.Tags.Select(tag => JobLabels.OfTag(tag.Key, tag.Value)), .. filter.EnvId is { } envId ? [JobLabels.OfEnvironment(envId)] : Array.Empty<string>()];
        if (labels.Length > 0)
        {
            // In this form it becomes the operator @>, which the index knows.
            query = query.Where(job => labels.All(label => job.Labels.Contains(label)));
        }

        if (filter.MinPriority > 0 || filter.MaxPriority < int.MaxValue)
        {
            query = query.Where(job => job.Priority >= filter.MinPriority && job.Priority <= filter.MaxPriority);
        }

        if (filter.CreatedFrom is { } from)
        {
            query = query.Where(job => job.CreatedAt >= from);
        }

        if (filter.CreatedBefore is { } before)
        {
            query = query.Where(job => job.CreatedAt < before);
        }

        return query;
    }

    private static IQueryable<JobRow> WithState(IQueryable<JobRow> query, JobFilter filter, ReadContext context)
    {
        if (filter.States.Count == 0)
        {
            return query;
        }

        var states = filter.States.Select(WireName.Of).ToArray();
        query = query.Where(job => states.Contains(job.State));

        // The state is in no index, since it changes. A job that has not ended has a task that has not, and of those there is one.
        return filter.States.Any(RunStates.IsFinal)
            ? query
            : query.Where(job => context.Tasks.Where(task => task.FinishedAt == null).Select(task => task.JobId).Contains(job.JobId));
    }

    /// <summary>One job with its tasks; null when there is none.</summary>
    public async Task<JobDetail?> FindAsync(string jobId, CancellationToken cancellationToken) => (await FindWithPlacementAsync(jobId, cancellationToken))?.Job;

    /// <summary>One job with its tasks and, in Tencent's words, the placement that its request named, JSON, which is null when it came by another way; null when there is no such job.</summary>
    public async Task<(JobDetail Job, string? Placement)?> FindWithPlacementAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var found = await context.Jobs
            .Where(job => job.JobId == jobId)
            .Select(job => new { Job = job, Placement = ReadFunctions.JsonMember(job.Tencent, "Placement") })
            .SingleOrDefaultAsync(cancellationToken);
        if (found is null)
        {
            return null;
        }

        var tasks = await context.Tasks.Where(task => task.JobId == jobId).OrderBy(task => task.TaskNo).ToListAsync(cancellationToken);
        return (ToDetail(found.Job, tasks, await ProgressReading.InFlightAsync(context, [jobId], cancellationToken)), found.Placement);
    }

    /// <summary>True when there is such a job.</summary>
    public async Task<bool> ExistsAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Jobs.AnyAsync(job => job.JobId == jobId, cancellationToken);
    }

    /// <summary>Outputs of attempts that ended before this time are removed; null: none are, or there is no such job.</summary>
    public async Task<DateTimeOffset?> FindOutputsGoneAtAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Jobs.Where(job => job.JobId == jobId).Select(job => job.OutputsGoneAt).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>The key of a task; null when the job has none of this name, or does not exist.</summary>
    public async Task<long?> FindTaskIdAsync(string jobId, string taskName, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Tasks.Where(task => task.JobId == jobId && task.TaskName == taskName && context.Jobs.Any(job => job.JobId == jobId)).Select(task => (long?)task.TaskId).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>
    /// At most <paramref name="limit"/> instances of a task from <paramref name="from"/> on, by index, those without a row included; null
    /// when there is no such task.
    /// </summary>
    public async Task<IReadOnlyList<TaskInstanceView>?> ListInstancesAsync(string jobId, string taskName, int from, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        if (await context.Tasks.SingleOrDefaultAsync(task => task.JobId == jobId && task.TaskName == taskName && context.Jobs.Any(job => job.JobId == jobId), cancellationToken) is not { } task)
        {
            return null;
        }

        var end = (int)Math.Min(task.InstanceCount, from + (long)limit);
        var rows = await context.Instances
            .Where(instance => instance.TaskId == task.TaskId && instance.InstanceIndex >= from && instance.InstanceIndex < end)
            .ToDictionaryAsync(instance => instance.InstanceIndex, cancellationToken);
        var skips = await context.Skips
            .Where(skip => skip.TaskId == task.TaskId && skip.FirstIndex < end && skip.FirstIndex + skip.InstanceCount > from)
            .ToListAsync(cancellationToken);
        var posted = await context.Progress
            .Where(progress => progress.TaskId == task.TaskId && progress.InstanceIndex >= from && progress.InstanceIndex < end)
            .ToDictionaryAsync(progress => progress.InstanceIndex, cancellationToken);
        var used = await context.Usage
            .Where(usage => usage.TaskId == task.TaskId && usage.InstanceIndex >= from && usage.InstanceIndex < end)
            .ToDictionaryAsync(usage => (usage.InstanceIndex, usage.Attempt), usage => new ResourceUsage(usage.CpuMs, usage.PeakMemoryKib), cancellationToken);
        var dueAt = await context.RetryDelays
            .Where(delay => delay.TaskId == task.TaskId && delay.InstanceIndex >= from && delay.InstanceIndex < end)
            .ToDictionaryAsync(delay => delay.InstanceIndex, delay => (DateTimeOffset?)delay.DueAt, cancellationToken);
        var keptIn = await KeptDirectories.OfNodesAsync(context, rows.Values, cancellationToken);
        return
        [
            .. Enumerable.Range(from, Math.Max(0, end - from)).Select(index => rows.TryGetValue(index, out var row)
                ? ToView(task, row, dueAt.GetValueOrDefault(index)) with
                {
                    Progress = ProgressReading.Of(row, posted.GetValueOrDefault(index)),
                    KeptDirectory = KeptDirectories.Of(jobId, row, keptIn),
                    Usage = used.GetValueOrDefault((index, row.Attempt)),
                }
                : Unclaimed(task, index, skips)),
        ];
    }

    private static async Task<Dictionary<string, double>> InFlightOfJobsAsync(ReadContext context, string[] jobIds, CancellationToken cancellationToken)
    {
        if (jobIds.Length == 0)
        {
            return [];
        }

        var byTask = await ProgressReading.InFlightAsync(context, jobIds, cancellationToken);
        var taskIds = byTask.Keys.ToArray();
        var jobs = await context.Tasks.Where(task => taskIds.Contains(task.TaskId)).Select(task => new { task.TaskId, task.JobId }).ToListAsync(cancellationToken);
        return jobs.GroupBy(task => task.JobId, StringComparer.Ordinal).ToDictionary(job => job.Key, job => job.Sum(task => byTask[task.TaskId]), StringComparer.Ordinal);
    }

    /// <summary>Tasks and instances of each job per state, from the counters of its tasks.</summary>
    private static async Task<Dictionary<string, JobCounts>> CountAsync(ReadContext context, string[] jobIds, CancellationToken cancellationToken)
    {
        var sums = await context.Tasks
            .Where(task => jobIds.Contains(task.JobId))
            .GroupBy(task => new { task.JobId, task.State })
            .Select(group => new
            {
                group.Key.JobId,
                group.Key.State,
                Tasks = group.Count(),
                Total = group.Sum(task => (long)task.InstanceCount),
                Waiting = group.Sum(task => (long)task.WaitingCount),
                Starting = group.Sum(task => (long)task.StartingCount),
                Running = group.Sum(task => (long)task.RunningCount),
                Succeed = group.Sum(task => (long)task.SucceedCount),
                Failed = group.Sum(task => (long)task.FailedCount),
                Interrupted = group.Sum(task => (long)task.InterruptedCount),
            })
            .ToListAsync(cancellationToken);
        return sums
            .GroupBy(sum => sum.JobId, StringComparer.Ordinal)
            .ToDictionary(
                job => job.Key,
                job => new JobCounts(
                    CountTasks(job.ToDictionary(sum => WireName.Parse<RunState>(sum.State), sum => sum.Tasks)),
                    RunMetricsSum.Of(job.Select(sum => Metrics(sum.State, sum.Total, sum.Waiting, sum.Starting, sum.Running, sum.Succeed, sum.Failed, sum.Interrupted)))),
                StringComparer.Ordinal);
    }

    /// <summary>What is in no counter waits in the way its task waits; what waits for instances of other tasks is PENDING in any case.</summary>
    internal static RunMetrics Metrics(string state, long total, long pending, long starting, long running, long succeed, long failed, long interrupted)
    {
        var waiting = total - starting - running - succeed - failed - interrupted;
        var task = WireName.Parse<RunState>(state);
        return new RunMetrics
        {
            SubmittedCount = task == RunState.Submitted ? waiting : 0,
            PendingCount = task == RunState.Pending ? waiting : pending,
            RunnableCount = task is RunState.Submitted or RunState.Pending ? 0 : waiting - pending,
            StartingCount = starting,
            RunningCount = running,
            SucceedCount = succeed,
            FailedCount = failed,
            FailedInterruptedCount = interrupted,
        };
    }

    private static RunMetrics Metrics(TaskRow task) =>
        Metrics(task.State, task.InstanceCount, task.WaitingCount, task.StartingCount, task.RunningCount, task.SucceedCount, task.FailedCount, task.InterruptedCount);

    private static JobView ToView(JobHead job, RunMetrics instances, double inFlight) => new()
    {
        JobId = job.JobId,
        JobName = job.JobName,
        JobState = WireName.Parse<RunState>(job.State),
        Priority = job.Priority,
        Cause = WireName.ParseNullable<Cause>(job.Cause),
        StateReason = job.Reason,
        CreatedAt = job.CreatedAt,
        RunningAt = job.RunningAt,
        FinishedAt = job.FinishedAt,
        ExpiresAt = job.ExpiresAt,
        TerminateRequestedAt = job.TerminateRequestedAt,
        RetriedAt = job.RetriedAt,
        TaskInstanceMetrics = instances,
        Progress = ProgressReading.Of(instances, inFlight),
        Tags = ReadJson.Of<TagDocument[]>(job.Tags),
    };

    private static JobDetail ToDetail(JobRow job, List<TaskRow> tasks, Dictionary<long, double> inFlight) => ToDetail(job, ReadJson.Of<JobDocument>(job.Document), tasks, inFlight);

    private static JobDetail ToDetail(JobRow job, JobDocument document, List<TaskRow> tasks, Dictionary<long, double> inFlight) => new()
    {
        JobId = job.JobId,
        JobName = job.JobName,
        JobDescription = job.JobDescription,
        JobState = WireName.Parse<RunState>(job.State),
        Priority = job.Priority,
        Cause = WireName.ParseNullable<Cause>(job.Cause),
        StateReason = job.Reason,
        CreatedAt = job.CreatedAt,
        RunningAt = job.RunningAt,
        FinishedAt = job.FinishedAt,
        ExpiresAt = job.ExpiresAt,
        TerminateRequestedAt = job.TerminateRequestedAt,
        RetriedAt = job.RetriedAt,
        Tags = ReadJson.Of<TagDocument[]>(job.Tags),
        Tasks = [.. tasks.Select(task => ToView(task) with { Progress = ProgressReading.Of(Metrics(task), inFlight.GetValueOrDefault(task.TaskId)) })],
        Dependences = document.Dependences,
        TaskMetrics = CountTasks(tasks.CountBy(task => WireName.Parse<RunState>(task.State)).ToDictionary()),
        TaskInstanceMetrics = RunMetricsSum.Of(tasks.Select(Metrics)),
        Progress = ProgressReading.Of(RunMetricsSum.Of(tasks.Select(Metrics)), inFlight.Values.Sum()),
        Tracing = WireName.Parse<TracingMode>(job.Tracing),
        Notifications = [.. SubjectNames.BlocksOf(job.Notifications).Where(block => !AlibabaEvents.Asks(block))],
        Notification = document.Notification,
    };

    private static TaskView ToView(TaskRow task) => new()
    {
        TaskName = task.TaskName,
        TaskState = WireName.Parse<RunState>(task.State),
        EnvId = task.EnvId,
        OwnsEnv = task.OwnsEnv,
        TaskInstanceNum = task.InstanceCount,
        Cause = WireName.ParseNullable<Cause>(task.Cause),
        StateReason = task.Reason,
        RunningAt = task.RunningAt,
        FinishedAt = task.FinishedAt,
        ExpiresAt = task.ExpiresAt,
        TaskInstanceMetrics = Metrics(task),
    };

    private static RunMetrics CountTasks(Dictionary<RunState, int> counts) => new()
    {
        SubmittedCount = counts.GetValueOrDefault(RunState.Submitted),
        PendingCount = counts.GetValueOrDefault(RunState.Pending),
        RunnableCount = counts.GetValueOrDefault(RunState.Runnable),
        StartingCount = counts.GetValueOrDefault(RunState.Starting),
        RunningCount = counts.GetValueOrDefault(RunState.Running),
        SucceedCount = counts.GetValueOrDefault(RunState.Succeed),
        FailedCount = counts.GetValueOrDefault(RunState.Failed),
        FailedInterruptedCount = counts.GetValueOrDefault(RunState.FailedInterrupted),
    };

    /// <summary>Whether the noted source of an instance is about an attempt that was not made yet; one that was given back hands its own on.</summary>
    private static bool IsOfNext(TaskInstanceRow row) => row.State == WireName.Of(RunState.Runnable) && row.Cause != WireName.Of(Cause.Returned);

    private static TaskInstanceView ToView(TaskRow task, TaskInstanceRow row, DateTimeOffset? dueAt) => new()
    {
        TaskInstanceIndex = row.InstanceIndex,
        TaskInstanceState = InstanceStates.Of(WireName.Parse<RunState>(row.State), WireName.Parse<RunState>(task.State), isHeld: false, isSkipped: false),
        Attempt = row.Attempt,
        // While it waits, that is about the next attempt.
        ExecutionSource = ExecutionSources.Of(row.Attempt, row.FailoverOf < row.Attempt ? row.FailoverOf : null, IsOfNext(row) ? null : row.ExecutionSource),
        OriginalAttempt = row.FailoverOf < row.Attempt ? row.FailoverOf : null,
        ExitCode = row.ExitCode,
        Cause = WireName.ParseNullable<Cause>(row.Cause),
        StateReason = row.Reason,
        ComputeNodeId = row.NodeId,
        LaunchedAt = row.LaunchedAt,
        RunningAt = row.RunningAt,
        FinishedAt = row.FinishedAt,

        // Read a moment after the instance, which may have been claimed or ended in between.
        RetryAt = row.State == WireName.Of(RunState.Runnable) ? dueAt : null,
    };

    /// <summary>An instance that was never claimed and has no row.</summary>
    private static TaskInstanceView Unclaimed(TaskRow task, int index, List<TaskSkipRow> skips)
    {
        var skipped = skips.Find(skip => skip.FirstIndex <= index && index < skip.FirstIndex + skip.InstanceCount);
        var isHeld = Array.Exists(task.Waiting, range => range.LowerBound <= index && index < range.UpperBound);
        return new TaskInstanceView
        {
            TaskInstanceIndex = index,
            TaskInstanceState = InstanceStates.Of(row: null, WireName.Parse<RunState>(task.State), isHeld, isSkipped: skipped is not null),
            Attempt = 0,
            Cause = WireName.ParseNullable<Cause>(skipped?.Cause),
            StateReason = skipped?.Reason,
            FinishedAt = skipped?.EndedAt,
        };
    }
}
