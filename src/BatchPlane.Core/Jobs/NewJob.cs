using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Jobs;

/// <summary>A validated job about to be stored: the rows it will become.</summary>
public sealed class NewJob
{
    private NewJob(JobDocument document, JobRecord job, IReadOnlyList<NewTask> tasks, string submittedBy)
    {
        Document = document;
        Job = job;
        Tasks = tasks;
        SubmittedBy = submittedBy;
    }

    /// <summary>The validated document; every task names its environment.</summary>
    public JobDocument Document { get; }

    /// <summary>The job's row.</summary>
    public JobRecord Job { get; }

    /// <summary>The tasks' rows in the order of the document.</summary>
    public IReadOnlyList<NewTask> Tasks { get; }

    /// <summary>Journal source of the caller.</summary>
    public string SubmittedBy { get; }

    /// <summary>The request in Tencent's words; null: it came by another way.</summary>
    public TencentRequest? Tencent { get; init; }

    /// <summary>W3C trace context that the request to submit it came with; null when it came with none.</summary>
    public string? Traceparent { get; private init; }

    /// <summary>Environments that have to exist, each once, sorted. Those that are made with it are not among them.</summary>
    public IReadOnlyList<string> EnvIds => [.. Tasks.Where(task => !task.Record.OwnsEnv).Select(task => task.Record.EnvId).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Environments that are made with it, for a task each.</summary>
    internal IEnumerable<TaskEnvironment> Environments => Tasks.Select(task => task.Environment).OfType<TaskEnvironment>();

    /// <summary>
    /// Lays out rows for a validated document whose tasks all name an environment or have one made for them, with ids from <paramref name="taskIds"/>.
    /// The ids of environments that are made are new each time.
    /// </summary>
    public static NewJob From(JobDocument document, string jobId, IReadOnlyList<long> taskIds, string submittedBy, TencentRequest? tencent = null)
    {
        var numbers = document.Tasks.Select((task, number) => (task.TaskName, number)).ToDictionary(pair => pair.TaskName, pair => pair.number, StringComparer.Ordinal);
        var usual = ConditionOf(document.TaskExecutionDependOn);
        var edges = document.Dependences.ToLookup(edge => numbers[edge.EndTask], edge => new TaskEdge(numbers[edge.StartTask], edge.On ?? usual));
        var tasks = document.Tasks.Select((task, number) => LayOut(document, task, Record(task, number, taskIds[number], edges[number]), jobId, submittedBy));
        var job = new JobRecord
        {
            JobId = jobId,
            Priority = document.Priority,
            Interest = NotificationInterest.Of(document.Notifications, document.Tags),
            TimeLimit = document.TimeLimit,
            Deadline = document.Deadline,
        };
        return new(document, job, [.. tasks], submittedBy) { Traceparent = RequestTrace.Parent, Tencent = tencent };
    }

    private static TaskRecord Record(TaskDocument task, int number, long taskId, IEnumerable<TaskEdge> edges) => new()
    {
        TaskId = taskId,
        TaskNo = number,
        TaskName = task.TaskName,
        EnvId = task.ComputeEnv is not null
            ? EntityId.New(EntityId.Environment)
            : task.EnvId ?? throw new ArgumentException($"Task '{task.TaskName}' names no environment.", nameof(task)),
        OwnsEnv = task.ComputeEnv is not null,
        DependsOn = [.. edges.OrderBy(edge => edge.TaskNo)],
        InstanceCount = task.TaskInstanceNum,
        MaxRetryCount = task.MaxRetryCount,
        Retries = RetryPolicy.Of(task),
        MaxFailedNum = task.MaxFailedNum,
        TimeLimit = task.TimeLimit,
        MaxConcurrentNum = task.MaxConcurrentNum,
        FailedAction = task.FailedAction,
    };

    private static NewTask LayOut(JobDocument document, TaskDocument task, TaskRecord record, string jobId, string submittedBy) => new(
        record,
        ResourceAmounts.Of(task.Resources) with { Containers = task.Application.Docker is not null },
        JsonSerializer.Serialize(RunOf(task), BatchPlaneJson.Options))
    {
        Environment = task.ComputeEnv is { } wanted ? TaskEnvironment.Of(wanted, document, jobId, record, submittedBy) : null,
    };

    /// <summary>The same job under this id, not expanded yet.</summary>
    internal NewJob WithFreshRecords(string jobId)
    {
        var fresh = From(Document, jobId, [.. Tasks.Select(task => task.Record.TaskId)], SubmittedBy);
        return new(Document, fresh.Job, fresh.Tasks, SubmittedBy) { Traceparent = Traceparent, Tencent = Tencent };
    }

    private static DependenceCondition ConditionOf(TaskExecutionDependOn rule) => rule switch
    {
        TaskExecutionDependOn.PreTaskSucceed => DependenceCondition.Succeed,
        TaskExecutionDependOn.PreTaskAtLeastPartlySucceed => DependenceCondition.PartlySucceed,
        TaskExecutionDependOn.PreTaskFinished => DependenceCondition.Finished,
    };

    private static RunSpec RunOf(TaskDocument task) => new()
    {
        Command = task.Application.Command,
        Argv = task.Application.Argv,
        Builtin = task.Application.Builtin,
        Docker = task.Application.Docker,
        RunAsUser = task.Application.RunAsUser,
        EnvVars = task.EnvVars,
        TimeoutSeconds = task.Timeout,
        KeepDirectoryOnFailure = task.FailedAction != FailedAction.Terminate,
        Resources = ResourceAmounts.Of(task.Resources).IsOneSlot ? null : task.Resources,
        Files = FilesOf(task) is { HasBefore: false, HasAfter: false } ? null : FilesOf(task),
    };

    private static FileSpec FilesOf(TaskDocument task) => new()
    {
        PackagePath = task.Application.PackagePath,
        InputMappings = task.InputMappings,
        OutputMappings = task.OutputMappings,
        OutputMappingConfigs = task.OutputMappingConfigs,
        Authentications = task.Authentications,
        RedirectInfo = task.RedirectInfo,
        RedirectLocalInfo = task.RedirectLocalInfo,
        StoresAfterFailure = task.FailedAction != FailedAction.FastInterrupt,
    };
}

/// <summary>A task about to be stored.</summary>
/// <param name="Record">The part the transition path works on.</param>
/// <param name="Needs">What an instance needs of its node.</param>
/// <param name="Run"><see cref="RunSpec"/> as JSON.</param>
public sealed record NewTask(TaskRecord Record, ResourceAmounts Needs, string Run)
{
    /// <summary>The environment that is made for it; null: it runs in one that exists.</summary>
    internal TaskEnvironment? Environment { get; init; }
}
