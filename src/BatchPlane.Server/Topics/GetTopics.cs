using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary><c>GET /v1/topics</c>, <c>GET /v1/topics/{name}</c>.</summary>
internal static class GetTopics
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics", ListAsync)
            .WithName("ListTopics").WithTags("topics").WithSummary("List topics by name")
            .Produces<Page<TopicView>>()
            .WithPaging();
        routes.MapGet("/topics/{name}", FindAsync)
            .WithName("GetTopic").WithTags("topics").WithSummary("A topic with its subscriptions")
            .Produces<TopicView>();
    }

    private static async Task<IResult> ListAsync(HttpContext context, TopicQueries topics, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var after = query.Cursor(parts: 1);
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await topics.ListAsync(after?[0], limit + 1, context.RequestAborted), limit, topic => Cursor.Encode(topic.TopicName));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string name, TopicQueries topics) =>
        await topics.FindAsync(name, context.RequestAborted) is { } topic
            ? TypedResults.Json(topic, BatchPlaneJson.Options)
            : new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}'.");
}
