using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.ReadModel;

/// <summary>What rows of one subject are shown with.</summary>
/// <param name="Blocks">Its notifications, in the order of the bits of <c>notify</c>; empty when the subject was removed.</param>
/// <param name="Tasks">Names of tasks by number.</param>
/// <param name="Name">Name of the job or environment; null when it is not known.</param>
/// <param name="Job">What listeners are told of the job besides; null when it is none, or was removed.</param>
/// <param name="Tracing">How much of it listeners are told; of a job also when it was removed.</param>
internal sealed record SubjectNames(
    IReadOnlyList<NotificationDocument> Blocks,
    IReadOnlyDictionary<int, string> Tasks,
    string? Name = null,
    ListenerJob? Job = null,
    TracingMode Tracing = TracingMode.Full)
{
    internal static SubjectNames None { get; } = new([], new Dictionary<int, string>());

    /// <summary>Where the nodes are that its rows are about, by id; those of removed environments are not known.</summary>
    internal IReadOnlyDictionary<string, NodeNames> Nodes { get; init; } = NodeNames.Nowhere;

    /// <summary>Notifications as stored.</summary>
    internal static IReadOnlyList<NotificationDocument> BlocksOf(string notifications) => ReadJson.Of<NotificationDocument[]>(notifications);

    internal NodeNames? NodeOf(EventRow row) => row.NodeId is { } known ? Nodes.GetValueOrDefault(known) : null;

    internal string? TaskName(int? number) => number is { } known ? Tasks.GetValueOrDefault(known) : null;

    /// <summary>The topics that a row was asked for on.</summary>
    internal IReadOnlyList<string> Asked(EventRow row) => [.. AskedBlocks(row).SelectMany(block => block.Topics)];

    /// <summary>The blocks that asked for a row.</summary>
    internal IEnumerable<NotificationDocument> AskedBlocks(EventRow row) => Blocks.Where((_, block) => (row.Notify >> block & 1) != 0);
}

/// <summary>Where a node is.</summary>
/// <param name="EnvId">Its environment.</param>
/// <param name="HostName">Name of its host; null before its agent joined.</param>
/// <param name="Address">IP address that its agent joined from; likewise.</param>
internal sealed record NodeNames(string EnvId, string? HostName, string? Address)
{
    internal static IReadOnlyDictionary<string, NodeNames> Nowhere { get; } = new Dictionary<string, NodeNames>();
}

/// <summary>Rows of the journal as callers see them.</summary>
internal static class EventViews
{
    private const string OriginalMember = "original_attempt";
    private const string SourceMember = "execution_source";

    /// <summary>Level and state, <c>JOB_RUNNING</c>.</summary>
    internal static string NameOf(EventRow row) => $"{row.Level.ToUpperInvariant()}_{row.State}";

    /// <summary>Why the attempt of a row was made, and the lost attempt whose place it takes; null when the row is about none, and when there is none.</summary>
    internal static (string? Source, int? Original) LineageOf(EventRow row)
    {
        if (row.Attempt is not { } attempt)
        {
            return (null, null);
        }

        if (row.Details?.Contains(SourceMember, StringComparison.Ordinal) is not true)
        {
            return (ExecutionSources.Of(attempt, null, null), null);
        }

        using var details = JsonDocument.Parse(row.Details);
        int? original = details.RootElement.TryGetProperty(OriginalMember, out var lost) && lost.TryGetInt32(out var number) ? number : null;
        var noted = details.RootElement.TryGetProperty(SourceMember, out var source) ? source.GetString() : null;
        return (ExecutionSources.Of(attempt, original, noted), original);
    }

    /// <summary>When the command of an event of a row began.</summary>
    internal static DateTimeOffset? RunningAt(EventRow row, int offset) =>
        row.RunningOffsets is { } offsets ? row.RunningAt + TimeSpan.FromMicroseconds(offsets[offset]) : row.RunningAt;

    internal static EventView ToView(EventRow row, int offset, SubjectNames names)
    {
        var sequence = row.Sequence + offset;
        var (source, original) = LineageOf(row);
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
            ExecutionSource = source,
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
