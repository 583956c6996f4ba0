using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Nodes;

namespace BatchPlane.Server.Agents;

/// <summary>An agent leaves: nothing runs there any more and nothing will. The node is gone; a local one is replaced by the reconciler.</summary>
internal static class Leave
{
    internal static async Task<IResult> HandleAsync(HttpContext context, string nodeId, AgentGate gate, EnvironmentStore environments, NodeLossSignal losses, TerminationNotices terminations)
    {
        var (request, refusal) = await AgentGate.ReadAsync<LeaveRequest>(context);
        refusal ??= gate.Refuse(context.Request, nodeId, request!.Epoch);
        if (refusal is not null)
        {
            return refusal;
        }

        var holder = await environments.FindHolderAsync(nodeId, context.RequestAborted);
        if (holder?.Epoch != request!.Epoch)
        {
            return AgentGate.Fenced(nodeId, request.Epoch);
        }

        await environments.ChangeAsync(
            holder.EnvId,
            environment => Decide(environment, nodeId, request.Epoch),
            context.RequestAborted);
        losses.Set();
        terminations.Forget(nodeId, request.Epoch);
        return Results.NoContent();
    }

    /// <summary>What becomes of the request in the transaction of the environment.</summary>
    internal static EnvironmentAggregate Decide(EnvironmentAggregate environment, string nodeId, long epoch)
    {
        if (environment.Find(nodeId) is { } node && node.Epoch == epoch)
        {
            environment.Leave(node);
            environment.CloseIfEmpty();
        }

        return environment;
    }
}
