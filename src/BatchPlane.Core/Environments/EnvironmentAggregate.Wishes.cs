using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>What users wish of an environment that exists, and what the work asks for. Two writers with columns of their own.</summary>
public sealed partial class EnvironmentAggregate
{
    /// <summary>Takes a user's changes; names and labels are stored as they are. Nodes that failed may be made again from now on.</summary>
    public void Change(ChangeEnvironmentRequest change)
    {
        var before = Environment.DesiredNodeCount;
        Environment.DesiredNodeCount = change.DesiredComputeNodeCount ?? before;
        Environment.MinNodeCount = change.MinComputeNodeCount ?? Environment.MinNodeCount;
        Environment.MaxNodeCount = change.RemovesMaximum ? null : change.MaxComputeNodeCount ?? Environment.MaxNodeCount;
        Environment.IdleSeconds = change.IdleSeconds ?? Environment.IdleSeconds;
        Environment.InactiveAction = change.ActionIfComputeNodeInactive ?? Environment.InactiveAction;
        Environment.MaxRetryCount = change.ResourceMaxRetryCount ?? Environment.MaxRetryCount;
        Environment.FailedCreations = 0;
        Environment.EarlyLosses = 0;
        if (change.DesiredComputeNodeCount is not null)
        {
            // Also when it is the number that was wished for before: the work may have led elsewhere since.
            (Environment.ScaledNodeCount, Environment.ScaledFrom) = (null, null);
        }

        Environment.IsDirty = true;
        if (Environment.DesiredNodeCount != before)
        {
            NoteScaling(Moved("Modification", before, Environment.DesiredNodeCount));
        }
    }

    /// <summary>
    /// A user ends nodes: they finish what they hold and leave. Fewer are wished for by those that the provider made, so that nothing replaces them.
    /// Nodes that are going already count once.
    /// </summary>
    public void Terminate(IEnumerable<NodeRecord> nodes, string source)
    {
        foreach (var node in nodes.Where(node => NodeLifecycle.Table.Allows(node.State, NodeEvent.DeleteRequested)).ToList())
        {
            if (!node.IsAttached)
            {
                Lower();
            }

            RequestNodeDelete(node, source, node.IsAttached ? "detached by a user" : "terminated by a user");
        }

        CloseIfEmpty();
    }

    /// <summary>Notes how many nodes the work asks for.</summary>
    public void ScaleTo(int nodeCount, string because)
    {
        var before = Environment.TargetNodeCount;
        if (nodeCount == before)
        {
            return;
        }

        (Environment.ScaledNodeCount, Environment.ScaledFrom) = (nodeCount, Environment.DesiredNodeCount);
        Environment.IsDirty = true;
        NoteScaling($"{Moved("Scaling", before, Environment.TargetNodeCount)}, {because}");
    }

    /// <summary>Says why no nodes are made, null: nothing is wrong. No event.</summary>
    public void Explain(string? reason)
    {
        if (Environment.Reason != reason)
        {
            Environment.Reason = reason;
            Environment.IsDirty = true;
        }
    }

    private void Lower()
    {
        var target = Environment.TargetNodeCount;
        Environment.DesiredNodeCount = Math.Max(Environment.MinNodeCount, Environment.DesiredNodeCount - 1);
        Environment.IsDirty = true;
        if (Environment.MaxNodeCount is not null)
        {
            (Environment.ScaledNodeCount, Environment.ScaledFrom) = (Math.Max(Environment.MinNodeCount, target - 1), Environment.DesiredNodeCount);
        }
    }

    private static string Moved(string action, int before, int after) => string.Create(
        CultureInfo.InvariantCulture,
        $"{action}: desired compute nodes {(after > before ? "raised" : "lowered")} from {before} to {after}");
}
