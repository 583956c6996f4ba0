using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Server.Tests.Tracing;

/// <summary>A span as it came over the wire.</summary>
internal sealed record WireSpan(string TraceId, string SpanId, string ParentId, string Name, DateTimeOffset Start, DateTimeOffset End, int Status, string Message)
{
    internal required IReadOnlyDictionary<string, string> Attributes { get; init; }

    internal required IReadOnlyList<(string SpanId, string Why)> Links { get; init; }

    internal required IReadOnlyList<string> Events { get; init; }

    internal string this[string attribute] => Attributes.GetValueOrDefault($"batchplane.{attribute}", "");
}

/// <summary>What receives spans by OTLP over HTTP, on loopback.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<WireSpan> _spans = new();
    private int _refusals;

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        app.MapPost("/v1/traces", TakeAsync);
    }

    internal string Url => _app.Urls.Single();

    /// <summary>All that came, in order.</summary>
    internal IReadOnlyList<WireSpan> Spans => [.. _spans];

    /// <summary>Names of the services that sent it.</summary>
    internal ConcurrentDictionary<string, bool> Services { get; } = new();

    internal static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(app);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>The next requests are answered 503.</summary>
    internal void Refuse(int requests) => Volatile.Write(ref _refusals, requests);

    internal IEnumerable<WireSpan> Of(string jobId) => Spans.Where(span => span["job.id"] == jobId);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> TakeAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        Assert.Equal("application/x-protobuf", request.ContentType);
        if (Interlocked.Decrement(ref _refusals) >= 0)
        {
            return Results.StatusCode(503);
        }

        foreach (var ofResource in new ProtoMessage(body.ToArray()).All(1))
        {
            Services[Attributes(ofResource.All(1).Single(), 1)["service.name"]] = true;
            foreach (var span in ofResource.All(2).SelectMany(scope => scope.All(2)))
            {
                _spans.Enqueue(Read(span));
            }
        }

        return Results.Bytes([], "application/x-protobuf");
    }

    private static WireSpan Read(ProtoMessage span)
    {
        var status = span.All(15).SingleOrDefault();
        return new(span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), Time(span.Number(7)), Time(span.Number(8)), (int)(status?.Number(3) ?? 0), status?.Text(2) ?? "")
        {
            Attributes = Attributes(span, 9),
            Links = [.. span.All(13).Select(link => (link.Hex(2), Attributes(link, 4).GetValueOrDefault("batchplane.link", "")))],
            Events = [.. span.All(11).Select(one => one.Text(2))],
        };
    }

    private static Dictionary<string, string> Attributes(ProtoMessage message, int number) => message.All(number).ToDictionary(
        pair => pair.Text(1),
        pair => pair.All(2).Single() is var value && value.Has(1) ? value.Text(1) : value.Number(3).ToString(CultureInfo.InvariantCulture));

    private static DateTimeOffset Time(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / 100));
}
