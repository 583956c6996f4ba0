using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Validation;

/// <summary>Reads labels: <c>[{"key": …, "value": …}]</c>, each key once.</summary>
internal static class TagReader
{
    internal static readonly MemberSet Members = new(["key", "value"]);
    private static readonly TextRule Key = new() { MinLength = 1, MaxLength = 128, EmptyCode = ItemCodes.TagKeyInvalid, TooLongCode = ItemCodes.TagKeyInvalid };
    private static readonly TextRule Value = new() { MaxLength = 256, TooLongCode = ItemCodes.TagValueTooLong };

    /// <summary>The member <c>tags</c> of an object; empty when absent.</summary>
    internal static IReadOnlyList<TagDocument> Read(ObjectReader owner, ProblemList problems)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        return owner.List("tags", DocumentRules.MaxTags, ItemCodes.TagsTooMany, (element, path) => ReadOne(element, path, keys, problems)) ?? [];
    }

    private static TagDocument? ReadOne(JsonElement element, string path, HashSet<string> keys, ProblemList problems)
    {
        if (ObjectReader.Open(element, path, Members, problems) is not { } tag)
        {
            return null;
        }

        var key = tag.RequiredText("key", Key);
        var value = tag.RequiredText("value", Value);
        if (key.Length > 0 && !keys.Add(key))
        {
            problems.Add(tag.PathOf("key"), ItemCodes.TagKeyDuplicate, $"The key \"{Shown.Clip(key)}\" is given twice.");
        }

        return new TagDocument(key, value);
    }
}
