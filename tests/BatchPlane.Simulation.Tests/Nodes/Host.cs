using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Nodes;

/// <summary>A machine for one node at a time: the processes on it, and the provider's part of making and removing the node.</summary>
internal sealed class Host(Cluster cluster, string name, int slots)
{
    private const int ProviderPause = 2_000;

    private readonly List<SimulatedProcess> _running = [];
    private int _starts;

    internal string Name => name;

    internal int Slots => slots;

    /// <summary>The node it is now; null before there is one.</summary>
    internal string? NodeId { get; private set; }

    /// <summary>The agent that runs; null while there is none.</summary>
    internal SimulatedAgent? Agent { get; private set; }

    internal IReadOnlyList<SimulatedProcess> Running => _running;

    /// <summary>How each attempt's process ended, as nobody but this machine knows.</summary>
    internal Dictionary<AttemptKey, SimulatedProcess> History { get; } = [];

    internal void Start() => Provide();

    internal SimulatedProcess Spawn(AttemptKey key, string jobId, string nodeId, long epoch, Behaviour behaviour)
    {
        var process = new SimulatedProcess(cluster.World, this, key, jobId, nodeId, epoch, behaviour);
        cluster.Invariants.Spawned(process);
        _running.Add(process);
        History[key] = process;
        process.Begin();
        return process;
    }

    internal void Ended(SimulatedProcess process) => _running.Remove(process);

    /// <summary>What a new agent in the directory of a dead one does first, and a provider that removes a machine.</summary>
    internal void KillLeftovers()
    {
        foreach (var process in cluster.Seams.KillsLeftovers ? _running.ToList() : [])
        {
            process.Signal(EndSignal.Kill);
        }
    }

    /// <summary>Looks after its node again and again, as the reconciler of a provider does.</summary>
    private void Provide()
    {
        var node = NodeId is null ? null : cluster.Tables.Nodes.GetValueOrDefault(NodeId);
        if (node is null or { State: NodeState.Deleted })
        {
            if (Agent is null)
            {
                MakeNode();
            }
        }
        else if (Agent is null && node.State == NodeState.Deleting)
        {
            KillLeftovers();
            Change(environment => Remove(environment, node.NodeId), "gone");
        }
        else if (Agent is null)
        {
            StartAgent();
        }

        cluster.World.After(ProviderPause, cluster.World.Outside, World.Quietly, Provide);
    }

    private void MakeNode()
    {
        var nodeId = cluster.NewId("node-");
        Change(
            environment =>
            {
                var node = environment.AddNode(nodeId, cluster.NewId("ins-"), name);
                environment.MachineCreated(node, new(name, slots, 1, slots));
                return node;
            },
            $"made {nodeId}",
            () => NodeId = nodeId);
    }

    private static EnvironmentAggregate Remove(EnvironmentAggregate environment, string nodeId)
    {
        if (environment.Find(nodeId) is { } node)
        {
            environment.Remove(node);
        }

        return environment;
    }

    private void Change<T>(Func<EnvironmentAggregate, T> decide, string what, Action? done = null)
        where T : class
    {
        if (cluster.AnyServer() is { } server)
        {
            server.Server.ChangeEnvironment(decide, result =>
            {
                cluster.World.Say(name, result is null ? "provider has to try again" : what);
                if (result is not null)
                {
                    done?.Invoke();
                }
            });
        }
    }

    private void StartAgent()
    {
        var life = new Life($"agent{name[4..]}.{++_starts}");
        life.Died += () => Agent = null;
        KillLeftovers();
        Agent = new(cluster, this, life, NodeId!);
        Agent.Join();
    }
}
