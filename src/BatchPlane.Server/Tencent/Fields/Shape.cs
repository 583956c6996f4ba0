using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Fields;

/// <summary>The fields of an object of Tencent's interface.</summary>
/// <param name="Name">Its name there, <c>Job</c>.</param>
/// <param name="Fields">Its fields, each name once.</param>
internal sealed record Shape(string Name, IReadOnlyList<Field> Fields)
{
    private readonly Dictionary<string, Field> _byName = Fields.ToDictionary(field => field.Name, StringComparer.Ordinal);

    /// <summary>An object without fields.</summary>
    internal static Shape Empty { get; } = new("", []);

    /// <summary>The field of this name; null when there is none.</summary>
    internal Field? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Reads a request: the given fields with values of their types, or everything that is wrong, under the code of the first of it.</summary>
    internal (JsonObject? Values, TencentError? Error) Read(JsonElement request)
    {
        var reader = new ShapeReader();
        var values = reader.Read(this, request, "");
        return reader.Error is { } error ? (null, error) : (values, null);
    }

    /// <summary>What BatchPlane's own document has under the same names: the honoured fields alone.</summary>
    internal JsonObject ToNative(JsonObject values) => Select(values, field => field is { Treatment: Treatment.Honoured, IsTranslated: false }, (shape, inner) => shape.ToNative(inner), field => false);

    /// <summary>What is stored and shown: everything but what is forgotten, secrets masked.</summary>
    internal JsonObject ToShown(JsonObject values) => Select(values, field => field.Treatment != Treatment.Ignored, (shape, inner) => shape.ToShown(inner), field => field.IsSecret);

    /// <summary>The same with the defaults of what was not given.</summary>
    internal JsonObject WithDefaults(JsonObject shown)
    {
        var full = Select(shown, _ => true, (shape, inner) => shape.WithDefaults(inner), _ => false);
        foreach (var field in Fields.Where(field => field.Default is not null && full[field.Name] is null))
        {
            full[field.Name] = field.Default!.DeepClone();
        }

        return full;
    }

    /// <summary>A document of BatchPlane's own, as this object shows it: what has a name here, in this spelling.</summary>
    internal JsonObject FromNative(JsonElement document)
    {
        var shown = new JsonObject();
        foreach (var field in Fields)
        {
            if (document.TryGetProperty(JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Name), out var value) && value.ValueKind != JsonValueKind.Null)
            {
                shown[field.Name] = field.IsList && value.ValueKind == JsonValueKind.Array
                    ? new JsonArray([.. value.EnumerateArray().Select(item => FromNative(field, item))])
                    : FromNative(field, value);
            }
        }

        return shown;
    }

    private static JsonNode? FromNative(Field field, JsonElement value) => field switch
    {
        { IsSecret: true } => JsonValue.Create(Field.Mask),
        { Members: { } members } when value.ValueKind == JsonValueKind.Object => members.FromNative(value),
        _ => JsonNode.Parse(value.GetRawText()),
    };

    private JsonObject Select(JsonObject values, Func<Field, bool> isWanted, Func<Shape, JsonObject, JsonObject> select, Func<Field, bool> isMasked)
    {
        var selected = new JsonObject();
        foreach (var (name, value) in values)
        {
            if (Find(name) is { } field && value is not null && isWanted(field))
            {
                selected[name] = isMasked(field) ? JsonValue.Create(Field.Mask) : Select(field, value, select);
            }
        }

        return selected;
    }

    private static JsonNode Select(Field field, JsonNode value, Func<Shape, JsonObject, JsonObject> select) => (field.Members, value) switch
    {
        ({ } members, JsonArray list) => new JsonArray([.. list.Select(item => item is JsonObject inner ? select(members, inner) : item?.DeepClone())]),
        ({ } members, JsonObject inner) => select(members, inner),
        _ => value.DeepClone(),
    };
}
