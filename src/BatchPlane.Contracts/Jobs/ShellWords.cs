using System.Text;

namespace BatchPlane.Contracts;

/// <summary>
/// Takes a line apart as a POSIX shell would, without running one: blanks separate words, <c>'…'</c> is taken literally, in <c>"…"</c> and outside
/// a backslash takes the next character literally. Nothing is expanded: <c>$</c>, <c>*</c> and <c>;</c> are characters as others.
/// </summary>
public static class ShellWords
{
    private const string EscapedInQuotes = "\"\\$`";

    /// <summary>The words; null, with the <paramref name="problem"/> in words, when a quote is not closed or a backslash ends the line.</summary>
    public static IReadOnlyList<string>? Split(string line, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(line);
        problem = null;
        var words = new List<string>();
        StringBuilder? word = null;
        char? quote = null;
        for (var n = 0; n < line.Length; n++)
        {
            var letter = line[n];
            if (letter == '\\' && quote != '\'')
            {
                if (n + 1 == line.Length)
                {
                    problem = "the last character is a backslash";
                    return null;
                }

                word ??= new();
                if (quote == '"' && !EscapedInQuotes.Contains(line[n + 1], StringComparison.Ordinal))
                {
                    word.Append(letter);
                }

                word.Append(line[++n]);
            }
            else if (letter == quote)
            {
                quote = null;
            }
            else if (quote is null && letter is '\'' or '"')
            {
                word ??= new();
                quote = letter;
            }
            else if (quote is null && char.IsWhiteSpace(letter))
            {
                if (word is not null)
                {
                    words.Add(word.ToString());
                    word = null;
                }
            }
            else
            {
                (word ??= new()).Append(letter);
            }
        }

        if (quote is not null)
        {
            problem = $"a quote ({quote}) is not closed";
            return null;
        }

        if (word is not null)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
