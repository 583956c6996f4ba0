using System.Globalization;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Progress;

/// <summary>
/// One line that a command posted: either <c>50 half way</c>, <c>50%</c>, or a JSON object with any of <c>percent</c>, <c>message</c> and
/// <c>event</c> (<c>{"name":…,"data":…}</c>). What is absent stays as it was.
/// </summary>
/// <param name="Percent">0 to 100, at most two decimals, the rest cut off; null: not given.</param>
/// <param name="Message">Without control characters; null: not given.</param>
/// <param name="Event">Null: none.</param>
/// <param name="Problem">What is wrong with the line, for its author; then nothing else is set.</param>
internal readonly record struct ProgressLine(double? Percent = null, string? Message = null, PostedEvent? Event = null, string? Problem = null)
{
    private static readonly JsonDocumentOptions JsonOptions = new() { MaxDepth = ProgressRules.MaxDepth + 2 };

    /// <summary>True for a line that says nothing, such as an empty one.</summary>
    internal bool IsEmpty => this == default;

    /// <summary>Reads a line without its end. Never throws, whatever is in it.</summary>
    internal static ProgressLine Parse(ReadOnlySpan<byte> line, ProgressTerms terms)
    {
        line = line.Trim(" \t\r"u8);
        if (line.IsEmpty)
        {
            return default;
        }

        try
        {
            return line[0] == '{' ? ParseJson(line, terms) : ParseText(Encoding.UTF8.GetString(line), terms);
        }
        catch (JsonException e)
        {
            return Bad($"no JSON: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            return Bad("a text holds half of a surrogate pair");
        }
    }

    private static ProgressLine ParseText(string line, ProgressTerms terms)
    {
        var digits = line.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.').Count();
        var rest = line[digits..].TrimStart();
        if (rest.StartsWith('%'))
        {
            rest = rest[1..];
        }
        else if (rest.Length > 0 && rest.Length == line.Length - digits)
        {
            // Text right behind the number: 50kg is no percentage.
            digits = 0;
        }

        if (!decimal.TryParse(line.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent))
        {
            return Bad("neither a percentage nor a JSON object");
        }

        rest = ProgressRules.Clip(rest, terms.MaxMessageBytes);
        return Percentage(percent) is { } value ? new(value, rest.Length == 0 ? null : rest) : OutOfRange(line[..digits]);
    }

    private static ProgressLine ParseJson(ReadOnlySpan<byte> line, ProgressTerms terms)
    {
        using var document = JsonDocument.Parse(line.ToArray(), JsonOptions);
        var parsed = default(ProgressLine);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            parsed = member.Name switch
            {
                "percent" => ReadPercent(parsed, member.Value),
                "message" => ReadMessage(parsed, member.Value, terms),
                "event" => ReadEvent(parsed, member.Value, terms),
                _ => Bad($"there is no member '{ProgressRules.Clip(member.Name, 40)}'; known are percent, message and event"),
            };
            if (parsed.Problem is not null)
            {
                return parsed;
            }
        }

        return parsed;
    }

    private static ProgressLine ReadPercent(ProgressLine line, JsonElement value) =>
        value.ValueKind != JsonValueKind.Number ? Bad("percent is no number")
        : value.TryGetDecimal(out var percent) && Percentage(percent) is { } known ? line with { Percent = known }
        : OutOfRange(value.GetRawText());

    private static ProgressLine ReadMessage(ProgressLine line, JsonElement value, ProgressTerms terms) =>
        value.ValueKind == JsonValueKind.String
            ? line with { Message = ProgressRules.Clip(value.GetString()!, terms.MaxMessageBytes) }
            : Bad("message is no text");

    private static ProgressLine ReadEvent(ProgressLine line, JsonElement value, ProgressTerms terms)
    {
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String)
        {
            return Bad("event is no object with a name");
        }

        if (!ProgressRules.IsEventName(name.GetString()!))
        {
            return Bad("the name of an event has 1 to 128 letters, digits and _ - . : / and begins with a letter or digit");
        }

        if (value.EnumerateObject().FirstOrDefault(member => member.Name is not ("name" or "data")) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
        {
            return Bad($"an event has no member '{ProgressRules.Clip(unknown.Name, 40)}'; known are name and data");
        }

        if (!value.TryGetProperty("data", out var data) || data.ValueKind == JsonValueKind.Null)
        {
            return line with { Event = new(name.GetString()!) };
        }

        if (Encoding.UTF8.GetByteCount(data.GetRawText()) > terms.MaxEventDataBytes)
        {
            return Bad(string.Create(CultureInfo.InvariantCulture, $"the data of an event has at most {terms.MaxEventDataBytes} bytes"));
        }

        return ProgressRules.IsStorable(data)
            ? line with { Event = new(name.GetString()!, data.Clone()) }
            : Bad("the data of an event holds a NUL, half of a surrogate pair, or a number out of range");
    }

    private static double? Percentage(decimal value) => value is >= 0 and <= 100 ? (double)(Math.Floor(value * 100) / 100) : null;

    private static ProgressLine OutOfRange(string value) => Bad($"{ProgressRules.Clip(value, 40)} is not from 0 to 100");

    private static ProgressLine Bad(string problem) => new(Problem: ProgressRules.Clip(problem, 200));
}
