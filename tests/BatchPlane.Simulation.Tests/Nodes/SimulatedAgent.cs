using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Nodes;

/// <summary>One incarnation of a node's agent, after <see cref="Agent.NodeAgent"/>: joins, runs epoch after epoch, ends when it is told to leave.</summary>
internal sealed class SimulatedAgent(Cluster cluster, Host host, Life life, string nodeId)
{
    private const int RequestTimeout = 6_000;

    private Session? _session;

    internal Life Life => life;

    internal Session? Session => _session;

    /// <summary>A request to any server.</summary>
    internal void Call<T>(string what, Action<Servers.SimulatedServer, Action<Answer<T>>> handle, Action<Answer<T>> answered, int timeout = RequestTimeout)
        where T : class =>
        cluster.Network.Call(life, host.Name, $"{nodeId} {what}", timeout, cluster.AnyServer, handle, new(AnswerKind.Unavailable, null, "no answer"), answered);

    internal void Join() => Join($"{life.Name} {cluster.World.Clock.Milliseconds}");

    private void Join(string joinId)
    {
        var request = new JoinRequest { JoinId = joinId, NodeId = nodeId, HostName = host.Name, Cpu = host.Slots, Mem = 1, Slots = host.Slots, AgentVersion = "simulated" };
        Call<JoinResponse>("join", (server, answer) => server.Join(request, answer), answer =>
        {
            switch (answer.Kind)
            {
                case AnswerKind.Ok:
                    _session = new(cluster, host, this, answer.Body!);
                    _session.Start();
                    break;
                case AnswerKind.Unavailable:
                    cluster.World.After(cluster.World.Between(50, 2_000), life, "joins again", () => Join(joinId));
                    break;
                case AnswerKind.Fenced:
                case AnswerKind.Unknown:
                case AnswerKind.Refused:
                    Exit("is refused");
                    break;
            }
        });
    }

    /// <summary>The epoch ended by a fence: another one.</summary>
    internal void JoinAgain() => cluster.World.After(cluster.World.Between(10, 500), life, "joins anew", Join);

    internal void Exit(string why)
    {
        cluster.World.Say(life.Name, why);
        life.Kill();
    }
}
