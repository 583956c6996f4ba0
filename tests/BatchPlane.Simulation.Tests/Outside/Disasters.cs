namespace BatchPlane.Simulation.Tests.Outside;

/// <summary>What befalls an installation from time to time, until the rough time is over.</summary>
internal sealed class Disasters(Cluster cluster)
{
    private bool _isOver;

    internal void Start(int roughTime)
    {
        Next();
        cluster.World.After(roughTime, cluster.World.Outside, "the rough time is over", () =>
        {
            _isOver = true;
            cluster.Dials.Calm();
            cluster.Network.CutOff.Clear();
        });
    }

    private void Next()
    {
        if (cluster.Dials.DisasterEvery == 0)
        {
            return;
        }

        cluster.World.After(cluster.World.Between(1, 2 * cluster.Dials.DisasterEvery), cluster.World.Outside, "a disaster", () =>
        {
            if (!_isOver)
            {
                Strike();
                Next();
            }
        });
    }

    private void Strike()
    {
        var world = cluster.World;
        var host = world.Pick(cluster.Hosts);
        switch (world.Between(0, 8))
        {
            case 0 or 1:
                world.Pick(cluster.Servers).Current?.Life.Kill();
                break;
            case 2:
                Say(host.Name, "agent killed");
                host.Agent?.Life.Kill();
                break;
            case 3 or 4 when host.Agent is { Life: { IsStopped: false } life }:
                Say(life.Name, "stopped");
                life.Stop();
                world.After(world.Between(500, 45_000), world.Outside, $"{life.Name} continues", () => world.Continue(life));
                break;
            case 5:
                Say(host.Name, "cut off");
                cluster.Network.CutOff.Add(host.Name);
                world.After(world.Between(500, 45_000), world.Outside, $"{host.Name} is reached again", () => cluster.Network.CutOff.Remove(host.Name));
                break;
            case 6:
                Say("broker", "goes down");
                cluster.Broker.GoDown(world.Between(500, 15_000));
                break;
            case 7:
                Say("database", "restarts");
                cluster.Database.Restart();
                break;
            case 8 when host.NodeId is { } nodeId && world.Chance(0.5):
                Remove(nodeId);
                break;
            case 8:
                Say(host.Name, "agent asked to end");
                host.Agent?.Session?.StopGracefully();
                break;
            default:
                break;
        }
    }

    private void Remove(string nodeId)
    {
        Say(nodeId, "is to go");
        cluster.AnyServer()?.Server.ChangeEnvironment(
            environment =>
            {
                if (environment.Find(nodeId) is { } node)
                {
                    environment.RequestNodeDelete(node, "user:simulated", "not wanted any more");
                }

                return environment;
            },
            _ => { });
    }

    private void Say(string who, string what) => cluster.World.Say(who, what);
}
