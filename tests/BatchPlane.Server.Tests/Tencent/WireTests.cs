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
            new() { ExtraHeaders = ";x-tc-action" },
            new() { IsUnsigned = true },
            new() { At = TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(200) },
            new() { Body = """{"Filters":[{"Name":"job-name","Values":["héllo ☃"]}],"Limit":"10"}""" },
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
            (new() { Token = "temporary" }, "AuthFailure.TokenFailure"),
        ];
        foreach (var (call, code) in calls)
        {
            Assert.Equal((call, code), (call, TencentFixture.CodeOf(await server.SendAsync(call))));
        }
    }

    [Fact]
    public async Task OlderSignature_IsTakenWhenRight()
    {
        foreach (var algorithm in (string[])["HmacSHA1", "HmacSHA256"])
        {
            var jobs = await server.SendFormAsync(algorithm, server.Key.SecretKey, ("Filters.0.Name", "job-name"), ("Filters.0.Values.0", "héllo wörld +&="), ("Limit", "5"));

            Assert.Equal((algorithm, 0), (algorithm, jobs.GetProperty("TotalCount").GetInt32()));
            Assert.Equal("AuthFailure.SignatureFailure", TencentFixture.CodeOf(await server.SendFormAsync(algorithm, "another")));
        }

        Assert.Equal("AuthFailure.SignatureFailure", TencentFixture.CodeOf(await server.SendFormAsync("HmacMD5", server.Key.SecretKey)));
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
            (new() { Body = """{"JobIds":["a\u0000"]}""" }, "InvalidParameterValue"),
            (new() { Body = "{\"\\ud800\":1}" }, "UnknownParameter"),
        ];
        foreach (var (call, code) in calls)
        {
            Assert.Equal((call, code), (call, TencentFixture.CodeOf(await server.SendAsync(call))));
        }
    }
}
