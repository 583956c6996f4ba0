using System.Net;
using System.Text;
using BatchPlane.Core.Subscriptions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>
/// Delivers by HTTP: one POST for each event. 2xx is success; 410 ends the subscription; everything else is tried again, redirects included: they are not followed.
/// Connections go where the guard lets them, through no proxy.
/// </summary>
internal sealed class WebhookSender : IEndpointSender, IDisposable
{
    private const int MaxHeaderKib = 16;
    private const int MaxDrainedBytes = 65_536;
    private const int MaxReasonLength = 500;
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(30);

    private readonly WebhookOptions _options;
    private readonly EventRenderer _renderer;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    public WebhookSender(EndpointGuard guard, EventRenderer renderer, IOptions<WebhookOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _renderer = renderer;
        _time = time;
        _http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = guard.ConnectAsync,
            ConnectTimeout = _options.ConnectTimeout,
            PooledConnectionLifetime = _options.ConnectionLifetime,
            PooledConnectionIdleTimeout = IdleTimeout,
            MaxResponseHeadersLength = MaxHeaderKib,
            MaxResponseDrainSize = MaxDrainedBytes,
        });
    }

    /// <inheritdoc/>
    public async Task<DeliveryOutcome> TryAsync(ServedSubscription subscription, Incoming incoming, CancellationToken cancellationToken)
    {
        if (subscription.Secret is null)
        {
            return new DeliveryOutcome.Failed(null, "The secret cannot be decrypted: it was stored under another installation key. Rotate it.");
        }

        if (await _renderer.RenderAsync(subscription.View.Format, incoming, cancellationToken) is not { } content)
        {
            return new DeliveryOutcome.Undeliverable(EventRenderer.GoneReason);
        }

        using var timeout = new CancellationTokenSource(_options.Timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = WebhookRequest.Make(subscription, incoming, content, _options.TopicOwner, _time.GetUtcNow());
            using var response = await _http.SendAsync(request, both.Token);
            return await OutcomeOfAsync(response, both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new DeliveryOutcome.Failed(null, $"No answer within {_options.Timeout.TotalSeconds:0.###} s.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new DeliveryOutcome.Failed(null, $"No connection within {_options.ConnectTimeout.TotalSeconds:0.###} s.");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException)
        {
            return new DeliveryOutcome.Failed(null, Clip(WordsOf(fault)));
        }
    }

    public void Dispose() => _http.Dispose();

    private static string WordsOf(Exception fault) =>
        (fault as ForbiddenEndpointException ?? fault.InnerException as ForbiddenEndpointException)?.Message ?? fault.InnerException?.Message ?? fault.Message;

    private async Task<DeliveryOutcome> OutcomeOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (response.IsSuccessStatusCode)
        {
            return new DeliveryOutcome.Delivered(status);
        }

        if (response.StatusCode == HttpStatusCode.Gone)
        {
            return new DeliveryOutcome.Gone(status, "The endpoint answered 410 Gone.");
        }

        var words = status is >= 300 and < 400 ? "redirects are not followed" : await BeginOfAsync(response, cancellationToken);
        return new DeliveryOutcome.Failed(status, Clip(words.Length == 0 ? $"HTTP {status}" : $"HTTP {status}: {words}"), RetryAfterOf(response));
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait > _options.MaxRetryAfter ? _options.MaxRetryAfter : wait;
    }

    /// <summary>The beginning of the body, as far as it is read at all.</summary>
    private async Task<string> BeginOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[_options.MaxResponseBytes];
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }

    /// <summary>One line of bounded length, whatever an endpoint writes.</summary>
    private static string Clip(string words)
    {
        var line = string.Concat(words.Take(MaxReasonLength).Select(character => char.IsControl(character) ? ' ' : character)).Trim();

        // Half of a pair would be no text any more.
        return line.Length > 0 && char.IsHighSurrogate(line[^1]) ? line[..^1] : line;
    }
}
