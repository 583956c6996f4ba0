using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.ReadModel;

/// <summary>A label to look for.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; null: any.</param>
public sealed record TagFilter(string Key, string? Value);

/// <summary>How filters of several lists become conditions that an index can answer.</summary>
internal static class ListFilters
{
    /// <summary>Character before a wildcard that is meant as it is.</summary>
    internal const string Escape = "\\";

    /// <summary>What the labels of a row have to contain, as JSON: all of these.</summary>
    internal static string Contained(IReadOnlyList<TagFilter> tags) => JsonSerializer.Serialize(
        tags.Select(tag => new { tag.Key, tag.Value }), BatchPlaneJson.Options);

    /// <summary>What the labels of a row have to contain, as JSON, to have this one.</summary>
    internal static string Contained(LabelMatch label) => JsonSerializer.Serialize(new[] { new { label.Key, label.Value } }, BatchPlaneJson.Options);

    /// <summary>What a request in Tencent's words has to contain, as JSON, to be of this zone.</summary>
    internal static string ContainedZone(string zone) => JsonSerializer.Serialize(new Dictionary<string, object> { ["Placement"] = new Dictionary<string, string> { ["Zone"] = zone } });

    /// <summary>A pattern for <c>LIKE</c>: everything that begins with this text.</summary>
    internal static string BeginsWith(string prefix) => prefix
        .Replace(Escape, Escape + Escape, StringComparison.Ordinal)
        .Replace("%", Escape + "%", StringComparison.Ordinal)
        .Replace("_", Escape + "_", StringComparison.Ordinal) + "%";
}
