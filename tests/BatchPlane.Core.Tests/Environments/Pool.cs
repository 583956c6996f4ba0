using BatchPlane.Contracts;
using BatchPlane.Core.Environments;

namespace BatchPlane.Core.Tests.Environments;

/// <summary>An environment with its nodes, a clock, and machines that are as a test wants them. Each transaction begins with what the last one stored.</summary>
internal sealed class Pool
{
    internal const int IdleSeconds = 60;

    internal static readonly MachineFacts Facts = new("host", 4, 8, 4);
    internal static readonly NodePlanRules Rules = new()
    {
        CreationTime = TimeSpan.FromSeconds(60),
        MaxStarts = 3,
        MaxPause = TimeSpan.FromSeconds(8),
        ReturnTime = TimeSpan.FromSeconds(100),
        SettleTime = TimeSpan.FromSeconds(30),
    };

    internal const string Host = "host-00000001";
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(20);

    private readonly EnvironmentRecord _environment;
    private readonly HashSet<string> _machines = new(StringComparer.Ordinal);
    private List<NodeRecord> _nodes = [];

    internal Pool(int desired, int? min = null, int? max = null, InactiveNodeAction action = InactiveNodeAction.Recreate, int retries = 7, string? jobId = null, bool keepsTrying = false)
    {
        _environment = new()
        {
            JobId = jobId,
            TaskId = jobId is null ? null : 7,
            TaskNo = jobId is null ? null : 1,
            KeepsTrying = keepsTrying,
            EnvId = "env-00000001",
            EnvName = "pool",
            Provider = NodeProvider.Local,
            DesiredNodeCount = desired,
            MinNodeCount = min ?? 0,
            MaxNodeCount = max,
            IdleSeconds = IdleSeconds,
            InactiveAction = action,
            MaxRetryCount = retries,
        };
        Change(environment => environment.Open("user:test"));
    }

    internal DateTimeOffset Now { get; private set; } = new(2025, 10, 9, 8, 53, 20, TimeSpan.Zero);

    internal EnvironmentRecord Environment => _environment;

    internal List<Activity> Activities { get; } = [];

    /// <summary>Nodes that are not deleted.</summary>
    internal IReadOnlyList<NodeRecord> Nodes => _nodes;

    internal int Count(NodeState state) => _nodes.Count(node => node.State == state);

    internal void Wait(double seconds) => Now += TimeSpan.FromSeconds(seconds);

    /// <summary>One pass of the reconciler: what it starts becomes a machine, what it ends is none any more.</summary>
    internal NodePlan Pass(long backlog = 0, bool starts = true, bool isBlind = false, string host = Host, IReadOnlySet<string>? lostHosts = null)
    {
        var views = isBlind
            ? MachineViews.None
            : new(_nodes.ToDictionary(node => node.NodeId, node => _machines.Contains(node.NodeId) ? MachinePresence.Alive : MachinePresence.Absent), []);
        BacklogPart[] parts = backlog == 0 ? [] : [new(ResourceAmounts.OneSlot, backlog)];
        NodePlan plan = null!;
        Change(environment => plan = NodePlan.Make(environment, views, parts, Facts, host, Rules, lostHosts));
        _machines.ExceptWith(plan.ToStop);
        Change(environment =>
        {
            foreach (var started in plan.ToStart)
            {
                if (environment.Find(started.NodeId) is { } node)
                {
                    environment.Started(node, Facts, starts ? null : "no room");
                    _ = starts && _machines.Add(node.NodeId);
                }
            }
        });
        return plan;
    }

    /// <summary>Every agent whose machine is there joins, unless its node runs.</summary>
    internal void Join() => Change(environment =>
    {
        foreach (var node in environment.Nodes.Where(node => _machines.Contains(node.NodeId) && node.State is NodeState.Created or NodeState.Abnormal).ToList())
        {
            environment.Join(node, Facts, "1.0", Lease);
        }
    });

    /// <summary>As a heartbeat: so many slots are busy, or nothing is held since now.</summary>
    internal void Beat(string nodeId, int busySlots) => _nodes = [.. _nodes.Select(node => node.NodeId != nodeId ? node : With(node, busySlots, busySlots > 0 ? null : node.IdleSince ?? Now))];

    /// <summary>As a heartbeat: so many directories are kept for inspection.</summary>
    internal void Keep(string nodeId, int keptAttempts) => _nodes = [.. _nodes.Select(node => node.NodeId != nodeId ? node : With(node, node.BusySlots, node.IdleSince, keptAttempts))];

    internal void BeatAll(int busySlots)
    {
        foreach (var node in _nodes.Where(node => node.State is NodeState.Running or NodeState.Deleting).ToList())
        {
            Beat(node.NodeId, busySlots);
        }
    }

    /// <summary>Agents that were told to go have left.</summary>
    internal void Leave() => Change(environment =>
    {
        foreach (var node in environment.Nodes.Where(node => node.State == NodeState.Deleting).ToList())
        {
            _machines.Remove(node.NodeId);
            environment.Remove(node);
        }
    });

    internal void Crash(string nodeId) => _machines.Remove(nodeId);

    internal void Change(Action<EnvironmentAggregate> change)
    {
        var aggregate = new EnvironmentAggregate(_environment, _nodes, Now);
        change(aggregate);
        Activities.AddRange(aggregate.Activities);
        foreach (var end in aggregate.ActivityEnds)
        {
            var open = Activities.FindIndex(activity => activity.NodeId == end.NodeId && activity.Type == end.Type && activity.EndedAt is null);
            if (open >= 0)
            {
                Activities[open] = Activities[open] with { State = end.State, Reason = end.Reason, EndedAt = Now };
            }
        }

        _nodes = [.. aggregate.Nodes.Where(node => node.State != NodeState.Deleted)];
    }

    private static NodeRecord With(NodeRecord node, int busySlots, DateTimeOffset? idleSince, int? keptAttempts = null)
    {
        var copy = new NodeRecord
        {
            NodeId = node.NodeId,
            EnvId = node.EnvId,
            IsAttached = node.IsAttached,
            InstanceId = node.InstanceId,
            ProviderHost = node.ProviderHost,
            CreatedAt = node.CreatedAt,
            StateSince = node.StateSince,
            BusySlots = busySlots,
            IdleSince = idleSince,
            KeptAttempts = keptAttempts ?? node.KeptAttempts,
            Reason = node.Reason,
            State = node.State,
            Epoch = node.Epoch,
            Slots = node.Slots,
            Cpu = node.Cpu,
            MemoryMib = node.MemoryMib,
            Failures = node.Failures,
            LeaseUntil = node.LeaseUntil,
        };
        return copy;
    }
}
