using System.Globalization;
using System.Text.Json;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;

namespace BatchPlane.Server.Api;

/// <summary>Reads query parameters; everything wrong goes to the problem list, unknown parameters too.</summary>
internal sealed class QueryReader(IQueryCollection query, ProblemList problems)
{
    /// <summary>The parameter that filters by labels.</summary>
    internal const string TagParameter = "tag";

    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>A text; null when absent. Given twice is a problem, as is a NUL, which PostgreSQL has in no text.</summary>
    internal string? Text(string name)
    {
        _known.Add(name);
        var values = query[name];
        if (values.Count > 1)
        {
            problems.Add($"?{name}", ItemCodes.MemberDuplicate, $"'{name}' is given {values.Count.ToString(CultureInfo.InvariantCulture)} times.");
        }

        if (values.Any(value => value?.Contains('\0', StringComparison.Ordinal) is true))
        {
            problems.Add($"?{name}", ItemCodes.TextInvalid, "Expected a text without NUL characters.");
        }

        return values.Count == 0 ? null : values[0];
    }

    /// <summary>Texts joined by commas or given repeatedly; empty when absent.</summary>
    internal IReadOnlyList<string> Parts(string name)
    {
        _known.Add(name);
        string[] parts = [.. query[name].SelectMany(value => (value ?? "").Split(','))];
        if (parts.Any(part => part.Length == 0 || part.Contains('\0', StringComparison.Ordinal)))
        {
            problems.Add($"?{name}", ItemCodes.TextInvalid, "Expected words joined by commas, none of them empty.");
        }

        return parts;
    }

    /// <summary>A whole number within the range; <paramref name="otherwise"/> when absent.</summary>
    internal long Number(string name, long min, long max, long otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        problems.Add($"?{name}", ItemCodes.OutOfRange, FormattableString.Invariant($"Expected a whole number, {min} to {max}, given \"{text}\"."));
        return otherwise;
    }

    /// <summary><c>true</c> or <c>false</c>; false when absent.</summary>
    internal bool Flag(string name) => FlagOrNull(name) is true;

    /// <summary>True or false; null when absent.</summary>
    internal bool? FlagOrNull(string name)
    {
        var text = Text(name);
        if (text is not (null or "true" or "false"))
        {
            problems.Add($"?{name}", ItemCodes.ValueUnknown, $"Expected true or false, given \"{text}\".");
        }

        return text is null ? null : text == "true";
    }

    /// <summary>An instant, RFC 3339 with its offset; null when absent.</summary>
    internal DateTimeOffset? Instant(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // The offset is asked for: without it the instant would depend on where the server stands. A '+' that was not escaped arrives as a blank.
        if (text.Contains('T', StringComparison.OrdinalIgnoreCase)
            && text.AsSpan(text.IndexOf('T', StringComparison.OrdinalIgnoreCase)).IndexOfAny("Zz+- ") > 0
            && DateTimeOffset.TryParse(text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return instant.ToUniversalTime();
        }

        problems.Add($"?{name}", ItemCodes.InstantInvalid, $"Expected an instant such as 2025-10-09T08:53:20Z, given \"{text}\".");
        return null;
    }

    /// <summary>Labels to look for; empty when absent.</summary>
    internal IReadOnlyList<TagFilter> Tags()
    {
        _known.Add(TagParameter);
        var tags = new List<TagFilter>();
        foreach (var text in query[TagParameter].OfType<string>())
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (text.Length == 0 || colon == 0 || text.Contains('\0', StringComparison.Ordinal))
            {
                problems.Add($"?{TagParameter}", ItemCodes.TagKeyInvalid, $"Expected key:value or key, given \"{text}\".");
            }
            else
            {
                tags.Add(colon < 0 ? new(text, null) : new(text[..colon], text[(colon + 1)..]));
            }
        }

        return tags;
    }

    /// <summary>Elements of a page.</summary>
    internal int Limit(ApiOptions options) => (int)Number("limit", 1, options.MaxPageSize, Math.Min(options.PageSize, options.MaxPageSize));

    /// <summary>The place to continue at; null at the beginning.</summary>
    internal string[]? Cursor(int parts)
    {
        if (Text("cursor") is not { } cursor)
        {
            return null;
        }

        var place = Api.Cursor.Decode(cursor, parts);
        if (place is null)
        {
            RefuseCursor();
        }

        return place;
    }

    /// <summary>The place to continue a list by time and id; null at the beginning.</summary>
    internal (DateTimeOffset Time, string Id)? Place()
    {
        if (Cursor(parts: 2) is not { } place)
        {
            return null;
        }

        if (long.TryParse(place[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks)
        {
            return (new DateTimeOffset(ticks, TimeSpan.Zero), place[1]);
        }

        RefuseCursor();
        return null;
    }

    /// <summary>The number to continue a numbered list at or after, by the list's own rule; 0 at the beginning.</summary>
    internal long Position(long max)
    {
        if (Cursor(parts: 1) is not { } place)
        {
            return 0;
        }

        if (long.TryParse(place[0], NumberStyles.None, CultureInfo.InvariantCulture, out var position) && position <= max)
        {
            return position;
        }

        RefuseCursor();
        return 0;
    }

    /// <summary>One or more words of an enum, joined by commas or given repeatedly, in upper snake case; empty when absent.</summary>
    internal IReadOnlyList<T> Words<T>(string name)
        where T : struct, Enum
    {
        _known.Add(name);
        var valid = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString()), StringComparer.OrdinalIgnoreCase);
        var words = new List<T>();
        foreach (var word in query[name].SelectMany(value => (value ?? "").Split(',')))
        {
            if (valid.TryGetValue(word, out var value))
            {
                words.Add(value);
            }
            else
            {
                problems.Add($"?{name}", ItemCodes.ValueUnknown, $"Expected one of {string.Join(", ", valid.Keys)}, given \"{word}\".");
            }
        }

        return words;
    }

    /// <summary>Names parameters that nothing asked for; called last.</summary>
    internal void RefuseOthers()
    {
        foreach (var name in query.Keys.Where(name => !_known.Contains(name)))
        {
            problems.Add($"?{name}", ItemCodes.QueryUnknown, $"'{name}' is not known here. Known parameters: {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
        }
    }

    /// <summary>A text that is a place in a list; null when absent. What <paramref name="decode"/> does not know is a problem.</summary>
    internal T? PlaceOf<T>(string name, Func<string, T?> decode)
        where T : struct
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        var place = decode(text);
        if (place is null)
        {
            problems.Add($"?{name}", ItemCodes.CursorInvalid, "Expected a cursor that a list of this kind gave.");
        }

        return place;
    }

    private void RefuseCursor() => problems.Add("?cursor", ItemCodes.CursorInvalid, "Expected a next_cursor of this list.");
}
