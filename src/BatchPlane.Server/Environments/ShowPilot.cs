using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Api;
using BatchPlane.Server.Nodes.Slurm;

namespace BatchPlane.Server.Environments;

/// <summary><c>GET /v1/environments/{id}/pilot</c>: what the environment submits to Slurm. Submits nothing.</summary>
internal static class ShowPilot
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/environments/{id}/pilot", HandleAsync)
        .WithName("ShowPilot").WithTags("environments").WithSummary("The script and command that make nodes of a Slurm environment, secrets masked")
        .WithDescription("For the nodes that have no pilot yet, as many as are submitted together; for one that does not exist when there are none.")
        .Produces<PilotView>();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, EnvironmentStore environments, SlurmPilots pilots)
    {
        if (pilots.WhyUnusable is { } unusable)
        {
            return new ProblemResult(ProblemKind.EnvironmentState, unusable);
        }

        var environment = await environments.ChangeAsync(id, Read, context.RequestAborted);
        return environment switch
        {
            null => new ProblemResult(ProblemKind.EnvironmentNotFound, $"There is no environment {id}."),
            { Provider: not NodeProvider.Slurm } => new ProblemResult(ProblemKind.EnvironmentState, $"The nodes of {id} are not made by Slurm."),
            _ => TypedResults.Json(
                pilots.Show(id, environment.Waiting, JsonSerializer.Deserialize<SlurmDocument>(environment.Settings, BatchPlaneJson.Options)!, environment.Slots), BatchPlaneJson.Options),
        };
    }

    private static Shown Read(EnvironmentAggregate environment) => new(
        environment.Environment.Provider,
        environment.Environment.ProviderSettings,
        environment.Environment.SlotsPerNode,
        [.. environment.Nodes.Where(node => node is { State: NodeState.Creating, StartingUntil: null }).Take(SlurmOptions.LargestGroup).Select(node => new PilotMember(node.NodeId, node.Epoch))]);

    private sealed record Shown(NodeProvider Provider, string Settings, int? Slots, IReadOnlyList<PilotMember> Waiting);
}
