using System.Globalization;

namespace BatchPlane.Server.Events;

/// <summary>Id of an attempt, <c>job-4yn0we13/0/3/1</c>: job, number of the task in it, instance, attempt.</summary>
internal readonly record struct ExecutionId(string JobId, int TaskNo, int Index, int Attempt)
{
    private const int Parts = 4;

    /// <summary>Null when the text is no such id.</summary>
    internal static ExecutionId? Parse(string text) =>
        text.Split('/') is { Length: Parts } parts && parts[0].Length > 0
        && Number(parts[1]) is { } taskNo
        && Number(parts[2]) is { } index
        && Number(parts[3]) is { } attempt and > 0
            ? new(parts[0], taskNo, index, attempt)
            : null;

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
