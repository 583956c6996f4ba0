using System.Text;
using Call = BatchPlane.Server.Tests.Tencent.TencentFixture.Call;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>What comes before any action: signatures, forms of requests, and the one form of answers, which the fixture checks each time.</summary>
public sealed class WireTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(400);

    [Fact]
    public async Task SignedAsClientsDo_IsTaken()
    {
        Call[] calls =
        [
            new() { TraceId = "0f5d2b1c-trace" },
            new() { SignedHost = server.Url.Host, Service = "127" },
            new() { Service = "localhost:8081" },
            new() { SignedHeaders = "content-type;host;x-tc-action" },
            new() { IsUnsigned = true },
            new() { At = TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(200) },
            new() { Body = """{"Filters":[{"Name":"job-name","Values":["héllo ☃"]}],"Limit":"10"}""" },
            new() { Body = """{"Filters": [{"Name": "job-name", "Values": ["h\u00e9llo \u2603"]}], "Limit": 10}""" },
            new() { Region = "ap-guangzhou" },
            new() { Method = "GET", Query = "Limit=1&Filters.0.Name=job-state&Filters.0.Values.0=RUNNING&Filters.0.Values.1=FAILED" },
        ];
        foreach (var call in calls)
        {
            Assert.True((await server.SendAsync(call)).TryGetProperty("TotalCount", out _), $"{call}");
        }
    }

    [Fact]
    public async Task NotSignedSo_IsRefused()
    {
        (Call Call, string Code)[] calls =
        [
            (new() { SecretKey = "another" }, "AuthFailure.SignatureFailure"),
            (new() { SignedHost = "elsewhere:1" }, "AuthFailure.SignatureFailure"),
            (new() { Body = "{}", SentBody = Encoding.UTF8.GetBytes("{ }") }, "AuthFailure.SignatureFailure"),
            (new() { SecretId = "AKIDnobody" }, "AuthFailure.SecretIdNotFound"),
            (new() { At = TimeProvider.System.GetUtcNow() - TooLong }, "AuthFailure.SignatureExpire"),
            (new() { At = TimeProvider.System.GetUtcNow() + TooLong }, "AuthFailure.SignatureExpire"),
            (new() { Date = "2020-01-01" }, "AuthFailure.SignatureExpire"),
            (new() { Authorization = "SKIP" }, "AuthFailure.InvalidAuthorization"),
            (new() { SignedHeaders = "content-type" }, "AuthFailure.InvalidAuthorization"),
            (new() { SignedHeaders = "host" }, "AuthFailure.InvalidAuthorization"),
            (new() { Token = "temporary" }, "AuthFailure.TokenFailure"),
        ];
        foreach (var (call, code) in calls)
        {
            Assert.Equal((call, code), (call, TencentFixture.CodeOf(await server.SendAsync(call))));
        }
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    public async Task OlderSignature_IsTakenWhenRight(string method)
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var algorithm in (string[])["HmacSHA1", "HmacSHA256"])
        {
            var call = new OlderCall { Method = method, Algorithm = algorithm };
            var jobs = await server.SendOlderAsync(call with { Parameters = [("Filters.0.Name", "job-name"), ("Filters.0.Values.0", "héllo wörld +&="), ("Limit", "5")] });

            Assert.Equal((algorithm, 0), (algorithm, jobs.GetProperty("TotalCount").GetInt32()));
            Assert.Equal("AuthFailure.SignatureFailure", TencentFixture.CodeOf(await server.SendOlderAsync(call with { SecretKey = "another" })));
            Assert.Equal("AuthFailure.SecretIdNotFound", TencentFixture.CodeOf(await server.SendOlderAsync(call with { SecretId = "AKIDnobody" })));
            Assert.Equal("AuthFailure.SignatureExpire", TencentFixture.CodeOf(await server.SendOlderAsync(call with { At = now - TooLong })));
            Assert.Equal("AuthFailure.SignatureExpire", TencentFixture.CodeOf(await server.SendOlderAsync(call with { At = now + TooLong })));
            Assert.Equal("AuthFailure.TokenFailure", TencentFixture.CodeOf(await server.SendOlderAsync(call with { Parameters = [("Token", "temporary")] })));
        }

        Assert.Equal("AuthFailure.SignatureFailure", TencentFixture.CodeOf(await server.SendOlderAsync(new() { Method = method, Algorithm = "HmacMD5" })));
    }

    [Fact]
    public async Task FormOfTooManyParameters_IsRefused()
    {
        var parameters = Enumerable.Range(0, 1_000).Select(index => ($"{index}", ""));

        Assert.Equal("InvalidParameterValue.LimitExceeded", TencentFixture.CodeOf(await server.SendOlderAsync(new() { Parameters = [.. parameters] })));
    }

    /// <summary>Bytes that are no text, where a text, a number, a flag or a name is expected: signed, so that they are looked at.</summary>
    [Fact]
    public async Task SignedBytesThatAreNoText_AreRefused()
    {
        foreach (var text in (string[])["""{"Limit":"*"}""", """{"Limit":["*"]}""", """{"JobIds":["*"]}""", """{"JobIds":"*"}""", """{"Filters":"*"}""", """{"*":1}"""])
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            bytes[text.IndexOf('*', StringComparison.Ordinal)] = 0xFF;

            Assert.Equal((text, "InvalidRequest"), (text, TencentFixture.CodeOf(await server.SendAsync(new() { Bytes = bytes }))));
        }
    }

    [Fact]
    public async Task Requests_AreCountedByActionAndCode()
    {
        await server.SendAsync(new() { Action = "DescribeJobs" });
        await server.SendAsync(new() { Action = "DescribeJobs", SecretKey = "another" });
        await server.SendAsync(new() { Action = "Describe\"Jobs" });

        var metrics = await server.Client.GetStringAsync("/metrics");
        foreach (var labels in (string[])["action=\"DescribeJobs\",code=\"OK\"", "action=\"DescribeJobs\",code=\"AuthFailure.SignatureFailure\"", "action=\"unknown\",code=\"InvalidAction\""])
        {
            Assert.Contains($"batchplane_tencent_requests_total{{{labels}}}", metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task MalformedRequest_IsRefused()
    {
        (Call Call, string Code)[] calls =
        [
            (new() { Action = "CreateCpmComputeEnv" }, "InvalidAction"),
            (new() { Version = "2016-01-01" }, "NoSuchVersion"),
            (new() { Action = "" }, "MissingParameter"),
            (new() { Path = "/prefix/" }, "InvalidRequest"),
            (new() { Method = "PUT" }, "UnsupportedProtocol"),
            (new() { Body = "{\"Limit\":" }, "InvalidRequest"),
            (new() { Body = "[]" }, "InvalidRequest"),
            (new() { Body = new string('[', 100) + new string(']', 100) }, "InvalidRequest"),
            (new() { Body = $"{{\"JobIds\":[\"{new string('x', 70_000)}\"]}}" }, "RequestSizeLimitExceeded"),
            (new() { Method = "GET", Query = "Limit=1&Limit=2" }, "InvalidParameter"),
            (new() { Method = "GET", Query = "Limit=1&Limit.0=2" }, "InvalidParameter"),
            (new() { Body = """{"Limit":1,"Limit":2}""" }, "InvalidParameter"),
            (new() { Body = """{"Limits":1}""" }, "UnknownParameter"),
            (new() { Body = """{"Limit":"many"}""" }, "InvalidParameterValue.NotFloat"),
            (new() { Body = """{"Limit":1.5}""" }, "InvalidParameterValue.NotFloat"),
            (new() { Body = """{"Limit":-1}""" }, "InvalidParameterValue.Negative"),
            (new() { Body = """{"Limit":101}""" }, "InvalidParameterValue"),
            (new() { Body = """{"Limit":99999999999999999999999}""" }, "InvalidParameterValue.NotFloat"),
            (new() { Body = """{"Limit":[1]}""" }, "InvalidParameterValue.InvalidDataTypeAny"),
            (new() { Body = """{"JobIds":"job-aaaaaaaa"}""" }, "InvalidParameterValue.InvalidDataTypeAny"),
            (new() { Body = """{"JobIds":["\ud800"]}""" }, "InvalidParameterValue"),
            (new() { Body = """{"Limit":"\ud800"}""" }, "InvalidParameterValue.InvalidDataTypeAny"),
            (new() { Body = """{"JobIds":["a\u0000"]}""" }, "InvalidParameterValue"),
            (new() { Body = "{\"\\ud800\":1}" }, "UnknownParameter"),
        ];
        foreach (var (call, code) in calls)
        {
            Assert.Equal((call, code), (call, TencentFixture.CodeOf(await server.SendAsync(call))));
        }
    }
}
