using System.Globalization;
using BatchPlane.Core.Journal;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Events;

/// <summary>Places in the journal as callers have them: opaque, the same for all lists of it, valid until the days before are dropped.</summary>
internal static class JournalCursor
{
    private const int Parts = 3;

    internal static string Encode(JournalPosition place) => Cursor.Encode(
        place.TxId.ToString(CultureInfo.InvariantCulture),
        place.EventNo.ToString(CultureInfo.InvariantCulture),
        place.Count.ToString(CultureInfo.InvariantCulture));

    /// <summary>The place; null when this is no cursor of the journal.</summary>
    internal static JournalPosition? Decode(string cursor) =>
        Cursor.Decode(cursor, Parts) is { } parts
        && ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var txId)
        && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var eventNo)
        && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new JournalPosition(txId, eventNo, count)
            : null;
}
