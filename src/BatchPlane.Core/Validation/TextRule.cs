using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace BatchPlane.Core.Validation;

/// <summary>What a text must look like, and the codes of what may be wrong with it.</summary>
internal sealed record TextRule
{
    /// <summary>Fewest characters.</summary>
    internal int MinLength { get; init; }

    /// <summary>Most characters (Unicode code points).</summary>
    internal int MaxLength { get; init; } = int.MaxValue;

    /// <summary>Most bytes in UTF-8.</summary>
    internal int MaxBytes { get; init; } = int.MaxValue;

    /// <summary>Form; null: any.</summary>
    internal Regex? Pattern { get; init; }

    /// <summary>The form in words, used with <see cref="Pattern"/>.</summary>
    internal string Form { get; init; } = "";

    /// <summary>Code when too long.</summary>
    internal string TooLongCode { get; init; } = ItemCodes.TooLong;

    /// <summary>Code when the form is wrong.</summary>
    internal string InvalidCode { get; init; } = ItemCodes.TextInvalid;

    /// <summary>Code when too short.</summary>
    internal string EmptyCode { get; init; } = ItemCodes.Empty;

    /// <summary>True when nothing is wrong with the text.</summary>
    internal bool IsMetBy(string text)
    {
        var problems = new ProblemList();
        Check(text, "", problems);
        return !problems.Any;
    }

    /// <summary>Adds what is wrong with the text, in the order of severity, at most one problem.</summary>
    internal void Check(string text, string path, ProblemList problems)
    {
        var length = text.EnumerateRunes().Count();
        var bytes = MaxBytes == int.MaxValue ? 0 : Encoding.UTF8.GetByteCount(text);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(path, ItemCodes.TextInvalid, "Expected a text without the character NUL.");
        }
        else if (length < MinLength)
        {
            problems.Add(path, EmptyCode, length == 0
                ? "Expected a text, given an empty one."
                : string.Create(CultureInfo.InvariantCulture, $"Expected at least {MinLength} characters, given {length}."));
        }
        else if (length > MaxLength)
        {
            problems.Add(path, TooLongCode, string.Create(CultureInfo.InvariantCulture, $"Expected at most {MaxLength} characters, given {length}."));
        }
        else if (bytes > MaxBytes)
        {
            problems.Add(path, TooLongCode, string.Create(CultureInfo.InvariantCulture, $"Expected at most {MaxBytes} bytes, given {bytes}."));
        }
        else if (Pattern is not null && !Pattern.IsMatch(text))
        {
            problems.Add(path, InvalidCode, $"Expected {Form}, given \"{Shown.Clip(text)}\".");
        }
    }
}
