using BatchPlane.Contracts;
using Microsoft.AspNetCore.Mvc;

namespace BatchPlane.Server.Agents;

/// <summary>The agent protocol; see <see cref="AgentRoutes"/>. Not part of the public OpenAPI document: agents and server are of one version.</summary>
internal static class AgentEndpoints
{
    /// <summary>Largest body of an agent's request: a report of a thousand attempts with their short outputs has room.</summary>
    private const long MaxBodyBytes = 64 * 1024 * 1024;

    /// <summary>Maps the routes of agents.</summary>
    internal static IEndpointRouteBuilder MapAgents(this IEndpointRouteBuilder routes)
    {
        var agents = routes.MapGroup("/agent/v1").ExcludeFromDescription().WithMetadata(new RequestSizeLimitAttribute(MaxBodyBytes));
        agents.MapPost("/join", Join.HandleAsync);
        var node = agents.MapGroup("/nodes/{nodeId}");
        node.MapPost("/work", PollWork.HandleAsync);
        node.MapPost("/report", ReportAttempts.HandleAsync);
        node.MapPost("/heartbeat", Heartbeat.HandleAsync);
        node.MapPost("/kept", KeptDirectories.HandleAsync);
        node.MapPost("/leave", Leave.HandleAsync);
        node.MapPost("/output/{jobId}/{taskId:long:min(0)}/{index:int:min(0)}/{attempt:int:min(1)}/{stream}", AppendOutput.HandleAsync);
        return routes;
    }
}
