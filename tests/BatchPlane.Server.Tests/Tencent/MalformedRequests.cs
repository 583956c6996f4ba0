using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent;
using Call = BatchPlane.Server.Tests.Tencent.TencentFixture.Call;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>What is wrong with a request.</summary>
internal enum MalformedKind
{
    /// <summary>No signature that could be one, that of another key, or that of another body.</summary>
    BrokenSignature,

    /// <summary>No signature at all, in each of the forms.</summary>
    Unsigned,

    /// <summary>Larger than the server takes, signed.</summary>
    Oversized,

    /// <summary>The document ends too early.</summary>
    Truncated,

    /// <summary>A value of a type that no field has.</summary>
    WrongType,

    /// <summary>A number that no field takes.</summary>
    HugeNumber,

    /// <summary>Lists or objects in each other, to any depth.</summary>
    Deep,

    /// <summary>A member that is there twice.</summary>
    DuplicateKey,

    /// <summary>Bytes that are no UTF-8: in a document, a query, a form.</summary>
    BrokenUtf8,

    /// <summary>UTF-8 that says something which is no Unicode, or NUL.</summary>
    NoUnicode,

    /// <summary>A character of the document's structure is another one.</summary>
    Unstructured,

    /// <summary>A query that cannot be unfolded, or not into what the action takes.</summary>
    Query,

    /// <summary>A query or form of the older signature of which the same holds.</summary>
    Older,

    /// <summary>Bytes changed blindly, of requests that only read: it may be that nothing is wrong with them.</summary>
    Blind,

    /// <summary>What no client would send: other lengths than announced, other methods, no HTTP at all, bodies that do not come.</summary>
    Raw,
}

/// <summary>A malformed request: one of the three. <c>Bytes</c> are for a connection; with <c>KeepsOpen</c> nothing follows and the connection stays.</summary>
internal sealed record Malformed(Call? Call = null, OlderCall? Older = null, byte[]? Bytes = null, bool KeepsOpen = false);

/// <summary>
/// Requests from a seed: the same kind and number give the same request. Most are signed after they were spoiled, so that they come through the gate to what reads them.
/// </summary>
internal sealed class MalformedRequests(int seed, Func<Call, HttpRequestMessage> sign)
{
    /// <summary>The topic that subscriptions are made of; it has to be there.</summary>
    internal const string Topic = "malformed";

    private const string Batch = "2017-03-12";
    private const string Tdmq = "2020-02-17";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789+/=_-. ,;:SKIPTC";
    private const string Form = "application/x-www-form-urlencoded";
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

    /// <summary>
    /// What requests of a kind may be refused with. Null: with anything but an error of the server. It has to be what the first line behind the gate says that can see it: a check that is missing is
    /// noticed also where a later one refuses, too.
    /// </summary>
    internal static string[]? CodesOf(MalformedKind kind) => kind switch
    {
        MalformedKind.BrokenSignature => ["AuthFailure.InvalidAuthorization", "AuthFailure.SignatureFailure"],
        MalformedKind.Unsigned => ["AuthFailure.InvalidAuthorization"],
        MalformedKind.Oversized => ["RequestSizeLimitExceeded"],
        MalformedKind.Truncated or MalformedKind.BrokenUtf8 or MalformedKind.Unstructured => ["InvalidRequest"],
        MalformedKind.WrongType => ["InvalidParameterValue.InvalidDataTypeAny"],
        MalformedKind.HugeNumber => ["InvalidParameterValue.InvalidDataTypeAny", "InvalidParameterValue.NotFloat"],
        MalformedKind.Deep => ["InvalidRequest", "UnknownParameter"],
        MalformedKind.DuplicateKey => ["InvalidParameter"],
        MalformedKind.NoUnicode => ["InvalidParameterValue", "InvalidParameterValue.InvalidDataTypeAny", "UnknownParameter"],
        MalformedKind.Query or MalformedKind.Older or MalformedKind.Blind or MalformedKind.Raw => null,
    };

    /// <summary>Request number <paramref name="number"/> of a kind.</summary>
    internal Malformed Make(MalformedKind kind, int number)
    {
#pragma warning disable CA5394 // Not for secrets: it has to come again.
        var random = new Random(unchecked((((seed * 1_000_003) + number) * 31) + (int)kind));
        var (version, action, body) = Samples[random.Next(Samples.Count)];
        var name = string.Create(CultureInfo.InvariantCulture, $"m{seed}-{(int)kind}-{number}");
        var text = Named(body, name).TrimEnd();
        var call = new Call { Version = version, Action = action, Body = text };
        return kind switch
        {
            MalformedKind.BrokenSignature => new(Unbelievable(random, call)),
            MalformedKind.Unsigned => Unsigned(random, call),
            MalformedKind.Oversized => Oversized(random, call),
            MalformedKind.Truncated => new(call with { Body = text[..random.Next(1, text.Length)] }),
            MalformedKind.WrongType => new(call with { Body = Replaced(random, text, () => JsonNode.Parse("[[{}]]")) }),
            MalformedKind.HugeNumber => new(call with { Body = Replaced(random, text, () => JsonNode.Parse(random.Next(3) switch { 0 => "1e999", 1 => "123456789012345678901234567890", _ => "-9223372036854775809" })) }),
            MalformedKind.Deep => new(call with { Body = Deep(random, text) }),
            MalformedKind.DuplicateKey => new(call with { Body = Doubled(random, text) }),
            MalformedKind.BrokenUtf8 => NoText(random, call),
            MalformedKind.NoUnicode => new(call with { Body = NoUnicode(random, text) }),
            MalformedKind.Unstructured => new(call with { Body = Unstructured(random, text) }),
            MalformedKind.Query => new(Query(random, call)),
            MalformedKind.Older => new(Older: Older(random, version, action, text)),
            MalformedKind.Blind => new(Blind(random, name)),
            MalformedKind.Raw => Raw(random, call),
        };
    }

    private static Call Unbelievable(Random random, Call call) => random.Next(3) switch
    {
        0 => call with { Authorization = Noise(random, random.Next(200)) },
        1 => call with { SecretKey = Noise(random, 20) },
        _ => call with { SentBody = Flipped(random, Encoding.UTF8.GetBytes(call.Body)) },
    };

    private static Malformed Unsigned(Random random, Call call) => random.Next(3) switch
    {
        0 => new(call with { Authorization = "SKIP" }),
        1 => Answered("X-TC-Action: SubmitJob", Encoding.UTF8.GetBytes(call.Body)),
        _ => Answered($"Content-Type: {Form}", "Action=SubmitJob"u8),
    };

    private static Malformed Oversized(Random random, Call call)
    {
        var more = string (int limit) => new('a', limit + random.Next(1, 1_000));
        return random.Next(3) switch
        {
            0 => new(call with { Body = call.Body + more(TencentFixture.MaxBytes) }),
            1 => new(call with { Method = "GET", Body = "", Query = $"More={more(TencentOptions.DefaultMaxQueryBytes)}" }),
            _ => new(Older: new() { Version = call.Version, Action = call.Action, Parameters = [("More", more(TencentFixture.MaxBytes))] }),
        };
    }

    private static string Noise(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Letters[random.Next(Letters.Length)])) + "x";

    private static byte[] Flipped(Random random, byte[] body)
    {
        body[random.Next(body.Length)] ^= (byte)random.Next(1, 256);
        return body;
    }

    /// <summary>A byte that occurs in no UTF-8 in the place of some byte of a document, or in a value of a query or form.</summary>
    private static Malformed NoText(Random random, Call call)
    {
        var wrong = random.Next(3) switch { 0 => 0xFF, 1 => 0xC0, _ => (byte)random.Next(0xF8, 0x100) };
        if (random.Next(2) == 0)
        {
            var bytes = Encoding.UTF8.GetBytes(call.Body);
            bytes[random.Next(bytes.Length)] = (byte)wrong;
            return new(call with { Bytes = bytes });
        }

        var pairs = OlderCall.Flatten(JsonNode.Parse(call.Body)).Select(pair => (pair.Name, Value: Uri.EscapeDataString(pair.Value))).ToList();
        var place = random.Next(pairs.Count);
        pairs[place] = (pairs[place].Name, string.Create(CultureInfo.InvariantCulture, $"{pairs[place].Value}%{wrong:X2}"));
        var query = string.Join('&', pairs.Select(pair => $"{pair.Name}={pair.Value}"));
        return random.Next(2) == 0
            ? new(call with { Method = "GET", Body = "", Query = query })
            : Answered($"Content-Type: {Form}", Encoding.ASCII.GetBytes(query));
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
    private static Call Blind(Random random, string name)
    {
        var reading = Samples.Where(sample => sample.Action.StartsWith("Describe", StringComparison.Ordinal)).ToList();
        var (version, action, body) = reading[random.Next(reading.Count)];
        var bytes = Encoding.UTF8.GetBytes(Named(body, name));
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return new() { Version = version, Action = action, Bytes = bytes };
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
        var depth = random.Next(2) == 0 ? random.Next(2, 60) : random.Next(64, 3_000);
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
                return OnWire(Unsigned(body.Length + random.Next(1, 99)), body);
            case 1:
                return OnWire("POST / HTTP/1.1\r\nHost: x\r\nX-TC-Action: SubmitJob\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", body);
            case 2:
                return OnWire($"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {Form}\r\nContent-Length: {body.Length}\r\n\r\n", body);
            case 3:
                return OnWire($"{Noise(random, 9)} / HTTP/1.1\r\nHost: x\r\n\r\n", body);
            case 4:
                return OnWire($"POST / HTTP/1.1\r\nHost: x\r\nX-TC-Timestamp: {new string('9', random.Next(1, 60))}\r\nContent-Length: {body.Length}\r\nAuthorization: TC3-HMAC-SHA256 Credential=a/b/c/tc3_request, SignedHeaders=content-type;host, Signature={new string('a', 64)}\r\n\r\n", body);
            case 5:
                return OnWire(SignedHead(call, $"Content-Length: {body.Length}"), part) with { KeepsOpen = random.Next(KeptOpen) == 0 };
            case 6:
                return OnWire(SignedHead(call, "Transfer-Encoding: chunked"), [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{body.Length:x}\r\n")), .. part]);
            default:
                return OnWire(Noise(random, 40), body);
        }
    }

    /// <summary>A whole request without a signature: its answer is waited for, and ends the connection.</summary>
    private static Malformed Answered(string header, ReadOnlySpan<byte> body) =>
        OnWire(string.Create(CultureInfo.InvariantCulture, $"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\nContent-Length: {body.Length}\r\n\r\n"), body) with { KeepsOpen = true };

    private static Malformed OnWire(string head, ReadOnlySpan<byte> body) => new(Bytes: [.. Encoding.ASCII.GetBytes(head), .. body]);
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
