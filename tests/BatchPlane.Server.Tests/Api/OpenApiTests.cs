using System.Text.Json;

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
}
