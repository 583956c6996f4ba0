using BatchPlane.Core.Database;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Makes the broker follow PostgreSQL: declares the exchanges, queues and bindings of all topics whenever the broker is
/// (re)connected, and every now and then. No event is sent on a connection before the first pass on it is through (<see cref="TopologyReadiness"/>). A broker that lost its data is rebuilt this way; what it holds beyond is left alone, but for what a change of a
/// subscription left to be removed.
/// </summary>
internal sealed partial class TopologyReconciler(
    TopicStore topics,
    TopologyFollower follower,
    TopologyReadiness readiness,
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
                await KeepAsync(await broker.WhenOpenAsync(stoppingToken), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Goes over all topics again and again while a connection is open; returns when another one has taken its place, or it is lost.</summary>
    private async Task KeepAsync(LiveConnection connection, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();

        // Before the look whether it is still this one: else the loss of this one could be missed.
        var lost = broker.WhenLostAsync(cancellationToken);
        while (IsOpen(connection))
        {
            var complete = await PassAsync(connection, cancellationToken);
            var isOverdue = !complete && IsOpen(connection) && time.GetElapsedTime(began) > options.Value.DeclareTimeout;
            if (complete || isOverdue)
            {
                if (isOverdue && !readiness.IsReady)
                {
                    Log.Overdue(logger, options.Value.DeclareTimeout);
                }

                readiness.Declared(connection);
            }

            await RestAsync(lost, complete ? options.Value.ReconcileInterval : RetryDelay, cancellationToken);
        }
    }

    /// <summary>Waits, but for bindings that had to wait for events before them: whoever asked for the change may be gone by now.</summary>
    private async Task RestAsync(Task lost, TimeSpan duration, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (duration - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero && !lost.IsCompleted)
        {
            await Task.WhenAny(lost, Task.Delay(left < options.Value.PollInterval ? left : options.Value.PollInterval, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await follower.CleanHandedOverAsync(cancellationToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                Log.NoDatabase(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Debug : LogLevel.Error, fault.Message);
            }
        }
    }

    private bool IsOpen(LiveConnection connection) => broker.TryGetOpen(out var open) && ReferenceEquals(open, connection);

    /// <summary>One pass over all topics. False when something got no answer, of the broker or the database.</summary>
    private async Task<bool> PassAsync(LiveConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            var complete = await follower.CleanAllAsync(cancellationToken);
            string? after = null;
            while (true)
            {
                var page = await topics.ListAsync(after, PageSize, cancellationToken);
                var unanswered = 0;
                await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = TopologyFollower.MaxTopics, CancellationToken = cancellationToken }, async (topic, token) =>
                {
                    if (!IsOpen(connection) || await follower.FollowAsync(topic.TopicName, token) is Declaration.BrokerAway)
                    {
                        Interlocked.Increment(ref unanswered);
                    }
                });
                complete &= unanswered == 0;
                if (page.Count < PageSize || !IsOpen(connection))
                {
                    return complete && IsOpen(connection);
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

    private static partial class Log
    {
        [LoggerMessage(EventId = 5013, Message = "Topics cannot be declared now: {Reason}")]
        internal static partial void NoDatabase(ILogger logger, LogLevel level, string reason);

        [LoggerMessage(5016, LogLevel.Warning, "Not all queues and bindings could be declared within {DeclareTimeout}; events are sent without them")]
        internal static partial void Overdue(ILogger logger, TimeSpan declareTimeout);
    }
}
