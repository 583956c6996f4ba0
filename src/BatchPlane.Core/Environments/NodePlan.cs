using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Environments;

/// <summary>
/// Decides what is to be done for the nodes of one environment, from what a look at the outside world saw and what waits. Pure, under the environment's lock; what it
/// answers is done after the commit and safe to do twice.
/// </summary>
/// <remarks>
/// From <see cref="MachinePresence.Unknown"/> nothing is concluded. A node that runs and whose machine is gone is not given up: its agent is started again and takes up
/// what it held; whether it comes in time is for its lease to say.
/// </remarks>
public sealed class NodePlan
{
    private readonly EnvironmentAggregate _environment;
    private readonly MachineViews _machines;
    private readonly NodePlanRules _rules;

    private NodePlan(EnvironmentAggregate environment, MachineViews machines, NodePlanRules rules) =>
        (_environment, _machines, _rules) = (environment, machines, rules);

    /// <summary>Nodes whose machines are to be made, or made again.</summary>
    public List<NodeRecord> ToStart { get; } = [];

    /// <summary>Nodes whose machines are to be ended at once: they hold nothing any more.</summary>
    public List<string> ToStop { get; } = [];

    /// <summary>Nodes that are gone: whatever is left of them may go.</summary>
    public List<string> ToForget { get; } = [];

    /// <summary>True when an epoch ended: what was held under it is to be looked for.</summary>
    public bool Lost { get; private set; }

    /// <summary>Changes the environment, and says what to do after that.</summary>
    /// <param name="environment">The environment, locked.</param>
    /// <param name="machines">What the look saw.</param>
    /// <param name="backlog">What nodes may claim now.</param>
    /// <param name="facts">What a node of the provider is made of.</param>
    /// <param name="providerHost">Who looks after the nodes: only those with the same mark are touched.</param>
    /// <param name="rules">Limits.</param>
    /// <param name="lostHosts">Who looks after nodes no more: their nodes are given up unless they live; null: nobody.</param>
    public static NodePlan Make(
        EnvironmentAggregate environment,
        MachineViews machines,
        IReadOnlyList<BacklogPart> backlog,
        MachineFacts facts,
        string? providerHost,
        NodePlanRules rules,
        IReadOnlySet<string>? lostHosts = null)
    {
        var plan = new NodePlan(environment, machines, rules);
        foreach (var node in environment.Nodes.Where(node => !node.IsAttached && node.ProviderHost == providerHost).ToList())
        {
            plan.Look(node, facts);
        }

        foreach (var node in environment.Nodes.Where(node => !node.IsAttached && node.ProviderHost is { } host && lostHosts?.Contains(host) is true).ToList())
        {
            plan.LookAtHostless(node);
        }

        EnvironmentScaling.Follow(environment, backlog, new(facts.Slots, facts.Cpu * 1_000, facts.MemoryMib));
        plan.Scale(providerHost);
        environment.CloseIfEmpty();
        return plan;
    }

    private void Look(NodeRecord node, MachineFacts facts)
    {
        var machine = _machines.Of(node.NodeId);
        switch (node.State)
        {
            case NodeState.Creating or NodeState.Created:
                LookAtNew(node, machine, facts);
                break;
            case NodeState.CreationFailed:
                Replace(node, _rules.Pause(node.Failures + _environment.Environment.FailedCreations), "it failed");
                break;
            case NodeState.Running when machine != MachinePresence.Absent && node.Failures > 0 && Age(node) >= _rules.SettleTime:
                _environment.Settle(node);
                break;
            case NodeState.Running when machine == MachinePresence.Absent:
                ToStart.Add(node);
                break;
            case NodeState.Abnormal:
                LookAtLost(node, machine);
                break;
            case NodeState.Deleting when machine == MachinePresence.Absent:
                _environment.Remove(node);
                ToForget.Add(node.NodeId);
                Lost = true;
                break;
            case NodeState.Deleting when node.LeaseUntil is not { } lease || lease < _environment.Now:
                // Without a lease it never joined or was given up: it holds nothing and hears nothing of its end.
                ToStop.Add(node.NodeId);
                break;
            default:
                break;
        }
    }

    private void LookAtNew(NodeRecord node, MachinePresence machine, MachineFacts facts)
    {
        var age = Age(node);
        switch (machine)
        {
            case MachinePresence.Absent when node.Failures >= _rules.MaxStarts:
                Fail(node, $"its agent ended {node.Failures} times before it reported in");
                break;
            case MachinePresence.Absent when age >= _rules.Pause(node.Failures):
                ToStart.Add(node);
                break;
            case MachinePresence.Alive when node.State == NodeState.Creating:
                // Its server died between starting the process and saying so.
                _environment.MachineCreated(node, facts);
                break;
            case MachinePresence.Alive when age > _rules.CreationTime:
                Fail(node, string.Create(CultureInfo.InvariantCulture, $"its agent did not report in within {_rules.CreationTime.TotalSeconds} seconds"));
                ToStop.Add(node.NodeId);
                break;
            default:
                break;
        }
    }

    private void LookAtLost(NodeRecord node, MachinePresence machine)
    {
        if (machine == MachinePresence.Absent && !_environment.Environment.IsUsedUp && Age(node) >= _rules.Pause(node.Failures) && node.Failures < _rules.MaxStarts)
        {
            ToStart.Add(node);
        }
        else if (machine != MachinePresence.Unknown)
        {
            Replace(node, _rules.ReturnTime, "it did not come back");
        }
    }

    /// <summary>Nobody starts or ends its machine any more. One that lives goes on by itself; what is lost would never come back, nor be missed.</summary>
    private void LookAtHostless(NodeRecord node)
    {
        var lives = node.State == NodeState.Running || node.LeaseUntil > _environment.Now;
        var isKept = node.State != NodeState.Deleting && (node.KeptAttempts > 0 || _environment.Environment.InactiveAction == InactiveNodeAction.None);
        if (lives || isKept)
        {
            return;
        }

        _environment.RequestNodeDelete(node, JournalSource.Engine, "its host has had no server for long");
        _environment.Remove(node);
        Lost = true;
    }

    private void Fail(NodeRecord node, string reason) => _environment.CreationFailed(node, reason);

    /// <summary>Removes a node that is of no use, so that another one is made; not when users want it kept, or too many have failed.</summary>
    private void Replace(NodeRecord node, TimeSpan after, string because)
    {
        var environment = _environment.Environment;
        if (environment.InactiveAction == InactiveNodeAction.None || environment.IsUsedUp || node.KeptAttempts > 0 || Age(node) < after)
        {
            return;
        }

        _environment.RequestNodeDelete(node, JournalSource.Engine, $"replaced, as {because}");
        if (node.State == NodeState.Deleted)
        {
            ToForget.Add(node.NodeId);
        }
    }

    private void Scale(string? providerHost)
    {
        var environment = _environment.Environment;
        if (environment.State != EnvironmentState.Created)
        {
            return;
        }

        _environment.Explain(_environment.WhyUsedUp());
        for (var missing = environment.IsUsedUp ? 0 : EnvironmentScaling.Missing(_environment); missing > 0; missing--)
        {
            ToStart.Add(_environment.AddNode(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), providerHost));
        }

        foreach (var node in EnvironmentScaling.Surplus(_environment))
        {
            _environment.RequestNodeDelete(node, JournalSource.Engine, "more nodes than desired");
            ToStart.Remove(node);
        }
    }

    private TimeSpan Age(NodeRecord node) => _environment.Now - node.StateSince;
}
