using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.OpenApi;

namespace BatchPlane.Server.Topics;

/// <summary><c>POST /v1/topics/{name}/subscriptions</c>: makes a subscription of a topic.</summary>
internal static class Subscribe
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/topics/{name}/subscriptions", HandleAsync)
        .WithName("Subscribe").WithTags("topics").WithSummary("Subscribe to a topic")
        .Accepts<SubscriptionDocument>("application/json")
        .Produces<SubscriptionView>(StatusCodes.Status201Created)
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(HttpContext context, string name, TopicStore store, TopicQueries topics)
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
            var reading = TopicDocumentReader.ReadSubscription(body.Root);
            if (!reading.IsValid || problems.Any)
            {
                return ProblemResult.Invalid([.. problems.Items, .. reading.Problems]);
            }

            var (outcome, id) = await store.SubscribeAsync(name, reading.Value, Caller.Of(context).Source, key, context.RequestAborted);
            return outcome switch
            {
                TopicOutcome.Stored => await CreatedAsync(context, name, id!, topics),
                TopicOutcome.Exists => new ProblemResult(ProblemKind.SubscriptionExists, $"The queue '{reading.Value.Endpoint}' is bound to '{name}' by '{reading.Value.Binding}'."),
                TopicOutcome.TopicMissing => new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}'."),
                TopicOutcome.KeyReused => ApiResults.KeyReused(),
            };
        }
    }

    private static async Task<IResult> CreatedAsync(HttpContext context, string name, string id, TopicQueries topics)
    {
        var subscription = (await topics.FindAsync(name, context.RequestAborted))?.Subscriptions.FirstOrDefault(candidate => candidate.SubscriptionId == id);
        if (subscription is null)
        {
            return new ProblemResult(ProblemKind.SubscriptionNotFound, $"The subscription {id} was removed meanwhile.");
        }

        if (context.RequestServices.GetService<ITopicDeclarer>() is { } declarer)
        {
            await declarer.DeclareAsync(subscription, context.RequestAborted);
        }

        return TypedResults.Created($"/v1/topics/{subscription.TopicName}/subscriptions/{id}", subscription);
    }
}
