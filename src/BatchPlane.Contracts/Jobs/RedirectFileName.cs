using System.Globalization;

namespace BatchPlane.Contracts;

/// <summary>What the file is called into which an instance's output is redirected.</summary>
public static class RedirectFileName
{
    /// <summary>The name with its placeholders filled in.</summary>
    /// <param name="given">As the task says, with <c>${BATCH_JOB_ID}</c> and so on; null: <c>stdout.&lt;job&gt;.&lt;task&gt;.&lt;index&gt;.log</c>.</param>
    /// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="taskName">The task.</param>
    /// <param name="index">The instance.</param>
    public static string Of(string? given, string stream, string jobId, string taskName, int index) =>
        (given ?? $"{stream}.${{BATCH_JOB_ID}}.${{BATCH_TASK_NAME}}.${{BATCH_TASK_INSTANCE_INDEX}}.log")
            .Replace("${BATCH_JOB_ID}", jobId, StringComparison.Ordinal)
            .Replace("${BATCH_TASK_NAME}", taskName, StringComparison.Ordinal)
            .Replace("${BATCH_TASK_INSTANCE_INDEX}", index.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
