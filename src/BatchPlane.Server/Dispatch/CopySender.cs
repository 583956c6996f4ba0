using BatchPlane.Core.Journal;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Sends subscriptions copies of their own, straight into their queues, on the channel of the topics' messages: so a queue gets the events of a job in their order, and the cursor waits for it. A queue is
/// declared at its first use on a connection: the subscription may have been stored, or changed, a moment ago. A copy that cannot be had is an exception of the subscription, and keeps the topic's from nobody.
/// </summary>
/// <param name="services">What shards work with.</param>
/// <param name="maySend">Whether the lease holds still: a declaration may have taken long.</param>
/// <param name="stop">Declares nothing more.</param>
internal sealed class CopySender(DispatchServices services, Func<bool> maySend, CancellationToken stop)
{
    private readonly Dictionary<string, Known> _queues = new(StringComparer.Ordinal);
    private LiveConnection? _connection;

    /// <summary>A new channel begins. What is known of queues holds as long as the connection: a channel ends for reasons of other messages.</summary>
    internal void BeginChannel(LiveConnection connection)
    {
        if (!ReferenceEquals(_connection, connection))
        {
            _queues.Clear();
            _connection = connection;
        }
    }

    /// <summary>These alone are sent copies from now on.</summary>
    internal void Keep(AddressedSubscriptions addressed)
    {
        foreach (var gone in _queues.Keys.Where(id => !addressed.Ids.Contains(id)).ToList())
        {
            _queues.Remove(gone);
        }
    }

    /// <summary>The queue of a copy that came back is gone: it is declared again.</summary>
    internal void Forget(IReadOnlyList<DeliveryException> exceptions)
    {
        foreach (var exception in exceptions)
        {
            if (exception is { SubscriptionId: { } id, Outcome: DeliveryOutcome.Unrouted })
            {
                _queues.Remove(id);
            }
        }
    }

    /// <summary>Sends one copy, or notes <paramref name="whyNot"/> of it. False when the channel has a fault, or the lease may have run out: it was not sent.</summary>
    internal async ValueTask<bool> SendAsync(PublishChannel channel, AddressedSubscription subscription, OutboundMessage message, string? whyNot)
    {
        if (IsUnknown(subscription) && !await DeclareAsync(channel, subscription))
        {
            return false;
        }

        if ((_queues[subscription.View.SubscriptionId].Refusal ?? whyNot) is { } reason)
        {
            var (topic, subjectId, sequence, _) = message.Id;
            channel.Ledger.NotSent(new(subjectId, sequence, topic, DeliveryOutcome.Failed, reason) { SubscriptionId = subscription.View.SubscriptionId });
            return true;
        }

        services.Metrics.Published();
        return await channel.SendAsync(message);
    }

    private bool IsUnknown(AddressedSubscription subscription) =>
        !_queues.TryGetValue(subscription.View.SubscriptionId, out var known)
        || known.Revision != subscription.Revision
        || (known.Refusal is not null && services.Time.GetElapsedTime(known.Since) > services.Options.RetryMax);

    private async Task<bool> DeclareAsync(PublishChannel channel, AddressedSubscription subscription)
    {
        // Under the topic's lock and from what is stored then: one that was ended meanwhile does not get its queue back.
        var view = subscription.View;
        var declared = await services.Follower.FollowAsync(view.TopicName, view.SubscriptionId, stop);
        if (declared is Declaration.BrokerAway)
        {
            channel.Ledger.Fail(PublishFault.Closed, $"the queue of {view.SubscriptionId} could not be declared");
            return false;
        }

        var refusal = declared switch
        {
            Declaration.Refused refused => refused.Reason,
            Declaration.Conflict conflict => conflict.Reason,
            _ => null,
        };
        _queues[view.SubscriptionId] = new(subscription.Revision, refusal, services.Time.GetTimestamp());
        if (!maySend())
        {
            channel.Ledger.Fail(PublishFault.Closed, $"the lease may have run out while the queue of {view.SubscriptionId} was declared");
            return false;
        }

        return true;
    }

    /// <summary>What came of a declaration.</summary>
    /// <param name="Revision">Of the subscription that it was for.</param>
    /// <param name="Refusal">Why its queue cannot be had; null: it is there.</param>
    /// <param name="Since">When that was said, a timestamp of the clock.</param>
    private sealed record Known(long Revision, string? Refusal, long Since);
}
