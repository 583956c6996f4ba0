using System.Globalization;
using System.Text.Json;

namespace BatchPlane.Core.Validation;

/// <summary>
/// Reads the members of one JSON object by their canonical names, whatever their spelling. What is wrong goes to the problem
/// list and reading goes on with a default, so that one pass finds everything. <c>null</c> counts as absent.
/// </summary>
internal sealed class ObjectReader
{
    private readonly Dictionary<string, (string Spelling, JsonElement Value)> _given = new(StringComparer.Ordinal);
    private readonly ProblemList _problems;

    private ObjectReader(string path, ProblemList problems)
    {
        Path = path;
        _problems = problems;
    }

    /// <summary>Path of the object itself.</summary>
    internal string Path { get; }

    /// <summary>Takes an object apart; null when the value is none. Unknown and repeated members are problems.</summary>
    internal static ObjectReader? Open(JsonElement value, string path, MemberSet members, ProblemList problems)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            problems.Add(path, ItemCodes.TypeMismatch, $"Expected an object, given {Shown.Given(value)}.");
            return null;
        }

        var reader = new ObjectReader(path, problems);
        foreach (var member in value.EnumerateObject())
        {
            reader.Take(member, members);
        }

        return reader;
    }

    /// <summary>Takes members over from another object where this one has none. They were checked when that one was read.</summary>
    internal void Adopt(JsonElement other, MemberSet members)
    {
        foreach (var member in other.EnumerateObject())
        {
            if (members.Canonical(member.Name) is { } name && Find(name) is null)
            {
                _given[name] = (name, member.Value);
            }
        }
    }

    /// <summary>The members given, by their canonical names, as JSON.</summary>
    internal string ToJson() => JsonSerializer.Serialize(_given
        .Where(member => member.Value.Value.ValueKind != JsonValueKind.Null)
        .ToDictionary(member => member.Key, member => member.Value.Value));

    /// <summary>Path of a member in the caller's spelling; in the canonical one when it is absent.</summary>
    internal string PathOf(string name) =>
        JsonPath.Member(Path, _given.TryGetValue(name, out var member) ? member.Spelling : name);

    /// <summary>A member's value; null when absent.</summary>
    internal JsonElement? Find(string name) =>
        _given.TryGetValue(name, out var member) && member.Value.ValueKind != JsonValueKind.Null ? member.Value : null;

    /// <summary>True when the member is given as <c>null</c>: where that means something else than leaving it out.</summary>
    internal bool IsNull(string name) => _given.TryGetValue(name, out var member) && member.Value.ValueKind == JsonValueKind.Null;

    /// <summary>A member's value; absence is a problem.</summary>
    internal JsonElement? Require(string name)
    {
        var value = Find(name);
        if (value is null)
        {
            _problems.Add(PathOf(name), ItemCodes.Required, $"'{name}' is required.");
        }

        return value;
    }

    /// <summary>A text; null when absent or unusable.</summary>
    internal string? Text(string name, TextRule rule) =>
        Find(name) is { } value ? TextOf(value, PathOf(name), rule, _problems) : null;

    /// <summary>A text that must be there; empty when it is not or is unusable.</summary>
    internal string RequiredText(string name, TextRule rule) =>
        Require(name) is { } value ? TextOf(value, PathOf(name), rule, _problems) ?? "" : "";

    /// <summary>A whole number within the range; null when absent or unusable.</summary>
    internal int? Integer(string name, int min, int max, string code = ItemCodes.OutOfRange)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            _problems.Add(PathOf(name), ItemCodes.TypeMismatch, $"Expected a whole number, given {Shown.Given(value)}.");
        }
        else if (!IsWhole(value))
        {
            _problems.Add(PathOf(name), ItemCodes.TypeMismatch, $"Expected a whole number without fraction or exponent, given {Shown.Given(value)}.");
        }
        else if (value.TryGetInt32(out var number) && number >= min && number <= max)
        {
            return number;
        }
        else
        {
            _problems.Add(PathOf(name), code, string.Create(CultureInfo.InvariantCulture, $"Expected {min} to {max}, given {Shown.Given(value)}."));
        }

        return null;
    }

    /// <summary>A number greater than 0, at most <paramref name="max"/>, with at most three digits behind the point; null when absent or unusable.</summary>
    internal decimal? Thousandths(string name, int max, string code)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            _problems.Add(PathOf(name), ItemCodes.TypeMismatch, $"Expected a number, given {Shown.Given(value)}.");
        }
        else if (value.TryGetDecimal(out var number) && number > 0 && number <= max && decimal.Round(number, 3) == number)
        {
            return number;
        }
        else
        {
            _problems.Add(PathOf(name), code, string.Create(CultureInfo.InvariantCulture, $"Expected 0.001 to {max} with at most three digits behind the point, given {Shown.Given(value)}."));
        }

        return null;
    }

    /// <summary>A number within the range, with or without fraction; null when absent or unusable.</summary>
    internal double? Number(string name, double min, double max, string code)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            _problems.Add(PathOf(name), ItemCodes.TypeMismatch, $"Expected a number, given {Shown.Given(value)}.");
        }
        else if (value.TryGetDouble(out var number) && number >= min && number <= max)
        {
            return number;
        }
        else
        {
            _problems.Add(PathOf(name), code, string.Create(CultureInfo.InvariantCulture, $"Expected {min} to {max}, given {Shown.Given(value)}."));
        }

        return null;
    }

    /// <summary>A time with its offset, to the microsecond, in UTC; null when absent or unusable.</summary>
    internal DateTimeOffset? Time(string name, string code)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        // JSON's own form of times; one without an offset would be the server's local one.
        if (value.ValueKind == JsonValueKind.String
            && value.TryGetDateTimeOffset(out var time)
            && value.GetString() is [.., 'Z'] or [.., '+' or '-', _, _, ':', _, _])
        {
            return time.ToUniversalTime().AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
        }

        _problems.Add(PathOf(name), code, $"Expected a time like \"2027-01-02T03:04:05Z\", given {Shown.Given(value)}.");
        return null;
    }

    /// <summary>A truth value; null when absent or unusable.</summary>
    internal bool? Flag(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        _problems.Add(PathOf(name), ItemCodes.TypeMismatch, $"Expected true or false, given {Shown.Given(value)}.");
        return null;
    }

    /// <summary>One of an enum's words in any spelling; null when absent or unknown. <paramref name="word"/> gives the wire word.</summary>
    internal T? Word<T>(string name, Func<T, string> word, string code)
        where T : struct, Enum => Find(name) is { } value ? WordOf(value, PathOf(name), word, _problems, code) : null;

    /// <summary>The value as one of an enum's words in any spelling; null when it is none.</summary>
    internal static T? WordOf<T>(JsonElement value, string path, Func<T, string> word, ProblemList problems, string code = ItemCodes.ValueUnknown)
        where T : struct, Enum
    {
        if (TextOf(value, path, new TextRule(), problems) is not { } text)
        {
            return null;
        }

        var values = Enum.GetValues<T>();
        var found = Array.FindIndex(values, candidate => Spelling.Key(word(candidate)) == Spelling.Key(text));
        if (found >= 0)
        {
            return values[found];
        }

        problems.Add(path, code, $"Expected one of {string.Join(", ", values.Select(word))}, given \"{Shown.Clip(text)}\".");
        return null;
    }

    /// <summary>One of a few words in any spelling, in its canonical form; null when absent or unknown, which is a problem of this code.</summary>
    internal string? OneOf(string name, string code, params string[] words)
    {
        if (Find(name) is not { } value || TextOf(value, PathOf(name), new TextRule(), _problems) is not { } text)
        {
            return null;
        }

        var found = Array.Find(words, word => Spelling.Key(word) == Spelling.Key(text));
        if (found is null)
        {
            _problems.Add(PathOf(name), code, $"Expected {(words.Length == 1 ? "" : "one of ")}{string.Join(", ", words)}, given \"{Shown.Clip(text)}\".");
        }

        return found;
    }

    /// <summary>
    /// A list; null when absent, no list, or longer than <paramref name="max"/>, in which case its elements are not looked at.
    /// Elements that <paramref name="read"/> answers with null are left out.
    /// </summary>
    internal List<T>? List<T>(string name, int max, string tooManyCode, Func<JsonElement, string, T?> read)
        where T : class
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        var path = PathOf(name);
        if (value.ValueKind != JsonValueKind.Array)
        {
            _problems.Add(path, ItemCodes.TypeMismatch, $"Expected an array, given {Shown.Given(value)}.");
            return null;
        }

        var count = value.GetArrayLength();
        if (count > max)
        {
            _problems.Add(path, tooManyCode, string.Create(CultureInfo.InvariantCulture, $"Expected at most {max} elements, given {count}."));
            return null;
        }

        var list = new List<T>(count);
        var index = 0;
        foreach (var element in value.EnumerateArray())
        {
            if (read(element, JsonPath.Element(path, index++)) is { } item)
            {
                list.Add(item);
            }
        }

        return list;
    }

    /// <summary>The text of a JSON string, checked; null when it is none.</summary>
    internal static string? TextOf(JsonElement value, string path, TextRule rule, ProblemList problems)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            problems.Add(path, ItemCodes.TypeMismatch, rule.IsSecret ? "Expected a text." : $"Expected a text, given {Shown.Given(value)}.");
            return null;
        }

        if (!JsonText.TryGet(value, out var text))
        {
            problems.Add(path, ItemCodes.TextInvalid, "Expected valid Unicode text.");
            return null;
        }

        rule.Check(text, path, problems);
        return text;
    }

    private void Take(JsonProperty member, MemberSet members)
    {
        if (!JsonText.TryGetName(member, out var spelling))
        {
            _problems.Add(Path, ItemCodes.TextInvalid, "A member's name is not valid Unicode text.");
            return;
        }

        if (members.Canonical(spelling) is { } name)
        {
            if (!_given.TryAdd(name, (spelling, member.Value)))
            {
                _problems.Add(JsonPath.Member(Path, spelling), ItemCodes.MemberDuplicate, $"'{name}' is given twice: as '{_given[name].Spelling}' and as '{spelling}'.");
            }
        }
        else if (members.IsNotYet(spelling))
        {
            _problems.Add(JsonPath.Member(Path, spelling), ItemCodes.NotSupported, $"'{spelling}' is not supported yet; leave it out.");
        }
        else if (members.IsFixed(spelling))
        {
            _problems.Add(JsonPath.Member(Path, spelling), ItemCodes.MemberFixed, $"'{spelling}' cannot be changed once it is made; make another one, with what is wanted.");
        }
        else
        {
            _problems.Add(JsonPath.Member(Path, spelling), ItemCodes.MemberUnknown, $"'{Shown.Clip(spelling)}' is not known here.{(_problems.MaySuggest ? members.Suggest(spelling) : "")}");
        }
    }

    private static bool IsWhole(JsonElement number) => number.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0;
}
