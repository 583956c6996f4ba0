using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Fields;

/// <summary>
/// Reads values by their fields. Lenient where Tencent is: numbers and truth values may be texts, <c>null</c> counts as absent. Strict otherwise: what is no field, or there twice, or
/// of another type is refused. Goes on after a problem, so that one pass finds all.
/// </summary>
internal sealed class ShapeReader
{
    private const int MaxListed = 20;
    private const int MaxShown = 60;

    private readonly List<TencentError> _problems = [];
    private int _unlisted;

    /// <summary>Everything that is wrong, under the code of the first of it; null: nothing is.</summary>
    internal TencentError? Error => _problems switch
    {
        [] => null,
        [var only] => only,
        [var first, ..] => new(
            first.Code,
            string.Join(" ", _problems.Select(problem => problem.Message)) + (_unlisted == 0 ? "" : FormattableString.Invariant($" {_unlisted} more problems are not listed."))),
    };

    /// <summary>The fields of an object.</summary>
    /// <param name="shape">The fields that it may have.</param>
    /// <param name="value">The object.</param>
    /// <param name="path">Where it stands; empty: it is the request itself.</param>
    internal JsonObject Read(Shape shape, JsonElement value, string path)
    {
        var values = new JsonObject();
        if (value.ValueKind != JsonValueKind.Object)
        {
            Add(ErrorCodes.InvalidDataType, path, "expected an object");
            return values;
        }

        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            ReadMember(shape, member, path, given, values);
        }

        foreach (var field in shape.Fields.Where(field => field.IsRequired && !given.Contains(field.Name)))
        {
            Add(ErrorCodes.MissingParameter, Join(path, field.Name), "it is required");
        }

        return values;
    }

    private void ReadMember(Shape shape, JsonProperty member, string path, HashSet<string> given, JsonObject values)
    {
        if (!TryName(member, out var name) || shape.Find(name) is not { } field)
        {
            Add(ErrorCodes.UnknownParameter, Join(path, Clip(name)), "there is no such parameter");
            return;
        }

        var place = Join(path, field.Name);
        if (member.Value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (!given.Add(field.Name))
        {
            Add(ErrorCodes.InvalidParameter, place, "it is given twice");
        }
        else if (ReadValue(field, member.Value, place) is { } read)
        {
            values[field.Name] = read;
        }
    }

    private JsonNode? ReadValue(Field field, JsonElement value, string path)
    {
        if (!field.IsList)
        {
            return ReadOne(field, value, path);
        }

        if (field.TakesOne && value.ValueKind == JsonValueKind.Object)
        {
            return new JsonArray(ReadOne(field, value, path));
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Add(ErrorCodes.InvalidDataType, path, "expected a list");
            return null;
        }

        if (value.GetArrayLength() > field.MaxItems)
        {
            Add(ErrorCodes.LimitExceeded, path, FormattableString.Invariant($"expected at most {field.MaxItems} elements, given {value.GetArrayLength()}"));
            return null;
        }

        return new JsonArray([.. value.EnumerateArray().Select((item, index) => ReadOne(field, item, FormattableString.Invariant($"{path}.{index}")))]);
    }

    private JsonNode? ReadOne(Field field, JsonElement value, string path) => field.Type switch
    {
        FieldType.Text => ReadText(field, value, path),
        FieldType.Integer => ReadInteger(field, value, path),
        FieldType.Flag => ReadFlag(value, path),
        FieldType.Record => Read(field.Members!, value, path),
    };

    private JsonValue? ReadText(Field field, JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Add(ErrorCodes.InvalidDataType, path, field.IsSecret ? "expected a text" : $"expected a text, given {Given(value)}");
        }
        else if (!TryText(value, out var text))
        {
            Add(ErrorCodes.InvalidParameterValue, path, "expected Unicode text without the character NUL");
        }
        else if (text.Length > field.MaxLength)
        {
            Add(ErrorCodes.InvalidParameterValue, path, FormattableString.Invariant($"expected at most {field.MaxLength} characters, given {text.Length}"));
        }
        else
        {
            return JsonValue.Create(text);
        }

        return null;
    }

    private JsonValue? ReadInteger(Field field, JsonElement value, string path)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String when TryText(value, out var quoted) => quoted.Trim(),
            _ => null,
        };
        if (text is null)
        {
            Add(ErrorCodes.InvalidDataType, path, $"expected a whole number, given {Given(value)}");
        }
        else if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            Add(ErrorCodes.NotFloat, path, $"expected a whole number, given {Given(value)}");
        }
        else if (number < 0)
        {
            Add(ErrorCodes.Negative, path, $"expected no negative number, given {Clip(text)}");
        }
        else if (number > field.Max)
        {
            Add(ErrorCodes.InvalidParameterValue, path, FormattableString.Invariant($"expected at most {field.Max}, given {Clip(text)}"));
        }
        else
        {
            return JsonValue.Create(number);
        }

        return null;
    }

    private JsonValue? ReadFlag(JsonElement value, string path)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return JsonValue.Create(value.GetBoolean());
        }

        if (value.ValueKind == JsonValueKind.String && TryText(value, out var text) && bool.TryParse(text, out var flag))
        {
            return JsonValue.Create(flag);
        }

        Add(ErrorCodes.InvalidDataType, path, $"expected true or false, given {Given(value)}");
        return null;
    }

    private void Add(string code, string path, string message)
    {
        if (_problems.Count < MaxListed)
        {
            _problems.Add(new(code, $"`{path}`: {message}."));
        }
        else
        {
            _unlisted++;
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>As much of a value as helps. Never its raw text: it may be no Unicode, which the library does not give out, and as long as the request.</summary>
    private static string Given(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => TryText(value, out var text) ? $"\"{Clip(text)}\"" : "a text that is no Unicode or has the character NUL",
        JsonValueKind.Number => Clip(value.GetRawText()),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
    };

    /// <summary>The beginning of a text, without control characters and halves of pairs.</summary>
    private static string Clip(string text)
    {
        var head = text.Length <= MaxShown ? text : string.Concat(text.AsSpan(0, MaxShown), "…");
        return string.Concat(head.Select(c => char.IsControl(c) || (char.IsSurrogate(c) && text.Length > MaxShown) ? ' ' : c));
    }

    /// <summary>A text without NUL, which PostgreSQL does not store and the library overlooks at the end of numbers and truth values.</summary>
    private static bool TryText(JsonElement value, out string text)
    {
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // The only way in which the library reports texts that are no Unicode.
            text = "";
            return false;
        }

        return !text.Contains('\0', StringComparison.Ordinal);
    }

    private static bool TryName(JsonProperty member, out string name)
    {
        try
        {
            name = member.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "?";
            return false;
        }
    }
}
