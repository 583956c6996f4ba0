using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary><c>POST /v1/topics/{name}/subscriptions</c>: makes a subscription of a topic.</summary>
internal static class Subscribe
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/topics/{name}/subscriptions", HandleAsync)
        .WithName("Subscribe").WithTags("topics").WithSummary("Subscribe to a topic")
        .WithDescription("The secret of a webhook is in the answer that made it, and nowhere else: not in the answer to a repetition either.")
        .Accepts<SubscriptionDocument>("application/json")
        .Produces<SubscriptionView>(StatusCodes.Status201Created)
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(
        HttpContext context,
        string name,
        SubscriptionService subscriptions,
        EndpointAdmission endpoints,
        IOptions<SubscriptionLimits> limits,
        IdempotencyGuard idempotency)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var problems = new ProblemList();
            var key = ApiResults.KeyOf(context, body, $"subscribe:{name}", problems);
            var reading = SubscriptionReader.Read(body.Root, limits.Value);
            if (!reading.IsValid || problems.Any)
            {
                return ProblemResult.Invalid([.. problems.Items, .. reading.Problems]);
            }

            if (await endpoints.FindProblemAsync(reading.Value, context.RequestAborted) is { } problem)
            {
                return ProblemResult.Invalid([problem]);
            }

            // Null: the key may have made what stands; true: it did not.
            var isFirst = await idempotency.TakeAsync(key, reading.Value.Endpoint, context.RequestAborted);
            if (isFirst is false)
            {
                return ApiResults.KeyReused();
            }

            var subscribed = await subscriptions.SubscribeAsync(name, reading.Value, Caller.Of(context).Source, context.RequestAborted);
            if (isFirst is true && key is not null && subscribed is not SubscribeResult.Created)
            {
                await idempotency.GiveBackAsync(key, context.RequestAborted);
            }

            return subscribed switch
            {
                SubscribeResult.Created created => TypedResults.Created(Place(created.Subscription), created.Subscription),
                SubscribeResult.AlreadyExists existing when isFirst is null => TypedResults.Created(Place(existing.Subscription), existing.Subscription),
                var refused => RefusalOf(refused, name, limits.Value)!,
            };
        }
    }

    /// <summary>Why a subscription of the topic <paramref name="name"/> was not made; null: it was.</summary>
    internal static ProblemResult? RefusalOf(SubscribeResult result, string name, SubscriptionLimits limits) => result switch
    {
        SubscribeResult.Created => null,
        SubscribeResult.AlreadyExists existing => new(ProblemKind.SubscriptionExists, $"{existing.Subscription.SubscriptionId} has this name, or this endpoint and these bindings."),
        SubscribeResult.NoSuchTopic => new(ProblemKind.TopicNotFound, $"There is no topic '{name}'."),
        SubscribeResult.TooMany => new(ProblemKind.SubscriptionsFull, FormattableString.Invariant($"A topic has at most {limits.MaxPerTopic} subscriptions.")),
        SubscribeResult.QueueConflict conflict => new(ProblemKind.QueueConflict, conflict.Reason),
        var other => throw new InvalidOperationException($"No answer for {other}."),
    };

    private static string Place(SubscriptionView subscription) => $"/v1/topics/{subscription.TopicName}/subscriptions/{subscription.SubscriptionId}";
}
