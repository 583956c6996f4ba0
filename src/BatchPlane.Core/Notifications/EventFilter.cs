using System.IO.Enumeration;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>What a filter of events means. In a block of notifications it is decided by the kind of an event and the labels of its job or environment, so once and not for each event; for a subscription, when the event is sent.</summary>
public static class EventFilter
{
    /// <summary>True when everything passes.</summary>
    public static bool IsEmpty(EventFilterDocument filter) => filter is { Levels.Count: 0, Labels.Count: 0, Final: false, Changed: false };

    /// <summary>Whether an event of a job or environment with these labels passes the filter of a subscription.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="kind">The event, as it was asked for.</param>
    /// <param name="beganBefore">An attempt begins, and one before it had: see <see cref="Journal.JournalDetails.BeganBefore"/>.</param>
    /// <param name="labels">Labels of the job or environment.</param>
    public static bool Admits(EventFilterDocument filter, EventKind kind, bool beganBefore, IReadOnlyList<TagDocument> labels) =>
        Admits(filter, kind)
        && Admits(filter, labels)
        && !(filter.Changed && beganBefore && kind is { Level: EventLevel.TaskInstance, State: "RUNNING" });

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
