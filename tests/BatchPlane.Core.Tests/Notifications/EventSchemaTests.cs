using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using Json.Schema;

namespace BatchPlane.Core.Tests.Notifications;

/// <summary>The golden messages are valid by the published schemas, in the judgement of a validator that is not ours.</summary>
public sealed class EventSchemaTests
{
    public static TheoryData<NotificationFormat, string> Samples
    {
        get
        {
            var samples = new TheoryData<NotificationFormat, string>();
            foreach (var format in Enum.GetValues<NotificationFormat>())
            {
                foreach (var kind in EventSchemas.KindsOf(format))
                {
                    samples.Add(format, kind.Name);
                }
            }

            return samples;
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void GoldenMessage_IsValidByItsSchemaAndWithoutAnyRequiredMemberItIsNot(NotificationFormat format, string name)
    {
        var kind = EventCatalogue.FindAny(name)!;
        var schema = JsonSchema.FromText(EventSchemas.Of(format, kind).ToJsonString());
        var message = JsonNode.Parse(File.ReadAllText(PathOf(format, name)))!;

        var verdict = schema.Evaluate(message, new() { OutputFormat = OutputFormat.List });
        Assert.True(verdict.IsValid, string.Join("; ", verdict.Details.Where(detail => detail.HasErrors).Select(detail => $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Values)}")));

        // The control: a schema that lets everything pass would be no check.
        var batch = format switch
        {
            NotificationFormat.Cmq => message["Events"]![0]!["Batch"]!.AsObject(),
            NotificationFormat.Cloudevents => message["data"]!["Batch"]!.AsObject(),
            NotificationFormat.Mns => message.AsObject(),
        };
        foreach (var key in batch.Select(member => member.Key).Where(key => IsRequired(format, kind, key)).ToList())
        {
            var value = batch[key];
            batch.Remove(key);
            Assert.False(schema.Evaluate(message).IsValid, $"without {key}");
            batch[key] = new JsonArray();
            Assert.False(schema.Evaluate(message).IsValid, $"with another {key}");
            batch[key] = value;
            Assert.True(schema.Evaluate(message).IsValid);
        }
    }

    private static bool IsRequired(NotificationFormat format, EventKind kind, string name) =>
        format == NotificationFormat.Mns || EventPayload.KeysOf(kind.Level).Any(key => key.Name == name && key.IsOf(kind) && key.When is null);

    [Fact]
    public void SchemaOfOneEvent_RefusesTheMessageOfAnother() => Assert.False(
        JsonSchema.FromText(EventSchemas.Of(NotificationFormat.Cmq, EventCatalogue.Find("JOB_FAILED")!).ToJsonString())
            .Evaluate(JsonNode.Parse(File.ReadAllText(PathOf(NotificationFormat.Cmq, "JOB_FAILED_INTERRUPTED"))))
            .IsValid);

    [Fact]
    public void AsyncApiDocument_HasAllMessagesOfAllFormats()
    {
        var document = AsyncApiDocument.Make();

        Assert.Equal((2 * EventCatalogue.All.Length) + AlibabaEvents.All.Length + TopicNotices.All.Count, document["components"]!["messages"]!.AsObject().Count);
        Assert.Equal("./schemas/JOB_FAILED.json", (string?)document["components"]!["messages"]!["JOB_FAILED"]!["payload"]!["$ref"]);
    }

    private static string PathOf(NotificationFormat format, string name) => format switch
    {
        NotificationFormat.Cmq => EventDocument.GoldenPath(name),
        NotificationFormat.Cloudevents => EventDocument.GoldenPath($"CloudEvents/{name}"),
        NotificationFormat.Mns => EventDocument.GoldenPath($"Mns/{name}"),
    };
}
