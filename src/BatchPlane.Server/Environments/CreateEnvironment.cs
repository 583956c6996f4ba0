using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.OpenApi;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Environments;

/// <summary><c>POST /v1/environments</c>: makes an environment; its provider makes the nodes afterwards.</summary>
internal static class CreateEnvironment
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/environments", HandleAsync)
        .WithName("CreateEnvironment").WithTags("environments").WithSummary("Make an environment")
        .Accepts<EnvironmentDocument>("application/json")
        .Produces<CreateEnvironmentResponse>(StatusCodes.Status201Created)
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(HttpContext context, IOptions<NotificationLimits> notificationLimits, TopicAdmission topics, SlurmAdmission slurm, EnvironmentStore store)
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
            var reading = EnvironmentDocumentReader.Read(body.Root, notificationLimits.Value);
            if (!reading.IsValid || problems.Any)
            {
                return ProblemResult.Invalid([.. problems.Items, .. reading.Problems]);
            }

            if (await slurm.RefuseAsync(reading.Value.Slurm, reading.Value.SlotsPerNode, "$", context.RequestAborted) is { } refused)
            {
                return refused;
            }

            var source = Caller.Of(context).Source;
            var (notifications, topicProblems) = await topics.AdmitAsync(reading.Value.Notifications, source, () => Task.FromResult<IReadOnlyList<ProblemItem>>([]), context.RequestAborted);
            if (topicProblems.Count > 0)
            {
                return ProblemResult.Invalid(topicProblems);
            }

            var environment = reading.Value with { Notifications = notifications };
            return await store.CreateAsync(environment, isDefault: false, source, key, context.RequestAborted) switch
            {
                CreateEnvironmentOutcome.Created created => TypedResults.Created($"/v1/environments/{created.EnvId}", new CreateEnvironmentResponse(created.EnvId)),
                CreateEnvironmentOutcome.NameTaken => new ProblemResult(ProblemKind.EnvironmentExists, $"There is an environment '{reading.Value.EnvName}'."),
                CreateEnvironmentOutcome.KeyReused => ApiResults.KeyReused(),
                var other => throw new InvalidOperationException($"Unknown outcome {other}."),
            };
        }
    }
}
