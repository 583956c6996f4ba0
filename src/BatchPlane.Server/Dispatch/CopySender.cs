using BatchPlane.Contracts;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Sends subscriptions copies of their own, straight into their queues, on the channel of the topics' messages: so a queue gets the events of a job in their order, and the cursor waits for it. A queue is
/// declared at its first use on a channel: the subscription may have been stored a moment ago. A copy that cannot be had is an exception of the subscription, and keeps the topic's from nobody.
/// </summary>
internal sealed class CopySender(DispatchServices services)
{
    // By queue. Null: it is there. Else why it cannot be.
    private readonly Dictionary<string, string?> _queues = new(StringComparer.Ordinal);

    /// <summary>A new channel begins.</summary>
    internal void BeginChannel() => _queues.Clear();

    /// <summary>Sends one copy, or notes <paramref name="whyNot"/> of it. False when the channel has a fault: it was not sent.</summary>
    internal async ValueTask<bool> SendAsync(PublishChannel channel, SubscriptionView subscription, OutboundMessage message, string? whyNot)
    {
        var queue = message.Id.Copy!.Queue;
        if (!_queues.ContainsKey(queue) && !await DeclareAsync(channel, subscription, queue))
        {
            return false;
        }

        if ((_queues[queue] ?? whyNot) is { } reason)
        {
            var (topic, subjectId, sequence, _) = message.Id;
            channel.Ledger.NotSent(new(subjectId, sequence, topic, Core.Journal.DeliveryOutcome.Failed, reason) { SubscriptionId = subscription.SubscriptionId });
            return true;
        }

        services.Metrics.Published();
        return await channel.SendAsync(message);
    }

    private async Task<bool> DeclareAsync(PublishChannel channel, SubscriptionView subscription, string queue)
    {
        // Under the topic's lock and from what is stored then: one that was ended meanwhile does not get its queue back.
        var declared = await services.Follower.FollowAsync(subscription.TopicName, subscription.SubscriptionId, CancellationToken.None);
        if (declared is Declaration.BrokerAway)
        {
            channel.Ledger.Fail(PublishFault.Closed, $"queue {queue} could not be declared");
            return false;
        }

        _queues[queue] = declared switch
        {
            Declaration.Refused refused => refused.Reason,
            Declaration.Conflict conflict => conflict.Reason,
            _ => null,
        };
        return true;
    }
}
