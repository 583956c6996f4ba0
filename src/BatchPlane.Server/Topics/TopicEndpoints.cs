namespace BatchPlane.Server.Topics;

/// <summary>Everything under <c>/v1/topics</c>.</summary>
internal static class TopicEndpoints
{
    internal static void MapTopics(this IEndpointRouteBuilder routes)
    {
        CreateTopic.Map(routes);
        GetTopics.Map(routes);
        DeleteTopic.Map(routes);
        Subscribe.Map(routes);
        ChangeSubscription.Map(routes);
        TestTopic.Map(routes);
    }
}
