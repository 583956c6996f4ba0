using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Output;

/// <summary>How values look to people. Times are UTC.</summary>
internal static class Show
{
    /// <summary>Name of a state or cause as on the wire.</summary>
    internal static string Word<T>(T value)
        where T : struct, Enum => JsonSerializer.SerializeToElement(value, BatchPlaneJson.Options).GetString()!;

    /// <summary>As <see cref="Word{T}(T)"/>; null stays null.</summary>
    internal static string? Word<T>(T? value)
        where T : struct, Enum => value is { } present ? Word(present) : null;

    /// <summary><c>2025-10-09 08:53:20</c>.</summary>
    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>As <see cref="Time(DateTimeOffset)"/>; null stays null.</summary>
    internal static string? Time(DateTimeOffset? time) => time is { } present ? Time(present) : null;

    /// <summary><c>08:53:20.123</c>, for lines that follow each other closely.</summary>
    internal static string Clock(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>From one instant to another, <c>2.4 s</c>; null when one of them is missing.</summary>
    internal static string? Span(DateTimeOffset? from, DateTimeOffset? to) =>
        from is { } begin && to is { } end ? (end - begin).TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture) : null;

    /// <summary>A number.</summary>
    internal static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number; null stays null.</summary>
    internal static string? NumberOrNull(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    /// <summary>Number of instances or tasks in all states.</summary>
    internal static long Total(RunMetrics metrics) =>
        metrics.SubmittedCount + metrics.PendingCount + metrics.RunnableCount + metrics.StartingCount + metrics.RunningCount + Done(metrics);

    /// <summary>Number of instances or tasks that ended.</summary>
    internal static long Done(RunMetrics metrics) => metrics.SucceedCount + metrics.FailedCount + metrics.FailedInterruptedCount;

    /// <summary><c>42%</c>, never more than there is.</summary>
    internal static string Percent(double percent) => $"{Number((long)Math.Floor(percent))}%";

    /// <summary>What a command posted, <c>50% half way</c>; null when it posted neither.</summary>
    internal static string? Posted(double? percent, string? message) =>
        string.Join(' ', new[] { percent is { } known ? Percent(known) : null, message }.Where(part => !string.IsNullOrEmpty(part))) is { Length: > 0 } text ? text : null;

    /// <summary><c>3/8</c>.</summary>
    internal static string Progress(RunMetrics metrics) => $"{Number(Done(metrics))}/{Number(Total(metrics))}";
}
