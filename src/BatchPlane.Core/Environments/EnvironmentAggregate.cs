using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Environments;

/// <summary>What a machine is, as its provider or its agent knows.</summary>
/// <param name="HostName">Name of the host.</param>
/// <param name="Cpu">Processors.</param>
/// <param name="MemoryGib">Memory in GiB.</param>
/// <param name="Slots">Instances it runs at once.</param>
public sealed record MachineFacts(string HostName, int Cpu, int MemoryGib, int Slots)
{
    private const int MibPerGib = 1024;

    /// <summary>Memory in MiB; what <see cref="MemoryGib"/> says unless it is known more exactly.</summary>
    public int MemoryMib { get; init; } = MemoryGib * MibPerGib;

    /// <summary>Directory of its agent; null: not known.</summary>
    public string? WorkDirectory { get; init; }

    /// <summary>Engine for containers with its version; null: none, or not known yet.</summary>
    public string? ContainerEngine { get; init; }

    /// <summary>How its agent holds processes to their resources; null: not known yet.</summary>
    public string? Limits { get; init; }

    /// <summary>IP address that its agent joined from; null: not known yet.</summary>
    public string? Address { get; init; }
}

/// <summary>
/// Decides everything that happens to one environment and its nodes: pure, in memory, through the transition tables.
/// <see cref="EnvironmentStore"/> loads it under the environment's row lock and stores it.
/// </summary>
/// <param name="environment">Its row.</param>
/// <param name="nodes">Its nodes that are not deleted.</param>
/// <param name="now">Time of the transaction.</param>
/// <param name="job">Of an environment made for a task: the journal in which is what happens to its nodes. Null: they are in the environment's own.</param>
public sealed partial class EnvironmentAggregate(EnvironmentRecord environment, IEnumerable<NodeRecord> nodes, DateTimeOffset now, JobJournal? job = null)
{
    private readonly Dictionary<string, NodeRecord> _nodes = nodes.ToDictionary(node => node.NodeId, StringComparer.Ordinal);
    private readonly List<JournalEntry> _journal = [];

    /// <summary>The environment's row.</summary>
    public EnvironmentRecord Environment { get; } = environment;

    /// <summary>Nodes that are not deleted, and those made now.</summary>
    public IReadOnlyCollection<NodeRecord> Nodes => _nodes.Values;

    /// <summary>The job's journal; null where nodes are in the environment's own.</summary>
    public JobJournal? Job { get; } = job;

    /// <summary>What happened, in sequence: the environment's entries and, where there is one, the job's.</summary>
    public IReadOnlyList<JournalEntry> Journal => _journal;

    /// <summary>Time of the transaction, by the database's clock.</summary>
    public DateTimeOffset Now { get; } = now;

    /// <summary>The first thing that happens to a new environment.</summary>
    public void Open(string source)
    {
        RecordEnvironment(source);
        Move(EnvironmentEvent.Ready, source);
    }

    /// <summary>Notes that the environment is to go, with all its nodes. False when that was asked before.</summary>
    public bool RequestDelete(string source)
    {
        if (!EnvironmentLifecycle.Table.Allows(Environment.State, EnvironmentEvent.DeleteRequested))
        {
            return false;
        }

        Environment.DeleteRequestedAt = Now;
        Move(EnvironmentEvent.DeleteRequested, source);
        foreach (var node in _nodes.Values.ToList())
        {
            RequestNodeDelete(node, source, "the environment is being deleted");
        }

        CloseIfEmpty();
        return true;
    }

    /// <summary>Ends an environment that is being deleted once its last node is gone.</summary>
    public void CloseIfEmpty()
    {
        if (Environment.State == EnvironmentState.Deleting && _nodes.Values.All(node => node.State == NodeState.Deleted))
        {
            Environment.DeletedAt = Now;
            Move(EnvironmentEvent.LastNodeGone, JournalSource.Engine);
        }
    }

    /// <summary>A node that a provider is to make: on <paramref name="providerHost"/>; null: wherever it finds room.</summary>
    public NodeRecord AddNode(string nodeId, string instanceId, string? providerHost)
    {
        var node = NewNode(nodeId, instanceId, providerHost, isAttached: false);
        Begin(node, ActivityType.CreateComputeNode, string.Create(CultureInfo.InvariantCulture, $"Creation: a compute node towards the {Environment.TargetNodeCount} desired"));
        Record(node, JournalSource.Engine);
        Move(node, NodeEvent.CreationBegan, JournalSource.Engine);
        return node;
    }

    /// <summary>A machine that somebody attached: made elsewhere, here from now on.</summary>
    public NodeRecord Attach(string nodeId, string instanceId, MachineFacts facts)
    {
        var node = NewNode(nodeId, instanceId, providerHost: null, isAttached: true);
        Begin(node, ActivityType.CreateComputeNode, "Attachment: a machine joined by itself");
        Record(node, JournalSource.Agent);
        Move(node, NodeEvent.CreationBegan, JournalSource.Agent);
        MachineCreated(node, facts);
        return node;
    }

    /// <summary>The provider made the machine. Nothing when that is known.</summary>
    public void MachineCreated(NodeRecord node, MachineFacts facts)
    {
        if (!NodeLifecycle.Table.Allows(node.State, NodeEvent.MachineCreated))
        {
            return;
        }

        Describe(node, facts);
        node.ResourceCreatedAt = Now;
        Move(node, NodeEvent.MachineCreated, JournalSource.Engine);
    }

    /// <summary>
    /// The provider tried to start the node's agent. Every try counts as a failure until the agent joins; that spaces the tries. A running node is
    /// to be taken up again: its lease limits the tries.
    /// </summary>
    public void Started(NodeRecord node, MachineFacts facts, string? failure)
    {
        if (node.State == NodeState.Running)
        {
            return;
        }

        if (failure is null)
        {
            MachineCreated(node, facts);
        }
        else
        {
            CreationFailed(node, failure);
        }

        node.Failures++;
        node.StateSince = Now;
        node.IsDirty = true;
    }

    /// <summary>The machine could not be made, or never reported. Nothing when the node is past that.</summary>
    public void CreationFailed(NodeRecord node, string reason)
    {
        if (NodeLifecycle.Table.Allows(node.State, NodeEvent.CreationFailed))
        {
            node.Reason = reason;
            Environment.FailedCreations++;
            End(node, ActivityType.CreateComputeNode, reason);
            Move(node, NodeEvent.CreationFailed, JournalSource.Engine);
        }
    }

    /// <summary>The attached machine that <paramref name="joinId"/> made a node, given up since or not; null: none.</summary>
    public NodeRecord? AttachedBy(string? joinId) => joinId is null ? null : Nodes.FirstOrDefault(node => node.IsAttached && node.JoinId == joinId);

    /// <summary>The node's agent joined: a new epoch and lease. An earlier incarnation that still ran is lost with what it held. False when the node takes no agent any more.</summary>
    /// <param name="node">The node.</param>
    /// <param name="facts">What it says of itself.</param>
    /// <param name="agentVersion">Version of the agent.</param>
    /// <param name="lease">How long it is taken to be alive.</param>
    /// <param name="joinId">What the agent calls this join: the same one again begins no other epoch while its own lasts; null: nothing.</param>
    public bool Join(NodeRecord node, MachineFacts facts, string agentVersion, TimeSpan lease, string? joinId = null)
    {
        if (joinId is not null && node.JoinId == joinId && node.State == NodeState.Running)
        {
            node.LeaseUntil = Now + lease;
            node.IsDirty = true;
            return true;
        }

        MachineCreated(node, facts);
        if (node.State == NodeState.Running)
        {
            Lose(node, "its agent started anew");
        }

        if (!NodeLifecycle.Table.Allows(node.State, NodeEvent.Joined))
        {
            return false;
        }

        var wasLost = node.State == NodeState.Abnormal;
        Describe(node, facts);
        node.AgentVersion = agentVersion;
        node.Epoch++;
        node.JoinId = joinId;
        node.LeaseUntil = Now + lease;
        node.Reason = null;

        // Not proven yet: see Settle.
        node.Failures = node.IsAttached ? 0 : Math.Max(1, node.Failures);
        End(node, ActivityType.CreateComputeNode, failure: null);
        if (!node.IsAttached)
        {
            Environment.FailedCreations = 0;
        }

        Move(node, NodeEvent.Joined, JournalSource.Agent, keepsAlibabaWord: wasLost);
        if (wasLost)
        {
            Tell(node, EventCatalogue.Recovered, JournalSource.Agent);
        }
        return true;
    }

    /// <summary>Gives a node up: its epoch ends. Nothing when it holds nothing that could be lost.</summary>
    public void Lose(NodeRecord node, string reason)
    {
        if (NodeLifecycle.Table.Allows(node.State, NodeEvent.Lost))
        {
            if (!node.IsAttached && node.Failures > 0)
            {
                Environment.EarlyLosses++;
            }

            node.Epoch++;
            node.LeaseUntil = null;
            node.Reason = reason;
            Move(node, NodeEvent.Lost, JournalSource.Engine);
            Tell(node, EventCatalogue.Lost, JournalSource.Engine);
        }
    }

    /// <summary>Notes that a node is to go. One that never had a machine is gone at once.</summary>
    public void RequestNodeDelete(NodeRecord node, string source, string reason)
    {
        if (!NodeLifecycle.Table.Allows(node.State, NodeEvent.DeleteRequested))
        {
            return;
        }

        // A lost machine that somebody attached tells nobody that it is gone: it counts as gone. Its agent, should it come back, is refused.
        var hasMachine = node.State is NodeState.Creating or NodeState.Created or NodeState.Running
            || (node.State == NodeState.Abnormal && !node.IsAttached);
        if (node.State is NodeState.Submitted or NodeState.Creating or NodeState.Created)
        {
            End(node, ActivityType.CreateComputeNode, reason);
        }

        node.Reason = reason;
        Begin(node, ActivityType.TerminateComputeNode, $"Termination: {reason}");
        var drains = node.State == NodeState.Running;
        Move(node, NodeEvent.DeleteRequested, source);
        if (drains)
        {
            Tell(node, EventCatalogue.Draining, source);
        }

        if (!hasMachine)
        {
            Remove(node);
        }
    }

    /// <summary>Its agent says that nothing runs there any more and nothing will: the node is gone, and what it still holds was handed over.</summary>
    public void Leave(NodeRecord node)
    {
        RequestNodeDelete(node, JournalSource.Agent, "its agent left");
        node.LeftEpoch = node.Epoch;
        Remove(node);
    }

    /// <summary>The machine is gone: its epoch ends and the node with it.</summary>
    public void Remove(NodeRecord node)
    {
        if (NodeLifecycle.Table.Allows(node.State, NodeEvent.Removed))
        {
            node.Epoch++;
            node.LeaseUntil = null;
            node.DeletedAt = Now;
            End(node, ActivityType.TerminateComputeNode, failure: null);
            Move(node, NodeEvent.Removed, JournalSource.Engine);
        }
    }

    /// <summary>The node of this id, null when there is none.</summary>
    public NodeRecord? Find(string nodeId) => _nodes.GetValueOrDefault(nodeId);

    private NodeRecord NewNode(string nodeId, string instanceId, string? providerHost, bool isAttached)
    {
        var node = new NodeRecord
        {
            NodeId = nodeId,
            EnvId = Environment.EnvId,
            IsAttached = isAttached,
            InstanceId = instanceId,
            ProviderHost = providerHost,
            CreatedAt = Now,
            StateSince = Now,
            IsNew = true,
            IsDirty = true,
        };
        _nodes.Add(nodeId, node);
        return node;
    }

    private static void Describe(NodeRecord node, MachineFacts facts)
    {
        node.HostName = facts.HostName;
        node.Address = facts.Address ?? node.Address;
        node.Cpu = facts.Cpu;
        node.MemoryGib = facts.MemoryGib;
        node.MemoryMib = facts.MemoryMib;
        node.ContainerEngine = facts.ContainerEngine;
        node.Limits = facts.Limits;
        node.Slots = facts.Slots;
        node.WorkDirectory = facts.WorkDirectory ?? node.WorkDirectory;
        node.IsDirty = true;
    }

    private void Move(EnvironmentEvent on, string source)
    {
        Environment.State = EnvironmentLifecycle.Table.Next(Environment.State, on);
        RecordEnvironment(source);
    }

    private void Move(NodeRecord node, NodeEvent on, string source, bool keepsAlibabaWord = false)
    {
        node.State = NodeLifecycle.Table.Next(node.State, on);
        node.StateSince = Now;
        node.IsDirty = true;
        Record(node, source, keepsAlibabaWord);
    }

    private void RecordEnvironment(string source) => Append(new()
    {
        SubjectId = Environment.EnvId,
        Level = EventLevel.ComputeEnv,
        State = WireName.Of(Environment.State),
        Source = source,
        OccurredAt = Now,
        Details = JsonSerializer.Serialize(new EnvironmentDetails(Environment.DesiredNodeCount), BatchPlaneJson.Options),
    });

    /// <summary>An event beside a change of state: a row only where somebody asked for it.</summary>
    private void Tell(NodeRecord node, string what, string source)
    {
        if (Environment.Interest.Has(EventCatalogue.Of(EventLevel.ComputeNode, what)!))
        {
            Append(EntryOf(node, what, source));
        }
    }

    private void Record(NodeRecord node, string source, bool keepsAlibabaWord = false) =>
        Append(EntryOf(node, WireName.Of(node.State), source) with { KeepsAlibabaWord = keepsAlibabaWord });

    private JournalEntry EntryOf(NodeRecord node, string state, string source) => new()
    {
        SubjectId = Job?.JobId ?? Environment.EnvId,
        Level = EventLevel.ComputeNode,
        TaskNo = Job is null ? null : Environment.TaskNo,
        State = state,
        NodeId = node.NodeId,
        Cause = node.State == NodeState.Abnormal ? Cause.NodeLost : null,
        Reason = node.Reason,
        Source = source,
        OccurredAt = Now,
        Details = JsonSerializer.Serialize(new NodeDetails(node.InstanceId, node.Cpu, node.MemoryGib, node.ResourceCreatedAt), BatchPlaneJson.Options),
    };

    private void Append(JournalEntry entry)
    {
        if (Job is not null && entry.SubjectId == Job.JobId)
        {
            Job.LastSequence++;
            Job.IsDirty = true;
            _journal.Add(entry with { Sequence = Job.LastSequence, Notify = Job.Interest.MaskFor(entry) });
            return;
        }

        Environment.LastSequence++;
        Environment.IsDirty = true;
        _journal.Add(entry with { Sequence = Environment.LastSequence, Notify = Environment.Interest.MaskFor(entry) });
    }

    private sealed record EnvironmentDetails(int DesiredComputeNodeCount);

    private sealed record NodeDetails(string InstanceId, int Cpu, int Mem, DateTimeOffset? ResourceCreatedTime);
}
