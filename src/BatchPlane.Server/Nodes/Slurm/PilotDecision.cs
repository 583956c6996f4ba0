using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>What is to be done once a decision is stored.</summary>
internal sealed class PilotTodo
{
    /// <summary>Nodes whose pilots are to be submitted, together.</summary>
    internal List<PilotMember> ToStart { get; } = [];

    /// <summary>Pilots to end.</summary>
    internal List<Pilot> ToCancel { get; } = [];

    /// <summary>Nodes that are not deleted.</summary>
    internal HashSet<string> Live { get; } = new(StringComparer.Ordinal);

    /// <summary>True when a node is gone: what it held is looked for.</summary>
    internal bool Lost { get; set; }
}

/// <summary>
/// Decides about the nodes of one Slurm environment from what a look at the queue saw. Pure, under the environment's lock. A node that runs is judged by its lease
/// alone; for the others, a pilot that is not seen counts as gone only when the look began after it had been asked for.
/// </summary>
internal sealed class PilotDecision(
    EnvironmentAggregate environment, SlurmDocument settings, PilotQueue queue, IReadOnlyList<BacklogPart> backlog, NodeOptions nodes, SlurmOptions options)
{
    private const int MillisPerCpu = 1_000;
    private const string EndedEarly = "its pilot was gone before its agent reported in";

    private readonly PilotTodo _todo = new();
    private readonly List<NodeRecord> _unasked = [];
    private PilotBreaker _breaker = PilotBreaker.Read(environment.Environment.ProviderState);
    private bool _endedEarly;
    private int _queued;

    /// <summary>Changes the environment, and says what to do after that.</summary>
    internal PilotTodo Make()
    {
        foreach (var node in environment.Nodes.Where(node => !node.IsAttached).ToList())
        {
            Look(node, queue.Of(node.NodeId));
        }

        Scale();
        Judge();
        Start();
        environment.CloseIfEmpty();
        environment.NoteProvider(_breaker.Write(), _breaker.Reason(environment.Now) ?? environment.WhyUsedUp());
        _todo.Live.UnionWith(environment.Nodes.Where(node => node.State != NodeState.Deleted).Select(node => node.NodeId));
        return _todo;
    }

    private void Look(NodeRecord node, Pilot? pilot)
    {
        if (pilot is not null && (node.StartingUntil is null || node.StartingUntil > environment.Now))
        {
            // The answer to its submission was lost, or the server that asked died: its name says whose it is.
            environment.StartAccepted(node);
        }

        _queued += pilot is { Phase: PilotPhase.Queued } || IsAskedFor(node) ? 1 : 0;
        switch (node.State)
        {
            case NodeState.Creating or NodeState.Created:
                LookAtNew(node, pilot);
                break;
            case NodeState.CreationFailed when MayReplace && Age(node) > Pause(node):
                environment.RequestNodeDelete(node, JournalSource.Engine, "replaced by another node");
                Cancel(pilot);
                break;
            case NodeState.Running when node.Failures > 0 && Age(node) >= TimeSpan.FromSeconds(nodes.SettleSeconds):
                environment.Settle(node);
                break;
            case NodeState.Abnormal when MayReplace && !environment.Environment.IsUsedUp:
                LookAtLost(node, pilot);
                break;
            case NodeState.Deleting:
                LookAtDeleting(node, pilot);
                break;
            default:
                break;
        }
    }

    private void LookAtNew(NodeRecord node, Pilot? pilot)
    {
        switch (pilot?.Phase)
        {
            case null when IsGone(node):
                _endedEarly = true;
                environment.StartFailed(node, EndedEarly, nodes.MaxStarts);
                break;
            case null when node.StartingUntil is null && Age(node) >= Pause(node):
                _unasked.Add(node);
                break;
            case PilotPhase.Queued:
                EnvironmentAggregate.Explain(node, $"waits in Slurm's queue: {pilot!.Reason}");
                break;
            case PilotPhase.Running when node.State == NodeState.Creating:
                environment.MachineCreated(node, Facts(pilot!));
                break;
            case PilotPhase.Running when Age(node) > TimeSpan.FromSeconds(nodes.CreationSeconds):
                environment.CreationFailed(node, $"its agent did not report in within {nodes.CreationSeconds} seconds");
                _endedEarly = true;
                Cancel(pilot);
                break;
            default:
                break;
        }
    }

    private void LookAtLost(NodeRecord node, Pilot? pilot)
    {
        switch (pilot?.Phase)
        {
            // Asked for since it was lost: this is a failed start; else the machine went with the loss.
            case null when IsGone(node) && node.StartingUntil >= node.StateSince:
                _endedEarly = true;
                environment.StartFailed(node, EndedEarly, nodes.MaxStarts);
                break;
            case null when IsGone(node):
                EnvironmentAggregate.MachineGone(node);
                _unasked.Add(node);
                break;
            case null when node.StartingUntil is null && Age(node) >= Pause(node):
                _unasked.Add(node);
                break;
            case PilotPhase.Running when Age(node) > TimeSpan.FromSeconds(nodes.CreationSeconds):
                // Slurm keeps what does not answer: a machine that hangs, or is cut off from the servers.
                Cancel(pilot);
                break;
            default:
                break;
        }
    }

    private void LookAtDeleting(NodeRecord node, Pilot? pilot)
    {
        if (pilot is null)
        {
            if (node.StartingUntil is null || IsGone(node))
            {
                environment.Remove(node);
                _todo.Lost = true;
            }
        }
        else if (pilot.Phase == PilotPhase.Queued || node.LeaseUntil is not { } lease || lease < environment.Now)
        {
            // An agent with a lease hears of it and leaves by itself, which ends its pilot.
            Cancel(pilot);
        }
    }

    /// <summary>Brings the number of nodes to the one that users and the work ask for.</summary>
    private void Scale()
    {
        if (environment.Environment.State != EnvironmentState.Created)
        {
            return;
        }

        EnvironmentScaling.Follow(environment, backlog, new(Slots, settings.Cpus * MillisPerCpu, settings.MemoryMib ?? 0));
        for (var missing = !environment.Environment.IsUsedUp ? EnvironmentScaling.Missing(environment) : 0; missing > 0; missing--)
        {
            _unasked.Add(environment.AddNode(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), providerHost: null));
        }

        foreach (var node in EnvironmentScaling.Surplus(environment))
        {
            environment.RequestNodeDelete(node, JournalSource.Engine, "more nodes than desired");
            _unasked.Remove(node);
        }
    }

    private void Judge()
    {
        if (_endedEarly)
        {
            _breaker = _breaker.StartFailed($"{EndedEarly}; its log is in the work directory", environment.Now, options);
        }
        else if (_breaker.FailedAt is { } failed && environment.Nodes.Any(node => node.State == NodeState.Running && node.StateSince > failed))
        {
            _breaker = new();
        }
    }

    private void Start()
    {
        if (_breaker.IsPaused(environment.Now))
        {
            return;
        }

        var room = Math.Min(options.MaxGroup, settings.MaxQueued - _queued);
        foreach (var node in _unasked.OrderBy(node => node.CreatedAt).ThenBy(node => node.NodeId, StringComparer.Ordinal).Take(Math.Max(0, room)))
        {
            environment.ClaimStart(node, TimeSpan.FromSeconds(options.CommandSeconds + 1));
            _todo.ToStart.Add(new(node.NodeId, node.Epoch));
        }
    }

    private void Cancel(Pilot? pilot)
    {
        if (pilot is { Phase: not PilotPhase.Ending })
        {
            _todo.ToCancel.Add(pilot);
        }
    }

    /// <summary>Asked for, and not seen by a look that began after that.</summary>
    private bool IsGone(NodeRecord node) => node.StartingUntil < queue.Began;

    /// <summary>Being asked for at this moment.</summary>
    private bool IsAskedFor(NodeRecord node) => node.StartingUntil >= queue.Began && queue.Of(node.NodeId) is null;

    /// <summary>False when users want nodes kept that failed or are lost.</summary>
    private bool MayReplace => environment.Environment.InactiveAction != InactiveNodeAction.None;

    private int Slots => environment.Environment.SlotsPerNode ?? Math.Min(settings.Cpus, EnvironmentDocumentReader.MaxSlotsPerNode);

    private TimeSpan Age(NodeRecord node) => environment.Now - node.StateSince;

    private TimeSpan Pause(NodeRecord node) =>
        node.Failures == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(nodes.MaxRestartPauseSeconds, 1L << Math.Min(node.Failures - 1, 20)));

    private MachineFacts Facts(Pilot pilot) => new(pilot.HostName, settings.Cpus, 0, Slots) { MemoryMib = settings.MemoryMib ?? 0 };
}
