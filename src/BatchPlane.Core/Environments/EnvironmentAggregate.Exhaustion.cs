using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>When no more nodes are made: too many failed one after the other.</summary>
public sealed partial class EnvironmentAggregate
{
    /// <summary>Why no more nodes are made; null: tries are left.</summary>
    public string? WhyUsedUp()
    {
        if (!Environment.IsUsedUp)
        {
            return null;
        }

        var what = Environment.FailedCreations > Environment.MaxRetryCount
            ? string.Create(CultureInfo.InvariantCulture, $"{Environment.FailedCreations} nodes failed one after the other")
            : string.Create(CultureInfo.InvariantCulture, $"{Environment.EarlyLosses} times a node was lost soon after it joined");
        return $"{what}, more than resource_max_retry_count allows{(Environment.JobId is null ? "; change the environment to try anew" : "")}";
    }

    /// <summary>A running node proved that it can run: what failed before is forgotten. Nothing when it did so before.</summary>
    public void Settle(NodeRecord node)
    {
        if (node is { State: NodeState.Running, Failures: > 0 })
        {
            node.Failures = 0;
            node.IsDirty = true;
            Environment.EarlyLosses = 0;
            Environment.IsDirty = true;
        }
    }

    /// <summary>
    /// Why the task that the environment was made for can get no node: tries are used up, and no node is left that runs or may come to. Null: it has one, or may get one,
    /// or the environment is that of users.
    /// </summary>
    public string? WhyWithoutNodes()
    {
        if (Environment is not { JobId: not null, State: EnvironmentState.Created } || WhyUsedUp() is not { } why || Nodes.Any(MayWork))
        {
            return null;
        }

        var last = Nodes.Where(node => node.Reason is not null).MaxBy(node => node.StateSince);
        return last is null ? why : $"{why}; the last one: {last.Reason}";
    }

    /// <summary>One that is going and has a lease still finishes what it holds.</summary>
    private static bool MayWork(NodeRecord node) => node.State switch
    {
        NodeState.Submitted or NodeState.Creating or NodeState.Created or NodeState.Running => true,
        NodeState.Deleting => node.LeaseUntil is not null,
        NodeState.CreationFailed or NodeState.Abnormal or NodeState.Deleted => false,
    };
}
