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

    /// <summary>States that Tencent's clients may end nodes in.</summary>
    private static readonly NodeState[] TerminableStates = [NodeState.Created, NodeState.CreationFailed, NodeState.Running, NodeState.Abnormal];

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

        var envId = call.Text("EnvId");
        if (Checks.OfEnvironment(envId) is { } malformedId)
        {
            return new(malformedId);
        }

        var outcome = await store.TerminateNodesAsync(envId, nodeIds, TerminableStates, call.Caller.Source, call.CancellationToken);
        return outcome is TerminateNodesOutcome.InOtherState other
            ? ActionAnswer.Refuse(
                other.State == NodeState.Deleting ? ErrorCodes.NodeIsTerminating : ErrorCodes.NodeForbidTerminate,
                $"The node {other.NodeId} is {WireName.Of(other.State)}.")
            : ActionAnswer.Of(TerminateNodes.Answer(envId, outcome, losses));
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
            : ActionAnswer.Of(await TerminateNodes.TerminateAsync(call.Text("EnvId"), [.. leaving.Select(node => node.ComputeNodeId)], call.Caller.Source, store, losses, call.CancellationToken));
    }

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

        return await environments.IsPresentAsync(envId, call.CancellationToken)
            ? (await environments.ListNodesAsync(envId, call.CancellationToken), null)
            : (null, ActionAnswer.Refuse(ErrorCodes.ComputeEnvNotFound, $"There is no environment {envId}."));
    }
}
