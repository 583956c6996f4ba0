using BatchPlane.Core.Validation;

namespace BatchPlane.Core.ReadModel;

/// <summary>A name, or what names begin with. Compared as it is written.</summary>
public sealed record NameFilter(string Text, bool IsPrefix)
{
    /// <summary>Behind what names begin with.</summary>
    private const char Wildcard = '*';

    /// <summary><c>nightly</c>, or <c>nightly-*</c>; null when there is none, or it is a wildcard alone.</summary>
    public static NameFilter? Parse(string? text) =>
        string.IsNullOrEmpty(text) || text is [Wildcard] ? null
        : text[^1] == Wildcard ? new(text[..^1], IsPrefix: true)
        : new(text, IsPrefix: false);

    internal bool Matches(string? name) => IsPrefix ? name?.StartsWith(Text, StringComparison.Ordinal) is true : name == Text;
}

/// <summary>Which events of the journal somebody wants: all that is given has to be true. Compared without regard to case and underscores where a word has spellings.</summary>
public sealed record JournalFilter
{
    private readonly IReadOnlyList<string> _names = [];

    /// <summary>Job, environment or subscription; null: all.</summary>
    public string? SubjectId { get; init; }

    /// <summary>Levels, <c>job</c>, …; empty: all.</summary>
    public IReadOnlyList<string> Levels { get; init; } = [];

    /// <summary>Names of events in any spelling; empty: all.</summary>
    public IReadOnlyList<string> Names
    {
        get => _names;
        init => _names = [.. value.Select(Spelling.Key)];
    }

    /// <summary>States entered, <c>FAILED</c>; empty: all.</summary>
    public IReadOnlyList<string> States { get; init; } = [];

    /// <summary>Who caused it: <c>engine</c>, <c>agent</c>, <c>user</c> (any), <c>user:&lt;key&gt;</c>; null: anybody.</summary>
    public string? Source { get; init; }

    /// <summary>Node concerned; null: any.</summary>
    public string? NodeId { get; init; }

    /// <summary>What reason or details contain, in any case; null: anything.</summary>
    public string? Text { get; init; }

    /// <summary>Not before; null: any time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Before; null: any time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Position of the task in the job; null: any.</summary>
    public int? TaskNo { get; init; }

    /// <summary>Instance; null: any.</summary>
    public int? InstanceIndex { get; init; }

    /// <summary>Attempt, from 1; null: any, and what is about none.</summary>
    public int? Attempt { get; init; }

    /// <summary>Name of the job, also of one that was removed; null: any.</summary>
    public NameFilter? JobName { get; init; }

    /// <summary>Environment of the node concerned; null: any. Jobs that were removed are in none.</summary>
    public string? EnvId { get; init; }

    /// <summary>Name or IP address of the host of the node concerned; null: any.</summary>
    public string? Host { get; init; }

    /// <summary>The command of the attempt began not before; null: any time, or never.</summary>
    public DateTimeOffset? StartedSince { get; init; }

    /// <summary>It began before; null: likewise.</summary>
    public DateTimeOffset? StartedUntil { get; init; }

    /// <summary>Null: every row; else only rows that end an attempt, with one of these results (empty: any).</summary>
    public IReadOnlyList<string>? Results { get; init; }

    /// <summary>Why an attempt was made, one of <see cref="Contracts.ExecutionSources"/>; empty: any.</summary>
    public IReadOnlyList<string> ExecutionSources { get; init; } = [];

    /// <summary>True when nothing but time, subject and the name of the job narrows it: most rows of the scope will do.</summary>
    internal bool IsWide => Levels.Count + _names.Count + States.Count + ExecutionSources.Count == 0
        && (Source, NodeId, Text, TaskNo, InstanceIndex, Results) == (null, null, null, null, null, null)
        && (Attempt, EnvId, Host, StartedSince, StartedUntil) == (null, null, null, null, null);

    /// <summary>True when a row does not say itself whether it is wanted: <see cref="Matches(SubjectNames, EventRow)"/> does.</summary>
    internal bool NeedsNames => (JobName, EnvId, Host) != (null, null, null);

    /// <summary>Nothing before this is wanted: what has ended has begun before.</summary>
    internal DateTimeOffset? Earliest => StartedSince > Since || Since is null ? StartedSince : Since;

    /// <summary>Whether what is not in a row makes its events wanted.</summary>
    internal bool Matches(SubjectNames names, EventRow row) =>
        (JobName is null || (row.SubjectId.StartsWith(EntityId.Job, StringComparison.Ordinal) && JobName.Matches(names.Name)))
        && (EnvId is null || (names.Job is not null && names.NodeOf(row)?.EnvId == EnvId))
        && (Host is null || (names.NodeOf(row) is { } node && (node.Address == Host || string.Equals(node.HostName, Host, StringComparison.OrdinalIgnoreCase))));

    /// <summary>Whether the events of a row are wanted, as far as it says so itself: of them those in <see cref="Offsets"/>.</summary>
    internal bool Matches(EventRow row) =>
        (SubjectId is null || row.SubjectId == SubjectId)
        && (Since is null || row.OccurredAt >= Since)
        && (Until is null || row.OccurredAt < Until)
        && (Levels.Count == 0 || Levels.Contains(row.Level))
        && (States.Count == 0 || States.Contains(row.State, StringComparer.OrdinalIgnoreCase))
        && (_names.Count == 0 || _names.Contains(Spelling.Key(EventViews.NameOf(row))))
        && (Source is null || row.Source == Source || (Source == "user" && row.Source.StartsWith("user:", StringComparison.Ordinal)))
        && (NodeId is null || row.NodeId == NodeId)
        && (TaskNo is null || row.TaskNo == TaskNo)
        && (Attempt is null || row.Attempt == Attempt)
        && ((StartedSince is null && StartedUntil is null) || row.RunningAt is not null)
        && (InstanceIndex is not { } index || (row.InstanceIndex <= index && index < row.InstanceIndex + row.Span))
        && (Results is null || (ExecutionViews.ResultOf(row) is { } result && (Results.Count == 0 || Results.Contains(result))))
        && (ExecutionSources.Count == 0 || (EventViews.LineageOf(row).Source is { } source && ExecutionSources.Contains(source)))
        && (Text is null || Contains(row.Reason, Text) || Contains(row.Details, Text));

    /// <summary>
    /// Offsets of the wanted events of a row that matches, in order, of those from <paramref name="first"/> to the last but one before <paramref name="end"/>.
    /// </summary>
    internal IEnumerable<int> Offsets(EventRow row, int first, int end, bool backwards = false)
    {
        if (InstanceIndex is { } index && row.InstanceIndex is { } begin)
        {
            (first, end) = (Math.Max(first, index - begin), Math.Min(end, index - begin + 1));
        }

        for (var n = first; n < end; n++)
        {
            var offset = backwards ? first + end - 1 - n : n;
            if (IsStarted(row, offset))
            {
                yield return offset;
            }
        }
    }

    private bool IsStarted(EventRow row, int offset) =>
        (StartedSince is null && StartedUntil is null)
        || (EventViews.RunningAt(row, offset) is { } begin && !(begin < StartedSince) && !(begin >= StartedUntil));

    private static bool Contains(string? where, string what) => where?.Contains(what, StringComparison.OrdinalIgnoreCase) is true;
}
