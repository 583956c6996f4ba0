using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace BatchPlane.Server.Tests.Api;

public sealed class ProblemTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task UnknownRoute_IsAProblem()
    {
        using var response = await server.Client.GetAsync("/v1/nothing");

        await ServerFixture.ProblemAsync(response, 404, "route_not_found");
    }

    [Fact]
    public async Task WrongMethod_IsAProblemAndNamesTheRightOnes()
    {
        using var response = await server.Client.DeleteAsync("/v1/jobs");

        await ServerFixture.ProblemAsync(response, 405, "method_not_allowed");
        Assert.Equal(["GET", "POST"], response.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task NoKey_IsRefused()
    {
        using var response = await server.Anonymous.GetAsync("/v1/jobs");

        await ServerFixture.ProblemAsync(response, 401, "unauthenticated");
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task ChunkOfImpossibleSize_IsTheCallersFault()
    {
        var address = server.Client.BaseAddress!;
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/jobs HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {server.Key.BearerKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n"));
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);

        Assert.Equal("HTTP/1.1 400 Bad Request", await reader.ReadLineAsync());
    }

    [Theory]
    [InlineData("Bearer bp_nonsense")]
    [InlineData("Bearer")]
    [InlineData("Basic dTpw")]
    public async Task UnknownKey_IsRefused(string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/jobs");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await server.Anonymous.SendAsync(request);

        await ServerFixture.ProblemAsync(response, 401, "unauthenticated");
    }

    [Fact]
    public async Task FormBody_IsRefusedByItsType()
    {
        using var response = await server.PostAsync("/v1/jobs", "{}", contentType: "application/x-www-form-urlencoded");

        await ServerFixture.ProblemAsync(response, 415, "unsupported_media_type");
    }

    [Theory]
    [InlineData("{\"tasks\":\n  [}", "Line 2, byte 4: ")]
    [InlineData("", "Line 1, byte 1: ")]
    [InlineData("{} {}", "Line 1, byte 4: ")]
    public async Task MalformedJson_SaysWhere(string body, string place)
    {
        using var response = await server.PostAsync("/v1/jobs", body);

        var problem = await ServerFixture.ProblemAsync(response, 400, "malformed_json");
        Assert.StartsWith(place, Assert.Single(problem.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooDeepJson_IsRefused()
    {
        using var response = await server.PostAsync("/v1/jobs", new string('[', 100) + new string(']', 100));

        await ServerFixture.ProblemAsync(response, 400, "malformed_json");
    }

    [Fact]
    public async Task TooLargeBody_IsRefused()
    {
        using var response = await server.PostAsync("/v1/jobs", new string(' ', ServerFixture.MaxBodyBytes + 1));

        var problem = await ServerFixture.ProblemAsync(response, 413, "body_too_large");
        Assert.Equal("At most 65536 bytes are accepted.", problem.Detail);
    }

    [Fact]
    public async Task TooLargeBodyWithoutLength_IsRefused()
    {
        using var content = new StreamContent(new MemoryStream(new byte[ServerFixture.MaxBodyBytes + 1]));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = content };
        request.Headers.TransferEncodingChunked = true;
        using var response = await server.Client.SendAsync(request);

        await ServerFixture.ProblemAsync(response, 413, "body_too_large");
    }

    [Fact]
    public async Task BadQuery_NamesEveryProblem()
    {
        using var response = await server.Client.GetAsync("/v1/jobs?limit=0&cursor=!&state=DONE&sort=name");

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal(
            [("?limit", "out_of_range"), ("?state", "value_unknown"), ("?cursor", "cursor_invalid"), ("?sort", "query_unknown")],
            problem.Errors.Select(error => (error.Path, error.Code)));
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/swagger/index.html")]
    public async Task OpenPage_NeedsNoKey(string path)
    {
        using var response = await server.Anonymous.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
