namespace BatchPlane.Contracts;

/// <summary>What one instance of a task needs of its node while it is held there.</summary>
public sealed record ResourcesDocument
{
    /// <summary>Slots of the node, 1 to the server's limit. Default 1.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Processors, in thousandths at the finest: <c>0.5</c>. Null: no wish, the instance is not counted against the node's processors.</summary>
    public decimal? Cpu { get; init; }

    /// <summary>Memory in MiB. Null: no wish, the instance is not counted against the node's memory. More is refused or ends the instance, as far as the node can hold it to that: its <c>limits</c>.</summary>
    public int? MemoryMib { get; init; }
}

/// <summary>Amounts of what nodes have and instances need, in whole units.</summary>
/// <param name="Slots">Slots.</param>
/// <param name="CpuMillis">Thousandths of a processor.</param>
/// <param name="MemoryMib">MiB of memory.</param>
public readonly record struct ResourceAmounts(int Slots, int CpuMillis, int MemoryMib)
{
    /// <summary>True of an instance that runs in a container, and of a node that has an engine for them; not used up.</summary>
    public bool Containers { get; init; }

    /// <summary>What an instance needs that has no wishes.</summary>
    public static ResourceAmounts OneSlot { get; } = new(1, 0, 0);

    /// <summary>True for one slot and nothing else, so that every node will do.</summary>
    public bool IsOneSlot => this == OneSlot;

    /// <summary>True for one slot, neither processor nor memory.</summary>
    public bool HasOneSlotOnly => this with { Containers = false } == OneSlot;

    /// <summary>The amounts of a document; one slot for null.</summary>
    public static ResourceAmounts Of(ResourcesDocument? resources) => resources is null
        ? OneSlot
        : new(resources.Slots, (int)((resources.Cpu ?? 0) * 1000), resources.MemoryMib ?? 0);

    /// <summary>True when each amount is at most that of <paramref name="room"/>, and containers can run there if they have to.</summary>
    public bool FitsIn(ResourceAmounts room) =>
        Slots <= room.Slots && CpuMillis <= room.CpuMillis && MemoryMib <= room.MemoryMib && (room.Containers || !Containers);

    /// <summary>The larger one of each amount; containers where one of the two has them.</summary>
    public ResourceAmounts Max(ResourceAmounts other) =>
        new(Math.Max(Slots, other.Slots), Math.Max(CpuMillis, other.CpuMillis), Math.Max(MemoryMib, other.MemoryMib)) { Containers = Containers || other.Containers };

    /// <summary>The sums; containers as here.</summary>
    public ResourceAmounts Plus(ResourceAmounts other) => this with { Slots = Slots + other.Slots, CpuMillis = CpuMillis + other.CpuMillis, MemoryMib = MemoryMib + other.MemoryMib };

    /// <summary>The differences; may be negative. Containers as here.</summary>
    public ResourceAmounts Minus(ResourceAmounts other) => this with { Slots = Slots - other.Slots, CpuMillis = CpuMillis - other.CpuMillis, MemoryMib = MemoryMib - other.MemoryMib };
}
