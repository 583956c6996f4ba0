using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Events;

/// <summary>
/// <c>POST /v1/events/{id}/redeliver</c> and <c>POST /v1/topics/{name}/redeliver</c>: events are delivered again, with the same ids, behind what is delivered fresh.
/// The wish is stored; the dispatchers work it off.
/// </summary>
internal static class Redeliver
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        Describe(routes.MapPost("/events/{id}/redeliver", EventAsync)
            .WithName("RedeliverEvent").WithSummary("Deliver an event again, or a range of its job's events")
            .Accepts<RedeliverEventRequest>(isOptional: true, "application/json"));
        Describe(routes.MapPost("/topics/{name}/redeliver", TopicAsync)
            .WithName("RedeliverTopic").WithSummary("Deliver the events of a topic again since a time")
            .Accepts<RedeliverTopicRequest>("application/json"));
    }

    private static void Describe(RouteHandlerBuilder endpoint) => endpoint
        .WithTags("deliveries")
        .WithDescription("What waits for its first delivery is not delivered twice by this. The answer tells how far it is; `GET /v1/redeliveries/{id}` tells it again.")
        .Produces<RedeliveryView>(StatusCodes.Status202Accepted)
        .WithIdempotencyKey();

    private static Task<IResult> EventAsync(HttpContext context, string id, DeliveryQueries deliveries, TopicQueries topics, RedeliveryStore redeliveries, IOptions<DispatchOptions> options) =>
        HandleAsync(context, $"redeliver:{id}", redeliveries, options.Value, async body =>
        {
            var reading = RedeliverRequestReader.ReadEvent(body);
            if (EventId.Parse(id) is not { } first || await deliveries.OfEventAsync(first.SubjectId, first.Sequence, resultsSince: default, context.RequestAborted) is null)
            {
                return (null, new ProblemResult(ProblemKind.EventNotFound, $"There is no event {id}."));
            }

            var (last, topic, only, subscription) = reading.IsValid ? reading.Value : new();
            List<ProblemItem> problems = [.. reading.Problems, .. await SubscriptionProblemsAsync(topics, topic, subscription, context.RequestAborted)];
            if (last < first.Sequence)
            {
                problems.Add(new("$.last_sequence", ItemCodes.OutOfRange, FormattableString.Invariant($"Expected at least {first.Sequence}, the sequence of the event.")));
            }

            return problems.Count > 0
                ? (null, ProblemResult.Invalid(problems))
                : (new(new(first.SubjectId, first.Sequence, last ?? first.Sequence), topic, null, null, OnlyState(only), Caller.Of(context).Source, subscription), null);
        });

    private static Task<IResult> TopicAsync(HttpContext context, string name, TopicQueries topics, RedeliveryStore redeliveries, IOptions<DispatchOptions> options) =>
        HandleAsync(context, $"redeliver-topic:{name}", redeliveries, options.Value, async body =>
        {
            if (await topics.FindAsync(name, context.RequestAborted) is null)
            {
                return (null, new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}'."));
            }

            var reading = RedeliverRequestReader.ReadTopic(body ?? JsonSerializer.SerializeToElement(new { }));
            var (since, until, only, subscription) = reading.IsValid ? reading.Value : new(default);
            List<ProblemItem> problems = [.. reading.Problems, .. await SubscriptionProblemsAsync(topics, name, subscription, context.RequestAborted)];
            return problems.Count > 0
                ? (null, ProblemResult.Invalid(problems))
                : (new(null, name, since, until, OnlyState(only), Caller.Of(context).Source, subscription), null);
        });

    private static async Task<IReadOnlyList<ProblemItem>> SubscriptionProblemsAsync(TopicQueries topics, string? topic, string? subscriptionId, CancellationToken cancellationToken)
    {
        if (subscriptionId is null)
        {
            return [];
        }

        var found = await topics.FindSubscriptionAsync(subscriptionId, cancellationToken);
        var reason = found switch
        {
            null => $"There is no subscription {subscriptionId}.",
            { Protocol: SubscriptionProtocol.Queue } when !SubscriptionQueue.IsAddressed(found) => $"{subscriptionId} is a queue that is bound, which gets what its topic gets: leave 'subscription_id' out.",
            { Protocol: SubscriptionProtocol.Queue, Enabled: false } => $"{subscriptionId} is disabled: enable it first.",
            _ when topic is not null && !found.TopicName.Equals(topic, StringComparison.OrdinalIgnoreCase) => $"{subscriptionId} is a subscription of the topic '{found.TopicName}'.",
            _ => null,
        };
        return reason is null ? [] : [new("$.subscription_id", ItemCodes.SubscriptionUnknown, reason)];
    }

    private static async Task<IResult> HandleAsync(
        HttpContext context,
        string operation,
        RedeliveryStore redeliveries,
        DispatchOptions options,
        Func<JsonElement?, Task<(RedeliveryWish? Wish, IResult? Refusal)>> read)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        using (body)
        {
            if (refusal is not null)
            {
                return refusal;
            }

            var problems = new ProblemList();
            var key = ApiResults.KeyOf(context, body, operation, problems);
            if (problems.Any)
            {
                return ProblemResult.Invalid(problems.Items);
            }

            var (wish, refused) = await read(body?.Root);
            if (wish is null)
            {
                return refused!;
            }

            return await redeliveries.CreateAsync(wish, key, options.MaxRedeliveries, context.RequestAborted) switch
            {
                RedeliveryOutcome.Accepted accepted => TypedResults.Accepted($"/v1/redeliveries/{accepted.View.RedeliveryId}", accepted.View),
                RedeliveryOutcome.TooMany => new ProblemResult(ProblemKind.RedeliveriesFull, FormattableString.Invariant($"{options.MaxRedeliveries} are open.")),
                RedeliveryOutcome.KeyReused => ApiResults.KeyReused(),
                var other => throw new InvalidOperationException($"No answer for {other}."),
            };
        }
    }

    private static string? OnlyState(string? only) => only == "all" ? null : only;
}
