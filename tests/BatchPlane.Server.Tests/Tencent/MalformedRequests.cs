using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Call = BatchPlane.Server.Tests.Tencent.TencentFixture.Call;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>A malformed request: one of the three. <c>Bytes</c> are for a connection; with <c>KeepsOpen</c> nothing follows and the connection stays.</summary>
internal sealed record Malformed(Call? Call = null, OlderCall? Older = null, byte[]? Bytes = null, bool KeepsOpen = false)
{
    /// <summary>False: it may be that nothing is wrong with it, and that it is answered.</summary>
    internal bool IsWrong { get; init; } = true;
}

/// <summary>
/// Requests from a seed: the same number gives the same request. Most are signed after they were spoiled, so that they come through the gate to what reads them. All are wrong, but for those
/// whose bytes were changed blindly: those only read.
/// </summary>
internal sealed class MalformedRequests(int seed, Func<Call, HttpRequestMessage> sign)
{
    /// <summary>The topic that subscriptions are made of; it has to be there.</summary>
    internal const string Topic = "malformed";

    private const string Batch = "2017-03-12";
    private const string Tdmq = "2020-02-17";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789+/=_-. ,;:SKIPTC";
    private const string Structure = "{}[]:,\"";

    /// <summary>One of how many of raw connections is kept open: each of them lasts as long as a body may take.</summary>
    private const int KeptOpen = 3;

    /// <summary>Requests that are right as they stand, <c>NAME</c> being a name nobody has.</summary>
    internal static IReadOnlyList<(string Version, string Action, string Body)> Samples { get; } =
    [
        (Batch, "SubmitJob", """
            {"Placement":{"Zone":"local-1"},"Job":{"JobName":"NAME","Priority":1,"Tasks":[{"TaskName":"a","TaskInstanceNum":2,"EnvId":"env-default0","Timeout":60,"MaxRetryCount":1,"EnvVars":[{"Name":"X","Value":"1"}],
             "Application":{"DeliveryForm":"LOCAL","Command":"echo héllo"},"RestartComputeNode":false},{"TaskName":"b","EnvId":"env-default0","Application":{"DeliveryForm":"LOCAL","Command":"true"}}],
             "Dependences":[{"StartTask":"a","EndTask":"b"}],"Tags":[{"Key":"k","Value":"v"}]}}
            """),
        (Batch, "SubmitJob", """
            {"Placement":{"Zone":"local-1"},"ClientToken":"NAME","Job":{"JobName":"told","Tasks":[{"TaskName":"a","EnvId":"env-default0","Application":{"DeliveryForm":"LOCAL","Command":"true"}}],
             "Notifications":[{"TopicName":"NAME-t","EventConfigs":[{"EventName":"JobFailed","EventVars":[{"Name":"x","Value":"1"}]}]}]}}
            """),
        (Batch, "CreateComputeEnv", """
            {"Placement":{"Zone":"local-1"},"ClientToken":"NAME","ComputeEnv":{"EnvName":"NAME","DesiredComputeNodeCount":0,"EnvType":"MANAGED","Tags":[{"Key":"k","Value":"v"}],
             "Notifications":[{"TopicName":"NAME-e","EventConfigs":[{"EventName":"COMPUTE_ENV_CREATED"}]}]}}
            """),
        (Batch, "CreateTaskTemplate", """{"TaskTemplateName":"NAME","TaskTemplateInfo":{"TaskName":"a","EnvId":"env-default0","Application":{"DeliveryForm":"LOCAL","Command":"true"}},"Tags":[{"Key":"k","Value":"v"}]}"""),
        (Tdmq, "CreateCmqTopic", """{"TopicName":"NAME","MaxMsgSize":4096,"FilterType":1,"Trace":true,"Tags":[{"TagKey":"k","TagValue":"v"}]}"""),
        (Tdmq, "CreateCmqSubscribe", $$"""{"TopicName":"{{Topic}}","SubscriptionName":"NAME","Protocol":"queue","Endpoint":"q-NAME","FilterTag":["a","b"]}"""),
        (Batch, "DescribeJobs", """{"Filters":[{"Name":"job-name","Values":["NAME"]}],"Offset":0,"Limit":10}"""),
        (Batch, "DescribeComputeEnvs", """{"Filters":[{"Name":"env-name","Values":["NAME"]}],"Limit":1}"""),
        (Tdmq, "DescribeCmqTopics", """{"TopicName":"NAME","TopicNameList":["NAME"],"IsTagFilter":true,"Limit":5}"""),
    ];

    /// <summary>A sample's body with a name of its own.</summary>
    internal static string Named(string body, string name) => body.Replace("NAME", name, StringComparison.Ordinal);

    /// <summary>Request number <paramref name="number"/>.</summary>
    internal Malformed Make(int number)
    {
#pragma warning disable CA5394 // Not for secrets: it has to come again.
        var random = new Random(unchecked((seed * 1_000_003) + number));
        var (version, action, body) = Samples[random.Next(Samples.Count)];
        var name = string.Create(CultureInfo.InvariantCulture, $"m{seed}-{number}");
        var text = Named(body, name).TrimEnd();
        var call = new Call { Version = version, Action = action, Body = text };
        return random.Next(15) switch
        {
            0 => new(call with { Authorization = Noise(random, random.Next(200)) }),
            1 => new(call with { SecretKey = "another" + number }),
            2 => new(call with { SentBody = Flipped(random, Encoding.UTF8.GetBytes(text)) }),
            3 => new(call with { Body = text[..random.Next(1, text.Length)] }),
            4 => new(call with { Body = Replaced(random, text, () => JsonNode.Parse("[[{}]]")) }),
            5 => new(call with { Body = Replaced(random, text, () => JsonNode.Parse(random.Next(3) switch { 0 => "1e999", 1 => "123456789012345678901234567890", _ => "-9223372036854775809" })) }),
            6 => new(call with { Body = Deep(random, text) }),
            7 => new(call with { Body = Doubled(random, text) }),
            8 => new(Query(random, call)),
            9 => new(call with { Bytes = NoText(random, text) }),
            10 => new(call with { Body = NoUnicode(random, text) }),
            11 => new(call with { Body = Unstructured(random, text) }),
            12 => Blind(random, name),
            13 => new(Older: Older(random, version, action, text)),
            _ => Raw(random, call),
        };
    }

    private static string Noise(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Letters[random.Next(Letters.Length)])) + "x";

    private static byte[] Flipped(Random random, byte[] body)
    {
        body[random.Next(body.Length)] ^= (byte)random.Next(1, 256);
        return body;
    }

    /// <summary>A byte that occurs in no UTF-8 in the place of some byte.</summary>
    private static byte[] NoText(Random random, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes[random.Next(bytes.Length)] = random.Next(3) switch { 0 => 0xFF, 1 => 0xC0, _ => (byte)random.Next(0xF8, 0x100) };
        return bytes;
    }

    /// <summary>A value, or the name of a member, that is half a pair, or has a NUL.</summary>
    private static string NoUnicode(Random random, string text)
    {
        const string Mark = "MARKED";
        var escape = random.Next(3) switch { 0 => "\\ud800", 1 => "a\\udfff", _ => "\\u0000" };
        var marked = random.Next(4) == 0 ? $"{text[..^1]},\"{Mark}\":1}}" : Replaced(random, text, () => JsonValue.Create(Mark));
        return marked.Replace(Mark, escape, StringComparison.Ordinal);
    }

    /// <summary>A character of the document's structure in which another one stands: none of the samples has such in its texts.</summary>
    private static string Unstructured(Random random, string text)
    {
        var places = Enumerable.Range(0, text.Length).Where(place => Structure.Contains(text[place], StringComparison.Ordinal)).ToList();
        var place = places[random.Next(places.Count)];
        var other = random.Next(3) switch { 0 => "x", 1 => "", _ => "\u0001" };
        return text[..place] + other + text[(place + 1)..];
    }

    /// <summary>Some bytes of a request that only reads are changed, whatever comes out.</summary>
    private static Malformed Blind(Random random, string name)
    {
        var reading = Samples.Where(sample => sample.Action.StartsWith("Describe", StringComparison.Ordinal)).ToList();
        var (version, action, body) = reading[random.Next(reading.Count)];
        var bytes = Encoding.UTF8.GetBytes(Named(body, name));
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return new(new() { Version = version, Action = action, Bytes = bytes }) { IsWrong = false };
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
        return random.Next(2) == 0 ? nested : $"{text[..^1]},\"Deep\":{nested}}}";
    }

    private static string Doubled(Random random, string text)
    {
        var members = JsonNode.Parse(text)!.AsObject();
        var name = members.ElementAt(random.Next(members.Count)).Key;
        return $"{text[..^1]},\"{name}\":{members[name]!.ToJsonString()}}}";
    }

    private static Call Query(Random random, Call call)
    {
        string[] queries = ["Limit=1&Limit=2", "Limit=1&Limit.0=2", "Filters.0.Name=x", "Filters.9999999999.Name=a", "Filters.x=1", "Nothing=1", "Limit=%00", "Limit=%FF%FE", "Filters.0.Values.0.0.0=1", "=&=&=", "Offset=1e9"];
        return call with { Version = Batch, Action = "DescribeJobs", Method = "GET", Body = "", Query = queries[random.Next(queries.Length)] };
    }

    /// <summary>A sample as a form or query with the older signature, with something that no request has.</summary>
    private static OlderCall Older(Random random, string version, string action, string text)
    {
        List<(string Name, string Value)> parameters = [.. OlderCall.Flatten(JsonNode.Parse(text))];
        var place = random.Next(parameters.Count);
        var (name, value) = parameters[place];
        switch (random.Next(7))
        {
            case 0:
                parameters.Add((name, value));
                break;
            case 1:
                parameters.Add((name + ".0", value));
                break;
            case 2:
                parameters.Add(("Nothing", "1"));
                break;
            case 3:
                parameters[place] = (name, value + "\0");
                break;
            case 4:
                parameters.Add((string.Join('.', Enumerable.Repeat(name, 17)), value));
                break;
            case 5:
                parameters.AddRange(Enumerable.Range(0, random.Next(1_000, 2_000)).Select(index => (string.Create(CultureInfo.InvariantCulture, $"Many.{index}"), "")));
                break;
            default:
                parameters[place] = (name + ".x.y", value);
                break;
        }

        return new() { Version = version, Action = action, Method = random.Next(2) == 0 && parameters.Count < 500 ? "GET" : "POST", Parameters = parameters };
    }

    /// <summary>What no client would send: other lengths than announced, other methods and headers, no HTTP at all; and heads that are signed, with a body that does not come.</summary>
    private Malformed Raw(Random random, Call call)
    {
        var body = Encoding.UTF8.GetBytes(call.Body);
        var part = body[..random.Next(body.Length)];
        switch (random.Next(8))
        {
            case 0:
                return Of(Unsigned(body.Length + random.Next(1, 99)), body);
            case 1:
                return Of("POST / HTTP/1.1\r\nHost: x\r\nX-TC-Action: SubmitJob\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", body);
            case 2:
                return Of($"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\n\r\n", body);
            case 3:
                return Of($"{Noise(random, 9)} / HTTP/1.1\r\nHost: x\r\n\r\n", body);
            case 4:
                return Of($"POST / HTTP/1.1\r\nHost: x\r\nX-TC-Timestamp: {new string('9', random.Next(1, 60))}\r\nContent-Length: {body.Length}\r\nAuthorization: TC3-HMAC-SHA256 Credential=a/b/c/tc3_request, SignedHeaders=content-type;host, Signature={new string('a', 64)}\r\n\r\n", body);
            case 5:
                return Of(SignedHead(call, $"Content-Length: {body.Length}"), part) with { KeepsOpen = random.Next(KeptOpen) == 0 };
            case 6:
                return Of(SignedHead(call, "Transfer-Encoding: chunked"), [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{body.Length:x}\r\n")), .. part]);
            default:
                return Of(Noise(random, 40), body);
        }

        static Malformed Of(string head, byte[] body) => new(Bytes: [.. Encoding.ASCII.GetBytes(head), .. body]);
    }
#pragma warning restore CA5394

    /// <summary>A head without a signature.</summary>
    internal static string Unsigned(int length) => string.Create(CultureInfo.InvariantCulture, $"POST / HTTP/1.1\r\nHost: x\r\nX-TC-Action: SubmitJob\r\nContent-Length: {length}\r\n\r\n");

    /// <summary>The head of a call, without its length.</summary>
    internal string SignedHead(Call call, string length)
    {
        using var request = sign(call);
        var headers = request.Headers.NonValidated.Select(header => $"{header.Key}: {header.Value}\r\n");
        return $"POST / HTTP/1.1\r\nHost: {request.RequestUri!.Authority}\r\nContent-Type: application/json\r\n{string.Concat(headers)}{length}\r\n\r\n";
    }
}
