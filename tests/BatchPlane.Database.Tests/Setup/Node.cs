using BatchPlane.Core.Environments;

namespace BatchPlane.Database.Tests;

/// <summary>One incarnation of a node.</summary>
internal sealed record Node(string EnvId, string NodeId, long Epoch)
{
    internal static MachineFacts Machine { get; } = new("host", Cpu: 2, MemoryGib: 4, Slots: 8);
}
