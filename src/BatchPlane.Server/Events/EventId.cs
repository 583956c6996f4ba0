using System.Globalization;

namespace BatchPlane.Server.Events;

/// <summary>Id of an event, <c>job-4yn0we13:7</c>: subject and sequence.</summary>
internal readonly record struct EventId(string SubjectId, long Sequence)
{
    /// <summary>Null when the text is no such id.</summary>
    internal static EventId? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) && sequence is > 0 and < long.MaxValue
            ? new(text[..colon], sequence)
            : null;
    }
}
