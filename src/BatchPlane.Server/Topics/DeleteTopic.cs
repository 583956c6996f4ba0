using BatchPlane.Server.Api;

namespace BatchPlane.Server.Topics;

/// <summary><c>DELETE /v1/topics/{name}</c> and <c>DELETE /v1/topics/{name}/subscriptions/{id}</c>. Queues and what waits in them stay, but BatchPlane's own.</summary>
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

    private static async Task<IResult> TopicAsync(HttpContext context, string name, TopicService topics) =>
        await topics.DeleteAsync(name, context.RequestAborted)
            ? TypedResults.NoContent()
            : new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}'.");

    private static async Task<IResult> SubscriptionAsync(HttpContext context, string name, string id, SubscriptionService subscriptions) =>
        await subscriptions.UnsubscribeAsync(name, id, context.RequestAborted)
            ? TypedResults.NoContent()
            : ChangeSubscription.NotFound(name, id);
}
