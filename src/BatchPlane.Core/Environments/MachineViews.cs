using System.Collections.Immutable;

namespace BatchPlane.Core.Environments;

/// <summary>What a look at the outside world says of a node's machine.</summary>
public enum MachinePresence
{
    /// <summary>It could not be asked, or was not asked about this node: nothing follows.</summary>
    Unknown,

    /// <summary>There is none.</summary>
    Absent,

    /// <summary>It is promised and waits elsewhere for its turn.</summary>
    Queued,

    /// <summary>It is there, whether or not its agent answers.</summary>
    Alive,
}

/// <summary>What one look saw, taken before the environment is locked: nodes that are not in it were made since.</summary>
/// <param name="ByNode">Presence by node id.</param>
/// <param name="Leftovers">Ids of nodes that left something and that the look was not asked about.</param>
public sealed record MachineViews(IReadOnlyDictionary<string, MachinePresence> ByNode, IReadOnlyList<string> Leftovers)
{
    /// <summary>A look that saw nothing.</summary>
    public static MachineViews None { get; } = new(ImmutableDictionary<string, MachinePresence>.Empty, []);

    /// <summary>What was seen of the node.</summary>
    public MachinePresence Of(string nodeId) => ByNode.GetValueOrDefault(nodeId, MachinePresence.Unknown);
}

/// <summary>Instances that nodes may claim now and that need the same.</summary>
/// <param name="Needs">What one needs.</param>
/// <param name="InstanceCount">How many.</param>
public sealed record BacklogPart(BatchPlane.Contracts.ResourceAmounts Needs, long InstanceCount);
