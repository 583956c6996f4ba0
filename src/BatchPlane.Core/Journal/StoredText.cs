using System.Globalization;

namespace BatchPlane.Core.Journal;

/// <summary>Texts that others made, as the database can hold them.</summary>
internal static class StoredText
{
    private const char Replacement = '\uFFFD';

    /// <summary>The text without NUL and halves of surrogate pairs, which become U+FFFD, and of at most <paramref name="maxLength"/> characters: two thirds of them head, the rest tail.</summary>
    internal static string Of(string text, int maxLength)
    {
        var kept = text.Length <= maxLength ? text : HeadAndTail(text, maxLength);
        return IsStorable(kept) ? kept : string.Create(kept.Length, kept, (span, source) =>
        {
            for (var at = 0; at < span.Length; at++)
            {
                span[at] = source[at] == '\0' || IsHalf(source, at) ? Replacement : source[at];
            }
        });
    }

    private static string HeadAndTail(string text, int maxLength)
    {
        var mark = string.Create(CultureInfo.InvariantCulture, $" … {text.Length - maxLength} characters or more left out … ");
        var room = maxLength - mark.Length;
        var head = room * 2 / 3;
        var tail = text.Length - (room - head);

        // No pair is split.
        head -= char.IsHighSurrogate(text[head - 1]) ? 1 : 0;
        tail += char.IsLowSurrogate(text[tail]) ? 1 : 0;
        return string.Concat(text.AsSpan(0, head), mark, text.AsSpan(tail));
    }

    private static bool IsStorable(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\0' || IsHalf(text, at))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsHalf(string text, int at) =>
        char.IsHighSurrogate(text[at]) ? at + 1 >= text.Length || !char.IsLowSurrogate(text[at + 1])
        : char.IsLowSurrogate(text[at]) && (at == 0 || !char.IsHighSurrogate(text[at - 1]));
}
