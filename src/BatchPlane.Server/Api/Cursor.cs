using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace BatchPlane.Server.Api;

/// <summary>
/// Paging cursors: where the last page ended, opaque to callers. A page continues at a place in the order, not at a number of
/// rows, so that what is added meanwhile neither repeats nor hides anything.
/// </summary>
internal static class Cursor
{
    /// <summary>Longest cursor looked at.</summary>
    private const int MaxLength = 512;

    /// <summary>The cursor for a place given by the sort values of the last row.</summary>
    internal static string Encode(params string[] place) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join('\n', place)));

    /// <summary>The cursor after a row of a list by time and id.</summary>
    internal static string After(DateTimeOffset time, string id) => Encode(time.UtcTicks.ToString(CultureInfo.InvariantCulture), id);

    /// <summary>The sort values; null when this is no cursor of <paramref name="parts"/> values.</summary>
    internal static string[]? Decode(string cursor, int parts)
    {
        if (cursor.Length > MaxLength || !Base64Url.IsValid(cursor))
        {
            return null;
        }

        var place = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('\n');
        return place.Length == parts && !place.Contains("") ? place : null;
    }
}
