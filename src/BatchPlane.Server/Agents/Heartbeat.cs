using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Nodes;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Agents;

/// <summary>An agent gives a sign of life and learns what it may have missed: lost grants, what to end, its own removal.</summary>
internal static class Heartbeat
{
    internal static async Task<IResult> HandleAsync(
        HttpContext context,
        string nodeId,
        AgentGate gate,
        EnvironmentStore environments,
        ClaimStore claims,
        TerminationNotices terminations,
        IOptions<NodeOptions> nodes,
        IOptions<SchedulingOptions> scheduling)
    {
        var (request, refusal) = await AgentGate.ReadAsync<HeartbeatRequest>(context);
        refusal ??= gate.Refuse(context.Request, nodeId, request!.Epoch);
        if (refusal is not null)
        {
            return refusal;
        }

        var state = await environments.HeartbeatAsync(nodeId, request!, nodes.Value.Lease, context.RequestAborted);
        if (state is null)
        {
            terminations.Forget(nodeId, request!.Epoch);
            return AgentGate.Fenced(nodeId, request.Epoch);
        }

        var grace = request!.Resumed ? TimeSpan.Zero : TimeSpan.FromSeconds(scheduling.Value.LostGrantSeconds);
        return Results.Json(
            new HeartbeatResponse
            {
                Claims = await claims.UnknownAsync(nodeId, request.Epoch, request.Claims, grace, context.RequestAborted),
                Terminations = await claims.TerminationsAsync(nodeId, request.Epoch, context.RequestAborted),
                Drain = state == NodeState.Deleting,
            },
            BatchPlaneJson.Options);
    }
}
