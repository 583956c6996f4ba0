using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>
/// How many nodes an environment is to have and which ones go. Pure, for every provider.
/// <para>
/// Upwards at once: nodes that hold something, and those that what waits needs beyond what is free on them. Downwards one node for each that has had nothing for the environment's idle time, and never below
/// what the work needs. As nothing goes that was not idle for that time, and nothing comes without work, the number does not swing.
/// </para>
/// </summary>
public static class EnvironmentScaling
{
    /// <summary>Sets the number of nodes by the work, if it follows the work.</summary>
    /// <param name="environment">The environment, locked.</param>
    /// <param name="backlog">What nodes may claim now.</param>
    /// <param name="size">What a node of the provider has to give; zeros are not known.</param>
    public static void Follow(EnvironmentAggregate environment, IReadOnlyList<BacklogPart> backlog, ResourceAmounts size)
    {
        if (environment.Environment is not { State: EnvironmentState.Created, MaxNodeCount: { } max } record)
        {
            return;
        }

        var node = Known(size) with { Containers = MayHaveContainers(environment) };
        var fitting = backlog.Where(part => part.Needs.FitsIn(node)).ToList();
        var needed = Math.Clamp(NodesFor(environment, fitting, node), record.MinNodeCount, max);
        var target = record.TargetNodeCount;
        if (needed > target)
        {
            environment.ScaleTo(needed, Waiting(fitting));
        }
        else if (needed < target && IdleCount(environment) is > 0 and var idle)
        {
            environment.ScaleTo(Math.Max(needed, target - idle), string.Create(CultureInfo.InvariantCulture, $"nodes idle for {record.IdleSeconds} seconds: {idle}"));
        }
    }

    /// <summary>How many nodes are missing.</summary>
    public static int Missing(EnvironmentAggregate environment) =>
        Math.Max(0, environment.Environment.TargetNodeCount - Kept(environment).Count());

    /// <summary>
    /// Nodes that are too many, in the order in which they go: what does not run yet or any more, then what is idle, then what holds least. Each finishes what it holds.
    /// One that keeps directories for inspection is taken by users alone.
    /// </summary>
    public static IReadOnlyList<NodeRecord> Surplus(EnvironmentAggregate environment)
    {
        var kept = Kept(environment).ToList();
        return [.. kept
            .Where(node => node.KeptAttempts == 0)
            .OrderBy(node => node.State == NodeState.Running)
            .ThenBy(node => node.IdleSince is null)
            .ThenBy(node => node.BusySlots)
            .ThenByDescending(node => node.CreatedAt)
            .ThenBy(node => node.NodeId, StringComparer.Ordinal)
            .Take(Math.Max(0, kept.Count - environment.Environment.TargetNodeCount))];
    }

    /// <summary>Nodes of the provider that are not going.</summary>
    private static IEnumerable<NodeRecord> Kept(EnvironmentAggregate environment) =>
        environment.Nodes.Where(node => !node.IsAttached && node.State is not (NodeState.Deleting or NodeState.Deleted));

    /// <summary>
    /// Nodes of the provider that hold something or get something of what waits, and those that are missing for the rest. What waits goes to attached nodes first, then to those
    /// that hold something already. The parts are laid one after the other, not in the best way.
    /// </summary>
    private static int NodesFor(EnvironmentAggregate environment, IReadOnlyList<BacklogPart> backlog, ResourceAmounts size)
    {
        var rooms = environment.Nodes
            .Where(node => node.State == NodeState.Running)
            .Select(node => new Room(node))
            .OrderByDescending(room => room.IsAttached)
            .ThenByDescending(room => room.IsUsed)
            .ToList();
        var missing = 0.0;
        foreach (var part in backlog)
        {
            var left = part.InstanceCount;
            foreach (var room in rooms)
            {
                left -= room.Take(part.Needs, left);
            }

            missing += left / (double)Math.Max(1, CountIn(part.Needs, size));
        }

        return (int)Math.Min(int.MaxValue, rooms.Count(room => room is { IsAttached: false, IsUsed: true }) + Math.Ceiling(missing));
    }

    /// <summary>How many instances go into a room.</summary>
    private static int CountIn(ResourceAmounts needs, ResourceAmounts room) => Math.Max(0, Math.Min(
        room.Slots / Math.Max(1, needs.Slots),
        Math.Min(
            needs.CpuMillis == 0 ? int.MaxValue : room.CpuMillis / needs.CpuMillis,
            needs.MemoryMib == 0 ? int.MaxValue : room.MemoryMib / needs.MemoryMib)));

    /// <summary>Whether the provider's nodes run containers is known once one of them runs.</summary>
    private static bool MayHaveContainers(EnvironmentAggregate environment)
    {
        var running = environment.Nodes.Where(node => node is { State: NodeState.Running, IsAttached: false }).ToList();
        return running.Count == 0 || running.Exists(node => node.ContainerEngine is not null);
    }

    /// <summary>What is not known keeps nothing from fitting.</summary>
    private static ResourceAmounts Known(ResourceAmounts size) => new(
        size.Slots == 0 ? 1 : size.Slots,
        size.CpuMillis == 0 ? int.MaxValue : size.CpuMillis,
        size.MemoryMib == 0 ? int.MaxValue : size.MemoryMib);

    private static int IdleCount(EnvironmentAggregate environment)
    {
        var since = environment.Now - TimeSpan.FromSeconds(environment.Environment.IdleSeconds);
        return Kept(environment).Count(node => node is { State: NodeState.Running, KeptAttempts: 0 } && node.IdleSince <= since);
    }

    private static string Waiting(IReadOnlyList<BacklogPart> backlog) =>
        string.Create(CultureInfo.InvariantCulture, $"instances waiting: {backlog.Sum(part => part.InstanceCount)}");

    /// <summary>What is free on a node that runs, by its last heartbeat.</summary>
    private sealed class Room(NodeRecord node)
    {
        private ResourceAmounts _free = new ResourceAmounts(node.Slots, node.Cpu * 1000, node.MemoryMib).Minus(node.Held) with { Containers = node.ContainerEngine is not null };

        internal bool IsAttached => node.IsAttached;

        internal bool IsUsed { get; private set; } = node.Held != default;

        /// <summary>Lays as many instances into it as go; how many.</summary>
        internal int Take(ResourceAmounts needs, long count)
        {
            var taken = (int)Math.Min(count, needs.Containers && !_free.Containers ? 0 : CountIn(needs, _free));
            _free = _free.Minus(new(taken * needs.Slots, taken * needs.CpuMillis, taken * needs.MemoryMib));
            IsUsed |= taken > 0;
            return taken;
        }
    }
}
