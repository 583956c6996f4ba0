using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Topics;
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

    private static async Task<IResult> HandleAsync(HttpContext context, TopicService topics, IdempotencyGuard idempotency)
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

            if (!await idempotency.AdmitAsync(key, reading.Value.TopicName, context.RequestAborted))
            {
                return ApiResults.KeyReused();
            }

            return await topics.CreateAsync(reading.Value, Caller.Of(context).Source, context.RequestAborted) switch
            {
                CreateTopicResult.Created created => TypedResults.Created($"/v1/topics/{created.Topic.TopicName}", created.Topic),
                CreateTopicResult.AlreadyExists existing when key is not null && existing.Topic.TopicName == reading.Value.TopicName =>
                    TypedResults.Created($"/v1/topics/{existing.Topic.TopicName}", existing.Topic),
                var refused => RefusalOf(refused)!,
            };
        }
    }

    /// <summary>Why a topic was not made; null: it was.</summary>
    internal static ProblemResult? RefusalOf(CreateTopicResult result) => result switch
    {
        CreateTopicResult.Created => null,
        CreateTopicResult.AlreadyExists existing => new(ProblemKind.TopicExists, $"There is a topic '{existing.Topic.TopicName}'."),
        CreateTopicResult.Full => new(ProblemKind.TopicsFull),
        CreateTopicResult.ExchangeConflict conflict => new(ProblemKind.TopicConflict, conflict.Reason),
        var other => throw new InvalidOperationException($"No answer for {other}."),
    };
}
