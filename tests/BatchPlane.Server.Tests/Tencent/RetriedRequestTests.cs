using System.Text.Json.Nodes;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>The same request with the same token is the same, however it is written.</summary>
public sealed class RetriedRequestTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private const string Request = """
        {"Placement":{"Zone":"local-1"},"ClientToken":"again","Job":{"JobName":"again","Priority":3,"Tags":[],"Tasks":[{"TaskName":"a","RedirectInfo":{},"EnvId":"env-default0","TaskInstanceNum":2,
         "Application":{"DeliveryForm":"LOCAL","Command":"echo 1"},"RestartComputeNode":false}]}}
        """;

    [Fact]
    public async Task OtherOrderOrForm_GivesTheSameJob()
    {
        var job = (await server.CallAsync("SubmitJob", Request)).GetProperty("JobId").GetString();
        var parameters = OlderCall.Flatten(JsonNode.Parse(Request)).ToArray();
        var query = string.Join('&', parameters.Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value)}"));

        Assert.Equal(job, (await server.CallAsync("SubmitJob", Reversed(JsonNode.Parse(Request)!).ToJsonString())).GetProperty("JobId").GetString());
        Assert.Equal(job, (await server.SendAsync(new() { Action = "SubmitJob", Method = "GET", Query = query })).GetProperty("JobId").GetString());
        foreach (var method in (string[])["POST", "GET"])
        {
            Assert.Equal(job, (await server.SendOlderAsync(new() { Action = "SubmitJob", Method = method, Parameters = parameters })).GetProperty("JobId").GetString());
        }

        Assert.Equal("InvalidParameterValue", await server.RefusalAsync("SubmitJob", Request.Replace("echo 1", "echo 2", StringComparison.Ordinal)));
    }

    private static JsonNode Reversed(JsonNode node) => node switch
    {
        JsonObject members => new JsonObject(members.Reverse().Select(member => KeyValuePair.Create(member.Key, (JsonNode?)Reversed(member.Value!)))),
        JsonArray items => new JsonArray([.. items.Select(item => Reversed(item!))]),
        _ => node.DeepClone(),
    };
}
