using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>Values as answers show them.</summary>
internal static class Shown
{
    /// <summary>A time in whole seconds; null when there is none.</summary>
    internal static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Numbers per state, all eight.</summary>
    internal static object Metrics(RunMetrics metrics) => new
    {
        metrics.SubmittedCount,
        metrics.PendingCount,
        metrics.RunnableCount,
        metrics.StartingCount,
        metrics.RunningCount,
        metrics.SucceedCount,
        metrics.FailedInterruptedCount,
        metrics.FailedCount,
    };

    /// <summary>Labels.</summary>
    internal static object Tags(IReadOnlyList<TagDocument> tags) => tags.Select(tag => new { tag.Key, tag.Value });
}
