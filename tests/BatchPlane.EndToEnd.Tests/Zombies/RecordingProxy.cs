using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.EndToEnd.Tests.Zombies;

/// <summary>A request that an agent made and what the server answered.</summary>
internal sealed record Exchange(string Path, string Request, int Status, string Response)
{
    /// <summary>Last part of the path: join, work, report, heartbeat, ….</summary>
    public string Verb => Path[(Path.LastIndexOf('/') + 1)..];
}

/// <summary>Stands between an agent and its server, writes down what they say, and lets through only reports while it is held.</summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly HttpClient _server;
    private readonly ConcurrentQueue<Exchange> _exchanges = new();
    private WebApplication? _app;
    private volatile TaskCompletionSource _open = Opened();

    private RecordingProxy(string server) => _server = new() { BaseAddress = new Uri(server), Timeout = Timeout.InfiniteTimeSpan };

    public string Url => _app!.Urls.Single();

    public IReadOnlyCollection<Exchange> Exchanges => _exchanges;

    public static async Task<RecordingProxy> StartAsync(string server)
    {
        var proxy = new RecordingProxy(server);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        proxy._app = builder.Build();
        proxy._app.Run(proxy.PassAsync);
        await proxy._app.StartAsync();
        return proxy;
    }

    /// <summary>From here on only reports and their answers pass; all else waits for <see cref="Release"/>.</summary>
    public void Hold() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => _open.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _app!.DisposeAsync();
        _server.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task PassAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var isReport = path.EndsWith("/report", StringComparison.Ordinal);
        try
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            await WaitAsync(isReport, context.RequestAborted);
            using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), path + context.Request.QueryString);
            request.Content = new StringContent(body, Encoding.UTF8, context.Request.ContentType?.Split(';')[0] ?? "application/json");
            request.Headers.TryAddWithoutValidation("Authorization", context.Request.Headers.Authorization.ToString());
            using var response = await _server.SendAsync(request, context.RequestAborted);
            var answer = await response.Content.ReadAsStringAsync(context.RequestAborted);
            _exchanges.Enqueue(new(path, body, (int)response.StatusCode, answer));
            await WaitAsync(isReport, context.RequestAborted);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            if (answer.Length > 0)
            {
                await context.Response.WriteAsync(answer, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The agent went away in the middle of it.
        }
    }

    private Task WaitAsync(bool isReport, CancellationToken cancellation) => isReport ? Task.CompletedTask : _open.Task.WaitAsync(cancellation);
}
