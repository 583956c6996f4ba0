namespace BatchPlane.Core.Scheduling;

/// <summary>A task that has instances to claim, as seen just now.</summary>
/// <param name="JobId">Its job.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Priority">0 to 100, larger first.</param>
/// <param name="Claimable">Instances that may be claimed, at least 1.</param>
public sealed record ClaimableTask(string JobId, long TaskId, int Priority, int Claimable);

/// <summary>A node that waits for instances.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Capacity">Instances it takes now, at least 1.</param>
public sealed record WaitingNode(string NodeId, long Epoch, int Capacity);

/// <summary>Instances of a task for a node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Task">The task.</param>
/// <param name="Count">At least 1.</param>
public sealed record Placement(WaitingNode Node, ClaimableTask Task, int Count);

/// <summary>
/// Which instance goes to which node: a pure decision. Higher priority first; tasks of equal priority share the capacity evenly,
/// whatever their size, so that a job of a million instances does not starve one of three; instances of a task spread over the
/// nodes with the most room. A decision is a proposal: the transition path grants what is still there.
/// </summary>
public static class PlacementPolicy
{
    /// <summary>Places instances until the nodes are full or nothing is left. Tasks in the order in which ties are broken.</summary>
    public static IReadOnlyList<Placement> Place(IReadOnlyList<ClaimableTask> tasks, IReadOnlyList<WaitingNode> nodes)
    {
        var room = nodes.ToDictionary(node => node, node => node.Capacity);
        var total = nodes.Sum(node => node.Capacity);
        var placements = new Dictionary<(WaitingNode, ClaimableTask), int>();
        foreach (var equals in tasks.GroupBy(task => task.Priority).OrderByDescending(group => group.Key))
        {
            foreach (var (task, share) in Share([.. equals], total))
            {
                total -= share;
                Spread(task, share, room, placements);
            }
        }

        return [.. placements.Select(pair => new Placement(pair.Key.Item1, pair.Key.Item2, pair.Value))];
    }

    /// <summary>Divides <paramref name="total"/> evenly; what a small task leaves goes to the others.</summary>
    private static IEnumerable<(ClaimableTask Task, int Share)> Share(IReadOnlyList<ClaimableTask> tasks, int total)
    {
        var waiting = tasks.Count;
        foreach (var task in tasks.OrderBy(task => task.Claimable))
        {
            var share = Math.Min(task.Claimable, (total + waiting - 1) / waiting);
            waiting--;
            if (share == 0)
            {
                continue;
            }

            total -= share;
            yield return (task, share);
        }
    }

    private static void Spread(
        ClaimableTask task,
        int share,
        Dictionary<WaitingNode, int> room,
        Dictionary<(WaitingNode, ClaimableTask), int> placements)
    {
        var left = room.Count(pair => pair.Value > 0);
        foreach (var (node, free) in room.Where(pair => pair.Value > 0).OrderBy(pair => pair.Value).ThenBy(pair => pair.Key.NodeId, StringComparer.Ordinal).ToList())
        {
            var count = Math.Min(free, (share + left - 1) / left);
            left--;
            if (count == 0)
            {
                continue;
            }

            share -= count;
            room[node] -= count;
            placements[(node, task)] = placements.GetValueOrDefault((node, task)) + count;
        }
    }
}
