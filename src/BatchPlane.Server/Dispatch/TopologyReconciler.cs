using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Makes the broker follow PostgreSQL: declares the exchanges, queues and bindings of all topics whenever the broker is
/// (re)connected, and every now and then. A broker that lost its data is rebuilt this way; what it holds beyond is left alone, but for what a change of a
/// subscription left to be removed.
/// </summary>
internal sealed partial class TopologyReconciler(
    TopicStore topics,
    TopicTopology topology,
    TopologyRemover remover,
    BrokerConnection broker,
    IOptions<DispatchOptions> options,
    TimeProvider time,
    ILogger<TopologyReconciler> logger) : BackgroundService
{
    private const int PageSize = 200;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await broker.WhenOpenAsync(stoppingToken);
                var complete = await PassAsync(stoppingToken);
                var lost = broker.WhenLostAsync(stoppingToken);
                await Task.WhenAny(lost, Task.Delay(complete ? options.Value.ReconcileInterval : RetryDelay, time, stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>One pass over all topics. False when the broker or the database went away on the way.</summary>
    internal async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await remover.PassAsync(cancellationToken))
            {
                return false;
            }

            string? after = null;
            while (true)
            {
                var page = await topics.ListAsync(after, PageSize, cancellationToken);
                foreach (var topic in page)
                {
                    if (!await DeclareAsync(topic, cancellationToken))
                    {
                        return false;
                    }
                }

                if (page.Count < PageSize)
                {
                    return true;
                }

                after = page[^1].TopicName;
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, it must not end the server.
            Log.NoDatabase(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, fault.Message);
            return false;
        }
    }

    /// <summary>A refused declaration is logged where it happens and does not keep the others from being made.</summary>
    private async Task<bool> DeclareAsync(Contracts.TopicView topic, CancellationToken cancellationToken)
    {
        if (await topology.DeclareExchangeAsync(topic.TopicName, cancellationToken) is Declaration.BrokerAway)
        {
            return false;
        }

        foreach (var subscription in topic.Subscriptions)
        {
            if (await topology.DeclareAsync(subscription, cancellationToken) is Declaration.BrokerAway)
            {
                return false;
            }
        }

        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5013, Message = "Topics cannot be declared now: {Reason}")]
        internal static partial void NoDatabase(ILogger logger, LogLevel level, string reason);
    }
}
