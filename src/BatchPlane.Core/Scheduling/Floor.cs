using BatchPlane.Contracts;

namespace BatchPlane.Core.Scheduling;

/// <summary>The waiting nodes with the room that is left on each in the course of a pass, and what was placed there.</summary>
internal sealed class Floor(IReadOnlyList<WaitingNode> nodes)
{
    private readonly List<Room> _rooms = [.. nodes.Select(node => new Room(node))];
    private readonly Dictionary<(Room, ClaimableTask), int> _placed = [];

    /// <summary>Slots free on all nodes.</summary>
    internal long FreeSlots { get; private set; } = nodes.Sum(node => (long)node.Capacity);

    internal IReadOnlyList<Placement> Placements() => [.. _placed.Select(pair => new Placement(pair.Key.Item1.Node, pair.Key.Item2, pair.Value))];

    /// <summary>Places instances that need one slot each, evenly on the nodes. There is room for all of them.</summary>
    internal void Spread(ClaimableTask task, int count)
    {
        var rooms = _rooms.FindAll(room => room.Free.Slots > 0);
        rooms.Sort(ByFreeSlots);
        for (var index = 0; index < rooms.Count && count > 0; index++)
        {
            var left = rooms.Count - index;
            var here = Math.Min(rooms[index].Free.Slots, (count + left - 1) / left);
            count -= here;
            Place(rooms[index], task, here);
        }
    }

    /// <summary>Places one instance: one with wishes where the least is left over, one without where the most is. False when it fits nowhere now.</summary>
    internal bool TryPlace(ClaimableTask task)
    {
        Room? best = null;
        foreach (var room in _rooms)
        {
            if (task.Needs.FitsIn(room.Free) && task.Needs.FitsIn(room.Node.Size) && (best is null || IsBetter(room, best, task.Needs)))
            {
                best = room;
            }
        }

        if (best is null)
        {
            return false;
        }

        Place(best, task, 1);
        return true;
    }

    /// <summary>Keeps on the most suitable node that is large enough what an instance needs, out of what is left there; once on a node.</summary>
    internal void SetAside(ResourceAmounts needs)
    {
        Room? best = null;
        foreach (var room in _rooms)
        {
            if (!room.IsSetAside && needs.FitsIn(room.Node.Size) && (best is null || room.LeftOver(default) > best.LeftOver(default)))
            {
                best = room;
            }
        }

        if (best is not null)
        {
            var kept = new ResourceAmounts(
                Math.Min(best.Free.Slots, needs.Slots),
                Math.Min(best.Free.CpuMillis, needs.CpuMillis),
                Math.Min(best.Free.MemoryMib, needs.MemoryMib));
            FreeSlots -= kept.Slots;
            best.Free = best.Free.Minus(kept);
            best.IsSetAside = true;
        }
    }

    private static int ByFreeSlots(Room left, Room right) => left.Free.Slots != right.Free.Slots
        ? left.Free.Slots.CompareTo(right.Free.Slots)
        : string.CompareOrdinal(left.Node.NodeId, right.Node.NodeId);

    private static bool IsBetter(Room room, Room best, ResourceAmounts needs) => needs.HasOneSlotOnly
        ? room.Free.Slots > best.Free.Slots
        : room.LeftOver(needs) < best.LeftOver(needs);

    private void Place(Room room, ClaimableTask task, int count)
    {
        room.Free = room.Free.Minus(new(task.Needs.Slots * count, task.Needs.CpuMillis * count, task.Needs.MemoryMib * count));
        FreeSlots -= (long)task.Needs.Slots * count;
        _placed[(room, task)] = _placed.GetValueOrDefault((room, task)) + count;
    }

    private sealed class Room(WaitingNode node)
    {
        internal WaitingNode Node => node;

        internal ResourceAmounts Free { get; set; } = new(node.Capacity, Math.Max(0, node.FreeCpuMillis), Math.Max(0, node.FreeMemoryMib)) { Containers = node.Size.Containers };

        /// <summary>True once something is kept for an instance that found no room.</summary>
        internal bool IsSetAside { get; set; }

        /// <summary>What remains free once this is taken, as the sum of its parts of the whole node.</summary>
        internal double LeftOver(ResourceAmounts taken) =>
            (double)(Free.Slots - taken.Slots) / Math.Max(1, node.Size.Slots)
            + (double)(Free.CpuMillis - taken.CpuMillis) / Math.Max(1, node.Size.CpuMillis)
            + (double)(Free.MemoryMib - taken.MemoryMib) / Math.Max(1, node.Size.MemoryMib);
    }
}
