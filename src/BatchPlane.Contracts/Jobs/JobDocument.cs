namespace BatchPlane.Contracts;

/// <summary>
/// Body of <c>POST /v1/jobs</c>: a DAG of tasks. Member names are accepted in any case and with or without underscores
/// (<c>job_name</c>, <c>JobName</c>).
/// </summary>
public sealed record JobDocument
{
    /// <summary>Name for people, 0 to 60 characters; need not be unique.</summary>
    public string JobName { get; init; } = "";

    /// <summary>Text for people, 0 to 200 characters.</summary>
    public string JobDescription { get; init; } = "";

    /// <summary>0 to 100, larger first. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Environment of the tasks that name none. Null: the server's default environment.</summary>
    public string? EnvId { get; init; }

    /// <summary>One or more tasks with distinct names.</summary>
    public required IReadOnlyList<TaskDocument> Tasks { get; init; }

    /// <summary>Edges of the DAG; empty when all tasks may start at once.</summary>
    public IReadOnlyList<DependenceDocument> Dependences { get; init; } = [];

    /// <summary>When a task may start after the tasks it depends on.</summary>
    public TaskExecutionDependOn TaskExecutionDependOn { get; init; }

    /// <summary>Which events go to which topics. Fixed at submit.</summary>
    public IReadOnlyList<NotificationDocument> Notifications { get; init; } = [];

    /// <summary>The same in Alibaba's words, besides or instead. Null: nothing.</summary>
    public AlibabaNotificationDocument? Notification { get; init; }

    /// <summary><c>CMQ</c> or <c>TDMQ_CMQ</c>; stored and echoed, without effect on routing.</summary>
    public string? NotificationTarget { get; init; }

    /// <summary>When the job is to have ended: a time with its offset, <c>2027-01-02T03:04:05Z</c>. Missing it ends nothing; it is told once (<c>JOB_OVERDUE</c>). Null: at no certain time.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Seconds from when its first instance runs, 1 to 31,536,000, after which the job is ended. Null: no limit.</summary>
    public int? TimeLimit { get; init; }

    /// <summary>What becomes of tasks with a <c>compute_env</c> for which no node can be made.</summary>
    public CreationFailedState StateIfCreateCvmFailed { get; init; }

    /// <summary>How much of it listeners are told. Default <c>full</c>.</summary>
    public TracingMode Tracing { get; init; }

    /// <summary>Up to 10 labels.</summary>
    public IReadOnlyList<TagDocument> Tags { get; init; } = [];
}

/// <summary>One node of a job's DAG: the same command as <see cref="TaskInstanceNum"/> parallel instances.</summary>
public sealed record TaskDocument
{
    /// <summary>Unique within the job; a letter or digit, then letters, digits, <c>_</c>, <c>-</c>, <c>.</c>; at most 60 characters. May be left out in a job of one task (then <c>task</c>).</summary>
    public required string TaskName { get; init; }

    /// <summary>
    /// Id or name of a task template: members that are not given here are taken from it, at the time of the submit. What is stored is the task that
    /// comes of it, without this member; a later change of the template changes no job.
    /// </summary>
    public string? TaskTemplate { get; init; }

    /// <summary>What to run. Required, here or in the template.</summary>
    public required ApplicationDocument Application { get; init; }

    /// <summary>Number of instances, 1 to the server's limit. Default 1.</summary>
    public int TaskInstanceNum { get; init; } = 1;

    /// <summary>Environment to run in; null: the job's. Not with <see cref="ComputeEnv"/>.</summary>
    public string? EnvId { get; init; }

    /// <summary>The environment that is made for this task alone; null: it runs in one that exists.</summary>
    public ComputeEnvDocument? ComputeEnv { get; init; }

    /// <summary>Nodes of <see cref="ComputeEnv"/> that may fail one after the other and be made again, 0 to 100. Default 0. Only with it.</summary>
    public int ResourceMaxRetryCount { get; init; }

    /// <summary>Extra environment variables; the <c>BATCH_…</c> ones of the system win.</summary>
    public IReadOnlyList<EnvVarDocument> EnvVars { get; init; } = [];

    /// <summary>Attempts after the first that a failing instance gets, 0 to 100. Default 0.</summary>
    public int MaxRetryCount { get; init; }

    /// <summary>What follows from which failure; the first rule that matches decides. A failure that none matches is tried again as often as <see cref="MaxRetryCount"/> says.</summary>
    public IReadOnlyList<RetryRuleDocument> RetryRules { get; init; } = [];

    /// <summary>How long instances wait before another attempt, where no rule says otherwise. Null: not at all.</summary>
    public BackoffDocument? RetryBackoff { get; init; }

    /// <summary>Failed instances after which the task is ended: nothing more is begun, what runs is killed. Null: no such limit.</summary>
    public int? MaxFailedNum { get; init; }

    /// <summary>Seconds an attempt may run, 1 to 31,536,000. Default 86,400.</summary>
    public int Timeout { get; init; } = 86_400;

    /// <summary>Seconds from when the task's first instance runs, 1 to 31,536,000, after which the task is ended. Null: no limit.</summary>
    public int? TimeLimit { get; init; }

    /// <summary>Ceiling of instances starting or running at once; null: none.</summary>
    public int? MaxConcurrentNum { get; init; }

    /// <summary>What happens to an instance that failed for good.</summary>
    public FailedAction FailedAction { get; init; }

    /// <summary>What each instance needs of its node. Null: one slot, nothing else.</summary>
    public ResourcesDocument? Resources { get; init; }

    /// <summary>Files that are brought to the node before the command begins.</summary>
    public IReadOnlyList<InputMappingDocument> InputMappings { get; init; } = [];

    /// <summary>Files that are stored after the command has ended. An attempt succeeds only when they are.</summary>
    public IReadOnlyList<OutputMappingDocument> OutputMappings { get; init; } = [];

    /// <summary>How outputs are uploaded, once for a kind of store.</summary>
    public IReadOnlyList<OutputMappingConfigDocument> OutputMappingConfigs { get; init; } = [];

    /// <summary>Credentials, once for a kind of store. Not in a task template.</summary>
    public IReadOnlyList<AuthenticationDocument> Authentications { get; init; } = [];

    /// <summary>Where standard output and error are stored besides; null: nowhere.</summary>
    public RedirectInfoDocument? RedirectInfo { get; init; }

    /// <summary>The same on the node; null: nowhere.</summary>
    public RedirectLocalInfoDocument? RedirectLocalInfo { get; init; }
}

/// <summary>What an instance runs: exactly one of a shell command line, an argument vector and a built-in.</summary>
public sealed record ApplicationDocument
{
    /// <summary><c>LOCAL</c>: the program is on the node already, the default. <c>PACKAGE</c>: <see cref="PackagePath"/> is fetched and unpacked first.</summary>
    public string DeliveryForm { get; init; } = "LOCAL";

    /// <summary>
    /// With <c>PACKAGE</c>: an archive, <c>.tgz</c>, <c>.tar.gz</c>, <c>.tar</c> or <c>.zip</c>, at <c>http(s)://</c>, <c>file://</c>, <c>s3://</c> or <c>cos://</c>. Unpacked into the
    /// working directory.
    /// </summary>
    public string? PackagePath { get; init; }

    /// <summary>Command line, run by <c>/bin/sh -c</c>.</summary>
    public string? Command { get; init; }

    /// <summary>Program and its arguments, run without a shell.</summary>
    public IReadOnlyList<string>? Argv { get; init; }

    /// <summary>
    /// <c>noop</c>: the agent itself ends the instance with exit code 0 as soon as it gets it, without process, directory or output. For
    /// measuring and testing what lies around the work: such instances take no slot.
    /// </summary>
    public string? Builtin { get; init; }

    /// <summary>The container that the command runs in, on nodes that have an engine for them; null: none. Not together with <see cref="Builtin"/>.</summary>
    public DockerDocument? Docker { get; init; }

    /// <summary>
    /// User of the node that the command runs as; null: the agent's own. The node's agent has to be root and to allow that user. Neither with <see cref="Docker"/>, which has <c>--user</c>, nor with <see cref="Builtin"/>.
    /// </summary>
    public string? RunAsUser { get; init; }
}

/// <summary>One edge: <see cref="EndTask"/> waits for <see cref="StartTask"/>.</summary>
/// <param name="StartTask">Name of the task that comes first.</param>
/// <param name="EndTask">Name of the task that waits.</param>
/// <param name="On">What it waits for; null: what the job's <c>task_execution_depend_on</c> says.</param>
public sealed record DependenceDocument(string StartTask, string EndTask, DependenceCondition? On = null);

/// <summary>One environment variable.</summary>
/// <param name="Name">Letters, digits and <c>_</c>, not starting with a digit.</param>
/// <param name="Value">Any text without NUL.</param>
public sealed record EnvVarDocument(string Name, string Value);

/// <summary>One label.</summary>
/// <param name="Key">1 to 128 characters.</param>
/// <param name="Value">0 to 256 characters.</param>
public sealed record TagDocument(string Key, string Value);
