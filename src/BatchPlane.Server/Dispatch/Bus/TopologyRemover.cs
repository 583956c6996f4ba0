using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Server.Dispatch.Bus;

/// <summary>Takes from RabbitMQ what changes of subscriptions made superfluous. What cannot be done now waits in PostgreSQL for the next pass, of whichever server.</summary>
internal sealed partial class TopologyRemover(TopologyRemovalStore store, TopicTopology topology, ILogger<TopologyRemover> logger)
{
    private const int PageSize = 200;

    /// <summary>Does what can be done now. False when the broker or the database is away.</summary>
    internal async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var removals = await store.ListAsync(PageSize, cancellationToken);
                var done = new List<long>();
                foreach (var removal in removals)
                {
                    if (!removal.IsWanted && await RemoveAsync(removal, cancellationToken) is Declaration.BrokerAway)
                    {
                        break;
                    }

                    done.Add(removal.No);
                }

                if (done.Count > 0)
                {
                    await store.ForgetAsync(done, cancellationToken);
                }

                if (done.Count < PageSize)
                {
                    return done.Count == removals.Count;
                }
            }
        }
        catch (Exception fault) when (ExpectedFaults.IsTransient(fault))
        {
            Log.Postponed(logger, fault.Message);
            return false;
        }
    }

    private Task<Declaration> RemoveAsync(TopologyRemoval removal, CancellationToken cancellationToken) => removal.Binding is { } binding
        ? topology.UnbindQueueAsync(removal.TopicName, removal.Queue, binding, cancellationToken)
        : topology.DeleteOwnQueueAsync(removal.Queue, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(5014, LogLevel.Warning, "Queues and bindings that are not wanted any more stay for now: {Reason}")]
        internal static partial void Postponed(ILogger logger, string reason);
    }
}
