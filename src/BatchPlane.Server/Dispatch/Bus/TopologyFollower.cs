using BatchPlane.Core.Database;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using Npgsql;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>
/// Makes RabbitMQ follow what PostgreSQL says of a topic: takes away what changes made superfluous, declares exchange, queues and bindings. Both under the topic's lock and from what is stored
/// then, so that nobody takes away what another has just made, or makes what another has just taken away. What cannot be done now waits in PostgreSQL for the next pass, of whichever server.
/// </summary>
internal sealed partial class TopologyFollower(
    NpgsqlDataSource dataSource,
    TopicStore topics,
    SubscriptionStore subscriptions,
    TopologyRemovalStore removals,
    BindingStore bindings,
    TopicTopology topology,
    ILogger<TopologyFollower> logger) : IDisposable
{
    private const int PageSize = 200;

    /// <summary>Topics at once. Each who holds a topic's lock, or waits for one, has a connection of the pool, and needs others for what it does.</summary>
    internal const int MaxTopics = 4;

    private readonly SemaphoreSlim _places = new(MaxTopics);

    /// <summary>Everything of a topic; one that is gone has only what is to be removed. A declaration that RabbitMQ refuses is logged where it happens and keeps none of the others.</summary>
    internal Task<Declaration> FollowAsync(string topicName, CancellationToken cancellationToken) =>
        NowOrLaterAsync(topicName, async () => await RemoveAsync(topicName, cancellationToken) is Declaration.BrokerAway away ? away : await DeclareAsync(topicName, cancellationToken), cancellationToken);

    /// <summary>What is to be removed of a topic, and one subscription. Returns what came of the latter's declaration.</summary>
    internal Task<Declaration> FollowAsync(string topicName, string subscriptionId, CancellationToken cancellationToken) => NowOrLaterAsync(
        topicName,
        async () =>
        {
            await RemoveAsync(topicName, cancellationToken);
            var unbound = await bindings.ListUnboundAsync(topicName, subscriptionId, cancellationToken);
            if (await subscriptions.FindAsync(topicName, subscriptionId, cancellationToken) is not { } subscription)
            {
                return new Declaration.Done();
            }

            var declared = await topology.DeclareAsync(subscription, cancellationToken);
            await bindings.NoteBoundAsync(declared is Declaration.Done ? unbound : [], cancellationToken);
            return declared;
        },
        cancellationToken);

    /// <summary>What is to be removed of a topic.</summary>
    internal Task<Declaration> CleanAsync(string topicName, CancellationToken cancellationToken) =>
        NowOrLaterAsync(topicName, () => RemoveAsync(topicName, cancellationToken), cancellationToken);

    /// <summary>
    /// Declares the exchange of a topic, then stores it by <paramref name="store"/> (false: nothing was stored) unless RabbitMQ refused the name. An exchange that was made for nothing goes again.
    /// </summary>
    internal Task<Declaration> DeclareNewAsync(string topicName, Func<Task<bool>> store, CancellationToken cancellationToken) => UnderLockAsync(
        topicName,
        async () =>
        {
            await RemoveAsync(topicName, cancellationToken);
            var wasThere = await topology.HasExchangeAsync(topicName, cancellationToken);
            var declared = await topology.DeclareExchangeAsync(topicName, cancellationToken);
            if (declared is Declaration.Done or Declaration.BrokerAway && !await store() && wasThere == false && !await IsStoredAsync(topicName, cancellationToken))
            {
                await topology.DeleteExchangeAsync(topicName, cancellationToken);
            }

            return declared;
        },
        cancellationToken);

    /// <summary>Removals of all topics, those that are gone included. False when the broker or the database went away on the way.</summary>
    internal async Task<bool> CleanAllAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            var page = await removals.ListTopicsAsync(after, PageSize, cancellationToken);
            foreach (var topic in page)
            {
                if (await CleanAsync(topic, cancellationToken) is Declaration.BrokerAway)
                {
                    return false;
                }
            }

            if (page.Count < PageSize)
            {
                return true;
            }

            after = page[^1];
        }
    }

    /// <summary>Takes away the bindings of queues that are sent copies now, once nothing can be on its way by the binding alone. What cannot be done now is found again.</summary>
    internal async Task CleanHandedOverAsync(CancellationToken cancellationToken)
    {
        foreach (var topic in await removals.ListHandedOverAsync(PageSize, cancellationToken))
        {
            await CleanAsync(topic, cancellationToken);
        }
    }

    public void Dispose() => _places.Dispose();

    /// <summary>The change is stored already: that the database is away now only puts off what follows.</summary>
    private async Task<Declaration> NowOrLaterAsync(string topicName, Func<Task<Declaration>> act, CancellationToken cancellationToken)
    {
        try
        {
            return await UnderLockAsync(topicName, act, cancellationToken);
        }
        catch (Exception fault) when (ExpectedFaults.IsTransient(fault))
        {
            Log.Postponed(logger, topicName, fault.Message);
            return new Declaration.BrokerAway();
        }
    }

    private async Task<Declaration> UnderLockAsync(string topicName, Func<Task<Declaration>> act, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            await using var held = await TopologyLock.TakeAsync(dataSource, topicName, cancellationToken);
            return await act();
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<Declaration> RemoveAsync(string topicName, CancellationToken cancellationToken)
    {
        var isWantedAgain = false;
        while (true)
        {
            var page = await removals.ListAsync(topicName, PageSize, cancellationToken);
            var done = new List<long>();
            foreach (var removal in page)
            {
                isWantedAgain |= removal.IsWanted;
                var result = removal.IsWanted ? new Declaration.Done() : await RemoveAsync(removal, cancellationToken);
                switch (result)
                {
                    case Declaration.BrokerAway:
                        return result;
                    case Declaration.Done:
                        done.Add(removal.No);
                        break;
                    default:
                        await removals.RefusedAsync(removal.No, ReasonOf(result), cancellationToken);
                        break;
                }
            }

            // Should the lock have been lost meanwhile, somebody may want again what was just taken away.
            isWantedAgain |= done.Count > 0 && (await removals.ListAsync(topicName, PageSize, cancellationToken)).Any(removal => removal.IsWanted);
            if (isWantedAgain && await DeclareAsync(topicName, cancellationToken) is Declaration.BrokerAway away)
            {
                return away;
            }

            await removals.ForgetAsync(done, cancellationToken);
            if (page.Count < PageSize || done.Count == 0)
            {
                return new Declaration.Done();
            }
        }
    }

    private Task<Declaration> RemoveAsync(TopologyRemoval removal, CancellationToken cancellationToken) => removal switch
    {
        { Queue: null } => topology.DeleteExchangeAsync(removal.TopicName, cancellationToken),
        { Binding: null } => topology.DeleteOwnQueueAsync(removal.Queue, cancellationToken),
        _ => topology.UnbindQueueAsync(removal.TopicName, removal.Queue, removal.Binding, cancellationToken),
    };

    private async Task<Declaration> DeclareAsync(string topicName, CancellationToken cancellationToken)
    {
        // Before what is declared is read: what is changed in between has another revision.
        var unbound = await bindings.ListUnboundAsync(topicName, null, cancellationToken);
        if (await topics.FindAsync(topicName, cancellationToken) is not { } topic)
        {
            return new Declaration.Done();
        }

        // What gets no answer keeps none of the others from being declared.
        Declaration worst = new Declaration.Done();
        if (await topology.DeclareExchangeAsync(topic.TopicName, cancellationToken) is Declaration.BrokerAway away)
        {
            worst = away;
        }

        var bound = new HashSet<string>(StringComparer.Ordinal);
        foreach (var subscription in topic.Subscriptions)
        {
            switch (await topology.DeclareAsync(subscription, cancellationToken))
            {
                case Declaration.BrokerAway unanswered:
                    worst = unanswered;
                    break;
                case Declaration.Done:
                    bound.Add(subscription.SubscriptionId);
                    break;
                default:
                    // Refused: it stays unbound.
                    break;
            }
        }

        await bindings.NoteBoundAsync([.. unbound.Where(subscription => bound.Contains(subscription.SubscriptionId))], cancellationToken);
        return worst;
    }

    /// <summary>Whether the topic exists in this spelling, which is its exchange's.</summary>
    private async Task<bool> IsStoredAsync(string topicName, CancellationToken cancellationToken) =>
        (await topics.FindAsync([topicName], cancellationToken)).GetValueOrDefault(topicName) == topicName;

    private static string ReasonOf(Declaration declaration) => declaration switch
    {
        Declaration.Conflict conflict => conflict.Reason,
        Declaration.Refused refused => refused.Reason,
        _ => "",
    };

    private static partial class Log
    {
        [LoggerMessage(5014, LogLevel.Warning, "Queues and bindings of topic {Topic} stay as they are for now: {Reason}")]
        internal static partial void Postponed(ILogger logger, string topic, string reason);
    }
}
