using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Topics;

namespace BatchPlane.Core.Catalogue;

/// <summary>The AsyncAPI 3 document of the messages on topics, made from the catalogue.</summary>
public static class AsyncApiDocument
{
    /// <summary>What the payloads are described in.</summary>
    private const string SchemaFormat = "application/schema+json;version=2020-12";

    private static readonly string[] Attributes = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype"];

    /// <summary>The document; its schemas are those of <see cref="EventSchemas"/>, by their addresses.</summary>
    public static JsonObject Make()
    {
        var messages = new JsonObject();
        var ofChannel = new JsonObject();
        foreach (var format in Enum.GetValues<NotificationFormat>())
        {
            using var writer = BodyWriter.Of(format, new());
            foreach (var kind in EventSchemas.KindsOf(format))
            {
                var name = format == NotificationFormat.Cmq ? kind.Name : $"{WireName.Of(format).ToLowerInvariant()}.{kind.Name}";
                messages.Add(name, MessageOf(kind.Name, kind.Fires, KeysOf(kind), writer.ContentType, writer.IsCloudEventInHeaders, EventSchemas.PathOf(format, kind)));
                ofChannel.Add(name, Reference($"#/components/messages/{name}"));
            }
        }

        foreach (var notice in TopicNotices.All)
        {
            messages.Add(notice.Name, MessageOf(notice.Name, notice.Fires, notice.RoutingKey, "application/json", hasAttributes: false, EventSchemas.PathOf(notice)));
            ofChannel.Add(notice.Name, Reference($"#/components/messages/{notice.Name}"));
        }

        return new()
        {
            ["asyncapi"] = "3.0.0",
            ["info"] = new JsonObject
            {
                ["title"] = "BatchPlane",
                ["version"] = "v1",
                ["description"] = "What BatchPlane tells on its topics. A topic is a RabbitMQ exchange of type topic; queues bind it by level and state.",
            },
            ["defaultContentType"] = "application/json",
            ["channels"] = new JsonObject { ["topic"] = Channel(ofChannel) },
            ["operations"] = new JsonObject
            {
                ["tell"] = new JsonObject { ["action"] = "send", ["channel"] = Reference("#/channels/topic") },
            },
            ["components"] = new JsonObject { ["messages"] = messages },
        };
    }

    private static JsonObject Channel(JsonObject messages) => new()
    {
        ["address"] = "{topic}",
        ["description"] = "A topic that a job or environment named.",
        ["parameters"] = new JsonObject { ["topic"] = new JsonObject { ["description"] = "Its name, and that of the exchange." } },
        ["messages"] = messages,
        ["bindings"] = new JsonObject
        {
            ["amqp"] = new JsonObject
            {
                ["is"] = "routingKey",
                ["exchange"] = new JsonObject { ["type"] = "topic", ["durable"] = true, ["autoDelete"] = false },
            },
        },
    };

    /// <summary>A message of Alibaba's has the key of the event that was asked for, which may be one of Tencent's.</summary>
    private static string KeysOf(EventKind kind) => string.Join(
        " or ",
        EventCatalogue.All.Where(tencent => AlibabaEvents.Covers(tencent, kind)).Select(tencent => tencent.RoutingKey).Prepend(kind.RoutingKey).Distinct(StringComparer.Ordinal));

    private static JsonObject MessageOf(string name, string fires, string routingKeys, string contentType, bool hasAttributes, string schema) => new()
    {
        ["name"] = name,
        ["summary"] = fires,
        ["description"] = $"Routing key {routingKeys}.",
        ["contentType"] = contentType,
        ["headers"] = HeadersOf(hasAttributes),
        ["payload"] = new JsonObject { ["schemaFormat"] = SchemaFormat, ["schema"] = Reference($"./{schema}") },
    };

    private static JsonObject HeadersOf(bool hasAttributes)
    {
        var properties = new JsonObject
        {
            ["x-batchplane-sequence"] = new JsonObject { ["type"] = "integer", ["description"] = "Number of the event within its job, environment or subscription; the test of a topic has none." },
            [MessageProperties.RedeliveredAtHeader] = new JsonObject { ["type"] = "integer", ["description"] = "Of a message that is delivered again: when that was asked for, in milliseconds since 1970." },
            ["traceparent"] = new JsonObject { ["type"] = "string" },
        };
        foreach (var attribute in hasAttributes ? Attributes : [])
        {
            properties.Add(MessageProperties.AttributePrefix + attribute, new JsonObject { ["type"] = "string", ["description"] = $"CloudEvents 1.0 attribute {attribute}." });
        }

        return new() { ["type"] = "object", ["properties"] = properties };
    }

    private static JsonObject Reference(string to) => new() { ["$ref"] = to };
}
