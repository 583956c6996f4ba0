using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.EndToEnd.Tests.Cli;

/// <summary>An HTTP server that answers as a test says, for what a client does with answers that are hard to provoke.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public static async Task<FakeServer> StartAsync(Action<WebApplication> routes)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        routes(app);
        await app.StartAsync();
        return new FakeServer(app);
    }

    /// <summary>A body of BatchPlane's contract.</summary>
    public static IResult Json(string body, int status = StatusCodes.Status200OK) =>
        Results.Text(body, status < StatusCodes.Status400BadRequest ? "application/json" : "application/problem+json", statusCode: status);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
