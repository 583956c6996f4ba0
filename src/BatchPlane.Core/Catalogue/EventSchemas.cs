using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Topics;

namespace BatchPlane.Core.Catalogue;

/// <summary>A JSON Schema (2020-12) for the body of each event in each format, made from <see cref="EventPayload"/>, and of each notice. They allow members that they do not name.</summary>
public static class EventSchemas
{
    private const string Time = @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$";
    private const string TimeOrEmpty = @"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?$";
    private const string LongTime = @"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)?$";

    private static readonly EventKind[] Flats = [.. AlibabaEvents.All, .. EventCatalogue.All.Where(kind => !AlibabaEvents.NamesOf(kind).Any())];

    /// <summary>The events that have a schema in a format: in <c>mns</c> those of Alibaba, and those that it does not have.</summary>
    public static IReadOnlyList<EventKind> KindsOf(NotificationFormat format) => format == NotificationFormat.Mns ? Flats : EventCatalogue.All;

    /// <summary>Where the schema is, below the server's address.</summary>
    public static string PathOf(NotificationFormat format, EventKind kind) =>
        format == NotificationFormat.Cmq ? $"schemas/{kind.Name}.json" : $"schemas/{WireName.Of(format).ToLowerInvariant()}/{kind.Name}.json";

    /// <summary>The schema of a whole body.</summary>
    public static JsonObject Of(NotificationFormat format, EventKind kind)
    {
        var schema = format switch
        {
            NotificationFormat.Cmq => Envelope(kind.Name, Batch(kind)),
            NotificationFormat.Cloudevents => CloudEvent(kind),
            NotificationFormat.Mns => Flat(kind),
        };
        return Titled(schema, kind.Name, kind.Fires);
    }

    /// <summary>Where the schema of a notice is.</summary>
    public static string PathOf(NoticeKind notice) => $"schemas/{notice.Name}.json";

    /// <summary>The schema of a notice's whole body.</summary>
    public static JsonObject Of(NoticeKind notice) => Titled(
        Envelope(notice.Name, Object([.. notice.Keys.Select(key => (key.Name, new JsonObject { ["type"] = "string", ["description"] = key.Meaning }))])),
        notice.Name,
        notice.Fires);

    private static JsonObject Titled(JsonObject schema, string title, string description)
    {
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", title);
        schema.Insert(2, "description", description);
        return schema;
    }

    private static JsonObject Envelope(string name, JsonObject batch) => Object(
        ("Events", new JsonObject
        {
            ["type"] = "array",
            ["minItems"] = 1,
            ["maxItems"] = 1,
            ["items"] = Object(
                ("EventVersion", Const("1.0")),
                ("EventTime", Text(Time)),
                ("Region", Text()),
                ("Batch", batch),
                ("EventName", Const(name)),
                ("EventVars", Vars())),
        }));

    private static JsonObject CloudEvent(EventKind kind)
    {
        var schema = Object(
            ("specversion", Const("1.0")),
            ("id", Text()),
            ("source", Text("^urn:batchplane:")),
            ("type", Const(kind.Name)),
            ("subject", Text()),
            ("time", Text(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")),
            ("datacontenttype", Const("application/json")),
            ("sequence", Text(@"^\d{19}$")),
            ("data", Object(("Batch", Batch(kind)), ("EventVars", Vars()))));
        schema["properties"]!["traceparent"] = Text();
        return schema;
    }

    private static JsonObject Flat(EventKind kind) => Object([.. EventPayload.FlatKeysOf(kind).Select(name => (name, name switch
    {
        "Event" => Const(kind.Name),
        "CreationTime" or "StartTime" or "EndTime" or "Deadline" => Text(LongTime),
        _ => Text(),
    }))]);

    private static JsonObject Batch(EventKind kind)
    {
        var keys = EventPayload.KeysOf(kind.Level).Where(key => key.IsOf(kind)).ToList();
        var schema = Object([.. keys.Select(key => (key.Name, Of(key, kind)))]);
        schema["required"] = new JsonArray([.. keys.Where(key => key.When is null).Select(key => JsonValue.Create(key.Name))]);
        return schema;
    }

    private static JsonObject Of(PayloadKey key, EventKind kind)
    {
        var schema = key.Type switch
        {
            "string" when kind.IsOfState && key.Name.EndsWith("State", StringComparison.Ordinal) => Const(kind.State),
            "string" => Text(),
            "time" => Text(Time),
            "time or empty" => Text(TimeOrEmpty),
            "number" => new JsonObject { ["type"] = "number" },
            "counts" => Object([.. EventPayload.Counts.Select(name => (name, new JsonObject { ["type"] = "integer", ["minimum"] = 0 }))]),
            _ => new JsonObject(),
        };
        schema["description"] = key.Meaning;
        return schema;
    }

    private static JsonObject Vars() => new()
    {
        ["type"] = "array",
        ["items"] = Object(("Name", Text()), ("Value", Text())),
    };

    private static JsonObject Const(string value) => new() { ["type"] = "string", ["const"] = value };

    private static JsonObject Text(string? pattern = null) => pattern is null ? new() { ["type"] = "string" } : new() { ["type"] = "string", ["pattern"] = pattern };

    private static JsonObject Object(params (string Name, JsonObject Schema)[] members) => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray([.. members.Select(member => JsonValue.Create(member.Name))]),
        ["properties"] = new JsonObject(members.Select(member => KeyValuePair.Create(member.Name, (JsonNode?)member.Schema))),
    };
}
