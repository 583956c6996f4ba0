using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Call = BatchPlane.Server.Tests.Tencent.TencentFixture.Call;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Requests that must all be refused, from a seed: the same number gives the same request.</summary>
internal sealed class MalformedRequests(int seed)
{
    private const string Batch = "2017-03-12";
    private const string Tdmq = "2020-02-17";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789+/=_-. ,;:SKIPTC";

    /// <summary>Requests that are right as they stand, <c>NAME</c> being a name nobody has.</summary>
    internal static IReadOnlyList<(string Version, string Action, string Body)> Samples { get; } =
    [
        (Batch, "SubmitJob", """
            {"Placement":{"Zone":"local-1"},"Job":{"JobName":"NAME","Priority":1,"Tasks":[{"TaskName":"a","TaskInstanceNum":2,"EnvId":"env-default0","Timeout":60,"MaxRetryCount":1,"EnvVars":[{"Name":"X","Value":"1"}],
             "Application":{"DeliveryForm":"LOCAL","Command":"echo héllo"},"RestartComputeNode":false},{"TaskName":"b","EnvId":"env-default0","Application":{"DeliveryForm":"LOCAL","Command":"true"}}],
             "Dependences":[{"StartTask":"a","EndTask":"b"}],"Tags":[{"Key":"k","Value":"v"}]}}
            """),
        (Batch, "CreateComputeEnv", """{"Placement":{"Zone":"local-1"},"ComputeEnv":{"EnvName":"NAME","DesiredComputeNodeCount":0,"EnvType":"MANAGED","Tags":[{"Key":"k","Value":"v"}]}}"""),
        (Batch, "CreateTaskTemplate", """{"TaskTemplateName":"NAME","TaskTemplateInfo":{"TaskName":"a","EnvId":"env-default0","Application":{"DeliveryForm":"LOCAL","Command":"true"}},"Tags":[{"Key":"k","Value":"v"}]}"""),
        (Tdmq, "CreateCmqTopic", """{"TopicName":"NAME","MaxMsgSize":4096,"FilterType":1,"Trace":true,"Tags":[{"TagKey":"k","TagValue":"v"}]}"""),
        (Batch, "DescribeJobs", """{"Filters":[{"Name":"job-name","Values":["NAME"]}],"Offset":0,"Limit":10}"""),
        (Batch, "DescribeComputeEnvs", """{"Filters":[{"Name":"env-name","Values":["NAME"]}],"Limit":1}"""),
    ];

    /// <summary>A sample's body with a name of its own.</summary>
    internal static string Named(string body, string name) => body.Replace("NAME", name, StringComparison.Ordinal);

    /// <summary>Request number <paramref name="number"/>; exactly one of the two: a signed request, or bytes for a connection.</summary>
    internal (Call? Call, byte[]? Bytes) Make(int number)
    {
#pragma warning disable CA5394 // Not for secrets: it has to come again.
        var random = new Random(unchecked((seed * 1_000_003) + number));
        var (version, action, body) = Samples[random.Next(Samples.Count)];
        var text = Named(body, string.Create(CultureInfo.InvariantCulture, $"m{seed}-{number}"));
        var call = new Call { Version = version, Action = action, Body = text };
        return random.Next(10) switch
        {
            0 => (call with { Authorization = Noise(random, random.Next(200)) }, null),
            1 => (call with { SecretKey = "another" + number }, null),
            2 => (call with { Body = text, SentBody = Changed(random, Encoding.UTF8.GetBytes(text)) }, null),
            3 => (call with { Body = text[..random.Next(1, text.TrimEnd().Length)] }, null),
            4 => (call with { Body = Replaced(random, text, () => JsonNode.Parse("[[{}]]")) }, null),
            5 => (call with { Body = Replaced(random, text, () => JsonNode.Parse(random.Next(3) switch { 0 => "1e999", 1 => "123456789012345678901234567890", _ => "-9223372036854775809" })) }, null),
            6 => (call with { Body = Deep(random, text) }, null),
            7 => (call with { Body = Doubled(random, text) }, null),
            8 => (Query(random, call), null),
            _ => (null, Raw(random, text)),
        };
#pragma warning restore CA5394
    }

    private static string Noise(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Letters[random.Next(Letters.Length)])) + "x";

    private static byte[] Changed(Random random, byte[] body)
    {
        body[random.Next(body.Length)] ^= (byte)random.Next(1, 256);
        return body;
    }

    /// <summary>The document with one of its values in place of which no field takes what <paramref name="make"/> gives.</summary>
    private static string Replaced(Random random, string text, Func<JsonNode?> make)
    {
        var root = JsonNode.Parse(text)!;
        var nodes = Below(root).ToList();
        nodes[random.Next(nodes.Count)].ReplaceWith(make());
        return root.ToJsonString();
    }

    private static IEnumerable<JsonNode> Below(JsonNode node) => node switch
    {
        JsonObject members => members.Select(member => member.Value!).SelectMany(value => Below(value).Prepend(value)),
        JsonArray items => items.SelectMany(item => Below(item!).Prepend(item!)),
        _ => [],
    };

    private static string Deep(Random random, string text)
    {
        var depth = random.Next(2, 3_000);
        var (open, close) = random.Next(2) == 0 ? ("[", "]") : ("{\"a\":", "}");
        var nested = string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));
        return random.Next(2) == 0 ? nested : $"{text.TrimEnd()[..^1]},\"Deep\":{nested}}}";
    }

    private static string Doubled(Random random, string text)
    {
        var members = JsonNode.Parse(text)!.AsObject();
        var name = members.ElementAt(random.Next(members.Count)).Key;
        return $"{text.TrimEnd()[..^1]},\"{name}\":{members[name]!.ToJsonString()}}}";
    }

    private static Call Query(Random random, Call call)
    {
        string[] queries = ["Limit=1&Limit=2", "Limit=1&Limit.0=2", "Filters.0.Name=x", "Filters.9999999999.Name=a", "Filters.x=1", "Nothing=1", "Limit=%00", "Limit=%FF%FE", "Filters.0.Values.0.0.0=1", "=&=&=", "Offset=1e9"];
        return call with { Version = Batch, Action = "DescribeJobs", Method = "GET", Body = "", Query = queries[random.Next(queries.Length)] };
    }

    /// <summary>What no client would send: other lengths than announced, other methods and headers, no HTTP at all. It is unsigned besides.</summary>
    private static byte[] Raw(Random random, string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var head = random.Next(6) switch
        {
            0 => $"POST / HTTP/1.1\r\nHost: x\r\nX-TC-Action: SubmitJob\r\nContent-Length: {body.Length + random.Next(1, 99)}\r\n\r\n",
            1 => "POST / HTTP/1.1\r\nHost: x\r\nX-TC-Action: SubmitJob\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            2 => $"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\n\r\n",
            3 => $"{Noise(random, 9)} / HTTP/1.1\r\nHost: x\r\n\r\n",
            4 => $"POST / HTTP/1.1\r\nHost: x\r\nX-TC-Timestamp: {new string('9', random.Next(1, 60))}\r\nContent-Length: {body.Length}\r\nAuthorization: TC3-HMAC-SHA256 Credential=a/b/c/tc3_request, SignedHeaders=content-type;host, Signature={new string('a', 64)}\r\n\r\n",
            _ => Noise(random, 40),
        };
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
