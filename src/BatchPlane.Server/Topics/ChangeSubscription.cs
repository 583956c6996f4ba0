using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Deliveries.Webhooks;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary><c>GET</c> and <c>PATCH /v1/topics/{name}/subscriptions/{id}</c>, <c>POST …/rotate-secret</c>.</summary>
internal static class ChangeSubscription
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics/{name}/subscriptions/{id}", FindAsync)
            .WithName("GetSubscription").WithTags("topics").WithSummary("A subscription and how it fares")
            .Produces<SubscriptionView>();
        routes.MapPatch("/topics/{name}/subscriptions/{id}", ChangeAsync)
            .WithName("ChangeSubscription").WithTags("topics").WithSummary("Change a subscription")
            .WithDescription("What is left out stays. It takes effect on all servers within seconds.")
            .Accepts<SubscriptionChange>("application/json")
            .Produces<SubscriptionView>();
        routes.MapPost("/topics/{name}/subscriptions/{id}/rotate-secret", RotateAsync)
            .WithName("RotateSecret").WithTags("topics").WithSummary("Give a webhook a new secret")
            .WithDescription("For a while requests carry a signature of the new key and one of the key before. Each call makes another key, but for repetitions with an `Idempotency-Key`, which get the answer of the first while its key is the webhook's.")
            .Produces<RotatedSecret>()
            .WithIdempotencyKey();
    }

    internal static ProblemResult NotFound(string name, string id) => new(ProblemKind.SubscriptionNotFound, $"The topic '{name}' has no subscription {id}.");

    private static async Task<IResult> FindAsync(HttpContext context, string name, string id, TopicQueries topics) =>
        await topics.FindSubscriptionAsync(name, id, context.RequestAborted) is { } subscription
            ? TypedResults.Json(subscription, BatchPlaneJson.Options)
            : NotFound(name, id);

    private static async Task<IResult> ChangeAsync(
        HttpContext context,
        string name,
        string id,
        TopicQueries topics,
        SubscriptionService subscriptions,
        IOptions<SubscriptionLimits> limits)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            if (await topics.FindSubscriptionAsync(name, id, context.RequestAborted) is not { } subscription)
            {
                return NotFound(name, id);
            }

            var reading = SubscriptionReader.ReadChange(body.Root, subscription, limits.Value);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            return await subscriptions.ChangeAsync(name, id, reading.Value, Caller.Of(context).Source, context.RequestAborted) switch
            {
                SubscriptionChanged.Done => await FindAsync(context, name, id, topics),
                SubscriptionChanged.Absent => NotFound(name, id),
                SubscriptionChanged.Duplicate => new ProblemResult(ProblemKind.SubscriptionExists, "Another subscription of the topic has this endpoint and these bindings."),
            };
        }
    }

    private static async Task<IResult> RotateAsync(HttpContext context, string name, string id, SubscriptionStore store, IOptions<WebhookOptions> options)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        using (body)
        {
            if (refusal is not null)
            {
                return refusal;
            }

            var problems = new ProblemList();
            var key = ApiResults.KeyOf(context, body, $"rotate-secret:{id}", problems);
            if (problems.Any)
            {
                return ProblemResult.Invalid(problems.Items);
            }

            return await store.RotateSecretAsync(name, id, options.Value.SecretOverlap, key, context.RequestAborted) switch
            {
                SecretRotation.Rotated rotated => TypedResults.Json(rotated.Secret, BatchPlaneJson.Options),
                SecretRotation.KeyReused => ApiResults.KeyReused(),
                SecretRotation.Superseded => new ProblemResult(ProblemKind.SecretSuperseded, "The secret that was made with this key is not the webhook's any more: another one was made since."),
                _ => new ProblemResult(ProblemKind.SubscriptionNotFound, $"The topic '{name}' has no webhook {id}."),
            };
        }
    }
}
