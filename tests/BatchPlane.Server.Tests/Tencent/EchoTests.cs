using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Environments;
using BatchPlane.Server.Tencent.Fields;
using BatchPlane.Server.Tencent.Jobs;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Whatever is said to be stored and echoed comes back: requests are made from the descriptions of the fields, and compared with what is shown.</summary>
public sealed class EchoTests(EchoTests.LocalFixture server) : IClassFixture<EchoTests.LocalFixture>
{
    private const int FewestFields = 45;

    /// <summary>Of which only one may be given.</summary>
    private static readonly string[] Networks = ["VirtualPrivateCloud", "VirtualPrivateClouds", "Zones"];

    /// <summary>Of fields that have an effect or are looked at.</summary>
    private static readonly Dictionary<string, string> Values = new(StringComparer.Ordinal)
    {
        ["Zone"] = "local-2",
        ["DeliveryForm"] = "LOCAL",
        ["InstanceChargeType"] = "SPOTPAID",
        ["SourcePath"] = "cos://bucket.cos.region.example/in/",
        ["DestinationPath"] = "/data/in/",
    };

    /// <summary>A façade whose nodes are made by this machine. Nothing makes them: there is no engine.</summary>
    public sealed class LocalFixture : TencentFixture
    {
        protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
            [.. (await base.OptionsAsync()).Where(option => option.Key != "Tencent:Provider"), new("Tencent:Provider", "local")];
    }

    public static TheoryData<string> KindsOfNetworks => [.. Networks];

    [Theory]
    [MemberData(nameof(KindsOfNetworks))]
    public async Task Environment_ShowsWhatItWasGiven(string network)
    {
        var (placement, environment) = (Make(CommonShapes.Placement, network), Make(EnvironmentShapes.NamedComputeEnv, network));
        environment["EnvName"] = $"echo-{network}";
        environment["DesiredComputeNodeCount"] = 0;
        var envId = (await server.CallAsync("CreateComputeEnv", new JsonObject { ["Placement"] = placement.DeepClone(), ["ComputeEnv"] = environment.DeepClone() }.ToJsonString())).GetProperty("EnvId");

        AssertShown(EnvironmentShapes.NamedComputeEnv, environment, await server.CallAsync("DescribeComputeEnvCreateInfo", $$"""{"EnvId":"{{envId}}"}"""), FewestFields);
        AssertShown(CommonShapes.Placement, placement, (await server.CallAsync("DescribeComputeEnv", $$"""{"EnvId":"{{envId}}"}""")).GetProperty("Placement"), 6);
    }

    [Theory]
    [MemberData(nameof(KindsOfNetworks))]
    public async Task JobAndTemplate_ShowWhatTheyWereGiven(string network)
    {
        var (placement, task) = (Make(CommonShapes.Placement, network), Make(TaskShapes.Task, network));
        task["Application"]!["Command"] = "true";
        var job = new JsonObject { ["Placement"] = placement.DeepClone(), ["Job"] = new JsonObject { ["Tasks"] = new JsonArray(task.DeepClone()) } };
        var jobId = (await server.CallAsync("SubmitJob", job.ToJsonString())).GetProperty("JobId");
        var template = new JsonObject { ["TaskTemplateName"] = $"echo-{network}", ["TaskTemplateInfo"] = task.DeepClone() };
        var templateId = (await server.CallAsync("CreateTaskTemplate", template.ToJsonString())).GetProperty("TaskTemplateId");

        AssertShown(TaskShapes.Task, task, (await server.CallAsync("DescribeJobSubmitInfo", $$"""{"JobId":"{{jobId}}"}""")).GetProperty("Tasks")[0], FewestFields);
        AssertShown(CommonShapes.Placement, placement, (await server.CallAsync("DescribeJobs", $$"""{"JobIds":["{{jobId}}"]}""")).GetProperty("JobSet")[0].GetProperty("Placement"), 6);
        AssertShown(TaskShapes.Task, task, (await server.CallAsync("DescribeTaskTemplates", $$"""{"TaskTemplateIds":["{{templateId}}"]}""")).GetProperty("TaskTemplateSet")[0].GetProperty("TaskTemplateInfo"), FewestFields);
    }

    /// <summary>An object with every field that is echoed, and what it needs besides.</summary>
    private static JsonObject Make(Shape shape, string network, bool isEchoed = false)
    {
        var made = new JsonObject();
        foreach (var field in shape.Fields.Where(field => field.IsRequired || isEchoed || HasEchoed(field)))
        {
            if (!Networks.Contains(field.Name) || field.Name == network)
            {
                var value = ValueOf(field, network, isEchoed || field.Treatment == Treatment.Echoed);
                made[field.Name] = field.IsList ? new JsonArray(value) : value;
            }
        }

        return made;
    }

    private static bool HasEchoed(Field field) => field.Treatment == Treatment.Echoed || field.Members?.Fields.Any(HasEchoed) == true;

    private static JsonNode ValueOf(Field field, string network, bool isEchoed) => field.Type switch
    {
        FieldType.Text => JsonValue.Create(Values.GetValueOrDefault(field.Name, $"{field.Name}-value")),
        FieldType.Integer => JsonValue.Create(7),
        FieldType.Flag => JsonValue.Create(true),
        FieldType.Record => Make(field.Members!, network, isEchoed),
    };

    private static void AssertShown(Shape shape, JsonObject given, JsonElement shown, int fewest)
    {
        var wanted = Echoed(shape, given, "", isEchoed: false).ToList();
        var all = Leaves(JsonNode.Parse(shown.GetRawText()), "").ToHashSet(StringComparer.Ordinal);

        Assert.True(wanted.Count >= fewest, string.Join('\n', wanted));
        Assert.DoesNotContain(wanted, leaf => !all.Contains(leaf));
    }

    /// <summary>Everything in it that has to come back, as its path and value.</summary>
    private static IEnumerable<string> Echoed(Shape shape, JsonObject values, string path, bool isEchoed)
    {
        foreach (var (name, value) in values)
        {
            var field = shape.Find(name)!;
            var wanted = isEchoed || field.Treatment == Treatment.Echoed;
            foreach (var (one, place) in value is JsonArray list ? list.Select((one, index) => (one, $"{path}.{name}.{index.ToString(CultureInfo.InvariantCulture)}")) : [(value, $"{path}.{name}")])
            {
                var leaves = field.Members is { } members
                    ? Echoed(members, (JsonObject)one!, place, wanted)
                    : wanted ? [$"{place} = {(field.IsSecret ? JsonValue.Create(Field.Mask) : one)?.ToJsonString()}"] : [];
                foreach (var leaf in leaves)
                {
                    yield return leaf;
                }
            }
        }
    }

    private static IEnumerable<string> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject members => members.SelectMany(member => Leaves(member.Value, $"{path}.{member.Key}")),
        JsonArray list => list.SelectMany((one, index) => Leaves(one, $"{path}.{index.ToString(CultureInfo.InvariantCulture)}")),
        _ => [$"{path} = {node?.ToJsonString()}"],
    };
}
