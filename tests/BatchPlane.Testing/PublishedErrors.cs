namespace BatchPlane.Testing;

/// <summary>The codes that Tencent publishes for Batch: which there are, which action may answer which, and which of them are never heard here. Source: API reference of version 2017-03-12.</summary>
public static class PublishedErrors
{
    private const string NoQuota = "no quota but that of task templates: BatchPlane has no accounts.";
    private const string NoRegions = "any region is taken; a zone that is not there is `InvalidParameterValue.UnavailableZone`.";
    private const string NotAsked = "nothing outside BatchPlane is asked for this.";
    private const string Fault = "a fault of BatchPlane; `RequestId` is in its log.";
    private const string NotLookedAt = "stored and echoed only, so not looked at.";
    private const string OwnState = "the state of the node itself says more.";

    private static readonly string[] TaskCodes =
    [
        "AllowedOneAttributeInEnvIdAndComputeEnv", "InvalidParameter.CvmParameters", "InvalidParameter.TaskName", "InvalidParameter.TaskNameTooLong", "InvalidParameterValue.LocalPath",
        "InvalidParameterValue.MaxRetryCount", "InvalidParameterValue.Negative", "InvalidParameterValue.NotFloat", "InvalidParameterValue.RemoteStoragePath",
        "InvalidParameterValue.RemoteStorageSchemeType", "InvalidParameterValue.TaskInstanceNum",
    ];

    private static readonly string[] NotificationCodes =
        ["InvalidParameter.NotificationEventNameDuplicate", "InvalidParameter.NotificationTopicName", "InvalidParameter.NotificationTopicNameTooLong"];

    private static readonly string[] TerminateNodeCodes =
    [
        "InvalidParameter.ComputeNodeIdMalformed", "InvalidParameter.EnvIdMalformed", "ResourceNotFound.ComputeEnv", "ResourceNotFound.ComputeNode", "UnsupportedOperation.AcceptOtherRequest",
        "UnsupportedOperation.ComputeEnvAcceptOtherRequest", "UnsupportedOperation.ComputeNodeForbidTerminate", "UnsupportedOperation.ComputeNodeIsTerminating",
    ];

    /// <summary>Codes that nothing here answers, and why.</summary>
    public static IReadOnlyDictionary<string, string> Never { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["InternalError.CallCam"] = NotAsked,
        ["InternalError.CallCpmAPI"] = "there is no bare metal.",
        ["InternalError.CallTagAPI"] = NotAsked,
        ["InvalidFilter"] = "the newer `InvalidParameterValue.InvalidFilter` says it.",
        ["InvalidParameter.ImageIdMalformed"] = NotLookedAt,
        ["InvalidParameterValue.InvalidZoneMismatchRegion"] = NoRegions,
        ["InvalidZone.MismatchRegion"] = NoRegions,
        ["LimitExceeded.ComputeEnvQuota"] = NoQuota,
        ["LimitExceeded.CpuQuota"] = NoQuota,
        ["LimitExceeded.JobQuota"] = NoQuota,
        ["UnauthorizedOperation.UserNotAllowedToUseBatch"] = "every key may do everything.",
        ["UnsupportedOperation.NotEnoughComputeNodesToTerminate"] = "what is asked for is how many nodes there are to be, not how many fewer.",
        ["UnsupportedOperation.TerminateOperationWithEnvId"] = "what runs in a named environment can be ended as well.",
    };

    /// <summary>What an action may answer by the reference, or what it answers here beside it; those of <see cref="Never"/> included.</summary>
    public static IReadOnlyList<(string Action, string Code)> Pairs { get; } =
    [
        .. Of(
            "SubmitJob",
            [
                .. TaskCodes, .. NotificationCodes, "InternalError", "InternalError.CallCam", "InternalError.CallCvm", "InternalError.CallTagAPI", "InvalidParameter.EnvIdMalformed",
                "InvalidParameter.ImageIdMalformed", "InvalidParameter.InvalidParameterCombination", "InvalidParameter.JobNameTooLong", "InvalidParameter.JobDescriptionTooLong",
                "InvalidParameterValue", "InvalidParameterValue.ComputeEnv", "InvalidParameterValue.DependenceNotFoundTaskName", "InvalidParameterValue.DependenceUnfeasible",
                "InvalidParameterValue.InstanceTypeDuplicate", "InvalidParameterValue.InvalidDataTypeAny", "InvalidParameterValue.InvalidZoneMismatchRegion", "InvalidParameterValue.LimitExceeded",
                "InvalidParameterValue.UnavailableZone", "InvalidParameterValue.UnsupportedBatchInstanceChargeType", "InvalidZone.MismatchRegion", "LimitExceeded.JobQuota",
                "ResourceNotFound.ComputeEnv", "UnauthorizedOperation.UserNotAllowedToUseBatch", "UnknownParameter",
            ]),
        .. Of(
            "CreateComputeEnv",
            [
                .. NotificationCodes, "InternalError", "InternalError.CallCam", "InternalError.CallCvm", "InternalError.CallCpmAPI", "InternalError.CallTagAPI", "InvalidParameter.CvmParameters",
                "InvalidParameter.EnvNameTooLong", "InvalidParameter.EnvDescriptionTooLong", "InvalidParameter.ImageIdMalformed", "InvalidParameter.InvalidParameterCombination",
                "InvalidParameterValue.ComputeEnv", "InvalidParameterValue.InstanceType", "InvalidParameterValue.InstanceTypeDuplicate", "InvalidParameterValue.InstanceTypesEmpty",
                "InvalidParameterValue.InvalidDataTypeAny", "InvalidParameterValue.InvalidZoneMismatchRegion", "InvalidParameterValue.LocalPath", "InvalidParameterValue.Negative",
                "InvalidParameterValue.RemoteStoragePath", "InvalidParameterValue.RemoteStorageSchemeType", "InvalidParameterValue.UnavailableZone",
                "InvalidParameterValue.UnsupportedBatchInstanceChargeType", "InvalidZone.MismatchRegion", "LimitExceeded.ComputeEnvQuota", "LimitExceeded.CpuQuota",
                "UnauthorizedOperation.UserNotAllowedToUseBatch",
            ]),
        .. Of("TerminateJob", "InvalidParameter.JobIdMalformed", "ResourceInUse.Job", "ResourceNotFound.Job", "UnsupportedOperation", "UnsupportedOperation.TerminateOperationWithEnvId"),
        .. Of("DeleteJob", "InvalidParameter.JobIdMalformed", "ResourceInUse.Job", "ResourceNotFound.Job", "UnsupportedOperation"),
        .. Of("RetryJobs", "InvalidParameter.JobIdMalformed", "ResourceNotFound.Job", "UnsupportedOperation"),
        .. Of("DescribeJob", "InternalError", "InvalidParameter.JobIdMalformed", "ResourceNotFound.Job"),
        .. Of("DescribeJobSubmitInfo", "InternalError", "InvalidParameter.JobIdMalformed", "ResourceNotFound.Job"),
        .. Of("DescribeJobMonitorData", "InternalError", "InvalidParameter.JobIdMalformed", "ResourceNotFound.Job"),
        .. Of(
            "DescribeJobs",
            "InvalidFilter", "InvalidParameter.InvalidParameterCombination", "InvalidParameter.JobIdMalformed", "InvalidParameterValue", "InvalidParameterValue.InvalidFilter",
            "InvalidParameterValue.LimitExceeded", "InvalidZone.MismatchRegion", "UnknownParameter"),
        .. Of("DescribeTask", "InvalidParameter.JobIdMalformed", "ResourceNotFound.Task"),
        .. Of(
            "DescribeTaskLogs",
            "InvalidParameter.JobIdMalformed", "InvalidParameter.TaskName", "InvalidParameter.TaskNameTooLong", "InvalidParameterValue", "InvalidParameterValue.Negative", "ResourceNotFound.Job",
            "ResourceNotFound.Task", "ResourceNotFound.TaskInstance", "UnknownParameter"),
        .. Of("TerminateTaskInstance", "InvalidParameter.JobIdMalformed", "ResourceNotFound.TaskInstance", "UnsupportedOperation.TerminateOperationWithEnvId"),
        .. Of(
            "ModifyComputeEnv",
            "InvalidParameter.EnvIdMalformed", "InvalidParameter.EnvNameTooLong", "InvalidParameter.EnvDescriptionTooLong", "InvalidParameterValue.InstanceType",
            "InvalidParameterValue.InstanceTypeDuplicate", "InvalidParameterValue.InstanceTypesEmpty", "InvalidParameterValue.LimitExceeded", "InvalidParameterValue.Negative", "LimitExceeded.CpuQuota",
            "ResourceNotFound.ComputeEnv", "UnsupportedOperation.AcceptOtherRequest", "UnsupportedOperation.ComputeEnvAcceptOtherRequest", "UnsupportedOperation.ComputeNodeForbidTerminate",
            "UnsupportedOperation.NotEnoughComputeNodesToTerminate"),
        .. Of(
            "DeleteComputeEnv",
            "InvalidParameter.EnvIdMalformed", "ResourceNotFound.ComputeEnv", "UnsupportedOperation", "UnsupportedOperation.AcceptOtherRequest", "UnsupportedOperation.ComputeEnvAcceptOtherRequest",
            "UnsupportedOperation.ComputeEnvOperation", "UnsupportedOperation.ComputeNodeForbidTerminate"),
        .. Of("TerminateComputeNode", [.. TerminateNodeCodes, "UnsupportedOperation.ComputeEnvOperation"]),
        .. Of("TerminateComputeNodes", TerminateNodeCodes),
        .. Of("DescribeComputeEnv", "InvalidParameter.EnvIdMalformed", "ResourceNotFound.ComputeEnv"),
        .. Of("DescribeComputeEnvCreateInfo", "InvalidParameter.EnvIdMalformed", "ResourceNotFound.ComputeEnv"),
        .. Of(
            "DescribeComputeEnvs",
            "InvalidFilter", "InvalidParameter.EnvIdMalformed", "InvalidParameter.InvalidParameterCombination", "InvalidParameterValue", "InvalidParameterValue.InvalidFilter",
            "InvalidParameterValue.ResourceType", "InvalidZone.MismatchRegion", "UnknownParameter"),
        .. Of("DescribeComputeEnvActivities", "InvalidParameter.ComputeNodeIdMalformed", "InvalidParameter.EnvIdMalformed", "ResourceNotFound.ComputeEnv", "UnknownParameter"),
        .. Of(
            "AttachInstances",
            "InvalidParameter.EnvIdMalformed", "InvalidParameterValue.InstanceIdDuplicated", "ResourceNotFound.ComputeEnv", "UnsupportedOperation", "UnsupportedOperation.InstancesNotAllowToAttach"),
        .. Of("DetachInstances", "InvalidParameter.EnvIdMalformed", "InvalidParameterValue.InstanceIdDuplicated", "ResourceNotFound.ComputeEnv", "UnsupportedOperation"),
        .. Of(
            "CreateTaskTemplate",
            [
                .. TaskCodes, "InvalidParameter.TaskTemplateName", "InvalidParameter.TaskTemplateNameTooLong", "InvalidParameter.TaskTemplateDescriptionTooLong", "LimitExceeded.TaskTemplateQuota",
            ]),
        .. Of(
            "ModifyTaskTemplate",
            [
                .. TaskCodes, "InvalidParameter.TaskTemplateIdMalformed", "InvalidParameter.TaskTemplateName", "InvalidParameter.TaskTemplateNameTooLong",
                "InvalidParameter.TaskTemplateDescriptionTooLong", "InvalidParameterAtLeastOneAttribute", "ResourceNotFound.TaskTemplate",
            ]),
        .. Of("DeleteTaskTemplates", "InvalidParameter.TaskTemplateIdMalformed", "ResourceNotFound.TaskTemplate"),
    ];

    /// <summary>Pairs that an action does not answer here, although another may; and why.</summary>
    public static IReadOnlyDictionary<(string Action, string Code), string> NotThere { get; } = new Dictionary<(string, string), string>
    {
        [("CreateComputeEnv", "InvalidParameterValue.LocalPath")] = NotLookedAt,
        [("CreateComputeEnv", "InvalidParameterValue.RemoteStoragePath")] = NotLookedAt,
        [("CreateComputeEnv", "InvalidParameterValue.RemoteStorageSchemeType")] = NotLookedAt,
        [("TerminateJob", "ResourceInUse.Job")] = "it waits for nothing.",
        [("TerminateJob", "UnsupportedOperation")] = "no job is still SUBMITTED when its id is known.",
        [("DeleteJob", "UnsupportedOperation")] = "`ResourceInUse.Job` says it.",
        [("ModifyComputeEnv", "UnsupportedOperation.ComputeNodeForbidTerminate")] = "nodes that are too many go in any state.",
        [("DeleteComputeEnv", "UnsupportedOperation")] = "a code of its own says it.",
        [("DeleteComputeEnv", "UnsupportedOperation.AcceptOtherRequest")] = "a code of its own says it.",
        [("DeleteComputeEnv", "UnsupportedOperation.ComputeNodeForbidTerminate")] = "nodes go with it in any state.",
        [("TerminateComputeNode", "UnsupportedOperation.AcceptOtherRequest")] = OwnState,
        [("TerminateComputeNode", "UnsupportedOperation.ComputeEnvAcceptOtherRequest")] = OwnState,
        [("TerminateComputeNode", "UnsupportedOperation.ComputeEnvOperation")] = OwnState,
        [("TerminateComputeNodes", "UnsupportedOperation.AcceptOtherRequest")] = OwnState,
        [("TerminateComputeNodes", "UnsupportedOperation.ComputeEnvAcceptOtherRequest")] = OwnState,
        [("AttachInstances", "UnsupportedOperation")] = "`UnsupportedOperation.InstancesNotAllowToAttach` says it.",
    };

    /// <summary>Pairs that are answered, but not to everybody who asks for them: what has to be so. Other tests have them.</summary>
    public static IReadOnlyDictionary<(string Action, string Code), string> NotAtWill { get; } = new Dictionary<(string, string), string>
    {
        [("SubmitJob", "InternalError")] = Fault,
        [("CreateComputeEnv", "InternalError")] = Fault,
        [("DescribeJob", "InternalError")] = Fault,
        [("DescribeJobSubmitInfo", "InternalError")] = Fault,
        [("DescribeJobMonitorData", "InternalError")] = Fault,
        [("SubmitJob", "InternalError.CallCvm")] = "Slurm makes the nodes and does not answer.",
        [("CreateComputeEnv", "InternalError.CallCvm")] = "Slurm makes the nodes and does not answer.",
        [("TerminateComputeNode", "UnsupportedOperation.ComputeNodeForbidTerminate")] = "the node is being made.",
        [("TerminateComputeNodes", "UnsupportedOperation.ComputeNodeForbidTerminate")] = "the node is being made.",
        [("CreateTaskTemplate", "LimitExceeded.TaskTemplateQuota")] = "there are `Jobs.MaxTaskTemplates` templates.",
    };

    /// <summary>All codes that are published, in order.</summary>
    public static IReadOnlyList<string> Codes { get; } = [.. Pairs.Select(pair => pair.Code).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Pairs that whoever wants gets.</summary>
    public static IEnumerable<(string Action, string Code)> AtWill => Pairs.Where(pair => !Never.ContainsKey(pair.Code) && !NotThere.ContainsKey(pair) && !NotAtWill.ContainsKey(pair));

    private static IEnumerable<(string, string)> Of(string action, params string[] codes) => codes.Select(code => (action, code));
}
