using System.Globalization;
using System.Text.Json.Nodes;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// Parameters of a query or form as one document: <c>Filters.0.Name=zone</c>. Places in lists count from 0 or 1 and may have gaps; all values are texts, which the fields of
/// an action read as what they are.
/// </summary>
internal sealed class FlatParameters
{
    private const int MaxDepth = 16;

    private readonly Dictionary<string, FlatParameters> _members = new(StringComparer.Ordinal);
    private string? _value;

    /// <summary>The document; null when a name is given twice, both as a value and as an object, or nested too deep.</summary>
    internal static JsonObject? Unfold(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var root = new FlatParameters();
        foreach (var (name, value) in parameters)
        {
            if (!root.TryAdd(name.Split('.'), value))
            {
                return null;
            }
        }

        return root.ToObject();
    }

    private bool TryAdd(string[] path, string value)
    {
        if (path.Length > MaxDepth)
        {
            return false;
        }

        var node = this;
        foreach (var name in path)
        {
            if (node._value is not null)
            {
                return false;
            }

            if (!node._members.TryGetValue(name, out var next))
            {
                node._members[name] = next = new FlatParameters();
            }

            node = next;
        }

        if (node._value is not null || node._members.Count > 0)
        {
            return false;
        }

        node._value = value;
        return true;
    }

    private JsonNode ToNode() => _value is not null
        ? JsonValue.Create(_value)
        : _members.Keys.All(IsPlace)
            ? new JsonArray([.. _members.OrderBy(member => int.Parse(member.Key, CultureInfo.InvariantCulture)).Select(member => member.Value.ToNode())])
            : ToObject();

    private JsonObject ToObject() => new(_members.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value.ToNode())));

    private static bool IsPlace(string name) => name.Length is > 0 and <= 6 && name.All(char.IsAsciiDigit);
}
