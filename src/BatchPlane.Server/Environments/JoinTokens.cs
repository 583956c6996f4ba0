using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Environments;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Environments;

/// <summary><c>/v1/environments/{id}/join-tokens</c>: what lets machines join this environment and no other.</summary>
internal static class JoinTokens
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/environments/{id}/join-tokens", CreateAsync)
            .WithName("CreateJoinToken").WithTags("environments").WithSummary("Make a token that lets machines join the environment")
            .WithDescription("The token is in the answer and nowhere else: only its hash is stored. A machine joins with it as a new node of this environment, until it expires or is revoked; nodes that joined stay.")
            .Accepts<CreateJoinTokenRequest>(isOptional: true, "application/json")
            .Produces<CreateJoinTokenResponse>(StatusCodes.Status201Created);
        routes.MapGet("/environments/{id}/join-tokens", ListAsync)
            .WithName("ListJoinTokens").WithTags("environments").WithSummary("The valid join tokens of an environment, newest first, on one page")
            .Produces<Page<JoinTokenView>>();
        routes.MapDelete("/environments/{id}/join-tokens/{token}", RevokeAsync)
            .WithName("RevokeJoinToken").WithTags("environments").WithSummary("Revoke a join token")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, string id, EnvironmentQueries environments, JoinTokenStore tokens)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        using (body)
        {
            if (refusal is not null)
            {
                return refusal;
            }

            var reading = JoinTokenRequestReader.Read(body?.Root);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            return await tokens.CreateAsync(id, reading.Value, Caller.Of(context).Source, context.RequestAborted) is { } created
                ? TypedResults.Json(created, BatchPlaneJson.Options, statusCode: StatusCodes.Status201Created)
                : Refusal(id, await environments.FindAsync(id, context.RequestAborted));
        }
    }

    private static async Task<IResult> ListAsync(HttpContext context, string id, EnvironmentQueries environments, JoinTokenStore tokens) =>
        await environments.ExistsAsync(id, context.RequestAborted)
            ? TypedResults.Json(new Page<JoinTokenView>(await tokens.ListAsync(id, context.RequestAborted), null), BatchPlaneJson.Options)
            : NotFound(id);

    private static async Task<IResult> RevokeAsync(HttpContext context, string id, string token, JoinTokenStore tokens) =>
        await tokens.RevokeAsync(id, token, context.RequestAborted)
            ? TypedResults.NoContent()
            : new ProblemResult(ProblemKind.JoinTokenNotFound, $"The environment {id} has no join token {token}.");

    private static ProblemResult Refusal(string id, EnvironmentView? environment) => environment switch
    {
        null => NotFound(id),
        { JobId: { } jobId } => ApiResults.EnvironmentOfTask(id, jobId),
        { EnvState: EnvironmentState.Creating or EnvironmentState.Created } => new(
            ProblemKind.EnvironmentState, FormattableString.Invariant($"The environment {id} has {JoinTokenStore.MaxValid} valid join tokens: revoke one.")),
        _ => new(ProblemKind.EnvironmentState, $"The environment {id} is going or gone."),
    };

    private static ProblemResult NotFound(string id) => new(ProblemKind.EnvironmentNotFound, $"There is no environment {id}.");
}
