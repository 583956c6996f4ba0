using BatchPlane.Core.Validation;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which events of the journal somebody wants: all that is given has to be true. Compared without regard to case and underscores where a word has spellings.</summary>
public sealed record JournalFilter
{
    private readonly IReadOnlyList<string> _names = [];

    /// <summary>Job or environment; null: all.</summary>
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

    /// <summary>Null: every row; else only rows that end an attempt, with one of these results (empty: any).</summary>
    public IReadOnlyList<string>? Results { get; init; }

    /// <summary>Why an attempt was made, one of <see cref="Contracts.ExecutionSources"/>; empty: any.</summary>
    public IReadOnlyList<string> ExecutionSources { get; init; } = [];

    /// <summary>True when nothing but time and subject narrows it: most rows will do.</summary>
    internal bool IsWide => Levels.Count + _names.Count + States.Count + ExecutionSources.Count == 0
        && (Source, NodeId, Text, TaskNo, InstanceIndex, Results) == (null, null, null, null, null, null);

    /// <summary>Whether the events of a row are wanted, or those of them that are about <see cref="InstanceIndex"/>.</summary>
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
        && (InstanceIndex is not { } index || (row.InstanceIndex <= index && index < row.InstanceIndex + row.Span))
        && (Results is null || (ExecutionViews.ResultOf(row) is { } result && (Results.Count == 0 || Results.Contains(result))))
        && (ExecutionSources.Count == 0 || (EventViews.LineageOf(row).Source is { } source && ExecutionSources.Contains(source)))
        && (Text is null || Contains(row.Reason, Text) || Contains(row.Details, Text));

    /// <summary>Offsets of the wanted events of a row that matches, from the first to the last but one.</summary>
    internal (int First, int End) Range(EventRow row) =>
        InstanceIndex is { } index && row.InstanceIndex is { } first ? (index - first, index - first + 1) : (0, row.Span);

    private static bool Contains(string? where, string what) => where?.Contains(what, StringComparison.OrdinalIgnoreCase) is true;
}
