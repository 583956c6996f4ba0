using System.Globalization;
using System.Net;

namespace BatchPlane.Server.Tracing;

/// <summary>What a collector said to a request that it did not take.</summary>
internal enum Refusal
{
    /// <summary>Nothing, or that it cannot now: the same may be taken later.</summary>
    NotNow,

    /// <summary>It is too much, or too much for now (of gRPC the same word): less may be taken.</summary>
    TooMuch,

    /// <summary>It will never be taken: it is too large, or something in it is wrong.</summary>
    Never,
}

/// <summary>Requests to a collector, of at most so many bytes: sees how they are answered, which the exporter of OpenTelemetry does not tell.</summary>
internal sealed class CollectorHandler(int maxBytes) : DelegatingHandler(new SocketsHttpHandler())
{
    private const string GrpcStatus = "grpc-status";
    private const int GrpcInvalidArgument = 3;
    private const int GrpcResourceExhausted = 8;

    private HttpResponseMessage? _answer;

    /// <summary>Why the last request was not taken; of one that was it says nothing.</summary>
    internal Refusal LastRefusal => _answer?.StatusCode switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity => Refusal.Never,
        HttpStatusCode.OK => GrpcStatusOf(_answer) switch
        {
            GrpcInvalidArgument => Refusal.Never,
            GrpcResourceExhausted => Refusal.TooMuch,
            _ => Refusal.NotNow,
        },
        _ => Refusal.NotNow,
    };

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _answer = null;
        return _answer = TooLarge(request) ?? base.Send(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _answer = null;
        return _answer = TooLarge(request) ?? await base.SendAsync(request, cancellationToken);
    }

    /// <summary>What a collector would answer that takes no more; null when the request is small enough.</summary>
    private HttpResponseMessage? TooLarge(HttpRequestMessage request) =>
        request.Content?.Headers.ContentLength > maxBytes ? new(HttpStatusCode.RequestEntityTooLarge) { RequestMessage = request } : null;

    /// <summary>In the headers when there is no body, else behind it.</summary>
    private static int? GrpcStatusOf(HttpResponseMessage answer) =>
        (answer.TrailingHeaders.TryGetValues(GrpcStatus, out var values) || answer.Headers.TryGetValues(GrpcStatus, out values))
        && int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? status
            : null;
}
