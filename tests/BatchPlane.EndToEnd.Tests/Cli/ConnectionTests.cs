using BatchPlane.Cli.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BatchPlane.EndToEnd.Tests.Cli;

public sealed class ConnectionTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batchplane-cli-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task NothingNamesAServer_IsAUsageErrorThatSaysHow()
    {
        var run = await CliRun.Of(new Dictionary<string, string>(), _directory.FullName, null, "jobs");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("BATCHPLANE_SERVER", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NobodyListens_ExitsWith5()
    {
        var run = await CliRun.Of("jobs", "--server", "http://127.0.0.1:1");

        Assert.Equal(5, run.ExitCode);
        Assert.Contains("cannot be reached", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerError_ExitsWith5AndShowsWhatItSaid()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs", () => FakeServer.Json(
            """{"type":"urn:batchplane:problem:unavailable","title":"The database is away","status":503,"code":"unavailable","detail":"Try again"}""", 503)));

        var run = await CliRun.Of("jobs", "--server", server.Url);

        Assert.Equal(5, run.ExitCode);
        Assert.Contains("503: The database is away: Try again", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyIsSentAsBearer_FromOptionVariableOrDevJson()
    {
        var keys = new List<string?>();
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs", (HttpRequest request) =>
        {
            keys.Add(request.Headers.Authorization);
            return FakeServer.Json("""{"items":[]}""");
        }));
        WriteDevJson(Path.Combine(_directory.FullName, DevInfo.DefaultDirectory), server.Url, "from-dev");
        WriteDevJson(Path.Combine(_directory.FullName, "other"), server.Url, "from-other");
        var variables = new Dictionary<string, string> { ["BATCHPLANE_SERVER"] = server.Url, ["BATCHPLANE_API_KEY"] = "from-variable" };
        var none = new Dictionary<string, string>();

        await CliRun.Of(none, _directory.FullName, null, "jobs", "--server", server.Url, "--api-key", "from-option");
        await CliRun.Of(variables, _directory.FullName, null, "jobs");
        await CliRun.Of(none, _directory.FullName, null, "jobs");
        await CliRun.Of(variables, _directory.FullName, null, "jobs", "--dev-dir", "other");

        Assert.Equal(["Bearer from-option", "Bearer from-variable", "Bearer from-dev", "Bearer from-other"], keys);
    }

    private static void WriteDevJson(string directory, string url, string key)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, DevInfo.FileName),
            $$"""{"http_url":"{{url}}","amqp_url":"amqp://x","postgres_url":"postgres://x","api_key":"{{key}}","secret_id":"i","secret_key":"k"}""");
    }
}
