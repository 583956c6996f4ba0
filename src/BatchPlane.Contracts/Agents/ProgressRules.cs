using System.Globalization;
using System.Text.Json;

namespace BatchPlane.Contracts;

/// <summary>What a posting may hold. An agent refuses by these rules, and the server looks again.</summary>
public static class ProgressRules
{
    /// <summary>Characters of an event's name.</summary>
    public const int MaxEventNameLength = 128;

    /// <summary>Levels of nesting in an event's data.</summary>
    public const int MaxDepth = 32;

    private const int MaxNumberLength = 512;
    private const int MaxExponent = 400;

    /// <summary>True for 1 to 128 letters, digits and <c>_ - . : /</c> of ASCII, beginning with a letter or digit.</summary>
    public static bool IsEventName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is >= 1 and <= MaxEventNameLength
            && char.IsAsciiLetterOrDigit(name[0])
            && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.' or ':' or '/');
    }

    /// <summary>True when the database can hold the JSON: no NUL and no half of a surrogate pair in a text, no number that is beyond the range of a double or has more than 512 characters.</summary>
    public static bool IsStorable(JsonElement data) => data.ValueKind switch
    {
        JsonValueKind.Object => data.EnumerateObject().All(member => IsStorableText(() => member.Name) && IsStorable(member.Value)),
        JsonValueKind.Array => data.EnumerateArray().All(IsStorable),
        JsonValueKind.String => IsStorableText(() => data.GetString()!),
        JsonValueKind.Number => IsStorableNumber(data),
        JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => true,
        JsonValueKind.Undefined => false,
    };

    /// <summary>The message without control characters and of at most <paramref name="maxBytes"/> bytes of UTF-8, whole characters only.</summary>
    public static string Clip(string message, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(message);
        var text = string.Create(message.Length, message, (span, source) =>
        {
            for (var n = 0; n < span.Length; n++)
            {
                span[n] = char.IsControl(source[n]) ? ' ' : source[n];
            }
        }).Trim();
        var bytes = 0;
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    private static bool IsStorableText(Func<string> read)
    {
        try
        {
            return !read().Contains('\0', StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            return false;
        }
    }

    // The database takes 16,383 digits behind the point and no more, also where an exponent stands for them.
    private static bool IsStorableNumber(JsonElement number)
    {
        var text = number.GetRawText();
        var exponent = text.IndexOfAny(['e', 'E']);
        return text.Length <= MaxNumberLength
            && number.TryGetDouble(out var value)
            && double.IsFinite(value)
            && (exponent < 0 || (int.TryParse(text.AsSpan(exponent + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var power) && power is >= -MaxExponent and <= MaxExponent));
    }
}
