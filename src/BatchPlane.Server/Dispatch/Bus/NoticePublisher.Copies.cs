using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Deliveries;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>Tests of subscriptions that topics do not reach, since they are sent copies of their own.</summary>
internal sealed partial class NoticePublisher
{
    /// <summary>Sends a test into the queue of a subscription, past its topic.</summary>
    internal Task<NoticeOutcome> TestAsync(SubscriptionView subscription, string subjectId, string routingKey, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var properties = Properties($"{subjectId}:1", TopicNotices.Test.Name, ContentType, now);
        properties.Headers = RetryHeaders.Again(new Dictionary<string, object?>(), subscription.TopicName, routingKey);
        var body = Body(TopicNotices.Test.Name, now, writer => writer.WriteString("TopicName", subscription.TopicName));
        return SendAsync("", SubscriptionQueue.Of(subscription), [(properties, body)], cancellationToken);
    }
}
