using BatchPlane.Simulation.Tests.Bugs;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Proofs;

namespace BatchPlane.Simulation.Tests;

/// <summary>What became of one world.</summary>
/// <param name="Seed">The same seed gives the same world.</param>
/// <param name="Hash">Of its trace.</param>
/// <param name="Violation">The promise that was broken; null when all held.</param>
/// <param name="Trace">All of the trace where asked for, else its last lines.</param>
/// <param name="Steps">Steps taken.</param>
/// <param name="Repeats">Events that arrived more than once.</param>
internal sealed record Outcome(int Seed, string Hash, Violation? Violation, IReadOnlyList<string> Trace, int Steps, int Repeats)
{
    /// <summary>What a person needs to see of a failure.</summary>
    public override string ToString() => $"seed {Seed}: {Violation?.Message ?? "sound"}\n{string.Join('\n', Trace)}\nRun it again: ./dev soak sim 1 {Seed}";
}

/// <summary>Runs a world from its seed to its end.</summary>
internal static class Simulation
{
    private const int MaxSteps = 400_000;
    private const int RestLimit = 400_000;
    private const int LookEvery = 1_000;

    /// <param name="seed">Decides everything.</param>
    /// <param name="seams">With a bug; null: without.</param>
    /// <param name="isSmall">One server, one host, one job, and nothing goes wrong.</param>
    /// <param name="keepsTrace">Keeps all of the trace.</param>
    internal static Outcome Run(int seed, Seams? seams = null, bool isSmall = false, bool keepsTrace = false)
    {
        var cluster = new Cluster(seed, seams ?? new(), isSmall, keepsTrace);
        var steps = 0;
        Violation? violation = null;
        try
        {
            steps = Run(cluster);
        }
        catch (Violation broken)
        {
            violation = broken;
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or ArgumentException or NullReferenceException)
        {
            violation = new("no exception", exception.ToString());
        }

        var trace = cluster.World.Trace;
        return new(seed, trace.Hash, violation, keepsTrace ? trace.All : [.. trace.Last], steps, cluster.Broker.Deliveries.Repeats);
    }

    private static int Run(Cluster cluster)
    {
        var world = cluster.World;
        var roughTime = world.Between(10_000, 60_000);
        Open(cluster);
        cluster.Disasters.Start(roughTime);
        var isAtRest = false;
        void Look() => world.After(LookEvery, world.Outside, World.Quietly, () =>
        {
            var open = Quiescence.Open(cluster);
            isAtRest = open is null;
            if (open is not null && world.Clock.Milliseconds > roughTime + RestLimit)
            {
                throw open;
            }

            Look();
        });
        Look();
        var steps = 0;
        while (!isAtRest && world.Next())
        {
            if (++steps > MaxSteps)
            {
                throw new Violation("comes to rest", $"{MaxSteps} steps and no end");
            }
        }

        return steps;
    }

    private static void Open(Cluster cluster)
    {
        foreach (var server in cluster.Servers)
        {
            server.Start();
        }

        cluster.Servers[0].Current!.ChangeEnvironment(
            environment =>
            {
                environment.Open("user:simulated");
                return environment;
            },
            _ => { });
        foreach (var host in cluster.Hosts)
        {
            host.Start();
        }

        cluster.Client.Start();
    }
}
