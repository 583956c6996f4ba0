using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Sessions;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Nodes;

/// <summary>How a command behaves, by the word that stands for it in a job.</summary>
internal enum Behaviour
{
    /// <summary>Ends with 0.</summary>
    Good,

    /// <summary>Ends with 0, 1 or a signal.</summary>
    Flaky,

    /// <summary>Ends with 1.</summary>
    Bad,

    /// <summary>Runs until it is asked to end.</summary>
    Endless,

    /// <summary>Runs until it is killed.</summary>
    Stubborn,

    /// <summary>Cannot be started.</summary>
    Missing,
}

/// <summary>A process on a host: outlives its agent, and ends by itself, by a signal, or never.</summary>
internal sealed class SimulatedProcess(World world, Host host, AttemptKey key, string jobId, string nodeId, long epoch, Behaviour behaviour) : IExecution
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private IExitListener? _listener;
    private Life? _watcher;
    private Step? _end;

    internal AttemptKey Key => key;

    internal string JobId => jobId;

    internal string NodeId => nodeId;

    internal long Epoch => epoch;

    /// <summary>How it ended; null while it runs.</summary>
    internal ExitStatus? Exit { get; private set; }

    internal void Begin()
    {
        if (behaviour is Behaviour.Endless or Behaviour.Stubborn)
        {
            return;
        }

        var status = behaviour switch
        {
            Behaviour.Flaky when world.Chance(0.2) => new ExitStatus(null, 11),
            Behaviour.Flaky when world.Chance(0.4) => new ExitStatus(1, null),
            Behaviour.Bad => new ExitStatus(1, null),
            _ => new ExitStatus(0, null),
        };
        EndIn(world.Chance(0.2) ? world.Between(1_000, 30_000) : world.Between(1, 500), status);
    }

    internal void WatchedBy(Life watcher) => _watcher = watcher;

    public void Watch(IExitListener listener) => _listener = listener;

    public void Signal(EndSignal signal)
    {
        if (Exit is null && (signal == EndSignal.Kill || behaviour != Behaviour.Stubborn))
        {
            EndIn(world.Between(1, 50), new(null, signal == EndSignal.Kill ? SigKill : SigTerm));
        }
    }

    private void EndIn(int milliseconds, ExitStatus status)
    {
        _end?.Cancel();
        _end = world.After(milliseconds, world.Outside, $"{host.Name} {this} ends {status.ExitCode?.ToString() ?? $"by signal {status.Signal}"}", () =>
        {
            Exit = status;
            host.Ended(this);
            if (_listener is { } listener)
            {
                world.After(0, _watcher!, $"hears of the end of {this}", () => listener.Exited(status));
            }
        });
    }

    public override string ToString() => $"{key.TaskId}.{key.Index}.{key.Number}";
}
