using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Journal;
using BatchPlane.Server.Nodes;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Brings the local nodes of each environment to the desired count. Wish and state are two things with two writers: users
/// set the count, this loop decides nodes into and out of being under the environment's lock, and only then acts on
/// processes; acting looks at what is so and is safe to repeat.
/// </summary>
/// <remarks>
/// Looks only after nodes of its own host. An agent process that died is started again for the same node, with a pause that
/// doubles while it keeps dying; what it held it takes up again, unless its lease is over. Nodes of other providers are not touched here.
/// </remarks>
internal sealed partial class EnvironmentReconciler(
    EnvironmentStore environments,
    LocalNodeProvider provider,
    NodeLossSignal losses,
    IOptions<NodeOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<EnvironmentReconciler> logger) : EngineLoop(time, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.ReconcileSeconds);

    /// <summary>Agents are started only once the server can take them in.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.ExecuteAsync(stoppingToken);
    }

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        foreach (var envId in await environments.OfProviderAsync(NodeProvider.Local, cancellationToken))
        {
            var todo = await environments.ChangeAsync(envId, Decide, cancellationToken);
            if (todo is null)
            {
                continue;
            }

            if (todo.Lost)
            {
                losses.Set();
            }

            foreach (var node in todo.ToStart)
            {
                await StartAsync(envId, node, LocalMachine.Facts(todo.SlotsPerNode), cancellationToken);
            }

            foreach (var nodeId in todo.ToForget)
            {
                provider.Forget(nodeId);
                Log.Removed(Logger, nodeId, envId);
            }
        }

        await ForgetLeftAsync(cancellationToken);
        foreach (var envId in await environments.EmptyDeletingAsync(cancellationToken))
        {
            await environments.ChangeAsync(envId, environment => { environment.CloseIfEmpty(); return environment; }, cancellationToken);
        }
    }

    /// <summary>Removes the files of nodes whose agents took their leave: those nodes are gone before this loop sees them go.</summary>
    private async Task ForgetLeftAsync(CancellationToken cancellationToken)
    {
        foreach (var nodeId in provider.Silent())
        {
            if (await environments.FindHolderAsync(nodeId, cancellationToken) is { State: NodeState.Deleted } left)
            {
                provider.Forget(nodeId);
                Log.Removed(Logger, nodeId, left.EnvId);
            }
        }
    }

    /// <summary>Runs under the environment's lock: no waiting for anything in here.</summary>
    private Todo Decide(EnvironmentAggregate environment)
    {
        var todo = new Todo { SlotsPerNode = environment.Environment.SlotsPerNode };
        foreach (var node in environment.Nodes.Where(node => node.ProviderHost == provider.Host).ToList())
        {
            Look(environment, node, todo);
        }

        Scale(environment, todo);
        environment.CloseIfEmpty();
        return todo;
    }

    private void Look(EnvironmentAggregate environment, NodeRecord node, Todo todo)
    {
        var isAlive = provider.IsAlive(node.NodeId);
        var age = environment.Now - node.StateSince;
        switch (node.State)
        {
            case NodeState.Creating when isAlive:
                // Its server died between starting the process and saying so.
                environment.MachineCreated(node, LocalMachine.Facts(environment.Environment.SlotsPerNode));
                break;
            case NodeState.Created when !isAlive && node.Failures >= options.Value.MaxStarts:
                environment.CreationFailed(node, $"its agent ended {node.Failures} times before it reported in");
                break;
            case NodeState.Creating or NodeState.Created when !isAlive && age > Pause(node):
                todo.ToStart.Add(node);
                break;
            case NodeState.Created when age > TimeSpan.FromSeconds(options.Value.CreationSeconds):
                environment.CreationFailed(node, $"its agent did not report in within {options.Value.CreationSeconds} seconds");
                provider.Kill(node.NodeId);
                break;
            case NodeState.CreationFailed when age > Pause(node):
                environment.RequestNodeDelete(node, JournalSource.Engine, "replaced by another node");
                todo.ToForget.Add(node.NodeId);
                break;
            case NodeState.Running when !isAlive:
                // What it ran goes on with the next agent. If none comes up, the node is given up when its lease ends.
                todo.ToStart.Add(node);
                break;
            case NodeState.Abnormal when !isAlive && age > Pause(node):
                todo.ToStart.Add(node);
                break;
            case NodeState.Deleting when !isAlive:
                environment.Remove(node);
                todo.ToForget.Add(node.NodeId);
                todo.Lost = true;
                break;
            case NodeState.Deleting when node.LeaseUntil is not { } lease || lease < environment.Now:
                // Without a lease it never joined or was given up: it holds nothing and hears nothing of its end.
                provider.Kill(node.NodeId);
                break;
            default:
                break;
        }
    }

    private void Scale(EnvironmentAggregate environment, Todo todo)
    {
        if (environment.Environment.State != EnvironmentState.Created)
        {
            return;
        }

        var nodes = environment.Nodes.Where(node => node.State is not (NodeState.Deleting or NodeState.Deleted)).ToList();
        for (var missing = environment.Environment.DesiredNodeCount - nodes.Count; missing > 0; missing--)
        {
            todo.ToStart.Add(environment.AddNode(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), provider.Host));
        }

        var surplus = nodes.Count - environment.Environment.DesiredNodeCount;
        foreach (var node in nodes.Where(node => !node.IsAttached).OrderByDescending(node => node.CreatedAt).Take(Math.Max(0, surplus)))
        {
            environment.RequestNodeDelete(node, JournalSource.Engine, "more nodes than desired");
        }
    }

    private async Task StartAsync(string envId, NodeRecord node, MachineFacts facts, CancellationToken cancellationToken)
    {
        string? failure = null;
        try
        {
            if (!provider.IsAlive(node.NodeId))
            {
                provider.Start(node.NodeId, facts);
                Log.Started(Logger, node.NodeId, envId);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
        {
            failure = exception.Message;
            Log.NotStarted(Logger, node.NodeId, envId, exception);
        }

        await environments.ChangeAsync(
            envId,
            environment =>
            {
                if (environment.Find(node.NodeId) is { } stored)
                {
                    environment.Started(stored, facts, failure);
                }

                return environment;
            },
            cancellationToken);
    }

    private TimeSpan Pause(NodeRecord node) =>
        node.Failures == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(options.Value.MaxRestartPauseSeconds, 1L << Math.Min(node.Failures - 1, 20)));

    private sealed class Todo
    {
        internal List<NodeRecord> ToStart { get; } = [];

        internal List<string> ToForget { get; } = [];

        internal bool Lost { get; set; }

        internal int? SlotsPerNode { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(3003, LogLevel.Information, "Started the agent of node {NodeId} of {EnvId}")]
        internal static partial void Started(ILogger logger, string nodeId, string envId);

        [LoggerMessage(3004, LogLevel.Error, "The agent of node {NodeId} of {EnvId} could not be started")]
        internal static partial void NotStarted(ILogger logger, string nodeId, string envId, Exception exception);

        [LoggerMessage(3005, LogLevel.Information, "Node {NodeId} of {EnvId} is gone")]
        internal static partial void Removed(ILogger logger, string nodeId, string envId);
    }
}
