using System.Collections.Frozen;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>The one table from BatchPlane's refusals to the codes that Tencent's clients know. docs/tencent-compatibility.md shows it.</summary>
internal static class ErrorTable
{
    /// <summary>Code of a kind of refusal, by <see cref="ProblemKind.Code"/>; every kind is here. That of an invalid request is decided by what is wrong first.</summary>
    internal static readonly FrozenDictionary<string, string> OfKinds = new Dictionary<ProblemKind, string>
    {
        [ProblemKind.InvalidRequest] = ErrorCodes.InvalidParameterValue,
        [ProblemKind.MalformedJson] = ErrorCodes.InvalidRequest,
        [ProblemKind.BadRequest] = ErrorCodes.InvalidRequest,
        [ProblemKind.Unauthenticated] = ErrorCodes.InvalidAuthorization,
        [ProblemKind.Forbidden] = "UnauthorizedOperation",
        [ProblemKind.RouteNotFound] = ErrorCodes.InvalidAction,
        [ProblemKind.JobNotFound] = ErrorCodes.JobNotFound,
        [ProblemKind.TaskNotFound] = ErrorCodes.TaskNotFound,
        [ProblemKind.InstanceNotFound] = ErrorCodes.TaskInstanceNotFound,
        [ProblemKind.OutputNotFound] = ErrorCodes.TaskInstanceNotFound,
        [ProblemKind.EnvironmentNotFound] = ErrorCodes.ComputeEnvNotFound,
        [ProblemKind.NodeNotFound] = ErrorCodes.ComputeNodeNotFound,
        [ProblemKind.JoinTokenNotFound] = "ResourceNotFound",
        [ProblemKind.TaskTemplateNotFound] = ErrorCodes.TaskTemplateNotFound,
        [ProblemKind.TopicNotFound] = "ResourceNotFound.Topic",
        [ProblemKind.SubscriptionNotFound] = "ResourceNotFound",
        [ProblemKind.EventNotFound] = "ResourceNotFound",
        [ProblemKind.ExecutionNotFound] = "ResourceNotFound",
        [ProblemKind.RedeliveryNotFound] = "ResourceNotFound",
        [ProblemKind.ListenerNotFound] = "ResourceNotFound",
        [ProblemKind.MethodNotAllowed] = ErrorCodes.UnsupportedProtocol,
        [ProblemKind.RequestTimeout] = ErrorCodes.InvalidRequest,
        [ProblemKind.EnvironmentExists] = ErrorCodes.ComputeEnv,
        [ProblemKind.EnvironmentState] = "UnsupportedOperation.ComputeEnvOperation",
        [ProblemKind.TaskTemplateExists] = "InvalidParameter.TaskTemplateName",
        [ProblemKind.TaskTemplatesFull] = "LimitExceeded.TaskTemplateQuota",
        [ProblemKind.TopicsFull] = "LimitExceeded.Topics",
        [ProblemKind.TopicExists] = "ResourceInUse.Topic",
        [ProblemKind.SubscriptionExists] = "ResourceInUse.Subscription",
        [ProblemKind.SubscriptionsFull] = "LimitExceeded",
        [ProblemKind.TopicConflict] = "FailedOperation.CreateTopic",
        [ProblemKind.QueueConflict] = "FailedOperation.CreateSubscription",
        [ProblemKind.RedeliveriesFull] = "LimitExceeded",
        [ProblemKind.Fenced] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.AttemptNotHeld] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.JobNotEnded] = "ResourceInUse.Job",
        [ProblemKind.JobEnded] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.JobNotFailed] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.NothingToRetry] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.ListenerRuns] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.OutputGone] = "ResourceUnavailable",
        [ProblemKind.EventsGone] = "ResourceUnavailable",
        [ProblemKind.BodyTooLarge] = ErrorCodes.RequestSizeLimitExceeded,
        [ProblemKind.UnsupportedMediaType] = ErrorCodes.InvalidRequest,
        [ProblemKind.SecretSuperseded] = ErrorCodes.UnsupportedOperation,
        [ProblemKind.IdempotencyKeyReused] = ErrorCodes.InvalidParameterValue,
        [ProblemKind.Internal] = ErrorCodes.InternalError,
        [ProblemKind.Unavailable] = ErrorCodes.ServiceUnavailable,
        [ProblemKind.OutputStorage] = "ResourceUnavailable",
        [ProblemKind.TooManyFollowers] = "RequestLimitExceeded",
        [ProblemKind.TooManyStreams] = "RequestLimitExceeded",
        [ProblemKind.BrokerUnavailable] = "InternalError.BrokerService",
        [ProblemKind.ProviderUnavailable] = "InternalError.CallCvm",
    }.ToFrozenDictionary(pair => pair.Key.Code, pair => pair.Value, StringComparer.Ordinal);

    /// <summary>Code of what is wrong with a request, by <see cref="ItemCodes"/>; what is not here is <c>InvalidParameterValue</c>.</summary>
    internal static readonly FrozenDictionary<string, string> OfItems = new Dictionary<string, string>
    {
        [ItemCodes.Required] = ErrorCodes.MissingParameter,
        [ItemCodes.TypeMismatch] = ErrorCodes.InvalidDataType,
        [ItemCodes.MemberUnknown] = ErrorCodes.UnknownParameter,
        [ItemCodes.MemberDuplicate] = ErrorCodes.InvalidParameter,
        [ItemCodes.AtLeastOneMember] = ErrorCodes.AtLeastOneAttribute,
        [ItemCodes.EnvIdOrComputeEnv] = ErrorCodes.OneOfEnvIdAndComputeEnv,
        [ItemCodes.CommandOrArgv] = ErrorCodes.InvalidParameterCombination,
        [ItemCodes.PackagePathMisplaced] = ErrorCodes.InvalidParameterCombination,
        [ItemCodes.PackagePathMissing] = ErrorCodes.MissingParameter,
        [ItemCodes.DockerLoginIncomplete] = ErrorCodes.InvalidParameterCombination,
        [ItemCodes.RedirectPathMissing] = ErrorCodes.InvalidParameterCombination,
        [ItemCodes.EnvIdMalformed] = ErrorCodes.EnvIdMalformed,
        [ItemCodes.ComputeNodeIdMalformed] = ErrorCodes.ComputeNodeIdMalformed,
        [ItemCodes.JobNameTooLong] = "InvalidParameter.JobNameTooLong",
        [ItemCodes.JobDescriptionTooLong] = "InvalidParameter.JobDescriptionTooLong",
        [ItemCodes.TaskNameInvalid] = ErrorCodes.TaskName,
        [ItemCodes.TaskNameDuplicate] = ErrorCodes.TaskName,
        [ItemCodes.TaskNameTooLong] = ErrorCodes.TaskNameTooLong,
        [ItemCodes.EnvNameTooLong] = "InvalidParameter.EnvNameTooLong",
        [ItemCodes.EnvDescriptionTooLong] = "InvalidParameter.EnvDescriptionTooLong",
        [ItemCodes.TaskTemplateNameInvalid] = "InvalidParameter.TaskTemplateName",
        [ItemCodes.TaskTemplateNameTooLong] = "InvalidParameter.TaskTemplateNameTooLong",
        [ItemCodes.TaskTemplateDescriptionTooLong] = "InvalidParameter.TaskTemplateDescriptionTooLong",
        [ItemCodes.TopicNameInvalid] = "InvalidParameter.NotificationTopicName",
        [ItemCodes.TopicUnknown] = "InvalidParameter.NotificationTopicName",
        [ItemCodes.TopicNameTooLong] = "InvalidParameter.NotificationTopicNameTooLong",
        [ItemCodes.EventDuplicate] = "InvalidParameter.NotificationEventNameDuplicate",
        [ItemCodes.MaxRetryCountOutOfRange] = "InvalidParameterValue.MaxRetryCount",
        [ItemCodes.TaskInstanceNumOutOfRange] = "InvalidParameterValue.TaskInstanceNum",
        [ItemCodes.DependenceUnknownTask] = "InvalidParameterValue.DependenceNotFoundTaskName",
        [ItemCodes.DependenceSelf] = "InvalidParameterValue.DependenceUnfeasible",
        [ItemCodes.DependenceDuplicate] = "InvalidParameterValue.DependenceUnfeasible",
        [ItemCodes.DependenceCycle] = "InvalidParameterValue.DependenceUnfeasible",
        [ItemCodes.PackagePathInvalid] = "InvalidParameterValue.RemoteStoragePath",
        [ItemCodes.InputSourcePathInvalid] = "InvalidParameterValue.RemoteStoragePath",
        [ItemCodes.OutputDestinationPathInvalid] = "InvalidParameterValue.RemoteStoragePath",
        [ItemCodes.StdoutRedirectPathInvalid] = "InvalidParameterValue.RemoteStoragePath",
        [ItemCodes.StderrRedirectPathInvalid] = "InvalidParameterValue.RemoteStoragePath",
        [ItemCodes.StorageSchemeUnsupported] = "InvalidParameterValue.RemoteStorageSchemeType",
        [ItemCodes.InputDestinationPathInvalid] = "InvalidParameterValue.LocalPath",
        [ItemCodes.OutputSourcePathInvalid] = "InvalidParameterValue.LocalPath",
        [ItemCodes.StdoutLocalPathInvalid] = "InvalidParameterValue.LocalPath",
        [ItemCodes.StderrLocalPathInvalid] = "InvalidParameterValue.LocalPath",
        [ItemCodes.EnvironmentUnknown] = ErrorCodes.ComputeEnvNotFound,
        [ItemCodes.TagsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.TasksTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.DependencesTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.EnvVarsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.InputMappingsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.OutputMappingsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.NotificationsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.EventConfigsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.EventVarsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.ComputeNodeIdsCount] = ErrorCodes.LimitExceeded,
        [ItemCodes.CpuPerNodeOutOfRange] = ErrorCodes.CvmParameters,
        [ItemCodes.MemoryMibPerNodeOutOfRange] = ErrorCodes.CvmParameters,
        [ItemCodes.ComputeEnvAttached] = ErrorCodes.CvmParameters,
        [ItemCodes.ComputeEnvTooSmall] = ErrorCodes.CvmParameters,
        [ItemCodes.ProviderUnusable] = ErrorCodes.CvmParameters,
        [ItemCodes.NotOfProvider] = ErrorCodes.CvmParameters,
        [ItemCodes.TopicsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.OutputMappingConfigsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.AuthenticationsTooMany] = ErrorCodes.LimitExceeded,
        [ItemCodes.SlurmRefused] = ErrorCodes.CvmParameters,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>
    /// A refusal of a use case, in the façade's words. The code is that of the first problem; the message has all of them. <paramref name="root"/> is where the document that was
    /// refused stood in the request: <c>Job</c>.
    /// </summary>
    internal static TencentError Of(ProblemResult refusal, string root)
    {
        var problem = refusal.Problem;
        if (problem.Code == ProblemKind.IdempotencyKeyReused.Code)
        {
            return new(OfKinds[problem.Code], "`ClientToken`: it came with other fields before.");
        }

        if (problem.Errors is not [var first, ..])
        {
            return new(OfKinds.GetValueOrDefault(problem.Code, ErrorCodes.InternalError), problem.Detail ?? problem.Title);
        }

        var code = problem.Code == ProblemKind.InvalidRequest.Code ? OfItem(first.Code) : OfKinds.GetValueOrDefault(problem.Code, ErrorCodes.InternalError);
        return new(code, string.Join(" ", problem.Errors.Select(item => Say(item, root))));
    }

    /// <summary>Code of what is wrong with a member.</summary>
    internal static string OfItem(string itemCode) => OfItems.GetValueOrDefault(itemCode, ErrorCodes.InvalidParameterValue);

    private static string Say(ProblemItem item, string root)
    {
        var path = item.Path.StartsWith('$') ? (root + item.Path[1..]).TrimStart('.') : item.Path;
        return path.Length == 0 ? item.Message : $"`{path}`: {item.Message}";
    }
}
