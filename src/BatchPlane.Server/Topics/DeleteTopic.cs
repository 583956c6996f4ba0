using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Topics;

/// <summary><c>DELETE /v1/topics/{name}</c> and <c>DELETE /v1/topics/{name}/subscriptions/{id}</c>. Queues and what waits in them stay.</summary>
internal static class DeleteTopic
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapDelete("/topics/{name}", TopicAsync)
            .WithName("DeleteTopic").WithTags("topics").WithSummary("Remove a topic and its subscriptions")
            .Produces(StatusCodes.Status204NoContent);
        routes.MapDelete("/topics/{name}/subscriptions/{id}", SubscriptionAsync)
            .WithName("DeleteSubscription").WithTags("topics").WithSummary("Remove a subscription")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> TopicAsync(HttpContext context, string name, TopicStore store, TopicQueries topics)
    {
        var topic = await topics.FindAsync(name, context.RequestAborted);
        if (topic is null || !await store.DeleteAsync(name, context.RequestAborted))
        {
            return new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}'.");
        }

        foreach (var subscription in topic.Subscriptions)
        {
            await RemoveAsync(context, subscription);
        }

        return TypedResults.NoContent();
    }

    private static async Task<IResult> SubscriptionAsync(HttpContext context, string name, string id, TopicStore store, TopicQueries topics)
    {
        var subscription = (await topics.FindAsync(name, context.RequestAborted))?.Subscriptions.FirstOrDefault(candidate => candidate.SubscriptionId == id);
        if (subscription is null || !await store.UnsubscribeAsync(name, id, context.RequestAborted))
        {
            return new ProblemResult(ProblemKind.SubscriptionNotFound, $"The topic '{name}' has no subscription {id}.");
        }

        await RemoveAsync(context, subscription);
        return TypedResults.NoContent();
    }

    private static async Task RemoveAsync(HttpContext context, Contracts.SubscriptionView subscription)
    {
        if (context.RequestServices.GetService<ITopicDeclarer>() is { } declarer)
        {
            await declarer.RemoveAsync(subscription, context.RequestAborted);
        }
    }
}
