using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Topics;
using Microsoft.OpenApi;

namespace BatchPlane.Server.OpenApi;

/// <summary>What describes the events for machines: JSON Schemas, the AsyncAPI document, and the webhooks of the OpenAPI document.</summary>
internal static class EventDocuments
{
    private const string SchemaType = "application/schema+json";
    private const string YamlType = "application/yaml";

    /// <summary>Maps <c>/schemas</c>, a list of addresses, each schema below it, and <c>/asyncapi.yaml</c>. They need no key: they say nothing of this installation.</summary>
    internal static void MapEventDocuments(this IEndpointRouteBuilder routes)
    {
        var schemas = Enum.GetValues<NotificationFormat>()
            .SelectMany(format => EventSchemas.KindsOf(format).Select(kind => (Path: EventSchemas.PathOf(format, kind), Schema: EventSchemas.Of(format, kind))))
            .Concat(TopicNotices.All.Select(notice => (Path: EventSchemas.PathOf(notice), Schema: EventSchemas.Of(notice))))
            .ToDictionary(schema => schema.Path, schema => schema.Schema.ToJsonString(BatchPlaneJson.Indented), StringComparer.OrdinalIgnoreCase);
        string[] paths = [.. schemas.Keys.Select(path => $"/{path}")];
        var asyncApi = Yaml(AsyncApiDocument.Make());
        routes.MapGet("/schemas", () => Results.Json(paths)).ExcludeFromDescription();
        routes.MapGet("/schemas/{**name}", (string name) => schemas.TryGetValue($"schemas/{name}", out var schema) ? Results.Text(schema, SchemaType) : Results.NotFound()).ExcludeFromDescription();
        routes.MapGet("/asyncapi.yaml", () => Results.Text(asyncApi, YamlType)).ExcludeFromDescription();
    }

    /// <summary>The messages as webhooks: those of events in the formats that a subscription may ask for, and notices.</summary>
    internal static void AddWebhooks(OpenApiDocument document)
    {
        document.Webhooks = EventCatalogue.All
            .Select(kind => (kind.Name, Item: WebhookOf(kind.Fires, new()
            {
                ["application/json"] = InJson(kind),
                ["application/cloudevents+json"] = [EventSchemas.Of(NotificationFormat.Cloudevents, kind)],
            })))
            .Concat(AlibabaEvents.All.Select(kind => (kind.Name, Item: WebhookOf(kind.Fires, new() { ["application/json"] = [EventSchemas.Of(NotificationFormat.Mns, kind)] }))))
            .Concat(TopicNotices.All.Select(notice => (notice.Name, Item: WebhookOf(notice.Fires, new() { ["application/json"] = [EventSchemas.Of(notice)] }))))
            .ToDictionary(webhook => webhook.Name, webhook => (IOpenApiPathItem)webhook.Item);
    }

    /// <summary>Tencent's envelope, and the flat message where Alibaba has no name for the event: those that it names are webhooks of their own.</summary>
    private static JsonObject[] InJson(EventKind kind) =>
        EventSchemas.KindsOf(NotificationFormat.Mns).Contains(kind) ? [EventSchemas.Of(NotificationFormat.Cmq, kind), EventSchemas.Of(NotificationFormat.Mns, kind)] : [EventSchemas.Of(NotificationFormat.Cmq, kind)];

    /// <param name="fires">When it is sent.</param>
    /// <param name="bodies">Schemas of its bodies, by content type.</param>
    private static OpenApiPathItem WebhookOf(string fires, Dictionary<string, JsonObject[]> bodies) => new()
    {
        Operations = new()
        {
            [HttpMethod.Post] = new OpenApiOperation
            {
                Summary = fires,
                Parameters =
                [
                    Header("webhook-id", "Id of the event, the same at every try."),
                    Header("webhook-timestamp", "When it is tried, in seconds since 1970."),
                    Header("webhook-signature", "Space-separated signatures, 'v1,' and base64 of the HMAC-SHA256 of id.timestamp.body; two while a secret is rotated."),
                ],
                RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = bodies.ToDictionary(body => body.Key, body => new OpenApiMediaType { Schema = body.Value is [var only] ? SchemaOf(only) : new OpenApiSchema { OneOf = [.. body.Value.Select(SchemaOf)] } }),
                },
                Responses = new() { ["2XX"] = new OpenApiResponse { Description = "Taken." } },
            },
        },
    };

    private static OpenApiParameter Header(string name, string description) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = true,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    private static OpenApiSchema SchemaOf(JsonObject schema) => new()
    {
        Type = schema["type"] is { } type ? Enum.Parse<JsonSchemaType>((string)type!, ignoreCase: true) : null,
        Description = (string?)schema["description"],
        Pattern = (string?)schema["pattern"],
        Const = (string?)schema["const"],
        Minimum = schema["minimum"]?.ToJsonString(),
        MinItems = (int?)schema["minItems"],
        MaxItems = (int?)schema["maxItems"],
        Required = schema["required"]?.AsArray().Select(name => (string)name!).ToHashSet(),
        Properties = schema["properties"]?.AsObject().ToDictionary(member => member.Key, member => (IOpenApiSchema)SchemaOf(member.Value!.AsObject())),
        Items = schema["items"] is JsonObject items ? SchemaOf(items) : null,
    };

    /// <summary>JSON as YAML in block style: texts stay as JSON writes them, which YAML reads the same.</summary>
    private static string Yaml(JsonObject document)
    {
        var text = new StringBuilder();
        Write(document, 0);
        return text.ToString();

        void Write(JsonObject members, int depth)
        {
            foreach (var (name, value) in members)
            {
                text.Append(CultureInfo.InvariantCulture, $"{new string(' ', depth * 2)}{JsonSerializer.Serialize(name)}:");
                if (value is JsonObject inner && inner.Count > 0)
                {
                    text.Append('\n');
                    Write(inner, depth + 1);
                }
                else
                {
                    text.Append(CultureInfo.InvariantCulture, $" {value!.ToJsonString(BatchPlaneJson.Options)}\n");
                }
            }
        }
    }
}
