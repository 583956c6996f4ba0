using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Where nodes keep what is FAILED_INTERRUPTED: below the directory that the agent told, in a place that the agent protocol fixes.</summary>
internal static class KeptDirectories
{
    /// <summary>Directories of agents, by node, of those of the instances that are kept.</summary>
    internal static async Task<IReadOnlyDictionary<string, string>> OfNodesAsync(ReadContext context, IEnumerable<TaskInstanceRow> instances, CancellationToken cancellationToken)
    {
        var nodeIds = instances.Where(IsKept).Select(instance => instance.NodeId).Distinct(StringComparer.Ordinal).ToArray();
        return nodeIds.Length == 0
            ? new Dictionary<string, string>()
            : await context.Nodes
                .Where(node => nodeIds.Contains(node.NodeId) && node.DeletedAt == null && node.WorkDirectory != null)
                .ToDictionaryAsync(node => node.NodeId, node => node.WorkDirectory!, StringComparer.Ordinal, cancellationToken);
    }

    /// <summary>The directory of one instance; null when it is not kept, or its node is gone.</summary>
    internal static string? Of(string jobId, TaskInstanceRow instance, IReadOnlyDictionary<string, string> ofNodes) =>
        IsKept(instance) && ofNodes.TryGetValue(instance.NodeId, out var root)
            ? AttemptDirectory.Of(root, new(jobId, instance.TaskId, instance.InstanceIndex, instance.Attempt))
            : null;

    private static bool IsKept(TaskInstanceRow instance) => instance.State == WireName.Of(RunState.FailedInterrupted);
}
