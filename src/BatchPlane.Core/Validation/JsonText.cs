using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace BatchPlane.Core.Validation;

/// <summary>Reading of JSON strings that are well-formed JSON but perhaps not text.</summary>
internal static class JsonText
{
    /// <summary>The text of a JSON string; false when it holds bytes or escapes that are no Unicode text.</summary>
    internal static bool TryGet(JsonElement value, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = value.GetString();
            return text is not null;
        }
        catch (InvalidOperationException)
        {
            // The only way the library reports "\ud800" or bytes that are not UTF-8.
            text = null;
            return false;
        }
    }

    /// <summary>The name of a member; false when it is no Unicode text.</summary>
    internal static bool TryGetName(JsonProperty member, [NotNullWhen(true)] out string? name)
    {
        try
        {
            name = member.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = null;
            return false;
        }
    }
}
