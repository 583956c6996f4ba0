using System.Globalization;

namespace BatchPlane.Contracts;

/// <summary>Where the working directory of an attempt is, below the directory of its agent.</summary>
public static class AttemptDirectory
{
    /// <summary>The part of an agent's directory that has those of attempts.</summary>
    public const string Root = "attempts";

    /// <summary><c>ROOT/attempts/JOB/TASK.INDEX.ATTEMPT</c>.</summary>
    public static string Of(string agentDirectory, KeptAttempt attempt) => $"{agentDirectory}/{Root}/{attempt.JobId}/{Name(attempt.TaskId, attempt.Index, attempt.Attempt)}";

    /// <summary><c>TASK.INDEX.ATTEMPT</c>.</summary>
    public static string Name(long taskId, int index, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{taskId}.{index}.{attempt}");
}
