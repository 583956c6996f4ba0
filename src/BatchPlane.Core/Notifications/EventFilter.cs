using System.IO.Enumeration;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>What a filter of events means. All of it is decided by the kind of an event and the labels of its job or environment, so once and not for each event.</summary>
public static class EventFilter
{
    /// <summary>Whether events of this kind pass; labels are another question.</summary>
    public static bool Admits(EventFilterDocument filter, EventKind kind) =>
        (filter.Levels.Count == 0 || filter.Levels.Contains(EventCatalogue.WireName(kind.Level)))
        && (!filter.Final || kind.IsFinal)
        && (!filter.Changed || kind.IsChangeOfState);

    /// <summary>Whether a job or environment with these labels passes: it has all that the filter names.</summary>
    public static bool Admits(EventFilterDocument filter, IReadOnlyList<TagDocument> labels) =>
        filter.Labels.All(wanted => labels.Any(label => label.Key == wanted.Key && (wanted.Value is null || label.Value == wanted.Value)));

    /// <summary>Whether a name with <c>*</c>, which stands for any letters, matches an event's. Case does not matter, nor do underscores where the pattern has none.</summary>
    public static bool Matches(string pattern, EventKind kind) => FileSystemName.MatchesSimpleExpression(
        pattern.Replace(@"\", @"\\", StringComparison.Ordinal),
        pattern.Contains('_', StringComparison.Ordinal) ? kind.Name : Spelling.Key(kind.Name),
        ignoreCase: true);
}
