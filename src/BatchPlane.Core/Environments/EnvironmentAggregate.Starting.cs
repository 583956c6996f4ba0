namespace BatchPlane.Core.Environments;

/// <summary>
/// Nodes whose machines are asked for elsewhere and may take long. <see cref="NodeRecord.StartingUntil"/> says what is known of the asking: null, nobody asked; in the future,
/// a server asks and has not heard yet; in the past, it was asked for, so that a look which began later and does not see the machine proves that it is gone.
/// </summary>
public sealed partial class EnvironmentAggregate
{
    /// <summary>Notes, before anybody is asked, that the node's machine is asked for, which ends within this time: no other server asks meanwhile.</summary>
    public void ClaimStart(NodeRecord node, TimeSpan within)
    {
        node.StartingUntil = Now + within;
        node.IsDirty = true;
    }

    /// <summary>The machine was promised, or is seen.</summary>
    public void StartAccepted(NodeRecord node) => ClaimStart(node, TimeSpan.Zero);

    /// <summary>The machine was refused, or went before its agent reported in. Spaces the next try; after <paramref name="maxStarts"/> the node counts as failed.</summary>
    public void StartFailed(NodeRecord node, string reason, int maxStarts)
    {
        node.StartingUntil = null;
        node.Failures++;
        node.StateSince = Now;
        node.Reason = reason;
        node.IsDirty = true;
        if (node.Failures >= maxStarts)
        {
            CreationFailed(node, reason);
        }
    }

    /// <summary>The machine of a lost node is gone, so that another one may be asked for.</summary>
    public static void MachineGone(NodeRecord node)
    {
        node.StartingUntil = null;
        node.IsDirty = true;
    }

    /// <summary>Says what a node waits for, for people; no event.</summary>
    public static void Explain(NodeRecord node, string reason)
    {
        if (node.Reason != reason)
        {
            node.Reason = reason;
            node.IsDirty = true;
        }
    }

    /// <summary>What the provider notes until its next look, and why it makes no nodes; null: nothing is wrong. No event.</summary>
    public void NoteProvider(string state, string? reason)
    {
        if (Environment.ProviderState != state || Environment.Reason != reason)
        {
            Environment.ProviderState = state;
            Environment.Reason = reason;
            Environment.IsDirty = true;
        }
    }
}
