using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Server.Deliveries.Webhooks;

/// <summary>Makes the request of one try. All push forms carry the headers of Standard Webhooks, so that a receiver of any form can check who sent it.</summary>
internal static partial class WebhookRequest
{
    private const string CmqAgent = "Qcloud Notification Service Agent";
    private const string MnsVersion = "2015-06-06";
    private const string MnsDefaultPath = "/notifications";
    private const string PlainText = "text/plain";
    private const string TagSeparator = ", ";

    private static readonly string Agent = $"BatchPlane/{typeof(WebhookRequest).Assembly.GetName().Version?.ToString(2)}";

    /// <summary>The request.</summary>
    /// <param name="subscription">With its secrets.</param>
    /// <param name="incoming">The event.</param>
    /// <param name="content">The event's body in the format of the subscription.</param>
    /// <param name="owner">Account number for CMQ and MNS.</param>
    /// <param name="now">When it is sent: receivers refuse what is old.</param>
    internal static HttpRequestMessage Make(ServedSubscription subscription, Incoming incoming, EventContent content, long owner, DateTimeOffset now)
    {
        var view = subscription.View;
        var (body, contentType) = BodyOf(subscription, incoming, content, owner);
        var request = new HttpRequestMessage(HttpMethod.Post, UrlOf(view)) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        AddSignature(request.Headers, subscription, incoming, body, now);
        request.Headers.TryAddWithoutValidation("x-batchplane-event", incoming.EventName);
        request.Headers.TryAddWithoutValidation("x-batchplane-topic", incoming.TopicName);
        request.Headers.TryAddWithoutValidation("x-batchplane-subscription", view.SubscriptionId);
        request.Headers.TryAddWithoutValidation("x-batchplane-try", (incoming.Tries + 1).ToString(CultureInfo.InvariantCulture));
        if (incoming.Traceparent is { } traceparent)
        {
            request.Headers.TryAddWithoutValidation("traceparent", traceparent);
        }

        AddPushHeaders(request, subscription, incoming, body, now);
        return request;
    }

    private static Uri UrlOf(SubscriptionView view)
    {
        var url = new Uri(view.Endpoint);
        return view.Push == PushForm.Mns && url.AbsolutePath == "/" ? new UriBuilder(url) { Path = MnsDefaultPath }.Uri : url;
    }

    private static (ReadOnlyMemory<byte> Body, string ContentType) BodyOf(ServedSubscription subscription, Incoming incoming, EventContent content, long owner) =>
        (subscription.View.Push, subscription.View.ContentFormat) switch
        {
            (PushForm.Cmq, PushContent.Json) => (PushBodies.Cmq(subscription, incoming, content.Body.Span, owner), PlainText),
            (PushForm.Cmq, _) => (content.Body, PlainText),
            (PushForm.Mns, PushContent.Json) => (PushBodies.MnsJson(subscription, incoming, content.Body.Span, owner), "application/json;charset=utf-8"),
            (PushForm.Mns, PushContent.Xml) => (PushBodies.MnsXml(subscription, incoming, content.Body.Span, owner), "text/xml;charset=utf-8"),
            (PushForm.Mns, _) => (content.Body, $"{PlainText};charset=utf-8"),
            _ => (content.Body, content.ContentType),
        };

    private static void AddSignature(HttpRequestHeaders headers, ServedSubscription subscription, Incoming incoming, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        var secrets = new List<string> { subscription.Secret! };
        if (subscription.PreviousSecret is { } previous && subscription.View.PreviousSecretUntil > now)
        {
            secrets.Add(previous);
        }

        var timestamp = now.ToUnixTimeSeconds();
        headers.TryAddWithoutValidation("webhook-id", incoming.EventId);
        headers.TryAddWithoutValidation("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("webhook-signature", WebhookSignature.Of(secrets, incoming.EventId, timestamp, body.Span));
    }

    private static void AddPushHeaders(HttpRequestMessage request, ServedSubscription subscription, Incoming incoming, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        var (headers, view) = (request.Headers, subscription.View);
        headers.TryAddWithoutValidation("User-Agent", view.Push == PushForm.Cmq ? CmqAgent : Agent);
        switch (view.Push)
        {
            case PushForm.Cmq:
                headers.TryAddWithoutValidation("x-cmq-request-id", Guid.NewGuid().ToString());
                headers.TryAddWithoutValidation("x-cmq-message-id", incoming.EventId);
                // Anybody may write to an exchange, with any key.
                if (subscription.HasTags && TagKey().IsMatch(incoming.RoutingKey))
                {
                    headers.TryAddWithoutValidation("x-cmq-message-tag", incoming.RoutingKey.Replace(".", TagSeparator, StringComparison.Ordinal));
                }

                break;
            case PushForm.Mns:
                headers.Date = now;
                headers.TryAddWithoutValidation("x-mns-request-id", Guid.NewGuid().ToString());
                headers.TryAddWithoutValidation("x-mns-version", MnsVersion);
                if (view.ContentFormat == PushContent.Simplified)
                {
                    headers.TryAddWithoutValidation("x-mns-message-id", incoming.EventId);
                }

                // The protocol's checksum, no secret's.
#pragma warning disable CA5351
                request.Content!.Headers.ContentMD5 = MD5.HashData(body.Span);
#pragma warning restore CA5351
                break;
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,15}\z")]
    private static partial Regex TagKey();
}
