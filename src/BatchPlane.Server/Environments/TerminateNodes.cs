using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Nodes;

namespace BatchPlane.Server.Environments;

/// <summary>
/// <c>DELETE /v1/environments/{id}/nodes/{node}</c> and <c>POST /v1/environments/{id}/nodes/terminate</c>: ends nodes of a provider, detaches attached ones. Safe to repeat
/// while a node is going; afterwards it is not found.
/// </summary>
internal static class TerminateNodes
{
    private const string Effect =
        "A node finishes what it holds, takes nothing new and leaves; one that is lost and attached is removed at once. As many nodes fewer are wished for as the provider's are ended, so that nothing replaces them.";

    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapDelete("/environments/{id}/nodes/{node}", OneAsync)
            .WithName("TerminateNode").WithTags("environments").WithSummary("End a node, or detach a machine").WithDescription(Effect)
            .Produces<TerminateNodesResponse>(StatusCodes.Status202Accepted);
        routes.MapPost("/environments/{id}/nodes/terminate", ManyAsync)
            .WithName("TerminateNodes").WithTags("environments").WithSummary("End nodes, all of them or none").WithDescription(Effect)
            .Accepts<TerminateNodesRequest>("application/json")
            .Produces<TerminateNodesResponse>(StatusCodes.Status202Accepted);
    }

    private static Task<IResult> OneAsync(HttpContext context, string id, string node, EnvironmentStore store, NodeLossSignal losses) =>
        TerminateAsync(id, [node], Caller.Of(context).Source, store, losses, context.RequestAborted);

    private static async Task<IResult> ManyAsync(HttpContext context, string id, EnvironmentStore store, NodeLossSignal losses)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var reading = TerminateNodesReader.Read(body.Root);
            return reading.IsValid
                ? await TerminateAsync(id, reading.Value.ComputeNodeIds, Caller.Of(context).Source, store, losses, context.RequestAborted)
                : ProblemResult.Invalid(reading.Problems);
        }
    }

    /// <summary>The same for every surface.</summary>
    internal static async Task<IResult> TerminateAsync(string id, IReadOnlyList<string> nodeIds, string source, EnvironmentStore store, NodeLossSignal losses, CancellationToken cancellationToken) =>
        Answer(id, await store.TerminateNodesAsync(id, nodeIds, onlyIn: null, source, cancellationToken), losses);

    /// <summary>What is answered; where nodes were ended, the loop that ends what they hold hears of it.</summary>
    internal static IResult Answer(string id, TerminateNodesOutcome outcome, NodeLossSignal losses)
    {
        switch (outcome)
        {
            case TerminateNodesOutcome.Accepted accepted:
                losses.Set();
                return TypedResults.Json(new TerminateNodesResponse(accepted.DesiredNodeCount), BatchPlaneJson.Options, statusCode: StatusCodes.Status202Accepted);
            case TerminateNodesOutcome.NodesNotFound unknown:
                return new ProblemResult(ProblemKind.NodeNotFound, $"The environment {id} has no {string.Join(", ", unknown.NodeIds)}.");
            default:
                return new ProblemResult(ProblemKind.EnvironmentNotFound, $"There is no environment {id}.");
        }
    }
}
