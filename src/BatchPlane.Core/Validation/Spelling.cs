using System.Text.Json;

namespace BatchPlane.Core.Validation;

/// <summary>
/// How names and words are compared: case and underscores do not matter, so <c>topic_name</c>, <c>TopicName</c> and
/// <c>TOPIC_NAME</c> are one. Also finds what somebody may have meant.
/// </summary>
internal static class Spelling
{
    /// <summary>Longest name that a nearest one is looked for: the comparison takes time by both lengths.</summary>
    private const int MaxCompared = 64;

    /// <summary>The form in which spellings of one name are equal.</summary>
    internal static string Key(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>The candidate closest to a misspelt name; null when none is close.</summary>
    internal static string? Nearest(string name, IEnumerable<string> candidates)
    {
        if (name.Length > MaxCompared)
        {
            return null;
        }

        var key = Key(name);
        return candidates
            .Select(candidate => (Name: candidate, Distance: Distance(key, Key(candidate))))
            .Where(candidate => candidate.Distance <= Math.Max(2, key.Length / 3))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>Wire word of an enum member, <c>PRE_TASK_FINISHED</c>.</summary>
    internal static string UpperWord<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString());

    /// <summary>Wire word of an enum member that is written in lower case, <c>local</c>.</summary>
    internal static string LowerWord<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>Number of letters to insert, delete or replace to get from one to the other (Levenshtein).</summary>
    internal static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var current = new int[right.Length + 1];
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substitute = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitute, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[right.Length];
    }
}
