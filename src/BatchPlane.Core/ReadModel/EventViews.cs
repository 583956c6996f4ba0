using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.ReadModel;

/// <summary>What rows of one subject are shown with.</summary>
/// <param name="Topics">Topics of each notification block, in the order of the bits of <c>notify</c>; empty when the subject was removed.</param>
/// <param name="Tasks">Names of tasks by number.</param>
/// <param name="Name">Name of the job or environment; null when it is not known.</param>
/// <param name="Job">What listeners are told of the job besides; null when it is none, or not known.</param>
internal sealed record SubjectNames(IReadOnlyList<IReadOnlyList<string>> Topics, IReadOnlyDictionary<int, string> Tasks, string? Name = null, ListenerJob? Job = null)
{
    internal static SubjectNames None { get; } = new([], new Dictionary<int, string>());

    /// <summary>Topics in the order of the blocks, of notifications as stored.</summary>
    internal static IReadOnlyList<IReadOnlyList<string>> TopicsOf(string notifications) =>
        [.. ReadJson.Of<NotificationDocument[]>(notifications).Select(block => block.Topics)];

    internal string? TaskName(int? number) => number is { } known ? Tasks.GetValueOrDefault(known) : null;

    /// <summary>The topics that a row was asked for on.</summary>
    internal IReadOnlyList<string> Asked(EventRow row) => [.. Topics.Where((_, block) => (row.Notify >> block & 1) != 0).SelectMany(topics => topics)];
}

/// <summary>Rows of the journal as callers see them.</summary>
internal static class EventViews
{
    private const string OriginalMember = "original_attempt";

    /// <summary>Level and state, <c>JOB_RUNNING</c>.</summary>
    internal static string NameOf(EventRow row) => $"{row.Level.ToUpperInvariant()}_{row.State}";

    /// <summary>The lost attempt whose place the attempt of the row takes; null when there is none.</summary>
    internal static int? OriginalOf(EventRow row)
    {
        if (row.Attempt is null || row.Details?.Contains(OriginalMember, StringComparison.Ordinal) is not true)
        {
            return null;
        }

        using var details = JsonDocument.Parse(row.Details);
        return details.RootElement.TryGetProperty(OriginalMember, out var original) && original.TryGetInt32(out var attempt) ? attempt : null;
    }

    /// <summary>When the command of an event of a row began.</summary>
    internal static DateTimeOffset? RunningAt(EventRow row, int offset) =>
        row.RunningOffsets is { } offsets ? row.RunningAt + TimeSpan.FromMicroseconds(offsets[offset]) : row.RunningAt;

    internal static EventView ToView(EventRow row, int offset, SubjectNames names)
    {
        var sequence = row.Sequence + offset;
        var original = OriginalOf(row);
        return new EventView
        {
            EventId = string.Create(CultureInfo.InvariantCulture, $"{row.SubjectId}:{sequence}"),
            Sequence = sequence,
            SubjectId = row.SubjectId,
            Level = row.Level,
            EventName = NameOf(row),
            State = row.State,
            TaskName = names.TaskName(row.TaskNo),
            TaskInstanceIndex = row.InstanceIndex + offset,
            Attempt = row.Attempt,
            ExecutionSource = row.Attempt is { } attempt ? ExecutionSources.Of(attempt, original) : null,
            OriginalAttempt = original,
            ComputeNodeId = row.NodeId,
            ExitCode = row.ExitCode,
            Cause = WireName.ParseNullable<Cause>(row.Cause),
            Reason = row.Reason,
            Source = row.Source,
            OccurredAt = row.OccurredAt,
            Topics = names.Asked(row),
            Details = row.Details is null ? null : JsonSerializer.Deserialize<JsonElement>(row.Details),
        };
    }
}
