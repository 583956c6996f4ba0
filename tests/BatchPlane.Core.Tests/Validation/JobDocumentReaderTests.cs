using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Tests.Validation;

public sealed class JobDocumentReaderTests
{
    /// <summary>Whoever writes a secret without quotes is not shown it.</summary>
    [Theory]
    [InlineData("12345")]
    [InlineData("\"12345\\u0000\"")]
    [InlineData("[\"12345\"]")]
    public void BadSecretKey_IsNotShown(string key)
    {
        var problem = Assert.Single(ReadingAssert.Job($$"""{"tasks":[{"application":{"command":"true"},"authentications":[{"scene":"COS","secret_id":"i","secret_key":{{key}} }]}]}""").Problems);

        Assert.Equal("$.tasks[0].authentications[0].secret_key", problem.Path);
        Assert.DoesNotContain("12345", problem.Message, StringComparison.Ordinal);
    }

    private const string Run = """ "application":{"command":"true"} """;

    [Fact]
    public void SmallestJob_HasTheDefaults()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job($$"""{"tasks":[{{{Run}}}]}"""));

        var task = Assert.Single(job.Tasks);
        Assert.Equal(("", 0, null), (job.JobName, job.Priority, job.EnvId));
        Assert.Equal(TaskExecutionDependOn.PreTaskSucceed, job.TaskExecutionDependOn);
        Assert.Equal(("task", 1, 0, 86_400), (task.TaskName, task.TaskInstanceNum, task.MaxRetryCount, task.Timeout));
        Assert.Equal(("LOCAL", "true", null), (task.Application.DeliveryForm, task.Application.Command, task.Application.Argv));
        Assert.Null(task.MaxConcurrentNum);
    }

    [Fact]
    public void EveryMember_IsRead()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job("""
            {"job_name":"demo","job_description":"d","priority":100,"env_id":"env-0a1b2c3d",
             "tasks":[{"task_name":"a","application":{"delivery_form":"local","argv":["/bin/echo",""]},"task_instance_num":3,
                       "env_id":"env-zzzzzzzz","env_vars":[{"name":"X","value":""}],"max_retry_count":2,"timeout":60,
                       "max_concurrent_num":2,"failed_action":"fast_interrupt"},
                      {"task_name":"b","application":{"command":"true"}}],
             "dependences":[{"start_task":"a","end_task":"b"}],"task_execution_depend_on":"PRE_TASK_FINISHED",
             "notifications":[{"topic_name":"t","event_configs":[{"event_name":"JobFailed"}]}],
             "notification_target":"tdmq_cmq","tags":[{"key":"k","value":"v"}]}
            """));

        Assert.Equal(("demo", "d", 100, "env-0a1b2c3d", "TDMQ_CMQ"), (job.JobName, job.JobDescription, job.Priority, job.EnvId, job.NotificationTarget));
        Assert.Equal(TaskExecutionDependOn.PreTaskFinished, job.TaskExecutionDependOn);
        Assert.Equal(["/bin/echo", ""], job.Tasks[0].Application.Argv!);
        Assert.Equal((3, "env-zzzzzzzz", 2, 60, 2), (job.Tasks[0].TaskInstanceNum, job.Tasks[0].EnvId, job.Tasks[0].MaxRetryCount, job.Tasks[0].Timeout, job.Tasks[0].MaxConcurrentNum));
        Assert.Equal(FailedAction.FastInterrupt, job.Tasks[0].FailedAction);
        Assert.Equal([new EnvVarDocument("X", "")], job.Tasks[0].EnvVars);
        Assert.Equal([new DependenceDocument("a", "b")], job.Dependences);
        Assert.Equal("JOB_FAILED", job.Notifications[0].EventConfigs[0].EventName);
        Assert.Equal([new TagDocument("k", "v")], job.Tags);
    }

    [Fact]
    public void Builtin_StandsForCommandAndArgv()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job("""{"tasks":[{"application":{"builtin":"NoOp"}}]}"""));

        Assert.Equal((null, null, "noop"), (job.Tasks[0].Application.Command, job.Tasks[0].Application.Argv, job.Tasks[0].Application.Builtin));
    }

    [Fact]
    public void PascalCase_IsTheSame()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job("""
            {"JobName":"demo","Tasks":[{"TaskName":"a","Application":{"Command":"true"},"TaskInstanceNum":3,"FailedAction":"FastInterrupt"}],
             "Notifications":[{"TopicName":"t","EventConfigs":[{"EventName":"JOB_SUCCEED","EventVars":[{"Name":"n","Value":"v"}]}]}]}
            """));

        Assert.Equal(("demo", 3, FailedAction.FastInterrupt), (job.JobName, job.Tasks[0].TaskInstanceNum, job.Tasks[0].FailedAction));
        Assert.Equal([new EventVarDocument("n", "v")], job.Notifications[0].EventConfigs[0].EventVars);
    }

    [Fact]
    public void RetryRules_AreRead()
    {
        var task = ReadingAssert.Valid(ReadingAssert.Job($$$$"""
            {"tasks":[{{{{{Run}}}},"max_retry_count":3,"retry_backoff":{"initial_seconds":500},"max_failed_num":7,"time_limit":3600,
              "RetryRules":[{"exit_codes":[75,"64-70"],"signals":[9],"causes":["Timeout","start_failed"],"reasons":["*space*"],"action":"Retry","max_retry_count":5,
                              "backoff":{"initial_seconds":0.5,"multiplier":1.5,"max_seconds":10,"jitter":0}},
                             {"exit_codes":["75-80"],"action":"fail"},
                             {"action":"ignore"}]}],"time_limit":86400}
            """)).Tasks[0];

        var rule = task.RetryRules[0];
        Assert.Equal(["75", "64-70"], rule.ExitCodes);
        Assert.Equal([9], rule.Signals);
        Assert.Equal([AttemptFailure.Timeout, AttemptFailure.StartFailed], rule.Causes);
        Assert.Equal(["*space*"], rule.Reasons);
        Assert.Equal((RetryAction.Retry, 5), (rule.Action, rule.MaxRetryCount));
        Assert.Equal(new BackoffDocument { InitialSeconds = 0.5, Multiplier = 1.5, MaxSeconds = 10, Jitter = 0 }, rule.Backoff);
        Assert.Equal([RetryAction.Retry, RetryAction.Fail, RetryAction.Ignore], task.RetryRules.Select(read => read.Action));
        Assert.Equal(new BackoffDocument { InitialSeconds = 500, MaxSeconds = 500 }, task.RetryBackoff);
        Assert.Equal((7, 3_600), (task.MaxFailedNum, task.TimeLimit));
    }

    [Fact]
    public void RetryRulesInTheDocumentation_AreValid()
    {
        var text = File.ReadAllText(Repository.PathOf("docs/jobs.md"));
        var begin = text.IndexOf("\"max_retry_count\": 3,", StringComparison.Ordinal);
        var members = text[begin..text.IndexOf("```", begin, StringComparison.Ordinal)];

        Assert.Equal(4, ReadingAssert.Valid(ReadingAssert.Job(Task($"{members},{Run}"))).Tasks[0].RetryRules.Count);
    }

    [Theory]
    [InlineData("\"exit_codes\":[1],\"action\":\"fail\"},{\"exit_codes\":[\"1-2\"],\"action\":\"ignore\"")]
    [InlineData("\"reasons\":[\"*space*\"],\"action\":\"fail\"},{\"action\":\"ignore\"")]
    [InlineData("\"action\":\"ignore\"},{\"causes\":[\"start_failed\"],\"action\":\"retry\",\"max_retry_count\":1")]
    public void RuleThatIsLeftSomethingByThoseBefore_IsRead(string rules) =>
        Assert.Equal(2, ReadingAssert.Valid(ReadingAssert.Job(Rule(rules))).Tasks[0].RetryRules.Count);

    [Fact]
    public void EverythingWrongWithARetryRule_IsReportedTogether()
    {
        var reading = ReadingAssert.Job(Rule("""
            "exit_codes":[0,"7-3",5,"4-6"],"signals":[65,9,9],"causes":["boredom","timeout","timeout"],"reasons":[""],"action":"panic","max_retry_count":101,
            "backoff":{"initial_seconds":0,"multiplier":0.5,"max_seconds":"x","jitter":1.1}
            """));

        Assert.Equal(
            [
                "action retry_action_unknown", "exit_codes[0] exit_code_invalid", "exit_codes[1] exit_code_invalid", "exit_codes[3] exit_code_duplicate",
                "signals[0] signal_out_of_range", "signals[2] signal_duplicate", "causes[0] retry_cause_unknown", "causes[2] retry_cause_duplicate",
                "reasons[0] retry_reason_invalid", "max_retry_count max_retry_count_out_of_range", "backoff.initial_seconds backoff_initial_seconds_out_of_range",
                "backoff.max_seconds type_mismatch", "backoff.multiplier backoff_multiplier_out_of_range", "backoff.jitter backoff_jitter_out_of_range",
            ],
            reading.Problems.Select(problem => $"{problem.Path.Replace("$.tasks[0].retry_rules[0].", "", StringComparison.Ordinal)} {problem.Code}"));
    }

    public static TheoryData<string, string, string> Refusals => new()
    {
        { Rule(""), "$.tasks[0].retry_rules[0].action", "required" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[256]"), "$.tasks[0].retry_rules[0].exit_codes[0]", "exit_code_invalid" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[1.5]"), "$.tasks[0].retry_rules[0].exit_codes[0]", "exit_code_invalid" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[true]"), "$.tasks[0].retry_rules[0].exit_codes[0]", "exit_code_invalid" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[\"1-2-3\"]"), "$.tasks[0].retry_rules[0].exit_codes[0]", "exit_code_invalid" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[\"-1\"]"), "$.tasks[0].retry_rules[0].exit_codes[0]", "exit_code_invalid" },
        { Rule("\"action\":\"fail\",\"signals\":[\"9\"]"), "$.tasks[0].retry_rules[0].signals[0]", "signal_out_of_range" },
        { Rule("\"action\":\"fail\",\"causes\":[7]"), "$.tasks[0].retry_rules[0].causes[0]", "type_mismatch" },
        { Rule("\"action\":\"fail\",\"backoff\":{}"), "$.tasks[0].retry_rules[0].backoff", "retry_option_misplaced" },
        { Rule("\"action\":\"ignore\",\"max_retry_count\":1"), "$.tasks[0].retry_rules[0].max_retry_count", "retry_option_misplaced" },
        { Rule("\"action\":\"ignore\",\"causes\":[\"start_failed\"]"), "$.tasks[0].retry_rules[0].causes[0]", "retry_ignore_start_failed" },
        { Rule("\"action\":\"retry\""), "$.tasks[0].retry_rules[0].action", "retry_budget_missing" },
        { Rule("\"action\":\"retry\",\"max_retry_count\":1,\"backoff\":{\"initial_seconds\":20,\"max_seconds\":19.5}"), "$.tasks[0].retry_rules[0].backoff.max_seconds", "backoff_max_below_initial" },
        { Rule("\"action\":\"fail\"},{\"action\":\"ignore\",\"exit_codes\":[1]"), "$.tasks[0].retry_rules[1]", "retry_rule_unreachable" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[1,2]},{\"action\":\"fail\",\"exit_codes\":[3]},{\"action\":\"ignore\",\"exit_codes\":[\"1-3\"]"), "$.tasks[0].retry_rules[2]", "retry_rule_unreachable" },
        { Rule("\"action\":\"fail\",\"exit_codes\":[137]},{\"action\":\"ignore\",\"signals\":[9]"), "$.tasks[0].retry_rules[1]", "retry_rule_unreachable" },
        { Rule("\"action\":\"fail\",\"codes\":[1]"), "$.tasks[0].retry_rules[0].codes", "member_unknown" },
        { Task("\"retry_rules\":[],\"retry_backoff\":{}," + Run), "$.tasks[0].retry_backoff", "retry_budget_missing" },
        { Task("\"max_retry_count\":1,\"retry_backoff\":7," + Run), "$.tasks[0].retry_backoff", "type_mismatch" },
        { Task($"\"retry_rules\":[{string.Join(',', Enumerable.Repeat("0", 33))}]," + Run), "$.tasks[0].retry_rules", "retry_rules_too_many" },
        { Task("\"max_failed_num\":0," + Run), "$.tasks[0].max_failed_num", "max_failed_num_out_of_range" },
        { Task("\"time_limit\":0," + Run), "$.tasks[0].time_limit", "time_limit_out_of_range" },
        { Task("\"time_limit\":31536001," + Run), "$.tasks[0].time_limit", "time_limit_out_of_range" },
        { With("\"time_limit\":31536001"), "$.time_limit", "time_limit_out_of_range" },
        { With("\"time_limit\":\"1h\""), "$.time_limit", "type_mismatch" },
        { "7", "$", "type_mismatch" },
        { "{}", "$.tasks", "required" },
        { """{"tasks":null}""", "$.tasks", "required" },
        { """{"tasks":{}}""", "$.tasks", "type_mismatch" },
        { """{"tasks":[]}""", "$.tasks", "tasks_empty" },
        { """{"Tasks":[3]}""", "$.Tasks[0]", "type_mismatch" },
        { With("\"job_nam\":\"x\""), "$.job_nam", "member_unknown" },
        { With("\"not a name\":1"), "$['not a name']", "member_unknown" },
        { With("\"job_name\":\"x\",\"JobName\":\"x\""), "$.JobName", "member_duplicate" },
        { Task("\"env_id\":\"env-0a1b2c3d\",\"compute_env\":{}," + Run), "$.tasks[0].compute_env", "env_id_or_compute_env" },
        { Task("\"compute_env\":{\"provider\":\"attached\"}," + Run), "$.tasks[0].compute_env.provider", "compute_env_attached" },
        { Task("\"compute_env\":{\"EnvData\":{}}," + Run), "$.tasks[0].compute_env.EnvData", "not_supported" },
        { Task("\"compute_env\":{\"slurm\":{}}," + Run), "$.tasks[0].compute_env.slurm", "slurm_without_provider" },
        { Task("\"compute_env\":{\"slots_per_node\":2},\"resources\":{\"slots\":3}," + Run), "$.tasks[0].resources", "compute_env_too_small" },
        { Task("\"compute_env\":{\"cpu_per_node\":1},\"resources\":{\"cpu\":1.5}," + Run), "$.tasks[0].resources", "compute_env_too_small" },
        { Task("\"compute_env\":{\"provider\":\"slurm\",\"slurm\":{\"memory_mib\":10}},\"resources\":{\"memory_mib\":11}," + Run), "$.tasks[0].resources", "compute_env_too_small" },
        { With($"\"job_name\":\"{new string('n', 61)}\""), "$.job_name", "job_name_too_long" },
        { With("\"job_name\":7"), "$.job_name", "type_mismatch" },
        { With("\"job_name\":\"a\\u0000b\""), "$.job_name", "text_invalid" },
        { With("\"job_name\":\"\\ud800\""), "$.job_name", "text_invalid" },
        { With($"\"JobDescription\":\"{new string('n', 201)}\""), "$.JobDescription", "job_description_too_long" },
        { With("\"priority\":101"), "$.priority", "priority_out_of_range" },
        { With("\"priority\":-1"), "$.priority", "priority_out_of_range" },
        { With("\"priority\":1.5"), "$.priority", "type_mismatch" },
        { With("\"priority\":\"1\""), "$.priority", "type_mismatch" },
        { With("\"priority\":99999999999999999999"), "$.priority", "priority_out_of_range" },
        { With("\"env_id\":\"local\""), "$.env_id", "env_id_malformed" },
        { With("\"env_id\":\"env-0a1b2c3d\\n\""), "$.env_id", "env_id_malformed" },
        { With("\"task_execution_depend_on\":\"SOMETIMES\""), "$.task_execution_depend_on", "task_execution_depend_on_unknown" },
        { With("\"notification_target\":\"SMTP\""), "$.notification_target", "notification_target_unknown" },
        { With("\"tags\":[{\"key\":\"k\",\"value\":\"1\"},{\"key\":\"k\",\"value\":\"2\"}]"), "$.tags[1].key", "tag_key_duplicate" },
        { With($"\"tags\":[{string.Join(',', Enumerable.Repeat("0", 11))}]"), "$.tags", "tags_too_many" },
        { Task("\"task_name\":\"-a\"," + Run), "$.tasks[0].task_name", "task_name_invalid" },
        { Task("\"task_name\":\"\"," + Run), "$.tasks[0].task_name", "task_name_invalid" },
        { Task("\"task_name\":\"a\\n\"," + Run), "$.tasks[0].task_name", "task_name_invalid" },
        { Task($"\"task_name\":\"{new string('n', 61)}\"," + Run), "$.tasks[0].task_name", "task_name_too_long" },
        { Task(""), "$.tasks[0].application", "required" },
        { Task("\"application\":[]"), "$.tasks[0].application", "type_mismatch" },
        { Task("\"application\":{}"), "$.tasks[0].application", "command_or_argv" },
        { Task("\"application\":{\"command\":\"true\",\"argv\":[\"true\"]}"), "$.tasks[0].application", "command_or_argv" },
        { Task("\"application\":{\"command\":\"\"}"), "$.tasks[0].application.command", "command_empty" },
        { Task($"\"application\":{{\"command\":\"{new string('x', 131_072)}\"}}"), "$.tasks[0].application.command", "command_too_long" },
        { Task("\"application\":{\"command\":\"true\",\"builtin\":\"noop\"}"), "$.tasks[0].application", "command_or_argv" },
        { Task("\"application\":{\"builtin\":\"sleep\"}"), "$.tasks[0].application.builtin", "builtin_unknown" },
        { Task("\"application\":{\"builtin\":7}"), "$.tasks[0].application.builtin", "type_mismatch" },
        { Task("\"application\":{\"argv\":[]}"), "$.tasks[0].application.argv", "argv_empty" },
        { Task("\"application\":{\"argv\":[\"\"]}"), "$.tasks[0].application.argv[0]", "argv_empty" },
        { Task("\"application\":{\"argv\":[\"a\",7]}"), "$.tasks[0].application.argv[1]", "type_mismatch" },
        { Task("\"application\":{\"argv\":[\"a\",\"b\\u0000\"]}"), "$.tasks[0].application.argv[1]", "text_invalid" },
        { Task($"\"application\":{{\"argv\":[{string.Join(',', Enumerable.Repeat($"\"{new string('x', 131_071)}\"", 5))}]}}"), "$.tasks[0].application.argv", "command_too_long" },
        { Task("\"application\":{\"command\":\"true\",\"commands\":[]}"), "$.tasks[0].application.commands", "not_supported" },
        { Task("\"application\":{\"command\":\"true\",\"delivery_form\":\"PACKAGE\"}"), "$.tasks[0].application.package_path", "package_path_missing" },
        { Task("\"application\":{\"command\":\"true\",\"package_path\":\"file:///p.tgz\"}"), "$.tasks[0].application.package_path", "package_path_misplaced" },
        { Task("\"application\":{\"command\":\"true\",\"DeliveryForm\":\"LOCAL\",\"PackagePath\":\"file:///p.tgz\"}"), "$.tasks[0].application.PackagePath", "package_path_misplaced" },
        { Task("\"application\":{\"command\":\"true\",\"delivery_form\":\"PACKAGE\",\"package_path\":\"https://u:p@h/p.tgz\"}"), "$.tasks[0].application.package_path", "package_path_invalid" },
        { Task("\"application\":{\"command\":\"true\",\"delivery_form\":\"PACKAGE\",\"package_path\":\"https://h/p.rar?p.tgz\"}"), "$.tasks[0].application.package_path", "package_path_invalid" },
        { Task("\"application\":{\"builtin\":\"noop\",\"delivery_form\":\"PACKAGE\",\"package_path\":\"file:///p.tgz\"}"), "$.tasks[0].application.package_path", "files_with_builtin" },
        { Task("\"input_mappings\":[{\"source_path\":\"nfs://h/d/\",\"destination_path\":\"in\"}]," + Run), "$.tasks[0].input_mappings[0].source_path", "storage_scheme_unsupported" },
        { Task("\"input_mappings\":[{\"source_path\":\"s3:///d/\",\"destination_path\":\"in\"}]," + Run), "$.tasks[0].input_mappings[0].source_path", "input_source_path_invalid" },
        { Task("\"input_mappings\":[{\"source_path\":\"file:///d/../e/\",\"destination_path\":\"in\"}]," + Run), "$.tasks[0].input_mappings[0].source_path", "input_source_path_invalid" },
        { Task("\"input_mappings\":[{\"source_path\":\"ftp://h/d/\",\"destination_path\":\"in\"}]," + Run), "$.tasks[0].input_mappings[0].source_path", "input_source_path_invalid" },
        { Task("\"input_mappings\":[{\"source_path\":\"s3://b/d/\"}]," + Run), "$.tasks[0].input_mappings[0].destination_path", "required" },
        { Task("\"InputMappings\":[{\"SourcePath\":\"s3://b/d/\",\"DestinationPath\":\"d\",\"MountType\":\"COSFS\"}]," + Run), "$.tasks[0].InputMappings[0].MountType", "not_supported" },
        { Task("\"output_mappings\":[{\"source_path\":\"out\",\"destination_path\":\"s3://b/d/\",\"output_mapping_option\":{\"workspace\":\"GLOBAL_WORKSPACE\"}}]," + Run), "$.tasks[0].output_mappings[0].source_path", "output_source_path_invalid" },
        { Global("/d/", "file:///d/out/"), "$.tasks[0].output_mappings[0].destination_path", "mapping_into_itself" },
        { Global("/d/./", "file:///d//"), "$.tasks[0].output_mappings[0].destination_path", "mapping_into_itself" },
        { Task("\"input_mappings\":[{\"source_path\":\"file:///d/\",\"destination_path\":\"/d/in\"}]," + Run), "$.tasks[0].input_mappings[0].destination_path", "mapping_into_itself" },
        { Task("\"authentications\":[{\"scene\":\"S3\",\"secret_id\":\"i\",\"secret_key\":\"k\"},{\"scene\":\"s3\",\"secret_id\":\"i\",\"secret_key\":\"k\"}]," + Run), "$.tasks[0].authentications[1].scene", "storage_scene_duplicate" },
        { Task("\"redirect_info\":{\"stdout_redirect_file_name\":\"x\"}," + Run), "$.tasks[0].redirect_info.stdout_redirect_file_name", "redirect_path_missing" },
        { Rule("\"action\":\"ignore\",\"causes\":[\"package_failed\"]"), "$.tasks[0].retry_rules[0].causes[0]", "retry_ignore_start_failed" },
        { Task("\"application\":{\"command\":\"true\",\"delivery_form\":\"FTP\"}"), "$.tasks[0].application.delivery_form", "delivery_form_unknown" },
        { Task("\"task_instance_num\":0," + Run), "$.tasks[0].task_instance_num", "task_instance_num_out_of_range" },
        { Task("\"task_instance_num\":10000001," + Run), "$.tasks[0].task_instance_num", "task_instance_num_out_of_range" },
        { Task("\"max_retry_count\":101," + Run), "$.tasks[0].max_retry_count", "max_retry_count_out_of_range" },
        { Task("\"timeout\":0," + Run), "$.tasks[0].timeout", "timeout_out_of_range" },
        { Task("\"max_concurrent_num\":0," + Run), "$.tasks[0].max_concurrent_num", "max_concurrent_num_out_of_range" },
        { Task("\"failed_action\":\"IGNORE\"," + Run), "$.tasks[0].failed_action", "failed_action_unknown" },
        { Task("\"env_vars\":{}," + Run), "$.tasks[0].env_vars", "type_mismatch" },
        { Task("\"env_vars\":[{\"name\":\"1X\",\"value\":\"\"}]," + Run), "$.tasks[0].env_vars[0].name", "env_var_name_invalid" },
        { Task("\"env_vars\":[{\"name\":\"X\"}]," + Run), "$.tasks[0].env_vars[0].value", "required" },
        { Task("\"env_vars\":[{\"name\":\"X\",\"value\":\"1\"},{\"name\":\"X\",\"value\":\"2\"}]," + Run), "$.tasks[0].env_vars[1].name", "env_var_duplicate" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void OneThingWrong_IsTheOnlyProblem(string json, string path, string code) =>
        ReadingAssert.Refused(ReadingAssert.Job(json), path, code);

    [Fact]
    public void SeveralThingsWrong_AreAllNamedAtOnce()
    {
        var reading = ReadingAssert.Job("""
            {"job_nam":"x","priority":200,
             "tasks":[{"task_name":"a","application":{}},{"application":{"command":"true"}},{"task_name":"a","application":{"command":"true"},"timeout":"1h"}],
             "dependences":[{"start_task":"a","end_task":"aa"}],
             "notifications":[{"topic_name":"1","event_configs":[]}]}
            """);

        Assert.Null(reading.Value);
        Assert.Equal(
            [
                ("$.job_nam", "member_unknown"),
                ("$.priority", "priority_out_of_range"),
                ("$.tasks[0].application", "command_or_argv"),
                ("$.tasks[1].task_name", "required"),
                ("$.tasks[2].task_name", "task_name_duplicate"),
                ("$.tasks[2].timeout", "type_mismatch"),
                ("$.dependences[0].end_task", "dependence_unknown_task"),
                ("$.notifications[0].topic_name", "topic_name_invalid"),
                ("$.notifications[0].event_configs", "event_configs_empty"),
            ],
            reading.Problems.Select(problem => (problem.Path, problem.Code)));
    }

    [Fact]
    public void MisspeltMember_NamesTheNearest()
    {
        var message = ReadingAssert.Refused(ReadingAssert.Job(With("\"notificatons\":[]")), "$.notificatons", "member_unknown");

        Assert.Contains("Did you mean 'notifications'?", message, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreProblemsThanListed_AreCounted()
    {
        var members = string.Join(',', Enumerable.Range(0, 500).Select(n => $"\"x{n}\":0"));

        var reading = ReadingAssert.Job(With(members));

        Assert.Equal(ProblemList.MaxListed + 1, reading.Problems.Count);
        Assert.Equal(("$", "too_many_problems", "400 more problems are not listed."), (reading.Problems[^1].Path, reading.Problems[^1].Code, reading.Problems[^1].Message));
    }

    [Fact]
    public void MoreTasksThanTheLimit_AreNotLookedAt()
    {
        var reading = JobDocumentReader.Read(
            ReadingAssert.Parse("""{"tasks":[1,2,3],"dependences":[{"start_task":"a","end_task":"b"}]}"""),
            new JobLimits { MaxTasks = 2 },
            new NotificationLimits());

        ReadingAssert.Refused(reading, "$.tasks", "tasks_too_many");
    }

    [Fact]
    public void NameOfSixtyCharactersOutsideTheBasicPlane_IsNotTooLong()
    {
        var name = string.Concat(Enumerable.Repeat("😀", 60));

        var job = ReadingAssert.Valid(ReadingAssert.Job(With($"\"job_name\":\"{name}\"")));

        Assert.Equal(name, job.JobName);
    }

    [Fact]
    public void BytesThatAreNotUtf8_AreAProblem()
    {
        var bytes = Encoding.UTF8.GetBytes(With("\"job_name\":\"?\""));
        bytes[Array.IndexOf(bytes, (byte)'?')] = 0xff;
        using var document = System.Text.Json.JsonDocument.Parse(bytes);

        var reading = JobDocumentReader.Read(document.RootElement, new JobLimits(), new NotificationLimits());

        ReadingAssert.Refused(reading, "$.job_name", "text_invalid");
    }

    private static string With(string members) => $$"""{{{members}},"tasks":[{{{Run}}}]}""";

    private static string Rule(string members) => Task($"\"retry_rules\":[{{{members}}}],{Run}");

    private static string Global(string source, string destination) =>
        Task($"\"output_mappings\":[{{\"source_path\":\"{source}\",\"destination_path\":\"{destination}\",\"output_mapping_option\":{{\"workspace\":\"GLOBAL_WORKSPACE\"}}}}]," + Run);

    private static string Task(string members) => $$"""{"tasks":[{{{members}}}]}""";
}
