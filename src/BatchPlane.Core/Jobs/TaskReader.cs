using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads the tasks of a job: names, commands, counts and environment variables.</summary>
internal sealed partial class TaskReader
{
    /// <summary>Longest <c>timeout</c> and <c>time_limit</c> in seconds: 365 days.</summary>
    internal const int MaxTimeoutSeconds = 31_536_000;
    private const int DefaultTimeoutSeconds = 86_400;

    internal static readonly MemberSet TaskMembers = new(
        [
            "task_name", "application", "task_instance_num", "env_id", "env_vars", "max_retry_count", "timeout",
            "max_concurrent_num", "failed_action", "resources", "retry_rules", "retry_backoff", "max_failed_num", "time_limit",
            "task_template", "compute_env", "resource_max_retry_count",
            .. TaskFilesReader.TaskMembers,
        ],
        ["restart_compute_node"]);

    private static readonly MemberSet ApplicationMembers = new(
        ["delivery_form", "command", "argv", "builtin", "docker", "run_as_user", "package_path"],
        ["commands"]);

    private static readonly string[] WhatToRun = ["command", "argv", "builtin"];

    private static readonly TextRule TemplateReference = new() { MinLength = 1, EmptyCode = ItemCodes.TaskTemplateUnknown };

    private static readonly MemberSet ResourcesMembers = new(["slots", "cpu", "memory_mib"]);

    private static readonly MemberSet EnvVarMembers = new(["name", "value"]);

    private static readonly TextRule Name = new()
    {
        MinLength = 1,
        MaxLength = TaskNames.MaxLength,
        Pattern = DocumentRules.PlainName(),
        Form = DocumentRules.PlainNameForm,
        EmptyCode = ItemCodes.TaskNameInvalid,
        InvalidCode = ItemCodes.TaskNameInvalid,
        TooLongCode = ItemCodes.TaskNameTooLong,
    };

    private static readonly TextRule EnvVarName = new()
    {
        MinLength = 1,
        MaxLength = 256,
        Pattern = EnvVarNamePattern(),
        Form = "letters, digits and '_', not starting with a digit",
        EmptyCode = ItemCodes.EnvVarNameInvalid,
        InvalidCode = ItemCodes.EnvVarNameInvalid,
        TooLongCode = ItemCodes.EnvVarNameInvalid,
    };

    private static readonly TextRule UserName = new()
    {
        MinLength = 1,
        MaxLength = 32,
        Pattern = UserNamePattern(),
        Form = "the name of a user: letters, digits, '_', '.' and '-', not starting with a digit",
        EmptyCode = ItemCodes.RunAsUserInvalid,
        InvalidCode = ItemCodes.RunAsUserInvalid,
        TooLongCode = ItemCodes.RunAsUserInvalid,
    };

    /// <summary>Every member of a task, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
    [
        ("$.tasks[0]", TaskMembers),
        ("$.tasks[0].application", ApplicationMembers),
        ("$.tasks[0].application.docker", DockerReader.Members),
        ("$.tasks[0].env_vars[0]", EnvVarMembers),
        ("$.tasks[0].resources", ResourcesMembers),
        .. ComputeEnvReader.Fields,
        .. RetryReader.Fields,
        .. TaskFilesReader.Fields,
    ];

    private readonly JobLimits _limits;
    private readonly ProblemList _problems;
    private readonly RetryReader _retries;
    private readonly TaskFilesReader _files;
    private readonly bool _single;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly TextRule _command;
    private readonly TextRule _argument;
    private readonly TextRule _program;
    private readonly TextRule _envVarValue;

    private readonly IReadOnlyDictionary<string, JsonElement>? _templates;

    private TaskReader(JobLimits limits, bool single, IReadOnlyDictionary<string, JsonElement>? templates, ProblemList problems)
    {
        _templates = templates;
        _limits = limits;
        _single = single;
        _problems = problems;
        _retries = new(limits, problems);
        _files = new(limits, problems);
        _argument = new TextRule { MaxBytes = limits.MaxCommandBytes, TooLongCode = ItemCodes.CommandTooLong };
        _command = _argument with { MinLength = 1, EmptyCode = ItemCodes.CommandEmpty };
        _program = _argument with { MinLength = 1, EmptyCode = ItemCodes.ArgvEmpty };
        _envVarValue = new TextRule { MaxBytes = limits.MaxEnvVarBytes, TooLongCode = ItemCodes.EnvVarValueTooLong };
    }

    /// <summary>The member <c>tasks</c> of a job; null when it cannot be read as a list, so that nothing is known of their names.</summary>
    internal static IReadOnlyList<TaskDocument>? ReadAll(ObjectReader job, JobLimits limits, IReadOnlyDictionary<string, JsonElement> templates, ProblemList problems)
    {
        if (job.Require("tasks") is not { } value)
        {
            return null;
        }

        var count = value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : 0;
        var reader = new TaskReader(limits, single: count == 1, templates, problems);
        var tasks = job.List("tasks", limits.MaxTasks, ItemCodes.TasksTooMany, reader.Read);
        if (tasks is not null && count == 0)
        {
            problems.Add(job.PathOf("tasks"), ItemCodes.TasksEmpty, "Expected at least one task.");
        }

        return tasks;
    }

    /// <summary>Checks the task of a template as that of a job; gives its members by their canonical names.</summary>
    internal static string? ReadTemplate(JsonElement element, string path, JobLimits limits, ProblemList problems)
    {
        var reader = new TaskReader(limits, single: true, templates: null, problems);
        if (ObjectReader.Open(element, path, TaskMembers, problems) is not { } task)
        {
            return null;
        }

        reader.ReadMembers(task);
        if (task.Find("authentications") is not null)
        {
            problems.Add(task.PathOf("authentications"), ItemCodes.AuthenticationInTemplate, "A template is shown to everybody: give credentials with the job.");
        }

        return task.ToJson();
    }

    /// <summary>What the tasks of a job refer to, as far as they can be read.</summary>
    internal static IEnumerable<string> TemplatesIn(JsonElement tasks) =>
        from task in tasks.ValueKind == JsonValueKind.Array ? tasks.EnumerateArray().AsEnumerable() : []
        where task.ValueKind == JsonValueKind.Object
        from member in task.EnumerateObject()
        where member.Value.ValueKind == JsonValueKind.String && TaskMembers.Canonical(member.Name) == "task_template"
        let reference = JsonText.TryGet(member.Value, out var text) ? text : null
        where !string.IsNullOrEmpty(reference) && !reference.Contains('\0', StringComparison.Ordinal)
        select reference;

    private TaskDocument? Read(JsonElement element, string path) =>
        ObjectReader.Open(element, path, TaskMembers, _problems) is { } task ? ReadMembers(task) : null;

    private TaskDocument ReadMembers(ObjectReader task)
    {
        var isComplete = AdoptTemplate(task);
        // A number that is wrong anyway says nothing about what depends on it.
        var retries = task.Integer("max_retry_count", 0, RetryReader.MaxRetries, ItemCodes.MaxRetryCountOutOfRange);
        var isRetryCountOpen = retries is null && task.Find("max_retry_count") is not null;
        var rules = _retries.ReadRules(task, isRetryCountOpen ? RetryReader.MaxRetries : retries ?? 0);
        var backoff = _retries.ReadBackoff(task, "retry_backoff");
        if (backoff is not null && retries is null or 0 && !isRetryCountOpen && !rules.Any(rule => rule.Action == RetryAction.Retry))
        {
            _problems.Add(task.PathOf("retry_backoff"), ItemCodes.RetryBudgetMissing, "There is no retry to wait for: give max_retry_count or a retry rule.");
        }

        var resources = task.Find("resources") is { } given ? ReadResources(given, task.PathOf("resources")) : null;
        return _files.Read(task, new TaskDocument
        {
            TaskName = ReadName(task),
            Application = (isComplete ? task.Require("application") : task.Find("application")) is { } application
                ? ReadApplication(application, task.PathOf("application"))
                : new ApplicationDocument(),
            TaskInstanceNum = task.Integer("task_instance_num", 1, _limits.MaxInstancesPerTask, ItemCodes.TaskInstanceNumOutOfRange) ?? 1,
            EnvId = task.Text("env_id", DocumentRules.EnvId),
            ComputeEnv = ComputeEnvReader.Read(task, resources, _problems),
            ResourceMaxRetryCount = ComputeEnvReader.ReadMaxRetries(task),
            EnvVars = ReadEnvVars(task),
            MaxRetryCount = retries ?? 0,
            RetryRules = rules,
            RetryBackoff = backoff,
            MaxFailedNum = task.Integer("max_failed_num", 1, _limits.MaxInstancesPerTask, ItemCodes.MaxFailedNumOutOfRange),
            TimeLimit = task.Integer("time_limit", 1, MaxTimeoutSeconds, ItemCodes.TimeLimitOutOfRange),
            Timeout = task.Integer("timeout", 1, MaxTimeoutSeconds, ItemCodes.TimeoutOutOfRange) ?? DefaultTimeoutSeconds,
            MaxConcurrentNum = task.Integer("max_concurrent_num", 1, int.MaxValue, ItemCodes.MaxConcurrentNumOutOfRange),
            FailedAction = task.Word<FailedAction>("failed_action", Spelling.UpperWord, ItemCodes.FailedActionUnknown) ?? FailedAction.Terminate,
            Resources = resources,
        });
    }

    /// <summary>Takes over what the task leaves to its template; false when that is not to be had, so that nobody knows what is missing.</summary>
    private bool AdoptTemplate(ObjectReader task)
    {
        if (task.Text("task_template", TemplateReference) is not { } reference)
        {
            return task.Find("task_template") is null;
        }

        if (_templates is null)
        {
            _problems.Add(task.PathOf("task_template"), ItemCodes.TaskTemplateNested, "A task template cannot refer to another one.");
            return false;
        }

        if (!_templates.TryGetValue(reference, out var template))
        {
            if (reference.Length > 0)
            {
                _problems.Add(task.PathOf("task_template"), ItemCodes.TaskTemplateUnknown, $"There is no task template \"{Shown.Clip(reference)}\".");
            }

            return false;
        }

        task.Adopt(template, TaskMembers);
        return true;
    }

    private ResourcesDocument? ReadResources(JsonElement element, string path) =>
        ObjectReader.Open(element, path, ResourcesMembers, _problems) is { } resources
            ? new()
            {
                Slots = resources.Integer("slots", 1, _limits.MaxSlotsPerInstance, ItemCodes.SlotsOutOfRange) ?? 1,
                Cpu = resources.Thousandths("cpu", _limits.MaxCpuPerInstance, ItemCodes.CpuOutOfRange),
                MemoryMib = resources.Integer("memory_mib", 1, _limits.MaxMemoryMibPerInstance, ItemCodes.MemoryMibOutOfRange),
            }
            : null;

    private string ReadName(ObjectReader task)
    {
        if (_single && task.Find("task_name") is null)
        {
            return TaskNames.Default;
        }

        var name = task.RequiredText("task_name", Name);
        if (name.Length > 0 && !_names.Add(name))
        {
            _problems.Add(task.PathOf("task_name"), ItemCodes.TaskNameDuplicate, $"Another task is named \"{Shown.Clip(name)}\", too.");
        }

        return name;
    }

    private ApplicationDocument ReadApplication(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, ApplicationMembers, _problems) is not { } application)
        {
            return new ApplicationDocument();
        }

        var form = application.OneOf("delivery_form", ItemCodes.DeliveryFormUnknown, "LOCAL", "PACKAGE");
        var package = _files.ReadPackage(application, form);
        var given = Array.FindAll(WhatToRun, name => application.Find(name) is not null);
        if (given.Length != 1)
        {
            var shown = given.Length == 0 ? "none" : string.Join(" and ", given.Select(name => $"'{name}'"));
            _problems.Add(path, ItemCodes.CommandOrArgv, $"Expected exactly one of 'command' (for a shell), 'argv' (without a shell) and 'builtin' (without a program), given {shown}.");
        }

        if (package is not null && application.Find("builtin") is not null)
        {
            _problems.Add(application.PathOf("package_path"), ItemCodes.FilesWithBuiltin, "A built-in has no directory that a package could be unpacked into.");
        }

        return new ApplicationDocument
        {
            DeliveryForm = form ?? "LOCAL",
            PackagePath = package,
            Command = application.Text("command", _command),
            Argv = ReadArgv(application),
            Builtin = application.OneOf("builtin", ItemCodes.BuiltinUnknown, BuiltinApplications.Noop),
            Docker = DockerReader.Read(application, _problems),
            RunAsUser = ReadUser(application),
        };
    }

    private string? ReadUser(ObjectReader application)
    {
        if (application.Find("run_as_user") is not null && Array.Find(["docker", "builtin"], name => application.Find(name) is not null) is { } other)
        {
            _problems.Add(
                application.PathOf("run_as_user"),
                ItemCodes.RunAsUserMisplaced,
                other == "docker" ? "A container has its own users: use --user in 'docker_run_option'." : "A built-in runs no program.");
        }

        return application.Text("run_as_user", UserName);
    }

    private List<string>? ReadArgv(ObjectReader application)
    {
        var bytes = 0L;
        var argv = application.List("argv", _limits.MaxArguments, ItemCodes.ArgvTooMany, (element, path) =>
        {
            // Arguments may be empty, the program not.
            var rule = bytes == 0 ? _program : _argument;
            var text = ObjectReader.TextOf(element, path, rule, _problems);
            bytes += 1 + Encoding.UTF8.GetByteCount(text ?? "");
            return text;
        });
        if (argv is null)
        {
            return null;
        }

        if (bytes == 0)
        {
            _problems.Add(application.PathOf("argv"), ItemCodes.ArgvEmpty, "Expected at least the program.");
        }
        else if (bytes > _limits.MaxArgvBytes)
        {
            _problems.Add(application.PathOf("argv"), ItemCodes.CommandTooLong, string.Create(CultureInfo.InvariantCulture, $"Expected at most {_limits.MaxArgvBytes} bytes together, given {bytes}."));
        }

        return argv;
    }

    private List<EnvVarDocument> ReadEnvVars(ObjectReader task)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var vars = task.List("env_vars", _limits.MaxEnvVars, ItemCodes.EnvVarsTooMany, (element, path) => ReadEnvVar(element, path, names)) ?? [];
        var bytes = vars.Sum(pair => (long)Encoding.UTF8.GetByteCount(pair.Name) + Encoding.UTF8.GetByteCount(pair.Value));
        if (bytes > _limits.MaxEnvVarsBytes)
        {
            _problems.Add(task.PathOf("env_vars"), ItemCodes.EnvVarsTooMany, string.Create(CultureInfo.InvariantCulture, $"Expected at most {_limits.MaxEnvVarsBytes} bytes of names and values together, given {bytes}."));
        }

        return vars;
    }

    private EnvVarDocument? ReadEnvVar(JsonElement element, string path, HashSet<string> names)
    {
        if (ObjectReader.Open(element, path, EnvVarMembers, _problems) is not { } pair)
        {
            return null;
        }

        var name = pair.RequiredText("name", EnvVarName);
        var value = pair.RequiredText("value", _envVarValue);
        if (name.Length > 0 && !names.Add(name))
        {
            _problems.Add(pair.PathOf("name"), ItemCodes.EnvVarDuplicate, $"The variable \"{Shown.Clip(name)}\" is given twice.");
        }

        return new EnvVarDocument(name, value);
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.-]*\z")]
    private static partial Regex UserNamePattern();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex EnvVarNamePattern();
}
