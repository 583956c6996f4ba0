using System.Globalization;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Jobs;
using BatchPlane.Server.Outputs;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>Actions about tasks and instances.</summary>
internal sealed class TaskActions(JobQueries jobs, TaskQueries tasks, TransitionWriter writer, TaskLogs logs) : IActionGroup
{
    private const int MonitorPeriodSeconds = 10;
    private static readonly string[] Metrics = ["CpuUsage", "MemUsage", "LanOuttraffic", "LanIntraffic", "MaxDiskUsage", "TargetDiskUsage"];

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (JobShapes.DescribeTask, DescribeAsync),
        (JobShapes.TaskLogs, LogsAsync),
        (JobShapes.TerminateInstance, TerminateAsync),
        (JobShapes.MonitorData, MonitorAsync),
    ];

    private async Task<ActionAnswer> DescribeAsync(ActionCall call)
    {
        var (query, error) = ListQuery.Read(call, limit: 100, "task-instance-state");
        if (query is null)
        {
            return new(error!);
        }

        var states = query.Values("task-instance-state")?.Select(ListQuery.ParseState).Distinct().ToList();
        if (states?.Contains(null) == true)
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, $"`Filters`: expected states: {string.Join(", ", Enum.GetValues<RunState>().Select(WireName.Of))}.");
        }

        // Of a missing job too this action says that there is no such task.
        var (task, refusal) = await FindAsync(call, ErrorCodes.TaskNotFound);
        if (task is null)
        {
            return refusal!;
        }

        var instances = await tasks.PageAsync(task.TaskId, states?.OfType<RunState>().ToList(), query.Offset, query.Limit, call.CancellationToken);
        return new(new
        {
            JobId = call.Text("JobId"),
            task.TaskName,
            TaskState = WireName.Of(task.State),
            CreateTime = Shown.Time(task.CreatedAt),
            EndTime = Shown.Time(task.FinishedAt),
            TaskInstanceTotalCount = states is null ? task.InstanceCount : states.Sum(state => Count(task.InstanceMetrics, state!.Value)),
            TaskInstanceSet = instances.Select(instance => View(task, instance)),
            TaskInstanceMetrics = Shown.Metrics(task.InstanceMetrics),
        });
    }

    private static object View(TaskFacts task, ListedInstance instance) => new
    {
        TaskInstanceIndex = instance.Index,
        TaskInstanceState = WireName.Of(instance.State),
        instance.ExitCode,
        StateReason = instance.Reason ?? "",
        StateDetailedReason = instance.Cause is { } cause ? WireName.Of(cause) : "",

        // What waits is on no machine, though an earlier attempt was.
        ComputeNodeInstanceId = IsWaiting(instance) ? null : instance.MachineId,
        CreateTime = Shown.Time(task.CreatedAt),
        LaunchTime = IsWaiting(instance) ? null : Shown.Time(instance.LaunchedAt),
        RunningTime = IsWaiting(instance) ? null : Shown.Time(instance.RunningAt),
        EndTime = IsWaiting(instance) ? null : Shown.Time(instance.FinishedAt),
        RedirectInfo = new
        {
            StdoutRedirectPath = task.RedirectInfo?.StdoutRedirectPath ?? "",
            StderrRedirectPath = task.RedirectInfo?.StderrRedirectPath ?? "",
            StdoutRedirectFileName = task.RedirectInfo?.StdoutRedirectFileName ?? "",
            StderrRedirectFileName = task.RedirectInfo?.StderrRedirectFileName ?? "",
        },
    };

    private static bool IsWaiting(ListedInstance instance) => instance.State is RunState.Submitted or RunState.Pending or RunState.Runnable;

    private async Task<ActionAnswer> LogsAsync(ActionCall call)
    {
        var indexes = (call.Parameters["TaskInstanceIndexes"] as JsonArray)?.Select(index => (int)index!.GetValue<long>()).Distinct().ToList();
        if (indexes is not null && call.Number("Offset") is not null)
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterCombination, "Expected one of TaskInstanceIndexes and Offset.");
        }

        if (RefuseName(call.Text("TaskName")) is { } malformed)
        {
            return new(malformed);
        }

        var (task, refusal) = await FindAsync(call);
        if (task is null)
        {
            return refusal!;
        }

        if (indexes?.Find(index => index >= task.InstanceCount) is { } missing and > 0)
        {
            return NoInstance(task.TaskName, missing);
        }

        var (offset, limit) = (call.Number("Offset") ?? 0, call.Number("Limit") ?? 5);
        var total = indexes?.Count ?? task.InstanceCount;
        indexes ??= [.. Enumerable.Range(offset, Math.Max(0, Math.Min(limit, task.InstanceCount - offset)))];
        try
        {
            return new(new { TotalCount = total, TaskInstanceLogSet = await LogSetAsync(call.Text("JobId"), task, indexes, call.CancellationToken) });
        }
        catch (OutputStorageException exception)
        {
            return ActionAnswer.Refuse("ResourceUnavailable", exception.Message);
        }
    }

    private async Task<IReadOnlyList<object>> LogSetAsync(string jobId, TaskFacts task, List<int> indexes, CancellationToken cancellationToken)
    {
        var attempts = await tasks.FindAttemptsAsync(task.TaskId, indexes, cancellationToken);
        var redirect = task.RedirectInfo;
        var set = new List<object>();
        foreach (var index in indexes)
        {
            var attempt = attempts.GetValueOrDefault(index);
            set.Add(new
            {
                TaskInstanceIndex = index,
                StdoutLog = await logs.ReadAsync(new(jobId, task.TaskId, index, attempt, OutputStream.Stdout), cancellationToken),
                StderrLog = await logs.ReadAsync(new(jobId, task.TaskId, index, attempt, OutputStream.Stderr), cancellationToken),
                StdoutRedirectPath = redirect?.StdoutRedirectPath ?? "",
                StderrRedirectPath = redirect?.StderrRedirectPath ?? "",
                StdoutRedirectFileName = FileName(redirect?.StdoutRedirectPath, redirect?.StdoutRedirectFileName, "stdout", jobId, task.TaskName, index),
                StderrRedirectFileName = FileName(redirect?.StderrRedirectPath, redirect?.StderrRedirectFileName, "stderr", jobId, task.TaskName, index),
            });
        }

        return set;
    }

    private async Task<ActionAnswer> TerminateAsync(ActionCall call)
    {
        var (jobId, taskName, index) = (call.Text("JobId"), call.Text("TaskName"), call.Number("TaskInstanceIndex")!.Value);
        if (Checks.OfJob(jobId) is { } malformed)
        {
            return new(malformed);
        }

        var result = await TerminateTask.TerminateInstanceAsync(jobId, taskName, index, call.Caller.Source, jobs, writer, call.CancellationToken);

        // Whatever of them is missing, Tencent's clients know one code for it.
        return result is ProblemResult { Problem.Code: var code } && (code == ProblemKind.JobNotFound.Code || code == ProblemKind.TaskNotFound.Code)
            ? NoInstance(taskName, index)
            : ActionAnswer.Of(result);
    }

    private async Task<ActionAnswer> MonitorAsync(ActionCall call)
    {
        var (task, refusal) = await FindAsync(call);
        if (task is null)
        {
            return refusal!;
        }

        if (call.Number("TaskInstanceIndex") is { } index && index >= task.InstanceCount)
        {
            return NoInstance(task.TaskName, index);
        }

        return Metrics.Contains(call.Text("MetricName"))
            ? new(new { Period = MonitorPeriodSeconds, DataPoints = new { Timestamps = Array.Empty<long>(), Values = Array.Empty<double>() } })
            : ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, $"`MetricName`: expected one of {string.Join(", ", Metrics)}.");
    }

    /// <summary>The task that a call names. <paramref name="noJob"/>: what it is told when there is no such job.</summary>
    private async Task<(TaskFacts? Task, ActionAnswer? Refusal)> FindAsync(ActionCall call, string noJob = ErrorCodes.JobNotFound)
    {
        var (jobId, taskName) = (call.Text("JobId"), call.Text("TaskName"));
        if (Checks.OfJob(jobId) is { } malformed)
        {
            return (null, new(malformed));
        }

        if (await tasks.FindAsync(jobId, taskName, call.CancellationToken) is { } found)
        {
            return (found, null);
        }

        return await jobs.ExistsAsync(jobId, call.CancellationToken)
            ? (null, ActionAnswer.Refuse(ErrorCodes.TaskNotFound, $"The job {jobId} has no task of this name."))
            : (null, ActionAnswer.Refuse(noJob, $"There is no job {jobId}."));
    }

    private static TencentError? RefuseName(string taskName) => taskName.Length > TaskNames.MaxLength
        ? new(ErrorCodes.TaskNameTooLong, FormattableString.Invariant($"`TaskName`: expected at most {TaskNames.MaxLength} characters, given {taskName.Length}."))
        : TaskNames.IsWellFormed(taskName) ? null : new(ErrorCodes.TaskName, "`TaskName`: expected a letter or digit, then letters, digits, '_', '-', '.'.");

    /// <summary>Name of the file that an output is stored under; empty where it is not stored.</summary>
    private static string FileName(string? path, string? name, string stream, string jobId, string taskName, int index)
    {
        if (string.IsNullOrEmpty(path))
        {
            return "";
        }

        var number = index.ToString(CultureInfo.InvariantCulture);
        return string.IsNullOrEmpty(name)
            ? $"{stream}.{jobId}.{taskName}.{number}.log"
            : name.Replace("${BATCH_JOB_ID}", jobId, StringComparison.Ordinal)
                .Replace("${BATCH_TASK_NAME}", taskName, StringComparison.Ordinal)
                .Replace("${BATCH_TASK_INSTANCE_INDEX}", number, StringComparison.Ordinal);
    }

    private static long Count(RunMetrics metrics, RunState state) => state switch
    {
        RunState.Submitted => metrics.SubmittedCount,
        RunState.Pending => metrics.PendingCount,
        RunState.Runnable => metrics.RunnableCount,
        RunState.Starting => metrics.StartingCount,
        RunState.Running => metrics.RunningCount,
        RunState.Succeed => metrics.SucceedCount,
        RunState.Failed => metrics.FailedCount,
        RunState.FailedInterrupted => metrics.FailedInterruptedCount,
    };

    private static ActionAnswer NoInstance(string taskName, int index) =>
        ActionAnswer.Refuse(ErrorCodes.TaskInstanceNotFound, string.Create(CultureInfo.InvariantCulture, $"The task '{taskName}' has no instance {index}."));
}
