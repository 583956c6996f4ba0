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

    // Made when there are any: most of the tree are values.
    private Dictionary<string, FlatParameters>? _members;
    private string? _value;

    /// <summary>
    /// The document, or why there is none: a name is given twice, both as a value and as an object, or nested too deep; or values, lists and objects are together more than
    /// <paramref name="most"/>.
    /// </summary>
    internal static (JsonObject? Document, TencentError? Error) Unfold(IEnumerable<KeyValuePair<string, string>> parameters, int most)
    {
        var root = new FlatParameters();
        var left = most;
        foreach (var (name, value) in parameters)
        {
            if (!root.TryAdd(name.Split('.', MaxDepth + 1), value, ref left))
            {
                return (null, new(ErrorCodes.InvalidParameter, "A parameter is given twice, both as a value and as an object, or nested too deep."));
            }

            if (left < 0)
            {
                return (null, TooMany(most));
            }
        }

        return (root.ToObject(), null);
    }

    /// <summary>What is said of more parameters than are read.</summary>
    internal static TencentError TooMany(int most) => new(ErrorCodes.LimitExceeded, FormattableString.Invariant($"Expected at most {most} parameters, lists and objects."));

    private bool TryAdd(string[] path, string value, ref int left)
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

            node._members ??= new(StringComparer.Ordinal);
            if (!node._members.TryGetValue(name, out var next))
            {
                node._members[name] = next = new FlatParameters();
                left--;
            }

            node = next;
        }

        if (node._value is not null || node._members is not null)
        {
            return false;
        }

        node._value = value;
        return true;
    }

    private JsonNode ToNode() => _value is not null
        ? JsonValue.Create(_value)
        : _members is not null && _members.Keys.All(IsPlace)
            ? new JsonArray([.. _members.OrderBy(member => int.Parse(member.Key, CultureInfo.InvariantCulture)).Select(member => member.Value.ToNode())])
            : ToObject();

    private JsonObject ToObject() => new((_members ?? []).Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value.ToNode())));

    private static bool IsPlace(string name) => name.Length is > 0 and <= 6 && name.All(char.IsAsciiDigit);
}
