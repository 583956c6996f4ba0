using BatchPlane.Core.Environments;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Environments;

/// <summary><c>DELETE /v1/environments/{id}</c>: notes that an environment shall go. Safe to repeat.</summary>
internal static class DeleteEnvironment
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/environments/{id}", HandleAsync)
        .WithName("DeleteEnvironment").WithTags("environments").WithSummary("Remove an environment and its nodes")
        .WithDescription("Refused while tasks that are not finished need it. It is gone when its last node is.")
        .Produces(StatusCodes.Status202Accepted);

    private static async Task<IResult> HandleAsync(HttpContext context, string id, EnvironmentStore store) =>
        Answer(id, await store.DeleteAsync(id, Caller.Of(context).Source, context.RequestAborted));

    /// <summary>The same for every surface.</summary>
    internal static IResult Answer(string id, DeleteEnvironmentOutcome outcome) => outcome switch
    {
        DeleteEnvironmentOutcome.Accepted => TypedResults.Accepted($"/v1/environments/{id}"),
        DeleteEnvironmentOutcome.NotFound => new ProblemResult(ProblemKind.EnvironmentNotFound, $"There is no environment {id}."),
        DeleteEnvironmentOutcome.InUse inUse => new ProblemResult(
            ProblemKind.EnvironmentState,
            FormattableString.Invariant($"Unfinished tasks that need the environment {id}: {inUse.UnfinishedTasks}. Wait for them, or end their jobs.")),
        DeleteEnvironmentOutcome.OfTask task => ApiResults.EnvironmentOfTask(id, task.JobId),
        DeleteEnvironmentOutcome.IsDefault => new ProblemResult(
            ProblemKind.EnvironmentState,
            $"{id} is the default environment: jobs that name none run there."),
        var other => throw new InvalidOperationException($"Unknown outcome {other}."),
    };
}
