using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Nodes;
using BatchPlane.Simulation.Tests.Bugs;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Nodes;
using BatchPlane.Simulation.Tests.Outside;
using BatchPlane.Simulation.Tests.Proofs;
using BatchPlane.Simulation.Tests.Servers;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests;

/// <summary>One simulated installation: what its parts need of each other.</summary>
internal sealed class Cluster
{
    internal const string EnvId = "env-aaaaaaaa";

    private int _numbers;

    internal Cluster(int seed, Seams seams, bool isSmall, bool keepsTrace)
    {
        World = new(seed, keepsTrace);
        Dials = isSmall ? Dials.Smooth() : Dials.Draw(World);
        Seams = seams;
        Network = new(World, Dials);
        Invariants = new(this);
        Database = new(World, Dials, seams, Invariants, Limits);
        Broker = new(World, Dials);
        Database.Tables.Environment = new() { EnvId = EnvId, EnvName = "simulated", Provider = NodeProvider.Local, DesiredNodeCount = 0, Interest = Everything };
        Servers = [.. Enumerable.Range(1, isSmall ? 1 : World.Between(1, 3)).Select(number => new ServerHost(this, $"server{number}"))];
        Hosts = [.. Enumerable.Range(1, isSmall ? 1 : World.Between(1, 3)).Select(number => new Host(this, $"host{number}", slots: World.Between(1, 3)))];
        Client = new(this, jobs: isSmall ? 1 : World.Between(1, 6));
        Disasters = new(this);
    }

    internal World World { get; }

    internal Dials Dials { get; }

    internal Seams Seams { get; }

    internal Network Network { get; }

    internal Database Database { get; }

    internal Tables Tables => Database.Tables;

    internal Invariants Invariants { get; }

    internal Broker Broker { get; }

    internal IReadOnlyList<ServerHost> Servers { get; }

    internal IReadOnlyList<Host> Hosts { get; }

    internal Client Client { get; }

    internal Disasters Disasters { get; }

    internal EngineLimits Limits { get; } = new() { MaxBatchRequests = 4 };

    internal NodeOptions Nodes { get; } = new();

    internal SchedulingOptions Scheduling { get; } = new();

    /// <summary>Asks for every event of the catalogue.</summary>
    internal static NotificationInterest Everything { get; } = NotificationInterest.Of([EveryEvent], []);

    internal static NotificationDocument EveryEvent => new()
    {
        TopicName = "everything",
        EventConfigs = [.. EventCatalogue.All.Select(kind => new EventConfigDocument { EventName = kind.Name })],
    };

    /// <summary>The next id of a kind: like a random one in shape, but the same for the same seed.</summary>
    internal string NewId(string prefix) => FormattableString.Invariant($"{prefix}{World.Between(0, 35) switch { < 26 and var n => (char)('a' + n), var n => (char)('0' + n - 26) }}{++_numbers:d7}");

    /// <summary>A server that takes requests now, any of them; null when there is none.</summary>
    internal (Life Life, SimulatedServer Server)? AnyServer()
    {
        var up = Servers.Where(host => host.Current is not null).ToList();
        return up.Count == 0 ? null : World.Pick(up).Current is { } server ? (server.Life, server) : null;
    }

    /// <summary>A point between an apply and an act: true when the process dies here.</summary>
    internal bool DiesHere(Life life, string where)
    {
        if (life.IsDead || !World.Chance(Dials.DiesAtPoint))
        {
            return life.IsDead;
        }

        World.Say(life.Name, $"dies {where}");
        life.Kill();
        return true;
    }
}
