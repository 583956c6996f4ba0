namespace BatchPlane.Core.Validation;

/// <summary>
/// Codes of the single problems in a refused request. They are part of the wire contract: never renamed, never reused.
/// Specific codes exist where a caller, or a façade with codes of its own, has reason to tell them apart.
/// docs/http-status-codes.md lists them from the summaries below.
/// </summary>
public static class ItemCodes
{
    /// <summary>A value has another JSON type than expected.</summary>
    public const string TypeMismatch = "type_mismatch";

    /// <summary>A required member is missing or null.</summary>
    public const string Required = "required";

    /// <summary>A member is not known at this place; the message names the nearest known one.</summary>
    public const string MemberUnknown = "member_unknown";

    /// <summary>The same member is given twice, perhaps in two spellings.</summary>
    public const string MemberDuplicate = "member_duplicate";

    /// <summary>The member or value is known but not honoured by this version.</summary>
    public const string NotSupported = "not_supported";

    /// <summary>A word is not one of the words listed in the message.</summary>
    public const string ValueUnknown = "value_unknown";

    /// <summary>A number lies outside the range given in the message.</summary>
    public const string OutOfRange = "out_of_range";

    /// <summary>A text is longer than the message says.</summary>
    public const string TooLong = "too_long";

    /// <summary>A list has more elements than the message says.</summary>
    public const string TooMany = "too_many";

    /// <summary>A text or list that needs content is empty.</summary>
    public const string Empty = "empty";

    /// <summary>A text cannot be read or stored: it contains NUL or half a surrogate pair.</summary>
    public const string TextInvalid = "text_invalid";

    /// <summary>An output is asked for from a byte on and by its last lines at once.</summary>
    public const string TailWithOffset = "tail_with_offset";

    /// <summary>More problems were found than are listed.</summary>
    public const string TooManyProblems = "too_many_problems";

    /// <summary>The priority lies outside 0 to 100.</summary>
    public const string PriorityOutOfRange = "priority_out_of_range";

    /// <summary>A job has no task.</summary>
    public const string TasksEmpty = "tasks_empty";

    /// <summary>A job has more tasks than the server allows.</summary>
    public const string TasksTooMany = "tasks_too_many";

    /// <summary>The rule for dependences is none of those listed in the message.</summary>
    public const string TaskExecutionDependOnUnknown = "task_execution_depend_on_unknown";

    /// <summary>The notification target is none of those listed in the message.</summary>
    public const string NotificationTargetUnknown = "notification_target_unknown";

    /// <summary>There are more notification blocks than allowed.</summary>
    public const string NotificationsTooMany = "notifications_too_many";

    /// <summary>The notification blocks name more topics than allowed.</summary>
    public const string TopicsTooMany = "topics_too_many";

    /// <summary>A notification block names no topic.</summary>
    public const string TopicNamesEmpty = "topic_names_empty";

    /// <summary>A notification block has both one topic and a list of topics.</summary>
    public const string TopicNamesNotAllowed = "topic_names_not_allowed";

    /// <summary>A notification block asks for no event.</summary>
    public const string EventConfigsEmpty = "event_configs_empty";

    /// <summary>A notification block asks for more events than there are.</summary>
    public const string EventConfigsTooMany = "event_configs_too_many";

    /// <summary>An event has more custom parameters than the server allows.</summary>
    public const string EventVarsTooMany = "event_vars_too_many";

    /// <summary>The name of a custom parameter is empty or too long.</summary>
    public const string EventVarNameInvalid = "event_var_name_invalid";

    /// <summary>The value of a custom parameter is too long.</summary>
    public const string EventVarValueTooLong = "event_var_value_too_long";

    /// <summary>There are more than 10 labels.</summary>
    public const string TagsTooMany = "tags_too_many";

    /// <summary>The key of a label is empty or longer than 128 characters.</summary>
    public const string TagKeyInvalid = "tag_key_invalid";

    /// <summary>The value of a label is longer than 256 characters.</summary>
    public const string TagValueTooLong = "tag_value_too_long";

    /// <summary>The timeout of an attempt lies outside the range.</summary>
    public const string TimeoutOutOfRange = "timeout_out_of_range";

    /// <summary>The ceiling of instances at once lies outside the range.</summary>
    public const string MaxConcurrentNumOutOfRange = "max_concurrent_num_out_of_range";

    /// <summary>The action for failed instances is none of those listed in the message.</summary>
    public const string FailedActionUnknown = "failed_action_unknown";

    /// <summary>A task has more environment variables, or more bytes of them together, than the server allows.</summary>
    public const string EnvVarsTooMany = "env_vars_too_many";

    /// <summary>The value of an environment variable is too long.</summary>
    public const string EnvVarValueTooLong = "env_var_value_too_long";

    /// <summary>The form of delivery is none of those listed in the message.</summary>
    public const string DeliveryFormUnknown = "delivery_form_unknown";

    /// <summary>An argument vector has no program.</summary>
    public const string ArgvEmpty = "argv_empty";

    /// <summary>An argument vector has more elements than the server allows.</summary>
    public const string ArgvTooMany = "argv_too_many";

    /// <summary>There is no such built-in.</summary>
    public const string BuiltinUnknown = "builtin_unknown";

    /// <summary>A built-in runs in no container.</summary>
    public const string DockerWithBuiltin = "docker_with_builtin";

    /// <summary>The name of a user of the node is not one: letters, digits, <c>_</c>, <c>.</c> and <c>-</c>, at most 32.</summary>
    public const string RunAsUserInvalid = "run_as_user_invalid";

    /// <summary>A container or a built-in is to run as a user of the node.</summary>
    public const string RunAsUserMisplaced = "run_as_user_misplaced";

    /// <summary>The name of an image is not <c>[registry/]name[:tag][@digest]</c>.</summary>
    public const string DockerImageInvalid = "docker_image_invalid";

    /// <summary>The user at a registry is empty, too long or contains a colon.</summary>
    public const string DockerUserInvalid = "docker_user_invalid";

    /// <summary>The password at a registry is empty or too long.</summary>
    public const string DockerPasswordInvalid = "docker_password_invalid";

    /// <summary>Of the user at a registry and the password one is given without the other.</summary>
    public const string DockerLoginIncomplete = "docker_login_incomplete";

    /// <summary>The registry is not a host, perhaps with a port.</summary>
    public const string DockerServerInvalid = "docker_server_invalid";

    /// <summary>The number of retries of a pull lies outside the range.</summary>
    public const string DockerMaxRetryCountOutOfRange = "docker_max_retry_count_out_of_range";

    /// <summary>The seconds between two tries of a pull lie outside the range.</summary>
    public const string DockerDelayOnRetryOutOfRange = "docker_delay_on_retry_out_of_range";

    /// <summary>The further options of a container are too long or cannot be understood.</summary>
    public const string DockerRunOptionInvalid = "docker_run_option_invalid";

    /// <summary>The further options of a container name one that BatchPlane sets itself.</summary>
    public const string DockerRunOptionReserved = "docker_run_option_reserved";

    /// <summary>A job has more dependences than the server allows.</summary>
    public const string DependencesTooMany = "dependences_too_many";

    /// <summary>The condition of a dependence is none of those listed in the message.</summary>
    public const string DependenceOnUnknown = "dependence_on_unknown";

    /// <summary>The number of nodes lies outside 0 to 2,000.</summary>
    public const string DesiredComputeNodeCountOutOfRange = "desired_compute_node_count_out_of_range";

    /// <summary>The fewest nodes lie outside 0 to 2,000.</summary>
    public const string MinComputeNodeCountOutOfRange = "min_compute_node_count_out_of_range";

    /// <summary>The most nodes lie outside 0 to 2,000.</summary>
    public const string MaxComputeNodeCountOutOfRange = "max_compute_node_count_out_of_range";

    /// <summary>The fewest nodes are more than the most.</summary>
    public const string MinComputeNodeCountAboveMax = "min_compute_node_count_above_max";

    /// <summary>There are fewest nodes and no most: the number does not follow the work.</summary>
    public const string MinComputeNodeCountAlone = "min_compute_node_count_alone";

    /// <summary>The desired number of nodes does not lie between the fewest and the most.</summary>
    public const string DesiredComputeNodeCountNotBetween = "desired_compute_node_count_not_between";

    /// <summary>Nodes that somebody attaches are as many as come: the number cannot follow the work.</summary>
    public const string ScalingNotOfAttached = "scaling_not_of_attached";

    /// <summary>The idle time lies outside 10 to 86,400 seconds.</summary>
    public const string IdleSecondsOutOfRange = "idle_seconds_out_of_range";

    /// <summary>There is no such action for a node that failed or was lost.</summary>
    public const string ActionIfComputeNodeInactiveUnknown = "action_if_compute_node_inactive_unknown";

    /// <summary>The nodes that may fail lie outside 0 to 100.</summary>
    public const string ResourceMaxRetryCountOutOfRange = "resource_max_retry_count_out_of_range";

    /// <summary>The processors of a node lie outside 1 to 1,024.</summary>
    public const string CpuPerNodeOutOfRange = "cpu_per_node_out_of_range";

    /// <summary>The memory of a node lies outside 1 to 16,777,216 MiB.</summary>
    public const string MemoryMibPerNodeOutOfRange = "memory_mib_per_node_out_of_range";

    /// <summary>The member means nothing for the provider of the environment: something else says it there.</summary>
    public const string NotOfProvider = "not_of_provider";

    /// <summary>What was said when it was made cannot be changed afterwards.</summary>
    public const string MemberFixed = "member_fixed";

    /// <summary>This server is not configured for the provider.</summary>
    public const string ProviderUnusable = "provider_unusable";

    /// <summary>No node, or more than 100.</summary>
    public const string ComputeNodeIdsCount = "compute_node_ids_count";

    /// <summary>No id of a node: <c>node-</c> and 8 of <c>[a-z0-9]</c>.</summary>
    public const string ComputeNodeIdMalformed = "compute_node_id_malformed";

    /// <summary>The node is named twice.</summary>
    public const string ComputeNodeIdDuplicate = "compute_node_id_duplicate";

    /// <summary>The slots of a node lie outside 1 to 1,024.</summary>
    public const string SlotsPerNodeOutOfRange = "slots_per_node_out_of_range";

    /// <summary>The seconds that a token is valid lie outside 60 to 31,536,000.</summary>
    public const string TtlSecondsOutOfRange = "ttl_seconds_out_of_range";

    /// <summary>The description of a token has more than 200 characters.</summary>
    public const string JoinTokenDescriptionTooLong = "join_token_description_too_long";

    /// <summary>Both an environment and one to be made are given.</summary>
    public const string EnvIdOrComputeEnv = "env_id_or_compute_env";

    /// <summary>Nodes of this provider are not made but come: no environment of one task can wait for them.</summary>
    public const string ComputeEnvAttached = "compute_env_attached";

    /// <summary>An instance needs more than a node of the environment that is to be made for it has.</summary>
    public const string ComputeEnvTooSmall = "compute_env_too_small";

    /// <summary>There is no such state for tasks without nodes.</summary>
    public const string StateIfCreateCvmFailedUnknown = "state_if_create_cvm_failed_unknown";

    /// <summary>There is no such amount of tracing.</summary>
    public const string TracingUnknown = "tracing_unknown";

    /// <summary>There is no such provider of nodes.</summary>
    public const string ProviderUnknown = "provider_unknown";

    /// <summary>The job's name is longer than 60 characters.</summary>
    public const string JobNameTooLong = "job_name_too_long";

    /// <summary>The job's description is longer than 200 characters.</summary>
    public const string JobDescriptionTooLong = "job_description_too_long";

    /// <summary>A task's name contains characters that are not allowed.</summary>
    public const string TaskNameInvalid = "task_name_invalid";

    /// <summary>A task's name is longer than 60 characters.</summary>
    public const string TaskNameTooLong = "task_name_too_long";

    /// <summary>Two tasks of the job have the same name.</summary>
    public const string TaskNameDuplicate = "task_name_duplicate";

    /// <summary>The number of instances of a task lies outside the range.</summary>
    public const string TaskInstanceNumOutOfRange = "task_instance_num_out_of_range";

    /// <summary>The number of retries lies outside the range.</summary>
    public const string MaxRetryCountOutOfRange = "max_retry_count_out_of_range";

    /// <summary>The slots an instance needs lie outside the range.</summary>
    public const string SlotsOutOfRange = "slots_out_of_range";

    /// <summary>The processors an instance needs lie outside the range, or are finer than thousandths.</summary>
    public const string CpuOutOfRange = "cpu_out_of_range";

    /// <summary>The memory an instance needs lies outside the range.</summary>
    public const string MemoryMibOutOfRange = "memory_mib_out_of_range";

    /// <summary>A task has more retry rules than the message says.</summary>
    public const string RetryRulesTooMany = "retry_rules_too_many";

    /// <summary>A retry rule names more exit codes than the message says.</summary>
    public const string ExitCodesTooMany = "exit_codes_too_many";

    /// <summary>A retry rule names more signals than there are.</summary>
    public const string SignalsTooMany = "signals_too_many";

    /// <summary>A retry rule names more causes than there are.</summary>
    public const string RetryCausesTooMany = "retry_causes_too_many";

    /// <summary>A retry rule has more patterns of the reason than the message says.</summary>
    public const string RetryReasonsTooMany = "retry_reasons_too_many";

    /// <summary>An exit code of a retry rule is not a number from 1 to 255 or a range of them.</summary>
    public const string ExitCodeInvalid = "exit_code_invalid";

    /// <summary>A retry rule names the same exit code twice; ranges must not overlap.</summary>
    public const string ExitCodeDuplicate = "exit_code_duplicate";

    /// <summary>A signal of a retry rule is not a number from 1 to 64.</summary>
    public const string SignalOutOfRange = "signal_out_of_range";

    /// <summary>A retry rule names the same signal twice.</summary>
    public const string SignalDuplicate = "signal_duplicate";

    /// <summary>A cause of a retry rule is not one of the words listed in the message.</summary>
    public const string RetryCauseUnknown = "retry_cause_unknown";

    /// <summary>A retry rule names the same cause twice.</summary>
    public const string RetryCauseDuplicate = "retry_cause_duplicate";

    /// <summary>A pattern of the reason in a retry rule is empty or too long.</summary>
    public const string RetryReasonInvalid = "retry_reason_invalid";

    /// <summary>The action of a retry rule is not one of the words listed in the message.</summary>
    public const string RetryActionUnknown = "retry_action_unknown";

    /// <summary>A retry rule can never match: the rules before it take everything.</summary>
    public const string RetryRuleUnreachable = "retry_rule_unreachable";

    /// <summary>The package is no archive at a place that can be fetched from.</summary>
    public const string PackagePathInvalid = "package_path_invalid";

    /// <summary>The delivery form PACKAGE is given without a package.</summary>
    public const string PackagePathMissing = "package_path_missing";

    /// <summary>A package is given without the delivery form PACKAGE.</summary>
    public const string PackagePathMisplaced = "package_path_misplaced";

    /// <summary>A built-in is to have files, which it cannot.</summary>
    public const string FilesWithBuiltin = "files_with_builtin";

    /// <summary>A task has more input mappings than the server allows.</summary>
    public const string InputMappingsTooMany = "input_mappings_too_many";

    /// <summary>The source of an input mapping is no directory that can be copied from.</summary>
    public const string InputSourcePathInvalid = "input_source_path_invalid";

    /// <summary>The destination of an input mapping is no path of a node.</summary>
    public const string InputDestinationPathInvalid = "input_destination_path_invalid";

    /// <summary>A task has more output mappings than the server allows.</summary>
    public const string OutputMappingsTooMany = "output_mappings_too_many";

    /// <summary>The source of an output mapping is no path of a node, or not an absolute one where it has to be.</summary>
    public const string OutputSourcePathInvalid = "output_source_path_invalid";

    /// <summary>The destination of an output mapping is no directory that can be copied to.</summary>
    public const string OutputDestinationPathInvalid = "output_destination_path_invalid";

    /// <summary>The destination of a mapping is its source or lies below it, so that copies would be copied again.</summary>
    public const string MappingIntoItself = "mapping_into_itself";

    /// <summary>A path has a scheme of the specification that is not supported: nfs or cfs.</summary>
    public const string StorageSchemeUnsupported = "storage_scheme_unsupported";

    /// <summary>The workspace of an output mapping is none of those listed in the message.</summary>
    public const string WorkspaceUnknown = "workspace_unknown";

    /// <summary>A task has more output mapping configurations than there are kinds of stores.</summary>
    public const string OutputMappingConfigsTooMany = "output_mapping_configs_too_many";

    /// <summary>The scene of an output mapping configuration is none of those listed in the message.</summary>
    public const string OutputMappingConfigSceneUnknown = "output_mapping_config_scene_unknown";

    /// <summary>The number of upload workers lies outside the range in the message.</summary>
    public const string WorkerNumOutOfRange = "worker_num_out_of_range";

    /// <summary>The size of upload parts lies outside the range in the message.</summary>
    public const string WorkerPartSizeOutOfRange = "worker_part_size_out_of_range";

    /// <summary>A task has more credentials than there are kinds of stores.</summary>
    public const string AuthenticationsTooMany = "authentications_too_many";

    /// <summary>The scene of credentials is none of those listed in the message.</summary>
    public const string AuthenticationSceneUnknown = "authentication_scene_unknown";

    /// <summary>The access key is empty or too long.</summary>
    public const string AuthenticationSecretIdInvalid = "authentication_secret_id_invalid";

    /// <summary>The secret of an access key is empty or too long.</summary>
    public const string AuthenticationSecretKeyInvalid = "authentication_secret_key_invalid";

    /// <summary>A task template is to have credentials; give them with the job.</summary>
    public const string AuthenticationInTemplate = "authentication_in_template";

    /// <summary>Credentials or configurations are given twice for one kind of store.</summary>
    public const string StorageSceneDuplicate = "storage_scene_duplicate";

    /// <summary>The place for standard output is no directory that can be copied to.</summary>
    public const string StdoutRedirectPathInvalid = "stdout_redirect_path_invalid";

    /// <summary>The place for standard error is no directory that can be copied to.</summary>
    public const string StderrRedirectPathInvalid = "stderr_redirect_path_invalid";

    /// <summary>The name for standard output is none of a file, or has an unknown placeholder.</summary>
    public const string StdoutRedirectFileNameInvalid = "stdout_redirect_file_name_invalid";

    /// <summary>The name for standard error is none of a file, or has an unknown placeholder.</summary>
    public const string StderrRedirectFileNameInvalid = "stderr_redirect_file_name_invalid";

    /// <summary>The place for standard output on the node is no absolute path.</summary>
    public const string StdoutLocalPathInvalid = "stdout_local_path_invalid";

    /// <summary>The place for standard error on the node is no absolute path.</summary>
    public const string StderrLocalPathInvalid = "stderr_local_path_invalid";

    /// <summary>The name for standard output on the node is none of a file, or has an unknown placeholder.</summary>
    public const string StdoutLocalFileNameInvalid = "stdout_local_file_name_invalid";

    /// <summary>The name for standard error on the node is none of a file, or has an unknown placeholder.</summary>
    public const string StderrLocalFileNameInvalid = "stderr_local_file_name_invalid";

    /// <summary>The name of a file is given without the directory for it.</summary>
    public const string RedirectPathMissing = "redirect_path_missing";

    /// <summary>A retry rule is to ignore that a command could not be started, or that its package or inputs were not to be had.</summary>
    public const string RetryIgnoreStartFailed = "retry_ignore_start_failed";

    /// <summary>A retry rule says retry, or the task a backoff, where no retry is left to use.</summary>
    public const string RetryBudgetMissing = "retry_budget_missing";

    /// <summary>A retry rule has an option that goes with another action.</summary>
    public const string RetryOptionMisplaced = "retry_option_misplaced";

    /// <summary>The first wait of a backoff lies outside the range.</summary>
    public const string BackoffInitialOutOfRange = "backoff_initial_seconds_out_of_range";

    /// <summary>The factor of a backoff lies outside the range.</summary>
    public const string BackoffMultiplierOutOfRange = "backoff_multiplier_out_of_range";

    /// <summary>The longest wait of a backoff lies outside the range.</summary>
    public const string BackoffMaxOutOfRange = "backoff_max_seconds_out_of_range";

    /// <summary>The longest wait of a backoff is shorter than its first.</summary>
    public const string BackoffMaxBelowInitial = "backoff_max_below_initial";

    /// <summary>The jitter of a backoff is not a fraction from 0 to 1.</summary>
    public const string BackoffJitterOutOfRange = "backoff_jitter_out_of_range";

    /// <summary>The number of failed instances that ends a task lies outside the range.</summary>
    public const string MaxFailedNumOutOfRange = "max_failed_num_out_of_range";

    /// <summary>The time limit of a task or job lies outside the range.</summary>
    public const string TimeLimitOutOfRange = "time_limit_out_of_range";

    /// <summary>Not exactly one of <c>command</c>, <c>argv</c> and <c>builtin</c> is given.</summary>
    public const string CommandOrArgv = "command_or_argv";

    /// <summary>The command line is empty.</summary>
    public const string CommandEmpty = "command_empty";

    /// <summary>The command line or an argument vector is longer than allowed.</summary>
    public const string CommandTooLong = "command_too_long";

    /// <summary>The name of an environment variable contains characters that are not allowed.</summary>
    public const string EnvVarNameInvalid = "env_var_name_invalid";

    /// <summary>The same environment variable is given twice.</summary>
    public const string EnvVarDuplicate = "env_var_duplicate";

    /// <summary>There is no task template of this id or name.</summary>
    public const string TaskTemplateUnknown = "task_template_unknown";

    /// <summary>A task template refers to a task template.</summary>
    public const string TaskTemplateNested = "task_template_nested";

    /// <summary>The name of a task template is empty, contains characters that are not allowed, or has the form of an id.</summary>
    public const string TaskTemplateNameInvalid = "task_template_name_invalid";

    /// <summary>The name of a task template is longer than 60 characters.</summary>
    public const string TaskTemplateNameTooLong = "task_template_name_too_long";

    /// <summary>The description of a task template is longer than 200 characters.</summary>
    public const string TaskTemplateDescriptionTooLong = "task_template_description_too_long";

    /// <summary>A change changes nothing: none of the members listed in the message is given.</summary>
    public const string AtLeastOneMember = "at_least_one_member";

    /// <summary>The same label key is given twice.</summary>
    public const string TagKeyDuplicate = "tag_key_duplicate";

    /// <summary>A dependence names a task that the job does not have.</summary>
    public const string DependenceUnknownTask = "dependence_unknown_task";

    /// <summary>A task depends on itself.</summary>
    public const string DependenceSelf = "dependence_self";

    /// <summary>The same dependence is given twice.</summary>
    public const string DependenceDuplicate = "dependence_duplicate";

    /// <summary>A dependence <c>on: each_index</c> joins tasks with different numbers of instances.</summary>
    public const string DependenceInstanceNumDiffers = "dependence_instance_num_differs";

    /// <summary>The dependences form a circle; the message names it in order.</summary>
    public const string DependenceCycle = "dependence_cycle";

    /// <summary>A topic's name is empty or contains characters that are not allowed.</summary>
    public const string TopicNameInvalid = "topic_name_invalid";

    /// <summary>A topic's name is longer than 64 characters.</summary>
    public const string TopicNameTooLong = "topic_name_too_long";

    /// <summary>There is too much to be sorted: narrow it by job or time.</summary>
    public const string SortTooWide = "sort_too_wide";

    /// <summary>There is no subscription of this id that could be sent anything past its topic, or it belongs to another topic.</summary>
    public const string SubscriptionUnknown = "subscription_unknown";

    /// <summary>There is no topic of this name, and the server makes none by itself.</summary>
    public const string TopicUnknown = "topic_unknown";

    /// <summary>There is no event of this name; the message lists the valid ones.</summary>
    public const string EventUnknown = "event_unknown";

    /// <summary>The deadline is no time with an offset.</summary>
    public const string DeadlineInvalid = "deadline_invalid";

    /// <summary>Not a format of messages, or of subscriptions.</summary>
    public const string FormatUnknown = "format_unknown";

    /// <summary>No event that the block asks for can pass its filter.</summary>
    public const string FilterAdmitsNothing = "filter_admits_nothing";

    /// <summary>A filter names more levels than there are.</summary>
    public const string FilterLevelsTooMany = "filter_levels_too_many";

    /// <summary>There is no such level of events.</summary>
    public const string FilterLevelUnknown = "filter_level_unknown";

    /// <summary>A filter names more labels than a job may have.</summary>
    public const string FilterLabelsTooMany = "filter_labels_too_many";

    /// <summary>A filter's label has an empty key, or one that is too long.</summary>
    public const string FilterLabelKeyInvalid = "filter_label_key_invalid";

    /// <summary>A filter's label has a value that is too long.</summary>
    public const string FilterLabelValueTooLong = "filter_label_value_too_long";

    /// <summary>The percents between two roll-ups are outside their range.</summary>
    public const string EveryPercentOutOfRange = "every_percent_out_of_range";

    /// <summary>The seconds between two roll-ups are outside their range.</summary>
    public const string EverySecondsOutOfRange = "every_seconds_out_of_range";

    /// <summary>Roll-ups are asked for of an event that has none.</summary>
    public const string RollUpNotAllowed = "roll_up_not_allowed";

    /// <summary>The endpoint of Alibaba's notification is not in the table of this installation.</summary>
    public const string EndpointUnknown = "endpoint_unknown";

    /// <summary>The same event is asked for twice on the same topic, or a block names a topic twice.</summary>
    public const string EventDuplicate = "event_duplicate";

    /// <summary>The event exists, but not for this kind of subject.</summary>
    public const string EventNotAllowed = "event_not_allowed";

    /// <summary>An environment's name is empty or contains characters that are not allowed.</summary>
    public const string EnvNameInvalid = "env_name_invalid";

    /// <summary>An environment's name is longer than 60 characters.</summary>
    public const string EnvNameTooLong = "env_name_too_long";

    /// <summary>An environment's description is longer than 200 characters.</summary>
    public const string EnvDescriptionTooLong = "env_description_too_long";

    /// <summary>An environment id does not have the shape <c>env-xxxxxxxx</c>.</summary>
    public const string EnvIdMalformed = "env_id_malformed";

    /// <summary>Settings for Slurm are given to an environment of another provider.</summary>
    public const string SlurmWithoutProvider = "slurm_without_provider";

    /// <summary>A Slurm partition is no name, or no list of names joined by commas.</summary>
    public const string SlurmPartitionInvalid = "slurm_partition_invalid";

    /// <summary>A Slurm account is no name.</summary>
    public const string SlurmAccountInvalid = "slurm_account_invalid";

    /// <summary>A Slurm quality of service is no name.</summary>
    public const string SlurmQosInvalid = "slurm_qos_invalid";

    /// <summary>The time limit of pilots lies outside 1 to 525,600 minutes.</summary>
    public const string SlurmTimeLimitOutOfRange = "slurm_time_limit_out_of_range";

    /// <summary>The processors of a pilot lie outside 1 to 10,000.</summary>
    public const string SlurmCpusOutOfRange = "slurm_cpus_out_of_range";

    /// <summary>The memory of a pilot lies outside 1 to 100,000,000 MiB.</summary>
    public const string SlurmMemoryOutOfRange = "slurm_memory_out_of_range";

    /// <summary>The most queued pilots lie outside 1 to 2,000.</summary>
    public const string SlurmMaxQueuedOutOfRange = "slurm_max_queued_out_of_range";

    /// <summary>The directory of pilots is no absolute path of plain characters.</summary>
    public const string SlurmWorkDirectoryInvalid = "slurm_work_directory_invalid";

    /// <summary>More than 20 further options of sbatch.</summary>
    public const string SlurmOptionsTooMany = "slurm_options_too_many";

    /// <summary>A further option of sbatch does not have the form --name=value, or its value has blanks or quotes.</summary>
    public const string SlurmOptionInvalid = "slurm_option_invalid";

    /// <summary>An option of sbatch that cannot be given; the message lists those that can.</summary>
    public const string SlurmOptionRefused = "slurm_option_refused";

    /// <summary>Slurm would not take a job with these settings; the message has its words.</summary>
    public const string SlurmRefused = "slurm_refused";

    /// <summary>A subscription's name is not a letter, then at most 63 letters, digits, <c>_</c>, <c>-</c>.</summary>
    public const string SubscriptionNameInvalid = "subscription_name_invalid";

    /// <summary>A queue's name is reserved or too long, a URL or mail address is none that can be delivered to.</summary>
    public const string EndpointInvalid = "endpoint_invalid";

    /// <summary>A binding is not a pattern of words, <c>*</c> and <c>#</c> joined by dots.</summary>
    public const string BindingInvalid = "binding_invalid";

    /// <summary>More bindings than the server allows.</summary>
    public const string BindingsTooMany = "bindings_too_many";

    /// <summary>A binding is given twice, or <c>binding</c> and <c>bindings</c> are both given.</summary>
    public const string BindingDuplicate = "binding_duplicate";

    /// <summary>An empty list of bindings; leave it out for everything.</summary>
    public const string BindingsEmpty = "bindings_empty";

    /// <summary>The URL's address is one that this server does not send to: of a private network, the machine itself, or reserved.</summary>
    public const string EndpointForbidden = "endpoint_forbidden";

    /// <summary>The URL's host name has no address.</summary>
    public const string EndpointUnresolvable = "endpoint_unresolvable";

    /// <summary>The server sends no mail: it has no SMTP server configured.</summary>
    public const string EmailNotConfigured = "email_not_configured";

    /// <summary>Not a protocol of subscriptions.</summary>
    public const string ProtocolUnknown = "protocol_unknown";

    /// <summary>Not a push form.</summary>
    public const string PushUnknown = "push_unknown";

    /// <summary>Not a content format, or none of this push form.</summary>
    public const string ContentFormatUnknown = "content_format_unknown";

    /// <summary>Not a retry strategy.</summary>
    public const string RetryStrategyUnknown = "retry_strategy_unknown";

    /// <summary>Numbers of the retry rule are out of their range, or belong to another strategy.</summary>
    public const string RetryInvalid = "retry_invalid";

    /// <summary>The secret is not <c>whsec_</c> and base64 of 24 to 64 bytes.</summary>
    public const string SecretInvalid = "secret_invalid";

    /// <summary>Requests in flight out of range.</summary>
    public const string MaxInFlightOutOfRange = "max_in_flight_out_of_range";

    /// <summary>The member has no meaning for subscriptions of this protocol or push form.</summary>
    public const string NotOfThisProtocol = "not_of_this_protocol";

    /// <summary>Not a routing key: words of letters, digits, <c>_</c> and <c>-</c> joined by dots.</summary>
    public const string RoutingKeyInvalid = "routing_key_invalid";

    /// <summary>The environment named in the request does not exist, or takes no more jobs.</summary>
    public const string EnvironmentUnknown = "environment_unknown";

    /// <summary>Instance indexes are not of the form <c>0-9,12</c>.</summary>
    public const string IndexesInvalid = "indexes_invalid";

    /// <summary>A paging cursor was not made by this server for this list.</summary>
    public const string CursorInvalid = "cursor_invalid";

    /// <summary>A query parameter is no instant with its offset.</summary>
    public const string InstantInvalid = "instant_invalid";

    /// <summary>A query parameter is not known here.</summary>
    public const string QueryUnknown = "query_unknown";

    /// <summary>A header's value breaks its rule.</summary>
    public const string HeaderInvalid = "header_invalid";
}
