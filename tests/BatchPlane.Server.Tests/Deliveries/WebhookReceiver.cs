using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A request that a receiver got.</summary>
internal sealed record Push(string Path, IReadOnlyDictionary<string, string> Headers, string Body, DateTimeOffset At)
{
    internal string Id => Headers["webhook-id"];
}

/// <summary>A webhook's endpoint on a free loopback port; what it answers is up to the test.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebhookReceiver(WebApplication app) => _app = app;

    internal string Url => _app.Urls.Single();

    internal ConcurrentQueue<Push> Pushes { get; } = new();

    /// <summary>What each request is answered; by its number from 1.</summary>
    internal Func<int, HttpContext, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    internal static async Task<WebhookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new WebhookReceiver(app);
        var number = 0;
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            receiver.Pushes.Enqueue(new(
                context.Request.Path,
                context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()),
                body,
                TimeProvider.System.GetUtcNow()));
            await receiver.Answer(Interlocked.Increment(ref number), context);
        });
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Answers every request with this status.</summary>
    internal void AnswerAlways(int status) => Answer = (_, context) =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    internal Task<Push[]> WhenAsync(int count) => Dispatch.Until.ReachedAsync(
        () => Task.FromResult(Pushes.ToArray()),
        pushes => pushes.Length >= count,
        pushes => $"{pushes.Length} of {count} requests");

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
