using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Nodes;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Brings the nodes of each environment to the number that is to be. Each environment is looked at from outside, decided about under its lock
/// (<see cref="NodePlan"/>), and only then acted for; all three are safe to repeat. Wish and state are two things with two writers.
/// </summary>
internal sealed partial class EnvironmentReconciler(
    EnvironmentStore environments,
    IEnumerable<INodeProvider> providers,
    TaskEnvironments taskEnvironments,
    HostBeats hostBeats,
    NodeLossSignal losses,
    IOptions<NodeOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<EnvironmentReconciler> logger) : EngineLoop(time, logger)
{
    private readonly EnvironmentTroubles _troubles = new(environments, logger);

    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.ReconcileSeconds);

    /// <summary>Agents are started only once the server can take them in.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.WhenStartedAsync(stoppingToken);
        await base.ExecuteAsync(stoppingToken);
    }

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        await taskEnvironments.EndUnneededAsync(cancellationToken);
        foreach (var provider in providers)
        {
            await ReconcileAllAsync(provider, cancellationToken);
        }

        foreach (var envId in await environments.EmptyDeletingAsync(cancellationToken))
        {
            await _troubles.TryAsync(envId, () => environments.ChangeAsync(envId, environment => { environment.CloseIfEmpty(); return environment; }, cancellationToken), cancellationToken);
        }
    }

    private async Task ReconcileAllAsync(INodeProvider provider, CancellationToken cancellationToken)
    {
        var lostHosts = provider.Host is { } host ? await hostBeats.BeatAsync(host, cancellationToken) : null;
        var leftovers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var envId in await environments.OfProviderAsync(provider.Kind, cancellationToken))
        {
            await _troubles.TryAsync(envId, async () => leftovers.UnionWith(await ReconcileAsync(provider, envId, lostHosts, cancellationToken)), cancellationToken);
        }

        await ForgetLeftAsync(provider, leftovers, cancellationToken);
    }

    /// <summary>Looks, decides, acts; what the look found of nodes that are no nodes of the environment.</summary>
    private async Task<IReadOnlyList<string>> ReconcileAsync(INodeProvider provider, string envId, IReadOnlySet<string>? lostHosts, CancellationToken cancellationToken)
    {
        var machines = await provider.LookAsync(envId, await environments.NodeIdsAsync(envId, cancellationToken), cancellationToken);
        var backlog = await environments.BacklogAsync(envId, options.Value.BacklogTasks, cancellationToken);
        var decided = await environments.ChangeAsync(
            envId,
            environment =>
            {
                var facts = provider.Facts(environment.Environment);
                return new Decided(NodePlan.Make(environment, machines, backlog, facts, provider.Host, options.Value.ToRules(), lostHosts), facts, GivenUp.Of(environment));
            },
            cancellationToken);
        if (decided is not var (plan, facts, givenUp))
        {
            return machines.Leftovers;
        }

        await taskEnvironments.GiveUpAsync(givenUp, cancellationToken);
        if (plan.Lost)
        {
            losses.Set();
        }

        await provider.StopAsync(plan.ToStop, cancellationToken);
        await ForgetAsync(provider, envId, plan.ToForget, cancellationToken);
        await StartAsync(provider, envId, plan.ToStart, facts, cancellationToken);
        return machines.Leftovers;
    }

    private async Task StartAsync(INodeProvider provider, string envId, List<NodeRecord> nodes, MachineFacts facts, CancellationToken cancellationToken)
    {
        if (nodes.Count == 0)
        {
            return;
        }

        var outcomes = await provider.StartAsync(envId, [.. nodes.Select(node => node.NodeId)], facts, cancellationToken);
        await environments.ChangeAsync(
            envId,
            environment =>
            {
                foreach (var outcome in outcomes)
                {
                    if (environment.Find(outcome.NodeId) is { } node)
                    {
                        environment.Started(node, facts, outcome.Failure);
                    }
                }

                return environment;
            },
            cancellationToken);
        foreach (var outcome in outcomes)
        {
            Tell(envId, outcome);
        }
    }

    /// <summary>Removes what is left of nodes whose agents took their leave: those nodes are gone before this loop sees them go.</summary>
    private async Task ForgetLeftAsync(INodeProvider provider, IEnumerable<string> leftovers, CancellationToken cancellationToken)
    {
        foreach (var nodeId in leftovers)
        {
            if (await environments.FindHolderAsync(nodeId, cancellationToken) is { State: NodeState.Deleted } left)
            {
                await ForgetAsync(provider, left.EnvId, [nodeId], cancellationToken);
            }
        }
    }

    private async Task ForgetAsync(INodeProvider provider, string envId, IReadOnlyList<string> nodeIds, CancellationToken cancellationToken)
    {
        await provider.ForgetAsync(nodeIds, cancellationToken);
        foreach (var nodeId in nodeIds)
        {
            Log.Removed(Logger, nodeId, envId);
        }
    }

    private void Tell(string envId, StartOutcome outcome)
    {
        if (outcome.Failure is { } failure)
        {
            Log.NotStarted(Logger, outcome.NodeId, envId, failure);
        }
        else
        {
            Log.Started(Logger, outcome.NodeId, envId);
        }
    }

    private sealed record Decided(NodePlan Plan, MachineFacts Facts, GivenUp? GivenUp);

    private static partial class Log
    {
        [LoggerMessage(3003, LogLevel.Information, "Started the agent of node {NodeId} of {EnvId}")]
        internal static partial void Started(ILogger logger, string nodeId, string envId);

        [LoggerMessage(3004, LogLevel.Error, "The agent of node {NodeId} of {EnvId} could not be started: {Failure}")]
        internal static partial void NotStarted(ILogger logger, string nodeId, string envId, string failure);

        [LoggerMessage(3005, LogLevel.Information, "Node {NodeId} of {EnvId} is gone")]
        internal static partial void Removed(ILogger logger, string nodeId, string envId);
    }
}
