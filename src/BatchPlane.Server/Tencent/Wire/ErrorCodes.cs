namespace BatchPlane.Server.Tencent.Wire;

/// <summary>Codes of refusals that the façade itself gives; those of BatchPlane's own refusals are in <see cref="ErrorTable"/>. Source: Tencent Cloud API 3.0.</summary>
internal static class ErrorCodes
{
    internal const string InvalidAuthorization = "AuthFailure.InvalidAuthorization";
    internal const string SecretIdNotFound = "AuthFailure.SecretIdNotFound";
    internal const string SignatureExpire = "AuthFailure.SignatureExpire";
    internal const string SignatureFailure = "AuthFailure.SignatureFailure";
    internal const string TokenFailure = "AuthFailure.TokenFailure";
    internal const string InvalidAction = "InvalidAction";
    internal const string NoSuchVersion = "NoSuchVersion";
    internal const string InvalidRequest = "InvalidRequest";
    internal const string UnsupportedProtocol = "UnsupportedProtocol";
    internal const string RequestSizeLimitExceeded = "RequestSizeLimitExceeded";
    internal const string RequestLimitExceeded = "RequestLimitExceeded";
    internal const string InternalError = "InternalError";
    internal const string ServiceUnavailable = "ServiceUnavailable";
    internal const string MissingParameter = "MissingParameter";
    internal const string UnknownParameter = "UnknownParameter";
    internal const string InvalidParameter = "InvalidParameter";
    internal const string InvalidParameterCombination = "InvalidParameter.InvalidParameterCombination";
    internal const string InvalidParameterValue = "InvalidParameterValue";
    internal const string InvalidDataType = "InvalidParameterValue.InvalidDataTypeAny";
    internal const string NotFloat = "InvalidParameterValue.NotFloat";
    internal const string Negative = "InvalidParameterValue.Negative";
    internal const string LimitExceeded = "InvalidParameterValue.LimitExceeded";
    internal const string InvalidFilter = "InvalidParameterValue.InvalidFilter";
    internal const string UnavailableZone = "InvalidParameterValue.UnavailableZone";
    internal const string ComputeEnv = "InvalidParameterValue.ComputeEnv";
    internal const string ResourceType = "InvalidParameterValue.ResourceType";
    internal const string InstanceType = "InvalidParameterValue.InstanceType";
    internal const string InstanceTypeDuplicate = "InvalidParameterValue.InstanceTypeDuplicate";
    internal const string InstanceTypesEmpty = "InvalidParameterValue.InstanceTypesEmpty";
    internal const string InstanceIdDuplicated = "InvalidParameterValue.InstanceIdDuplicated";
    internal const string ChargeType = "InvalidParameterValue.UnsupportedBatchInstanceChargeType";
    internal const string CvmParameters = "InvalidParameter.CvmParameters";
    internal const string TaskName = "InvalidParameter.TaskName";
    internal const string TaskNameTooLong = "InvalidParameter.TaskNameTooLong";
    internal const string OneOfEnvIdAndComputeEnv = "AllowedOneAttributeInEnvIdAndComputeEnv";
    internal const string AtLeastOneAttribute = "InvalidParameterAtLeastOneAttribute";
    internal const string JobIdMalformed = "InvalidParameter.JobIdMalformed";
    internal const string EnvIdMalformed = "InvalidParameter.EnvIdMalformed";
    internal const string ComputeNodeIdMalformed = "InvalidParameter.ComputeNodeIdMalformed";
    internal const string TaskTemplateIdMalformed = "InvalidParameter.TaskTemplateIdMalformed";
    internal const string JobNotFound = "ResourceNotFound.Job";
    internal const string TaskNotFound = "ResourceNotFound.Task";
    internal const string TaskInstanceNotFound = "ResourceNotFound.TaskInstance";
    internal const string ComputeEnvNotFound = "ResourceNotFound.ComputeEnv";
    internal const string ComputeNodeNotFound = "ResourceNotFound.ComputeNode";
    internal const string TaskTemplateNotFound = "ResourceNotFound.TaskTemplate";
    internal const string UnsupportedOperation = "UnsupportedOperation";
    internal const string NodeIsTerminating = "UnsupportedOperation.ComputeNodeIsTerminating";
    internal const string NodeForbidTerminate = "UnsupportedOperation.ComputeNodeForbidTerminate";
    internal const string OtherRequest = "UnsupportedOperation.AcceptOtherRequest";
    internal const string EnvironmentOtherRequest = "UnsupportedOperation.ComputeEnvAcceptOtherRequest";
    internal const string InstancesNotAllowed = "UnsupportedOperation.InstancesNotAllowToAttach";
}
