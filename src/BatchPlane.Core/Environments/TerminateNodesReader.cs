using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Environments;

/// <summary>Reads the body of <c>POST /v1/environments/{id}/nodes/terminate</c>.</summary>
public static class TerminateNodesReader
{
    /// <summary>Most nodes of one request. Source: Tencent Batch's published limit.</summary>
    public const int MaxNodes = 100;

    private const string NodeIds = "compute_node_ids";

    private static readonly MemberSet Members = new([NodeIds]);

    /// <summary>The request, or everything that is wrong with it.</summary>
    public static Reading<TerminateNodesRequest> Read(JsonElement body)
    {
        var problems = new ProblemList();
        List<string>? nodeIds = null;
        if (ObjectReader.Open(body, JsonPath.Root, Members, problems) is { } members && members.Require(NodeIds) is not null)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            nodeIds = members.List(NodeIds, MaxNodes, ItemCodes.ComputeNodeIdsCount, (element, path) => ReadOne(element, path, seen, problems));
            if (nodeIds is { Count: 0 } && !problems.Any)
            {
                problems.Add(members.PathOf(NodeIds), ItemCodes.ComputeNodeIdsCount, $"Expected 1 to {MaxNodes} nodes, given none.");
            }
        }

        return Reading<TerminateNodesRequest>.Of(problems, () => new() { ComputeNodeIds = nodeIds! });
    }

    private static string? ReadOne(JsonElement element, string path, HashSet<string> seen, ProblemList problems)
    {
        if (ObjectReader.TextOf(element, path, new TextRule(), problems) is not { } nodeId)
        {
            return null;
        }

        if (!EntityId.IsWellFormed(EntityId.Node, nodeId))
        {
            problems.Add(path, ItemCodes.ComputeNodeIdMalformed, $"Expected node- and 8 of [a-z0-9], given \"{Shown.Clip(nodeId)}\".");
        }
        else if (!seen.Add(nodeId))
        {
            problems.Add(path, ItemCodes.ComputeNodeIdDuplicate, $"{nodeId} is named twice.");
        }

        return nodeId;
    }
}
