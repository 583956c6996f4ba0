using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Environments;

/// <summary><c>PATCH /v1/environments/{id}</c>: changes what is wished of an environment. Safe to repeat.</summary>
internal static class ChangeEnvironment
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/environments/{id}", HandleAsync)
        .WithName("ChangeEnvironment").WithTags("environments").WithSummary("Change the number of nodes, names and labels of an environment")
        .WithDescription("What is left out stays. Fewer nodes: those that have nothing go first, the others finish what they hold. `\"max_compute_node_count\": null` ends that the number follows the work.")
        .Accepts<ChangeEnvironmentRequest>("application/json")
        .Produces<EnvironmentView>();

    private static async Task<IResult> HandleAsync(HttpContext context, string id, EnvironmentStore store, EnvironmentQueries environments)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var reading = ChangeEnvironmentReader.Read(body.Root);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            var outcome = await store.ChangeWishesAsync(id, reading.Value, context.RequestAborted);
            return outcome is ChangeEnvironmentOutcome.Changed && await environments.FindAsync(id, context.RequestAborted) is { } changed
                ? TypedResults.Json(changed, BatchPlaneJson.Options)
                : Refuse(id, reading.Value, outcome);
        }
    }

    /// <summary>What is said when nothing was changed.</summary>
    internal static ProblemResult Refuse(string id, ChangeEnvironmentRequest change, ChangeEnvironmentOutcome outcome) => outcome switch
    {
        ChangeEnvironmentOutcome.Ending ending => new ProblemResult(ProblemKind.EnvironmentState, $"The environment {id} is {WireName.Of(ending.State)}."),
        ChangeEnvironmentOutcome.OfTask task => ApiResults.EnvironmentOfTask(id, task.JobId),
        ChangeEnvironmentOutcome.NameTaken => new ProblemResult(ProblemKind.EnvironmentExists, $"There is an environment '{change.EnvName}'."),
        ChangeEnvironmentOutcome.Invalid invalid => ProblemResult.Invalid(invalid.Problems),
        _ => new ProblemResult(ProblemKind.EnvironmentNotFound, $"There is no environment {id}."),
    };
}
