using System.Text.Json;

namespace BatchPlane.Core.Validation;

/// <summary>How a given value is shown in a message: its JSON type and as much of it as helps.</summary>
internal static class Shown
{
    private const int MaxShown = 64;

    /// <summary>The value in words: <c>the number 7</c>, <c>the text "abc"</c>, <c>an array</c>.</summary>
    internal static string Given(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.TryGet(value, out var text) ? $"the text \"{Clip(text)}\"" : "a text that is not valid Unicode",
        JsonValueKind.Number => $"the number {Clip(value.GetRawText())}",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
    };

    /// <summary>The beginning of a text, with <c>…</c> where it was cut; control characters become spaces.</summary>
    internal static string Clip(string text)
    {
        var head = text.Length <= MaxShown ? text : string.Concat(text.AsSpan(0, MaxShown), "…");
        return string.Concat(head.Select(c => char.IsControl(c) || char.IsSurrogate(c) && text.Length > MaxShown ? ' ' : c));
    }
}
