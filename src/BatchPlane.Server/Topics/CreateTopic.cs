using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.OpenApi;

namespace BatchPlane.Server.Topics;

/// <summary><c>POST /v1/topics</c>: makes a topic.</summary>
internal static class CreateTopic
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/topics", HandleAsync)
        .WithName("CreateTopic").WithTags("topics").WithSummary("Make a topic")
        .Accepts<TopicDocument>("application/json")
        .Produces<TopicView>(StatusCodes.Status201Created)
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(HttpContext context, TopicStore store, TopicQueries topics)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var problems = new ProblemList();
            var key = ApiResults.KeyOf(context, body, "create_topic", problems);
            var reading = TopicDocumentReader.ReadTopic(body.Root);
            if (!reading.IsValid || problems.Any)
            {
                return ProblemResult.Invalid([.. problems.Items, .. reading.Problems]);
            }

            return await store.CreateAsync(reading.Value, Caller.Of(context).Source, key, context.RequestAborted) switch
            {
                TopicOutcome.Stored => await CreatedAsync(context, reading.Value.TopicName, topics),
                TopicOutcome.Exists => new ProblemResult(ProblemKind.TopicExists, $"There is a topic '{reading.Value.TopicName}'."),
                TopicOutcome.KeyReused => ApiResults.KeyReused(),
                TopicOutcome.TopicMissing => throw new InvalidOperationException("A topic to be made cannot be missing."),
            };
        }
    }

    private static async Task<IResult> CreatedAsync(HttpContext context, string name, TopicQueries topics)
    {
        if (context.RequestServices.GetService<ITopicDeclarer>() is { } declarer)
        {
            await declarer.DeclareAsync(name, context.RequestAborted);
        }

        return await topics.FindAsync(name, context.RequestAborted) is { } topic
            ? TypedResults.Created($"/v1/topics/{topic.TopicName}", topic)
            : new ProblemResult(ProblemKind.TopicNotFound, $"The topic '{name}' was removed meanwhile.");
    }
}
