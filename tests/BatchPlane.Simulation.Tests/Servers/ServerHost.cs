using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>Where a server runs: starts it again when it died, as a supervisor does.</summary>
internal sealed class ServerHost(Cluster cluster, string name)
{
    private int _starts;

    /// <summary>The server that runs; null while there is none.</summary>
    internal SimulatedServer? Current { get; private set; }

    internal string Name => name;

    internal void Start()
    {
        var life = new Life($"{name}.{++_starts}");
        life.Died += () =>
        {
            Current = null;
            cluster.Seams.ServerDied();
            cluster.Database.Disconnected(life);
            cluster.Broker.Disconnected(life);
            cluster.World.After(cluster.World.Between(100, 5_000), cluster.World.Outside, $"{name} starts again", Start);
        };
        Current = new(cluster, life);
        Current.Start();
    }
}
