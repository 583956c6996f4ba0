using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Tests.Validation;

/// <summary>
/// A bad value for every field that is read, each with a code of its own. The fields come from the readers themselves: a new one
/// without a row here fails <see cref="EveryFieldThatIsRead_HasABadValue"/>.
/// </summary>
public sealed class EveryFieldTests
{
    private static readonly JobLimits Limits = new() { MaxTasks = 2, MaxDependences = 1, MaxEnvVars = 1, MaxArguments = 4 };

    private const string Job = """
        {"job_name":"demo","job_description":"d","priority":1,"env_id":"env-0a1b2c3d","task_execution_depend_on":"PRE_TASK_FINISHED","notification_target":"CMQ","time_limit":600,"deadline":"2027-01-02T03:04:05Z","state_if_create_cvm_failed":"RUNNABLE","tracing":"sampled",
         "tasks":[{"task_name":"a","application":{"delivery_form":"PACKAGE","command":"true","package_path":"https://example.net/p.tgz","docker":{"image":"a","user":"u","password":"p","server":"r.example","max_retry_count":1,"delay_on_retry":2,"docker_run_option":"--init"}},
                   "task_instance_num":3,"resource_max_retry_count":3,"env_vars":[{"name":"X","value":""}],
                   "max_retry_count":2,"timeout":60,"max_concurrent_num":2,"failed_action":"INTERRUPT","resources":{"slots":1,"cpu":0.5,"memory_mib":1},
                   "compute_env":{"provider":"slurm","max_compute_node_count":2,"idle_seconds":60,"slots_per_node":2,
                                  "slurm":{"partition":"p","account":"a","qos":"q","time_limit_minutes":3,"cpus":1,"memory_mib":1,"max_queued":1,"work_directory":"/w","options":["--gres=gpu"]}},
                   "retry_rules":[{"exit_codes":["64-78"],"signals":[9],"causes":["timeout"],"reasons":["x"],"action":"retry","max_retry_count":1,
                                   "backoff":{"initial_seconds":1,"multiplier":2,"max_seconds":9,"jitter":0.1}}],
                   "retry_backoff":{"initial_seconds":1,"multiplier":2,"max_seconds":9,"jitter":0.1},"max_failed_num":2,"time_limit":60,
                   "input_mappings":[{"source_path":"s3://b/in/","destination_path":"in/"}],
                   "output_mappings":[{"source_path":"/out/","destination_path":"cos://b-1.cos.r.myqcloud.com/out/","output_mapping_option":{"workspace":"GLOBAL_WORKSPACE"}}],
                   "output_mapping_configs":[{"scene":"COS","worker_num":4,"worker_part_size":16}],
                   "authentications":[{"scene":"COS","secret_id":"i","secret_key":"k"}],
                   "redirect_info":{"stdout_redirect_path":"file:///logs/","stderr_redirect_path":"file:///logs/","stdout_redirect_file_name":"${BATCH_JOB_ID}.o","stderr_redirect_file_name":"e"},
                   "redirect_local_info":{"stdout_local_path":"/logs","stderr_local_path":"/logs","stdout_local_file_name":"o","stderr_local_file_name":"e"}},
                  {"task_name":"b","application":{"command":"true"}}],
         "dependences":[{"start_task":"a","end_task":"b","on":"failed"}],
         "notifications":[{"topic_name":"t","format":"cmq","filter":{"levels":["job","task"],"labels":[{"key":"k","value":"v"}],"final":false,"changed":true},"event_configs":[{"event_name":"JobFailed","event_vars":[{"name":"n","value":"v"}]}]}],
         "notification":{"topic":{"name":"u","endpoint":"","events":["OnJobFailed"]}},
         "tags":[{"key":"k","value":"v"}]}
        """;

    private const string Environment = """
        {"env_name":"grid","env_description":"d","desired_compute_node_count":1,"min_compute_node_count":1,"max_compute_node_count":4,"idle_seconds":60,
         "action_if_compute_node_inactive":"RECREATE","resource_max_retry_count":3,"provider":"slurm","slots_per_node":2,
         "slurm":{"partition":"p","account":"a","qos":"q","time_limit_minutes":3,"cpus":1,"memory_mib":1,"max_queued":1,"work_directory":"/w","options":["--gres=gpu"]},
         "notifications":[{"topic_name":"t","format":"cmq","filter":{"levels":["compute_env"],"labels":[{"key":"k","value":"v"}],"final":false,"changed":true},"event_configs":[{"event_name":"ComputeEnvCreated","event_vars":[{"name":"n","value":"v"}]}]}],
         "notification":{"topic":{"name":"u","endpoint":"","events":["OnClusterDeleted"]}},
         "tags":[{"key":"k","value":"v"}]}
        """;

    // "alone": it hides other fields, or needs another one to go ("without"), so that it is no part of the document in which everything is wrong.
    private static readonly BadValue[] OfBoth =
    [
        new("$.notifications", "notifications_too_many", Many(17, "0")) { Alone = true },
        new("$.notifications[0].topic_name", "topic_name_invalid", "\"1\""),
        new("$.notifications[0].topic_names", "topic_names_empty", "[]") { Alone = true, Without = "topic_name" },
        new("$.notifications[0].format", "format_unknown", "\"xml\""),
        new("$.notifications[0].filter", "type_mismatch", "[]") { Alone = true },
        new("$.notifications[0].filter.levels", "filter_levels_too_many", Many(17, "\"job\"")) { Alone = true },
        new("$.notifications[0].filter.labels", "filter_labels_too_many", Many(11, "0")) { Alone = true },
        new("$.notifications[0].filter.labels[0].key", "filter_label_key_invalid", "\"\""),
        new("$.notifications[0].filter.labels[0].value", "filter_label_value_too_long", Long(257)),
        new("$.notifications[0].filter.final", "type_mismatch", "1"),
        new("$.notifications[0].filter.changed", "type_mismatch", "\"yes\""),
        new("$.notifications[0].event_configs[0].every_percent", "every_percent_out_of_range", "0"),
        new("$.notifications[0].event_configs[0].every_seconds", "every_seconds_out_of_range", "86401"),
        new("$.notification", "type_mismatch", "[]") { Alone = true },
        new("$.notification.topic", "type_mismatch", "[]") { Alone = true },
        new("$.notification.topic.name", "topic_name_invalid", "\"1\""),
        new("$.notification.topic.endpoint", "endpoint_unknown", "\"http://1.mns.cn-hangzhou.aliyuncs.com/\""),
        new("$.notification.topic.events", "event_configs_too_many", Many(65, "0")) { Alone = true },
        new("$.notifications[0].event_configs", "event_configs_empty", "[]") { Alone = true },
        new("$.notifications[0].event_configs[0].event_name", "event_unknown", "\"JobDanced\""),
        new("$.notifications[0].event_configs[0].event_vars", "event_vars_too_many", Many(33, "0")) { Alone = true },
        new("$.notifications[0].event_configs[0].event_vars[0].name", "event_var_name_invalid", "\"\""),
        new("$.notifications[0].event_configs[0].event_vars[0].value", "event_var_value_too_long", Long(1_025)),
        new("$.tags", "tags_too_many", Many(11, "0")) { Alone = true },
        new("$.tags[0].key", "tag_key_invalid", "\"\""),
        new("$.tags[0].value", "tag_value_too_long", Long(257)),
    ];

    private static readonly BadValue[] OfJob =
    [
        new("$.job_name", "job_name_too_long", Long(61)),
        new("$.job_description", "job_description_too_long", Long(201)),
        new("$.priority", "priority_out_of_range", "101"),
        new("$.env_id", "env_id_malformed", "\"grid\""),
        new("$.tasks", "tasks_empty", "[]") { Alone = true },
        new("$.dependences", "dependences_too_many", Many(2, "0")) { Alone = true },
        new("$.task_execution_depend_on", "task_execution_depend_on_unknown", "\"SOMETIMES\""),
        new("$.notification_target", "notification_target_unknown", "\"SMTP\""),
        new("$.tasks[0].task_name", "task_name_invalid", "\"a b\"") { Alone = true },
        new("$.tasks[0].application", "command_or_argv", "{}") { Alone = true },
        new("$.tasks[0].task_instance_num", "task_instance_num_out_of_range", "0"),
        new("$.tasks[0].env_id", "env_id_malformed", "\"env-1\"") { Alone = true, Without = "compute_env" },
        new("$.state_if_create_cvm_failed", "state_if_create_cvm_failed_unknown", "\"SHRUG\""),
        new("$.tracing", "tracing_unknown", "\"loud\""),
        new("$.tasks[0].resource_max_retry_count", "resource_max_retry_count_out_of_range", "101"),
        new("$.tasks[0].compute_env", "type_mismatch", "[]") { Alone = true },
        new("$.tasks[0].compute_env.provider", "provider_unknown", "\"moon\""),
        new("$.tasks[0].compute_env.max_compute_node_count", "max_compute_node_count_out_of_range", "0"),
        new("$.tasks[0].compute_env.idle_seconds", "idle_seconds_out_of_range", "9"),
        new("$.tasks[0].compute_env.slots_per_node", "slots_per_node_out_of_range", "0"),
        new("$.tasks[0].compute_env.cpu_per_node", "cpu_per_node_out_of_range", "0"),
        new("$.tasks[0].compute_env.memory_mib_per_node", "memory_mib_per_node_out_of_range", "0"),
        .. BadSlurm("$.tasks[0].compute_env.slurm"),
        new("$.tasks[0].env_vars", "env_vars_too_many", Many(2, "0")) { Alone = true },
        new("$.tasks[0].max_retry_count", "max_retry_count_out_of_range", "101"),
        new("$.tasks[0].timeout", "timeout_out_of_range", "0"),
        new("$.tasks[0].max_concurrent_num", "max_concurrent_num_out_of_range", "0"),
        new("$.tasks[0].failed_action", "failed_action_unknown", "\"SHRUG\""),
        new("$.tasks[0].resources", "type_mismatch", "[]") { Alone = true },
        new("$.tasks[0].retry_rules", "retry_rules_too_many", Many(33, "0")) { Alone = true },
        new("$.tasks[0].retry_rules[0].exit_codes", "exit_codes_too_many", Many(256, "0")) { Alone = true },
        new("$.tasks[0].retry_rules[0].signals", "signals_too_many", Many(65, "0")) { Alone = true },
        new("$.tasks[0].retry_rules[0].causes", "retry_causes_too_many", Many(12, "\"timeout\"")) { Alone = true },
        new("$.tasks[0].retry_rules[0].reasons", "retry_reasons_too_many", Many(21, "\"x\"")) { Alone = true },
        new("$.tasks[0].retry_rules[0].action", "retry_action_unknown", "\"shrug\""),
        new("$.tasks[0].retry_rules[0].max_retry_count", "max_retry_count_out_of_range", "101"),
        new("$.tasks[0].retry_rules[0].backoff", "type_mismatch", "[]") { Alone = true },
        .. BadBackoff("$.tasks[0].retry_rules[0].backoff"),
        new("$.tasks[0].retry_backoff", "type_mismatch", "[]") { Alone = true },
        .. BadBackoff("$.tasks[0].retry_backoff"),
        new("$.tasks[0].max_failed_num", "max_failed_num_out_of_range", "0"),
        new("$.tasks[0].time_limit", "time_limit_out_of_range", "0"),
        new("$.time_limit", "time_limit_out_of_range", "0"),
        new("$.deadline", "deadline_invalid", "\"2027-01-02T03:04:05\""),
        new("$.tasks[0].task_template", "task_template_unknown", "\"no-such\""),
        new("$.tasks[0].application.delivery_form", "delivery_form_unknown", "\"FTP\""),
        new("$.tasks[0].application.command", "command_too_long", Long(131_072)),
        new("$.tasks[0].application.argv", "argv_empty", "[]") { Alone = true, Without = "command" },
        new("$.tasks[0].application.run_as_user", "run_as_user_invalid", "\"1000\"") { Alone = true, Without = "docker" },
        new("$.tasks[0].application.builtin", "builtin_unknown", "\"sleep\"") { Alone = true, Without = "command" },
        new("$.tasks[0].application.docker", "type_mismatch", "[]") { Alone = true },
        new("$.tasks[0].application.docker.image", "docker_image_invalid", "\"a b\""),
        new("$.tasks[0].application.docker.user", "docker_user_invalid", "\"a:b\""),
        new("$.tasks[0].application.docker.password", "docker_password_invalid", "\"\""),
        new("$.tasks[0].application.docker.server", "docker_server_invalid", "\"a b\""),
        new("$.tasks[0].application.docker.max_retry_count", "docker_max_retry_count_out_of_range", "101"),
        new("$.tasks[0].application.docker.delay_on_retry", "docker_delay_on_retry_out_of_range", "-1"),
        new("$.tasks[0].application.docker.docker_run_option", "docker_run_option_invalid", "\"x\""),
        new("$.tasks[0].application.package_path", "package_path_invalid", "\"https://example.net/p.rar\""),
        new("$.tasks[0].input_mappings", "input_mappings_too_many", Many(33, "0")) { Alone = true },
        new("$.tasks[0].input_mappings[0].source_path", "input_source_path_invalid", "\"s3://b/in\""),
        new("$.tasks[0].input_mappings[0].destination_path", "input_destination_path_invalid", "\"../in\""),
        new("$.tasks[0].output_mappings", "output_mappings_too_many", Many(33, "0")) { Alone = true },
        new("$.tasks[0].output_mappings[0].source_path", "output_source_path_invalid", "\"a/../b\""),
        new("$.tasks[0].output_mappings[0].destination_path", "output_destination_path_invalid", "\"https://example.net/out/\""),
        new("$.tasks[0].output_mappings[0].output_mapping_option", "type_mismatch", "[]") { Alone = true },
        new("$.tasks[0].output_mappings[0].output_mapping_option.workspace", "workspace_unknown", "\"MY_WORKSPACE\""),
        new("$.tasks[0].output_mapping_configs", "output_mapping_configs_too_many", Many(3, "0")) { Alone = true },
        new("$.tasks[0].output_mapping_configs[0].scene", "output_mapping_config_scene_unknown", "\"FTP\""),
        new("$.tasks[0].output_mapping_configs[0].worker_num", "worker_num_out_of_range", "0"),
        new("$.tasks[0].output_mapping_configs[0].worker_part_size", "worker_part_size_out_of_range", "4"),
        new("$.tasks[0].authentications", "authentications_too_many", Many(3, "0")) { Alone = true },
        new("$.tasks[0].authentications[0].scene", "authentication_scene_unknown", "\"FTP\""),
        new("$.tasks[0].authentications[0].secret_id", "authentication_secret_id_invalid", "\"\""),
        new("$.tasks[0].authentications[0].secret_key", "authentication_secret_key_invalid", Long(257)),
        new("$.tasks[0].redirect_info", "type_mismatch", "[]") { Alone = true },
        new("$.tasks[0].redirect_info.stdout_redirect_path", "stdout_redirect_path_invalid", "\"/logs/\""),
        new("$.tasks[0].redirect_info.stderr_redirect_path", "stderr_redirect_path_invalid", "\"file://host/logs/\""),
        new("$.tasks[0].redirect_info.stdout_redirect_file_name", "stdout_redirect_file_name_invalid", "\"a/b\""),
        new("$.tasks[0].redirect_info.stderr_redirect_file_name", "stderr_redirect_file_name_invalid", "\"${BATCH_ATTEMPT}\""),
        new("$.tasks[0].redirect_local_info", "type_mismatch", "[]") { Alone = true },
        new("$.tasks[0].redirect_local_info.stdout_local_path", "stdout_local_path_invalid", "\"logs\""),
        new("$.tasks[0].redirect_local_info.stderr_local_path", "stderr_local_path_invalid", "\"/logs/..\""),
        new("$.tasks[0].redirect_local_info.stdout_local_file_name", "stdout_local_file_name_invalid", "\"..\""),
        new("$.tasks[0].redirect_local_info.stderr_local_file_name", "stderr_local_file_name_invalid", Long(256)),
        new("$.tasks[0].env_vars[0].name", "env_var_name_invalid", "\"1X\""),
        new("$.tasks[0].env_vars[0].value", "env_var_value_too_long", Long(32_769)),
        new("$.tasks[0].resources.slots", "slots_out_of_range", "0"),
        new("$.tasks[0].resources.cpu", "cpu_out_of_range", "0.0001"),
        new("$.tasks[0].resources.memory_mib", "memory_mib_out_of_range", "0"),
        new("$.dependences[0].start_task", "dependence_unknown_task", "\"z\""),
        new("$.dependences[0].end_task", "dependence_unknown_task", "\"z\""),
        new("$.dependences[0].on", "dependence_on_unknown", "\"sometimes\""),
    ];

    private static readonly BadValue[] OfEnvironment =
    [
        new("$.env_name", "env_name_invalid", "\"\""),
        new("$.env_description", "env_description_too_long", Long(201)),
        new("$.desired_compute_node_count", "desired_compute_node_count_out_of_range", "2001"),
        new("$.provider", "provider_unknown", "\"moon\""),
        new("$.slots_per_node", "slots_per_node_out_of_range", "0"),
        new("$.min_compute_node_count", "min_compute_node_count_out_of_range", "-1"),
        new("$.max_compute_node_count", "max_compute_node_count_out_of_range", "-1"),
        new("$.idle_seconds", "idle_seconds_out_of_range", "9"),
        new("$.action_if_compute_node_inactive", "action_if_compute_node_inactive_unknown", "\"SHRUG\""),
        new("$.resource_max_retry_count", "resource_max_retry_count_out_of_range", "101"),
        new("$.cpu_per_node", "cpu_per_node_out_of_range", "0"),
        new("$.memory_mib_per_node", "memory_mib_per_node_out_of_range", "0"),
        .. BadSlurm("$.slurm"),
    ];

    /// <summary>Fields that say the same thing at two places, and an object whose own value can be wrong in no way but its type.</summary>
    private static readonly string[] SharedCodes =
    [
        "env_id_malformed", "dependence_unknown_task", "type_mismatch", "max_retry_count_out_of_range", "time_limit_out_of_range", "topic_name_invalid",
        "provider_unknown", "max_compute_node_count_out_of_range", "idle_seconds_out_of_range", "slots_per_node_out_of_range", "cpu_per_node_out_of_range",
        "memory_mib_per_node_out_of_range", "resource_max_retry_count_out_of_range",
        .. BadBackoff("").Concat(BadSlurm("")).Select(bad => bad.Code),
    ];

    private static IEnumerable<(string Kind, string Document, BadValue Bad)> All =>
    [
        .. OfJob.Concat(OfBoth).Select(bad => ("job", Job, bad)),
        .. OfEnvironment.Concat(OfBoth).Select(bad => ("environment", Environment, bad)),
    ];

    public static IEnumerable<object[]> Fields => All.Select(row => new object[] { row.Kind, row.Bad.Path });

    [Fact]
    public void EveryFieldThatIsRead_HasABadValue()
    {
        Assert.Equal(Read(JobDocumentReader.Fields), All.Where(row => row.Kind == "job").Select(row => row.Bad.Path).Order(StringComparer.Ordinal));
        Assert.Equal(Read(EnvironmentDocumentReader.Fields), All.Where(row => row.Kind == "environment").Select(row => row.Bad.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryField_HasACodeOfItsOwn() => Assert.All(
        All.Select(row => row.Bad).Distinct().GroupBy(bad => bad.Code).Where(group => !SharedCodes.Contains(group.Key)),
        group => Assert.Single(group));

    [Theory]
    [MemberData(nameof(Fields))]
    public void BadValue_IsNamedByItsPathAndCode(string kind, string path)
    {
        var (_, document, bad) = All.Single(row => row.Kind == kind && row.Bad.Path == path);
        Assert.Empty(Problems(kind, JsonNode.Parse(document)!));

        var problems = Problems(kind, With(JsonNode.Parse(document)!, bad));

        Assert.Contains((bad.Path, bad.Code), problems);
    }

    [Theory]
    [InlineData("job")]
    [InlineData("environment")]
    public void EverythingWrongAtOnce_IsReportedTogether(string kind)
    {
        var wrong = All.Where(row => row.Kind == kind && !row.Bad.Alone).ToList();
        var document = JsonNode.Parse(wrong[0].Document)!;
        foreach (var (_, _, bad) in wrong)
        {
            document = With(document, bad);
        }

        Assert.Equal(
            wrong.Select(row => (row.Bad.Path, row.Bad.Code)).OrderBy(problem => problem.Path, StringComparer.Ordinal),
            Problems(kind, document).OrderBy(problem => problem.Path, StringComparer.Ordinal));
    }

    private static IEnumerable<BadValue> BadBackoff(string path) =>
    [
        new($"{path}.initial_seconds", "backoff_initial_seconds_out_of_range", "0"),
        new($"{path}.multiplier", "backoff_multiplier_out_of_range", "0"),
        new($"{path}.max_seconds", "backoff_max_seconds_out_of_range", "0"),
        new($"{path}.jitter", "backoff_jitter_out_of_range", "2"),
    ];

    private static IEnumerable<BadValue> BadSlurm(string path) =>
    [
        new($"{path}", "type_mismatch", "[]") { Alone = true },
        new($"{path}.partition", "slurm_partition_invalid", "\"\""),
        new($"{path}.account", "slurm_account_invalid", "\"a b\""),
        new($"{path}.qos", "slurm_qos_invalid", "\"-\""),
        new($"{path}.time_limit_minutes", "slurm_time_limit_out_of_range", "2"),
        new($"{path}.cpus", "slurm_cpus_out_of_range", "0"),
        new($"{path}.memory_mib", "slurm_memory_out_of_range", "0"),
        new($"{path}.max_queued", "slurm_max_queued_out_of_range", "0"),
        new($"{path}.work_directory", "slurm_work_directory_invalid", "\"w\""),
        new($"{path}.options", "slurm_options_too_many", Many(21, "0")) { Alone = true },
    ];

    private static IEnumerable<string> Read(IReadOnlyList<(string Path, MemberSet Members)> fields) =>
        fields.SelectMany(item => item.Members.Names.Select(name => $"{item.Path}.{name}")).Order(StringComparer.Ordinal);

    private static List<(string Path, string Code)> Problems(string kind, JsonNode document)
    {
        var body = JsonSerializer.SerializeToElement(document);
        IReadOnlyList<ProblemItem> problems = kind == "job"
            ? JobDocumentReader.Read(body, Limits, new NotificationLimits()).Problems
            : EnvironmentDocumentReader.Read(body, new NotificationLimits()).Problems;
        return [.. problems.Select(problem => (problem.Path, problem.Code))];
    }

    /// <summary>The document with the bad value at its path.</summary>
    private static JsonNode With(JsonNode document, BadValue bad)
    {
        var node = document;
        var steps = bad.Path[2..].Replace("[0]", ".0", StringComparison.Ordinal).Split('.');
        foreach (var step in steps[..^1])
        {
            node = step == "0" ? node[0]! : node[step]!;
        }

        node[steps[^1]] = JsonNode.Parse(bad.Json);
        if (bad.Without is { } other)
        {
            node.AsObject().Remove(other);
        }

        return document;
    }

    private static string Many(int count, string element) => $"[{string.Join(',', Enumerable.Repeat(element, count))}]";

    private static string Long(int length) => $"\"{new string('x', length)}\"";

    private sealed record BadValue(string Path, string Code, string Json)
    {
        internal bool Alone { get; init; }

        internal string? Without { get; init; }
    }
}
