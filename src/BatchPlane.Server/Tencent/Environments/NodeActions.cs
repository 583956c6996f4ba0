using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Environments;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Environments;

/// <summary>Actions about nodes of environments.</summary>
internal sealed class NodeActions(EnvironmentStore store, EnvironmentQueries environments, NodeLossSignal losses) : IActionGroup
{
    private const string Attached = "USER_ATTACHED";

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (EnvironmentShapes.TerminateNode, call => TerminateAsync(call, [call.Text("ComputeNodeId")])),
        (EnvironmentShapes.TerminateNodes, call => TerminateAsync(call, call.Texts("ComputeNodeIds")!)),
        (EnvironmentShapes.Attach, AttachAsync),
        (EnvironmentShapes.Detach, DetachAsync),
    ];

    private async Task<ActionAnswer> TerminateAsync(ActionCall call, IReadOnlyList<string> nodeIds)
    {
        if (nodeIds.Count == 0)
        {
            return ActionAnswer.Refuse(ErrorCodes.MissingParameter, "`ComputeNodeIds`: expected at least one.");
        }

        if (nodeIds.Distinct(StringComparer.Ordinal).Count() < nodeIds.Count)
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, "`ComputeNodeIds`: one is given twice.");
        }

        if (Checks.OfIds(nodeIds, EntityId.Node, ErrorCodes.ComputeNodeIdMalformed) is { } malformed)
        {
            return new(malformed);
        }

        var (nodes, refusal) = await NodesAsync(call);
        if (nodes is null)
        {
            return refusal!;
        }

        return nodes.FirstOrDefault(node => node.ComputeNodeState == NodeState.Deleting && nodeIds.Contains(node.ComputeNodeId)) is { } going
            ? ActionAnswer.Refuse(ErrorCodes.NodeIsTerminating, $"The node {going.ComputeNodeId} is going already.")
            : await EndAsync(call, nodeIds);
    }

    private async Task<ActionAnswer> AttachAsync(ActionCall call)
    {
        var (instanceIds, nodes, refusal) = await MachinesAsync(call, [.. ((JsonArray)call.Parameters["Instances"]!).Select(instance => instance!["InstanceId"]!.GetValue<string>())]);
        if (nodes is null)
        {
            return refusal!;
        }

        return instanceIds.FirstOrDefault(instanceId => !nodes.Any(node => node.ComputeNodeInstanceId == instanceId)) is { } stranger
            ? ActionAnswer.Refuse(
                ErrorCodes.InstancesNotAllowed,
                $"The machine {stranger} has not joined {call.Text("EnvId")}: start `batchplane agent` on it with a join token of this environment.")
            : ActionAnswer.Done;
    }

    private async Task<ActionAnswer> DetachAsync(ActionCall call)
    {
        var (instanceIds, nodes, refusal) = await MachinesAsync(call, call.Texts("InstanceIds")!);
        if (nodes is null)
        {
            return refusal!;
        }

        var leaving = nodes.Where(node => instanceIds.Contains(node.ComputeNodeInstanceId)).ToList();
        if (instanceIds.FirstOrDefault(instanceId => !leaving.Any(node => node.ComputeNodeInstanceId == instanceId)) is { } stranger)
        {
            return ActionAnswer.Refuse(ErrorCodes.ComputeNodeNotFound, $"The environment {call.Text("EnvId")} has no machine {stranger}.");
        }

        return leaving.Find(node => node.ResourceOrigin != Attached) is { } made
            ? ActionAnswer.Refuse(ErrorCodes.UnsupportedOperation, $"The machine {made.ComputeNodeInstanceId} was made by the environment: terminate its node, {made.ComputeNodeId}.")
            : await EndAsync(call, [.. leaving.Select(node => node.ComputeNodeId)]);
    }

    private async Task<ActionAnswer> EndAsync(ActionCall call, IReadOnlyList<string> nodeIds) =>
        ActionAnswer.Of(await TerminateNodes.TerminateAsync(call.Text("EnvId"), nodeIds, call.Caller.Source, store, losses, call.CancellationToken));

    private async Task<(IReadOnlyList<string> InstanceIds, IReadOnlyList<NodeView>? Nodes, ActionAnswer? Refusal)> MachinesAsync(ActionCall call, IReadOnlyList<string> instanceIds)
    {
        if (instanceIds.Count == 0)
        {
            return (instanceIds, null, ActionAnswer.Refuse(ErrorCodes.MissingParameter, "Expected at least one machine."));
        }

        if (instanceIds.Distinct(StringComparer.Ordinal).Count() < instanceIds.Count)
        {
            return (instanceIds, null, ActionAnswer.Refuse(ErrorCodes.InstanceIdDuplicated, "One machine is given twice."));
        }

        var (nodes, refusal) = await NodesAsync(call);
        return (instanceIds, nodes, refusal);
    }

    private async Task<(IReadOnlyList<NodeView>? Nodes, ActionAnswer? Refusal)> NodesAsync(ActionCall call)
    {
        var envId = call.Text("EnvId");
        if (Checks.OfEnvironment(envId) is { } malformed)
        {
            return (null, new(malformed));
        }

        return await environments.ExistsAsync(envId, call.CancellationToken)
            ? (await environments.ListNodesAsync(envId, call.CancellationToken), null)
            : (null, ActionAnswer.Refuse(ErrorCodes.ComputeEnvNotFound, $"There is no environment {envId}."));
    }
}
