using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.OpenApi;

namespace BatchPlane.Server.Environments;

/// <summary><c>POST /v1/environments</c>: makes an environment; its provider makes the nodes afterwards.</summary>
internal static class CreateEnvironment
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/environments", HandleAsync)
        .WithName("CreateEnvironment").WithTags("environments").WithSummary("Make an environment")
        .Accepts<EnvironmentDocument>("application/json")
        .Produces<CreateEnvironmentResponse>(StatusCodes.Status201Created)
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(HttpContext context, EnvironmentCreation creation)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var problems = new ProblemList();
            var key = ApiResults.KeyOf(context, body, "create_environment", problems);
            return await creation.CreateAsync(new(body.Root, Caller.Of(context).Source) { Problems = problems, Key = key }, context.RequestAborted);
        }
    }
}
