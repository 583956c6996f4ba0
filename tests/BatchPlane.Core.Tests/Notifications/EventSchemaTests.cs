using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Topics;
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

        var messages = document["components"]!["messages"]!.AsObject();
        string[] native = [.. EventSchemas.KindsOf(NotificationFormat.Mns).Select(kind => kind.Name).Except(AlibabaEvents.All.Select(kind => kind.Name))];

        Assert.Equal(
            EventCatalogue.All.SelectMany(kind => new[] { kind.Name, $"cloudevents.{kind.Name}" })
                .Concat(AlibabaEvents.All.Select(kind => $"mns.{kind.Name}")).Concat(native.Select(name => $"mns.{name}"))
                .Concat(TopicNotices.All.Select(notice => notice.Name)).Order(StringComparer.Ordinal),
            messages.Select(message => message.Key).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["COMPUTE_ENV_CREATED", "COMPUTE_NODE_ABNORMAL", "COMPUTE_NODE_CREATION_FAILED", "COMPUTE_NODE_DELETING", "COMPUTE_NODE_DRAINING", "COMPUTE_NODE_LOST", "COMPUTE_NODE_RECOVERED", "JOB_OVERDUE", "JOB_SUBMITTED",
                "SUBSCRIPTION_DISABLED", "SUBSCRIPTION_ENABLED", "TASK_BLOCKED", "TASK_INSTANCE_ATTEMPT_ENDED", "TASK_INSTANCE_ATTEMPT_STARTED", "TASK_INSTANCE_CUSTOM_EVENT", "TASK_INSTANCE_PROGRESS", "TASK_PROGRESS"],
            native.Order(StringComparer.Ordinal));
        Assert.Equal("./schemas/JOB_FAILED.json", (string?)messages["JOB_FAILED"]!["payload"]!["schema"]!["$ref"]);
        Assert.Equal("Routing key job.finished or job.succeed.", (string?)messages["mns.OnJobFinished"]!["description"]);
    }

    [Fact]
    public void AsyncApiDocument_IsValidByTheSchemaOfAsyncApi()
    {
        var official = JsonNode.Parse(File.ReadAllText(Repository.PathOf("tests/peers/asyncapi/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json")))!.AsObject();

        // It names its draft in a way that the validator does not know, and describes Avro in circles.
        official.Remove("$schema");
        official["definitions"]!["avroSchema_v1"] = true;
        var schema = JsonSchema.FromText(official.ToJsonString());
        bool IsValid(JsonNode document) => schema.Evaluate(document, new() { EvaluateAs = SpecVersion.Draft7 }).IsValid;

        Assert.True(IsValid(AsyncApiDocument.Make()));

        // The control: damage in a place of each kind.
        Action<JsonObject>[] damages =
        [
            document => document["operations"]!["tell"]!["action"] = "tell",
            document => document["channels"]!["topic"]!["adress"] = "x",
            document => document["components"]!["messages"]!["JOB_FAILED"]!["headers"] = "none",
            document => document["components"]!["messages"]!["mns.OnJobFailed"]!["payload"]!["schemaFormat"] = 7,
            document => document["info"]!.AsObject().Remove("version"),
        ];
        foreach (var damage in damages)
        {
            var document = AsyncApiDocument.Make();
            damage(document);
            Assert.False(IsValid(document));
        }
    }

    [Theory]
    [InlineData(NotificationFormat.Cmq, "JOB_FAILED")]
    [InlineData(NotificationFormat.Mns, "mns.OnJobFailed")]
    [InlineData(NotificationFormat.Cloudevents, "cloudevents.JOB_FAILED")]
    public void AsyncApiHeaders_AreThoseThatMessagesHave(NotificationFormat format, string name)
    {
        using var writer = BodyWriter.Of(format, new());
        var kind = EventCatalogue.Find("JOB_FAILED")!;
        var subject = EnvelopeWriterTests.Job with { Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };

        var headers = MessageProperties.Of(new(kind, new(EnvelopeWriterTests.RowOf(kind), 0), subject, null, []), writer, "ap-local").Headers;

        var documented = AsyncApiDocument.Make()["components"]!["messages"]![name]!["headers"]!["properties"]!.AsObject().Select(member => member.Key);
        Assert.Equal(headers.Keys.Append(MessageProperties.RedeliveredAtHeader).Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    private static string PathOf(NotificationFormat format, string name) => format switch
    {
        NotificationFormat.Cmq => EventDocument.GoldenPath(name),
        NotificationFormat.Cloudevents => EventDocument.GoldenPath($"CloudEvents/{name}"),
        NotificationFormat.Mns => EventDocument.GoldenPath($"Mns/{name}"),
    };
}
