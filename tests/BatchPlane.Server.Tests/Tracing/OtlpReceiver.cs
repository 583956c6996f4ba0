using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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

/// <summary>A request as it came.</summary>
internal sealed record WireRequest(int Bytes, IReadOnlyList<WireSpan> Spans);

/// <summary>What receives spans by OTLP over HTTP or gRPC, on loopback.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<WireSpan> _spans = new();
    private readonly ConcurrentQueue<WireRequest> _requests = new();
    private int _refusals;

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        app.MapPost("/v1/traces", TakeAsync);
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", TakeCallAsync);
    }

    internal string Url => _app.Urls.Single();

    /// <summary>All that came, in order.</summary>
    internal IReadOnlyList<WireSpan> Spans => [.. _spans];

    /// <summary>All requests, those refused among them.</summary>
    internal IReadOnlyList<WireRequest> Requests => [.. _requests];

    /// <summary>The status that a request is refused with, of HTTP or gRPC; null: it is taken.</summary>
    internal Func<WireRequest, int?> Judge { get; set; } = _ => null;

    /// <summary>Names of the services that sent it.</summary>
    internal ConcurrentDictionary<string, bool> Services { get; } = new();

    internal static async Task<OtlpReceiver> StartAsync(bool isGrpc = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        var app = builder.Build();
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

        return Take(body.ToArray()) is { } refusal ? Results.StatusCode(refusal) : Results.Bytes([], "application/x-protobuf");
    }

    /// <summary>A call of gRPC with one message: a byte that says that it is not compressed, four with its length, the message.</summary>
    private async Task TakeCallAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Assert.Equal(("application/grpc", "HTTP/2", 0), (context.Request.ContentType, context.Request.Protocol, body.GetBuffer()[0]));
        var refusal = Take(body.ToArray()[5..]);
        context.Response.ContentType = "application/grpc";
        if (refusal is null)
        {
            await context.Response.Body.WriteAsync(new byte[5]);
        }

        context.Response.AppendTrailer("grpc-status", $"{refusal ?? 0}");
    }

    private int? Take(byte[] message)
    {
        var spans = new List<WireSpan>();
        foreach (var ofResource in new ProtoMessage(message).All(1))
        {
            Services[Attributes(ofResource.All(1).Single(), 1)["service.name"]] = true;
            spans.AddRange(ofResource.All(2).SelectMany(scope => scope.All(2)).Select(Read));
        }

        var request = new WireRequest(message.Length, spans);
        _requests.Enqueue(request);
        var refusal = Judge(request);
        if (refusal is null)
        {
            spans.ForEach(_spans.Enqueue);
        }

        return refusal;
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
