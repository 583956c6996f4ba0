using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>A web server with one archive at every path; counts what it is asked for.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _bodies;
    private int _unchanged;
    private int _silent;

    private WebServer(WebApplication app) => _app = app;

    /// <summary>What is served, and its tag.</summary>
    internal (byte[] Archive, string Tag) Content { get; set; }

    /// <summary>Times the archive was sent.</summary>
    internal int Bodies => _bodies;

    /// <summary>Times that somebody waits, or waited, for nothing.</summary>
    internal int Silent => Volatile.Read(ref _silent);

    /// <summary>Times it was unchanged.</summary>
    internal int Unchanged => _unchanged;

    internal string Url => _app.Urls.First();

    internal static async Task<WebServer> StartAsync(byte[] archive)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new WebServer(app) { Content = (archive, "\"1\"") };
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        // What hangs would hold up an orderly stop.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/hang"))
        {
            context.Response.ContentLength = 1_000;
            await context.Response.Body.WriteAsync(new byte[10]);
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        if (context.Request.Path.StartsWithSegments("/silent"))
        {
            Interlocked.Increment(ref _silent);
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        if (context.Request.Path.StartsWithSegments("/missing"))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var (archive, tag) = Content;
        context.Response.Headers.ETag = tag;
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            Interlocked.Increment(ref _unchanged);
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        Interlocked.Increment(ref _bodies);
        await context.Response.Body.WriteAsync(archive);
    }
}
