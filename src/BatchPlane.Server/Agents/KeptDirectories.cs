using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Server.Agents;

/// <summary>An agent asks which working directories of failed attempts are kept for nobody any more. Changes nothing here.</summary>
internal static class KeptDirectories
{
    internal static async Task<IResult> HandleAsync(HttpContext context, string nodeId, AgentGate gate, ClaimStore claims)
    {
        var (request, refusal) = await AgentGate.ReadAsync<KeptRequest>(context);
        refusal ??= gate.Refuse(context.Request, nodeId, request!.Epoch);
        return refusal ?? Results.Json(new KeptResponse(await claims.ReleasedAsync(request!.Attempts, context.RequestAborted)), BatchPlaneJson.Options);
    }
}
