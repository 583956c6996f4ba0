using System.Text;
using BatchPlane.Core.Access;
using BatchPlane.Server.Api;
using BatchPlane.Server.Tencent;
using BatchPlane.Server.Tencent.Wire;
using BatchPlane.Server.Tests.Deliveries;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Call = BatchPlane.Server.Tests.Tencent.TencentFixture.Call;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Who is let in, with a clock that stands and options of the test's own.</summary>
public sealed class RequestGateTests(TencentFixture server) : IClassFixture<TencentFixture>
{
    private static readonly DateTimeOffset Now = new(2025, 10, 9, 8, 53, 20, TimeSpan.Zero);

    [Theory]
    [InlineData(-300, true)]
    [InlineData(-301, false)]
    [InlineData(60, true)]
    [InlineData(61, false)]
    public async Task Signature_HoldsWithinTheWindow(int seconds, bool isTaken)
    {
        var at = Now.AddSeconds(seconds);

        Assert.Equal(isTaken ? "" : "AuthFailure.SignatureExpire", await AdmitAsync(new() { At = at }, new()));
        Assert.Equal(isTaken ? "" : "AuthFailure.SignatureExpire", await AdmitAsync(new OlderCall { At = at }));
    }

    [Fact]
    public async Task SignedAction_IsAskedForWhereTheServerIsToldTo()
    {
        var options = new TencentOptions { RequireSignedAction = true };
        var call = new Call { At = Now, SignedHeaders = "content-type;host;x-tc-action" };

        Assert.Equal("AuthFailure.InvalidAuthorization", await AdmitAsync(new() { At = Now }, options));
        Assert.Equal("", await AdmitAsync(call, options));
        Assert.Equal("AuthFailure.SignatureFailure", await AdmitAsync(call, options, context => context.Request.Headers["X-TC-Action"] = "TerminateJob"));
    }

    [Fact]
    public async Task UnsignedPayload_IsRefusedWhereTheServerIsToldTo()
    {
        var call = new Call { At = Now, IsUnsigned = true };

        Assert.Equal("", await AdmitAsync(call, new()));
        Assert.Equal("AuthFailure.InvalidAuthorization", await AdmitAsync(call, new() { AllowUnsignedPayload = false }));
    }

    /// <summary>Whoever sends a large body has to be somebody before memory is given to it.</summary>
    [Theory]
    [InlineData("nonsense", "AuthFailure.InvalidAuthorization")]
    [InlineData("AKIDnobody", "AuthFailure.SecretIdNotFound")]
    [InlineData(null, "")]
    public async Task Body_IsReadOnlyWhenTheHeadIsRight(string? secretId, string code)
    {
        var body = new MemoryStream(Encoding.UTF8.GetBytes("{}"));
        var call = secretId == "nonsense" ? new Call { At = Now, Authorization = secretId } : new Call { At = Now, SecretId = secretId };

        Assert.Equal(code, await AdmitAsync(call, new(), context => context.Request.Body = body));
        Assert.Equal(code.Length == 0 ? 2 : 0, body.Position);
    }

    /// <summary>What a web page can make a browser send, and what it cannot.</summary>
    [Theory]
    [InlineData("DescribeJobs", "127.0.0.1:8081", "", "", true)]
    [InlineData("DescribeJobs", "localhost", "", "none", true)]
    [InlineData("DescribeJobs", "[::1]:8081", "", "", true)]
    [InlineData("", "127.0.0.1:8081", "", "", false)]
    [InlineData("DescribeJobs", "rebound.example:8081", "", "", false)]
    [InlineData("DescribeJobs", "127.0.0.1.example", "", "", false)]
    [InlineData("DescribeJobs", "xn--99999999", "", "", false)]
    [InlineData("DescribeJobs", "", "", "", false)]
    [InlineData("DescribeJobs", "127.0.0.1:8081", "http://evil.example", "", false)]
    [InlineData("DescribeJobs", "127.0.0.1:8081", "null", "", false)]
    [InlineData("DescribeJobs", "127.0.0.1:8081", "", "cross-site", false)]
    [InlineData("DescribeJobs", "127.0.0.1:8081", "", "same-site", false)]
    public async Task WithoutAuthentication_WebPagesAreRefused(string action, string host, string origin, string site, bool isTaken)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Path = "/";
        foreach (var (name, value) in ((string, string)[])[("X-TC-Action", action), ("Host", host), ("Origin", origin), ("Sec-Fetch-Site", site)])
        {
            if (value.Length > 0)
            {
                context.Request.Headers[name] = value;
            }
        }

        Assert.Equal(isTaken ? "" : "AuthFailure.InvalidAuthorization", await DecideAsync(context, new(), requireAuthentication: false));
    }

    /// <summary>A form, as any page may post it to anywhere.</summary>
    [Fact]
    public async Task WithoutAuthentication_FormsAreRefused()
    {
        using var request = new OlderCall { Action = "TerminateJob", At = Now }.Sign(new("http://127.0.0.1:8081"), server.Key.SecretId, server.Key.SecretKey);

        Assert.Equal("AuthFailure.InvalidAuthorization", await DecideAsync(await ContextOfAsync(request), new(), requireAuthentication: false));
    }

    private async Task<string> AdmitAsync(Call call, TencentOptions options, Action<HttpContext>? change = null)
    {
        using var request = server.RequestOf(call);
        var context = await ContextOfAsync(request);
        change?.Invoke(context);
        return await DecideAsync(context, options);
    }

    private async Task<string> AdmitAsync(OlderCall call)
    {
        using var request = call.Sign(server.Url, server.Key.SecretId, server.Key.SecretKey);
        return await DecideAsync(await ContextOfAsync(request), new());
    }

    /// <summary>Code of the refusal; empty: somebody was let in.</summary>
    private async Task<string> DecideAsync(HttpContext context, TencentOptions options, bool requireAuthentication = true)
    {
        var (bodies, keys) = (new BodyReader(Options.Create(options), TimeProvider.System), server.Services.GetRequiredService<ApiKeyStore>());
        var gate = new RequestGate(keys, bodies, Options.Create(new ApiOptions { RequireAuthentication = requireAuthentication }), Options.Create(options), new SetTime(Now));
        var (request, error) = WireRequest.Open(context, options);
        Assert.Null(error);
        using (request)
        {
            var (caller, refusal) = await gate.AdmitAsync(request!, default);
            Assert.True(caller is null ^ refusal is null);
            return refusal?.Code ?? "";
        }
    }

    private async Task<DefaultHttpContext> ContextOfAsync(HttpRequestMessage request)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = request.Method.Method;
        context.Request.Path = "/";
        context.Request.QueryString = new(request.RequestUri!.Query);
        context.Request.Headers.Host = server.Url.Authority;
        foreach (var (name, values) in request.Headers.NonValidated.Select(header => (header.Key, header.Value)).Concat(request.Content!.Headers.NonValidated.Select(header => (header.Key, header.Value))))
        {
            context.Request.Headers[name] = values.ToString();
        }

        context.Request.Body = new MemoryStream(await request.Content.ReadAsByteArrayAsync());
        return context;
    }
}
