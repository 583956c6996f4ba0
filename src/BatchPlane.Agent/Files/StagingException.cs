namespace BatchPlane.Agent.Files;

/// <summary>Files could not be moved: why, in words for the author of the job.</summary>
internal sealed class StagingException(string message, Exception? inner = null) : Exception(message, inner);
