using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Nodes;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Gives up nodes whose lease ran out and takes from them what they held. The epoch ends first, in the node's transaction;
/// from then on nothing the node says counts. Its attempts are then taken job by job; a crash between is repaired by any
/// server's next look for attempts of incarnations that are gone.
/// </summary>
/// <remarks>
/// Nobody is given up before this server has reached the database for a whole lease without a break: while it could not, agents
/// may not have been heard either, and what they run is not to be disturbed by that.
/// </remarks>
internal sealed partial class NodeMonitor(
    EnvironmentStore environments,
    ClaimStore claims,
    TransitionWriter writer,
    NodeLossSignal losses,
    IOptions<NodeOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<NodeMonitor> logger) : EngineLoop(time, logger)
{
    private const int MaxNodesPerPass = 1_000;

    private readonly TimeProvider _time = time;
    private Task _loss = Task.CompletedTask;
    private long _lastLook;
    private long? _reachableSince;
    private DateTimeOffset _lastReached;

    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.MonitorSeconds);

    /// <inheritdoc/>
    protected override Task Wake => losses.Next;

    /// <summary>A lease that is given to all begins when they can be heard: a server that starts reaches its database before it answers anybody.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.WhenStartedAsync(stoppingToken);
        await base.ExecuteAsync(stoppingToken);
    }

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        var lost = await GiveUpExpiredUnlessBlindAsync(cancellationToken);
        var isDue = _loss.IsCompleted || lost || _time.GetElapsedTime(_lastLook) >= TimeSpan.FromSeconds(options.Value.OrphanSeconds);
        if (!isDue)
        {
            return;
        }

        _loss = losses.Next;
        _lastLook = _time.GetTimestamp();
        await TakeOrphansAsync(cancellationToken);
    }

    private async Task<bool> GiveUpExpiredUnlessBlindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var expired = await environments.ExpiredAsync(MaxNodesPerPass, cancellationToken);
            NoteReached();
            return _time.GetElapsedTime(_reachableSince!.Value) >= options.Value.Lease && await GiveUpAsync(expired, cancellationToken);
        }
        catch (Exception exception) when (ExpectedFaults.IsTransient(exception))
        {
            _reachableSince = null;
            throw;
        }
    }

    /// <summary>
    /// A long gap between two looks is a break as well: a database that hung, or a process or machine that was suspended. By the clock on
    /// the wall, as a suspended machine's other clock stands still.
    /// </summary>
    private void NoteReached()
    {
        var now = _time.GetUtcNow();
        if (_reachableSince is null || now - _lastReached > Interval + (options.Value.Lease / 2))
        {
            _reachableSince = _time.GetTimestamp();
        }

        _lastReached = now;
    }

    private async Task<bool> GiveUpAsync(IReadOnlyList<(string NodeId, string EnvId)> expired, CancellationToken cancellationToken)
    {
        var isAnyGiven = false;
        foreach (var (envId, nodeIds) in expired.GroupBy(row => row.EnvId, row => row.NodeId).Select(group => (group.Key, group.ToHashSet())))
        {
            var given = await environments.ChangeAsync(envId, environment => GiveUp(environment, nodeIds), cancellationToken);
            foreach (var nodeId in given ?? [])
            {
                isAnyGiven = true;
                Log.GivenUp(Logger, nodeId, envId);
            }
        }

        return isAnyGiven;
    }

    /// <summary>Looks again under the lock: a heartbeat may have come in between.</summary>
    internal static List<string> GiveUp(EnvironmentAggregate environment, HashSet<string> nodeIds)
    {
        var given = new List<string>();
        foreach (var node in environment.Nodes.Where(node => nodeIds.Contains(node.NodeId) && node.LeaseUntil < environment.Now).ToList())
        {
            if (node.State == NodeState.Running)
            {
                environment.Lose(node, "no sign of life within its lease");
                given.Add(node.NodeId);
            }
            else if (node.IsAttached)
            {
                environment.Remove(node);
                given.Add(node.NodeId);
            }
        }

        environment.CloseIfEmpty();
        return given;
    }

    private async Task TakeOrphansAsync(CancellationToken cancellationToken)
    {
        while (await claims.OrphansAsync(options.Value.OrphanLimit, cancellationToken) is { Count: > 0 } orphans)
        {
            var outcomes = await Task.WhenAll(orphans.Select(group => writer.WriteAsync(
                new LoseAttempts(group.JobId, group.NodeId, group.NodeEpoch, group.Attempts, group.HasLeft ? $"node {group.NodeId} left before it had ended" : $"node {group.NodeId} was lost")
                {
                    Cause = group.HasLeft ? Cause.NodeDrained : Cause.NodeLost,
                },
                cancellationToken)));
            var taken = outcomes.Sum(outcome => outcome.Lost);
            Log.Taken(Logger, taken, orphans.Select(group => group.NodeId).Distinct().Count());
            if (taken == 0)
            {
                return;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Warning, "Node {NodeId} of {EnvId} gave no sign of life within its lease")]
        internal static partial void GivenUp(ILogger logger, string nodeId, string envId);

        [LoggerMessage(3002, LogLevel.Warning, "Took {Attempts} attempts from {Nodes} nodes that are gone")]
        internal static partial void Taken(ILogger logger, int attempts, int nodes);
    }
}
