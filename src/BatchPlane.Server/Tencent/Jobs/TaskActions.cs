using System.Globalization;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Jobs;
using BatchPlane.Server.Outputs;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>Actions about tasks and instances.</summary>
internal sealed class TaskActions(JobQueries jobs, EnvironmentQueries environments, TransitionWriter writer, TaskLogs logs) : IActionGroup
{
    /// <summary>Instances looked at in one query when only those of some states are wanted.</summary>
    private const int ScanSize = 5_000;

    private const int MonitorPeriodSeconds = 10;
    private static readonly string[] Metrics = ["CpuUsage", "MemUsage", "LanOuttraffic", "LanIntraffic", "MaxDiskUsage", "TargetDiskUsage"];
    private static readonly string[] RedirectFields = ["StdoutRedirectPath", "StderrRedirectPath", "StdoutRedirectFileName", "StderrRedirectFileName"];

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

        var states = query.Values("task-instance-state")?.Select(ListQuery.ParseState).ToList();
        if (states?.Contains(null) == true)
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, $"`Filters`: expected states: {string.Join(", ", Enum.GetValues<RunState>().Select(WireName.Of))}.");
        }

        var (found, refusal) = await FindAsync(call);
        if (found is null)
        {
            return refusal!;
        }

        var (job, task) = (found.Job, found.Task);
        var instances = states is null
            ? await jobs.ListInstancesAsync(job.JobId, task.TaskName, query.Offset, query.Limit, call.CancellationToken)
            : await ScanAsync(job.JobId, task, states, query, call.CancellationToken);
        return new(new
        {
            job.JobId,
            task.TaskName,
            TaskState = WireName.Of(task.TaskState),
            CreateTime = Shown.Time(job.CreatedAt),
            EndTime = Shown.Time(task.FinishedAt),
            TaskInstanceTotalCount = states is null ? task.TaskInstanceNum : Count(task.TaskInstanceMetrics, states),
            TaskInstanceSet = await ViewsAsync(job, task, instances ?? [], call.CancellationToken),
            TaskInstanceMetrics = Shown.Metrics(task.TaskInstanceMetrics),
        });
    }

    private async Task<IEnumerable<object>> ViewsAsync(JobDetail job, TaskView task, IReadOnlyList<TaskInstanceView> instances, CancellationToken cancellationToken)
    {
        var redirect = await RedirectOfAsync(job.JobId, task.TaskName, cancellationToken);
        var machines = await environments.FindInstanceIdsAsync([.. instances.Select(instance => instance.ComputeNodeId).OfType<string>().Distinct()], cancellationToken);
        return instances.Select(instance => new
        {
            instance.TaskInstanceIndex,
            TaskInstanceState = WireName.Of(instance.TaskInstanceState),
            instance.ExitCode,
            StateReason = instance.StateReason ?? "",
            StateDetailedReason = instance.Cause is { } cause ? WireName.Of(cause) : "",
            ComputeNodeInstanceId = instance.ComputeNodeId is { } nodeId ? machines.GetValueOrDefault(nodeId) : null,
            CreateTime = Shown.Time(job.CreatedAt),
            LaunchTime = Shown.Time(instance.LaunchedAt),
            RunningTime = Shown.Time(instance.RunningAt),
            EndTime = Shown.Time(instance.FinishedAt),
            RedirectInfo = redirect,
        });
    }

    /// <summary>Instances of some states. Their numbers are known, so that the search ends with the last of them.</summary>
    private async Task<IReadOnlyList<TaskInstanceView>> ScanAsync(string jobId, TaskView task, List<RunState?> states, ListQuery query, CancellationToken cancellationToken)
    {
        var wanted = new List<TaskInstanceView>();
        var (seen, total) = (0L, Count(task.TaskInstanceMetrics, states));
        for (var from = 0; from < task.TaskInstanceNum && seen < total && wanted.Count < query.Limit; from += ScanSize)
        {
            foreach (var instance in await jobs.ListInstancesAsync(jobId, task.TaskName, from, ScanSize, cancellationToken) ?? [])
            {
                if (states.Contains(instance.TaskInstanceState) && ++seen > query.Offset && wanted.Count < query.Limit)
                {
                    wanted.Add(instance);
                }
            }
        }

        return wanted;
    }

    private async Task<ActionAnswer> LogsAsync(ActionCall call)
    {
        var indexes = (call.Parameters["TaskInstanceIndexes"] as JsonArray)?.Select(index => (int)index!.GetValue<long>()).Distinct().ToList();
        if (indexes is not null && call.Number("Offset") is not null)
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterCombination, "Expected one of TaskInstanceIndexes and Offset.");
        }

        var (found, refusal) = await FindAsync(call);
        if (found is null)
        {
            return refusal!;
        }

        var (job, task) = (found.Job, found.Task);
        if (indexes?.Find(index => index >= task.TaskInstanceNum) is { } missing and > 0)
        {
            return NoInstance(task.TaskName, missing);
        }

        var (offset, limit) = (call.Number("Offset") ?? 0, call.Number("Limit") ?? 5);
        indexes ??= [.. Enumerable.Range(offset, Math.Max(0, Math.Min(limit, task.TaskInstanceNum - offset)))];
        try
        {
            return new(new
            {
                TotalCount = call.Parameters["TaskInstanceIndexes"] is null ? task.TaskInstanceNum : indexes.Count,
                TaskInstanceLogSet = await LogSetAsync(job.JobId, task.TaskName, indexes, call.CancellationToken),
            });
        }
        catch (OutputStorageException exception)
        {
            return ActionAnswer.Refuse("ResourceUnavailable", exception.Message);
        }
    }

    private async Task<IReadOnlyList<object>> LogSetAsync(string jobId, string taskName, List<int> indexes, CancellationToken cancellationToken)
    {
        var taskId = await jobs.FindTaskIdAsync(jobId, taskName, cancellationToken) ?? 0;
        var redirect = await RedirectOfAsync(jobId, taskName, cancellationToken);
        var set = new List<object>();
        foreach (var index in indexes)
        {
            var attempt = await jobs.ListInstancesAsync(jobId, taskName, index, 1, cancellationToken) is [var instance] ? instance.Attempt : 0;
            set.Add(new
            {
                TaskInstanceIndex = index,
                StdoutLog = await logs.ReadAsync(new(jobId, taskId, index, attempt, OutputStream.Stdout), cancellationToken),
                StderrLog = await logs.ReadAsync(new(jobId, taskId, index, attempt, OutputStream.Stderr), cancellationToken),
                StdoutRedirectPath = redirect["StdoutRedirectPath"]?.DeepClone(),
                StderrRedirectPath = redirect["StderrRedirectPath"]?.DeepClone(),
                StdoutRedirectFileName = FileName(redirect, "Stdout", jobId, taskName, index),
                StderrRedirectFileName = FileName(redirect, "Stderr", jobId, taskName, index),
            });
        }

        return set;
    }

    private async Task<ActionAnswer> TerminateAsync(ActionCall call)
    {
        var jobId = call.Text("JobId");
        return Checks.OfJob(jobId) is { } malformed
            ? new(malformed)
            : ActionAnswer.Of(await TerminateTask.TerminateInstanceAsync(
                jobId, call.Text("TaskName"), call.Number("TaskInstanceIndex")!.Value, call.Caller.Source, jobs, writer, call.CancellationToken));
    }

    private async Task<ActionAnswer> MonitorAsync(ActionCall call)
    {
        var (found, refusal) = await FindAsync(call);
        if (found is null)
        {
            return refusal!;
        }

        if (call.Number("TaskInstanceIndex") is { } index && index >= found.Task.TaskInstanceNum)
        {
            return NoInstance(found.Task.TaskName, index);
        }

        return Metrics.Contains(call.Text("MetricName"))
            ? new(new { Period = MonitorPeriodSeconds, DataPoints = new { Timestamps = Array.Empty<long>(), Values = Array.Empty<double>() } })
            : ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, $"`MetricName`: expected one of {string.Join(", ", Metrics)}.");
    }

    /// <summary>The job and the task that a call names.</summary>
    private async Task<(FoundTask? Found, ActionAnswer? Refusal)> FindAsync(ActionCall call)
    {
        var (jobId, taskName) = (call.Text("JobId"), call.Text("TaskName"));
        if (Checks.OfJob(jobId) is { } malformed)
        {
            return (null, new(malformed));
        }

        if (await jobs.FindAsync(jobId, call.CancellationToken) is not { } job)
        {
            return (null, ActionAnswer.Refuse(ErrorCodes.JobNotFound, $"There is no job {jobId}."));
        }

        return job.Tasks.FirstOrDefault(task => task.TaskName == taskName) is { } found
            ? (new(job, found), null)
            : (null, ActionAnswer.Refuse(ErrorCodes.TaskNotFound, $"The job {jobId} has no task of this name."));
    }

    private async Task<JsonObject> RedirectOfAsync(string jobId, string taskName, CancellationToken cancellationToken)
    {
        var tasks = await jobs.FindSubmittedAsync(jobId, cancellationToken) is { } submitted ? SubmittedView.Job(submitted)["Tasks"] as JsonArray : null;
        var given = tasks?.OfType<JsonObject>().FirstOrDefault(task => task["TaskName"]?.GetValue<string>() == taskName || tasks.Count == 1)?["RedirectInfo"] as JsonObject;
        return new JsonObject(RedirectFields.Select(name => KeyValuePair.Create(name, (JsonNode?)JsonValue.Create(given?[name]?.GetValue<string>() ?? ""))));
    }

    /// <summary>Name of the file that an output is stored under; empty where it is not stored.</summary>
    private static string FileName(JsonObject redirect, string stream, string jobId, string taskName, int index)
    {
        if (redirect[$"{stream}RedirectPath"]!.GetValue<string>().Length == 0)
        {
            return "";
        }

        var name = redirect[$"{stream}RedirectFileName"]!.GetValue<string>();
        var number = index.ToString(CultureInfo.InvariantCulture);
        return name.Length == 0
            ? $"{stream.ToLowerInvariant()}.{jobId}.{taskName}.{number}.log"
            : name.Replace("${BATCH_JOB_ID}", jobId, StringComparison.Ordinal)
                .Replace("${BATCH_TASK_NAME}", taskName, StringComparison.Ordinal)
                .Replace("${BATCH_TASK_INSTANCE_INDEX}", number, StringComparison.Ordinal);
    }

    private static long Count(RunMetrics metrics, List<RunState?> states) => states.Distinct().Sum(state => state switch
    {
        RunState.Submitted => metrics.SubmittedCount,
        RunState.Pending => metrics.PendingCount,
        RunState.Runnable => metrics.RunnableCount,
        RunState.Starting => metrics.StartingCount,
        RunState.Running => metrics.RunningCount,
        RunState.Succeed => metrics.SucceedCount,
        RunState.Failed => metrics.FailedCount,
        RunState.FailedInterrupted => metrics.FailedInterruptedCount,
        null => 0,
    });

    private static ActionAnswer NoInstance(string taskName, int index) =>
        ActionAnswer.Refuse(ErrorCodes.TaskInstanceNotFound, string.Create(CultureInfo.InvariantCulture, $"The task '{taskName}' has no instance {index}."));

    private sealed record FoundTask(JobDetail Job, TaskView Task);
}
