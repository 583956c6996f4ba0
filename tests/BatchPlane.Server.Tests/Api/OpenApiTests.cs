using System.Net;
using System.Text.Json;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Topics;
using YamlDotNet.Serialization;

namespace BatchPlane.Server.Tests.Api;

public sealed class OpenApiTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Document_DescribesRequestsProblemsAndKeys()
    {
        using var document = JsonDocument.Parse(await server.Anonymous.GetStringAsync("/openapi/v1.json"));
        var submit = document.RootElement.GetProperty("paths").GetProperty("/v1/jobs").GetProperty("post");

        Assert.Equal("bearer", document.RootElement.GetProperty("components").GetProperty("securitySchemes").GetProperty("ApiKey").GetProperty("scheme").GetString());
        Assert.Equal("ApiKey", submit.GetProperty("security")[0].EnumerateObject().Single().Name);
        Assert.Equal("#/components/schemas/Problem", submit.GetProperty("responses").GetProperty("default").GetProperty("content").GetProperty("application/problem+json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Equal("#/components/schemas/JobDocument", submit.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Contains("Idempotency-Key", submit.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString()));
        Assert.True(document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("JobDocument").GetProperty("properties").TryGetProperty("task_execution_depend_on", out _));
    }

    [Fact]
    public async Task Webhooks_AreTheEventsOfTheCatalogue()
    {
        using var document = JsonDocument.Parse(await server.Anonymous.GetStringAsync("/openapi/v1.json"));

        var webhooks = document.RootElement.GetProperty("webhooks");
        Assert.Equal(EventCatalogue.All.Select(kind => kind.Name).Concat(AlibabaEvents.All.Select(kind => kind.Name)).Concat(TopicNotices.All.Select(notice => notice.Name)), webhooks.EnumerateObject().Select(webhook => webhook.Name));
        var events = webhooks.GetProperty("JOB_FAILED").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties").GetProperty("Events");
        Assert.Equal("JOB_FAILED", events.GetProperty("items").GetProperty("properties").GetProperty("EventName").GetProperty("const").GetString());
        var either = webhooks.GetProperty("TASK_BLOCKED").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("oneOf");
        Assert.Equal(["Events", "Category"], either.EnumerateArray().Select(body => body.GetProperty("required")[0].GetString()));
        Assert.Equal((1, 1), (events.GetProperty("minItems").GetInt32(), events.GetProperty("maxItems").GetInt32()));
        Assert.Equal(["webhook-id", "webhook-timestamp", "webhook-signature"], webhooks.GetProperty("JOB_FAILED").GetProperty("post").GetProperty("parameters").EnumerateArray().Select(header => header.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task AsyncApiDocument_IsYamlWhosePayloadsAreServed()
    {
        var text = await server.Anonymous.GetStringAsync("/asyncapi.yaml");
        var document = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(text);
        using var schemas = JsonDocument.Parse(await server.Anonymous.GetStringAsync("/schemas"));
        var served = schemas.RootElement.EnumerateArray().Select(path => path.GetString()!).ToHashSet();

        Assert.Equal("3.0.0", document["asyncapi"]);
        var messages = (Dictionary<object, object>)((Dictionary<object, object>)document["components"])["messages"];
        Assert.Equal(served.Count, messages.Count);
        Assert.All(messages.Values.Cast<Dictionary<object, object>>(), message => Assert.Contains(((string)((Dictionary<object, object>)((Dictionary<object, object>)message["payload"])["schema"])["$ref"])[1..], served));
        using var one = JsonDocument.Parse(await server.Anonymous.GetStringAsync("/schemas/mns/OnJobStopped.json"));
        Assert.Equal("OnJobStopped", one.RootElement.GetProperty("title").GetString());
        using var none = await server.Anonymous.GetAsync("/schemas/NOTHING.json");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }
}
