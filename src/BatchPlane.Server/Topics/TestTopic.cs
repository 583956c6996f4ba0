using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Api;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Dispatch.Bus;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary><c>POST /v1/topics/{name}/test</c>: sends a test event and says who got it.</summary>
internal sealed class TestTopic(
    TopicQueries topics,
    NoticePublisher notices,
    TopicTopology topology,
    TopologyFollower follower,
    DeliveryStore deliveries,
    IOptions<DeliveryOptions> options,
    TimeProvider time)
{
    private const long TestSequence = 1;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/topics/{name}/test", HandleAsync)
        .WithName("TestTopic").WithTags("topics").WithSummary("Send a test event and see who gets it")
        .WithDescription("The event is named TOPIC_TEST. Bindings of queues cannot be seen: they are declared before, so that what is told of a queue holds. Webhooks and mail are waited for, up to `Deliveries.TestTimeout`.")
        .Accepts<TopicTestDocument>(isOptional: true, "application/json")
        .Produces<TopicTestView>();

    private static async Task<IResult> HandleAsync(HttpContext context, string name, TestTopic test)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        if (refusal is not null)
        {
            return refusal;
        }

        using (body)
        {
            var reading = body is null ? null : TopicDocumentReader.ReadTest(body.Root);
            return reading is { IsValid: false }
                ? ProblemResult.Invalid(reading.Problems)
                : await test.RunAsync(name, reading?.Value?.RoutingKey ?? TopicNotices.Test.RoutingKey, context.RequestAborted);
        }
    }

    private async Task<IResult> RunAsync(string name, string routingKey, CancellationToken cancellationToken)
    {
        if (await topics.FindAsync(name, cancellationToken) is not { } topic)
        {
            return new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}'.");
        }

        var matching = topic.Subscriptions.Where(subscription => Matches(subscription, routingKey)).ToList();
        var reasons = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var queue in matching.Where(subscription => subscription.Protocol == SubscriptionProtocol.Queue))
        {
            reasons[queue.SubscriptionId] = await ReasonAgainstAsync(queue, cancellationToken);
        }

        var subjectId = EntityId.New(NoticePublisher.TestPrefix);
        var sent = await notices.TestAsync(topic.TopicName, subjectId, routingKey, cancellationToken);
        if (sent is NoticeOutcome.NotSent or NoticeOutcome.NoTopic)
        {
            return sent == NoticeOutcome.NoTopic
                ? new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic '{name}' any more.")
                : new ProblemResult(ProblemKind.BrokerUnavailable, "RabbitMQ cannot be reached, or does not take the message.");
        }

        var isRouted = sent == NoticeOutcome.Routed;
        foreach (var addressed in matching.Where(SubscriptionQueue.IsAddressed).Where(addressed => reasons.GetValueOrDefault(addressed.SubscriptionId) is null))
        {
            var outcome = await notices.TestAsync(addressed, subjectId, routingKey, cancellationToken);
            isRouted |= outcome == NoticeOutcome.Routed;
            reasons[addressed.SubscriptionId] = outcome == NoticeOutcome.Routed ? null : "RabbitMQ has no such queue, or could not be asked.";
        }

        var found = await WaitAsync(subjectId, [.. matching.Where(subscription => subscription.Protocol != SubscriptionProtocol.Queue && reasons.GetValueOrDefault(subscription.SubscriptionId) is null)], cancellationToken);
        return TypedResults.Json(
            new TopicTestView
            {
                EventId = FormattableString.Invariant($"{subjectId}:{TestSequence}"),
                TopicName = topic.TopicName,
                RoutingKey = routingKey,
                Routed = isRouted,
                Subscriptions = [.. topic.Subscriptions.Select(subscription => ResultOf(subscription, matching.Contains(subscription), reasons, found))],
            },
            BatchPlaneJson.Options);
    }

    private static bool Matches(SubscriptionView subscription, string routingKey) =>
        subscription.Enabled && subscription.Bindings.Any(binding => BindingPattern.Matches(binding, routingKey));

    /// <summary>Why a queue does not get what matches; null: it does, once its binding is declared.</summary>
    private async Task<string?> ReasonAgainstAsync(SubscriptionView queue, CancellationToken cancellationToken) => await topology.HasQueueAsync(queue.Endpoint, cancellationToken) is false
        ? "There is no such queue."
        : await follower.FollowAsync(queue.TopicName, queue.SubscriptionId, cancellationToken) switch
        {
            Declaration.Conflict conflict => conflict.Reason,
            Declaration.Refused refused => refused.Reason,
            Declaration.BrokerAway => "Its binding could not be declared.",
            _ => null,
        };

    /// <summary>The first results of all that were asked for, or of those that were there in time.</summary>
    private async Task<IReadOnlyDictionary<string, DeliveryFound>> WaitAsync(string subjectId, SubscriptionView[] asked, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var found = asked.Length == 0 ? [] : await deliveries.FindAsync(subjectId, TestSequence, cancellationToken);
            if (found.Count >= asked.Length || time.GetElapsedTime(began) > options.Value.TestTimeout)
            {
                return found.ToDictionary(delivery => delivery.SubscriptionId, StringComparer.Ordinal);
            }

            await Task.Delay(LookAgain, time, cancellationToken);
        }
    }

    private static TopicTestResult ResultOf(SubscriptionView subscription, bool matches, Dictionary<string, string?> reasons, IReadOnlyDictionary<string, DeliveryFound> found)
    {
        var result = new TopicTestResult { SubscriptionId = subscription.SubscriptionId, Protocol = subscription.Protocol, Endpoint = subscription.Endpoint, Matches = matches };
        if (!matches)
        {
            return result;
        }

        if (subscription.Protocol == SubscriptionProtocol.Queue)
        {
            return result with { State = reasons[subscription.SubscriptionId] is null ? DeliveryState.Delivered : DeliveryState.Dropped, Reason = reasons[subscription.SubscriptionId] };
        }

        return found.GetValueOrDefault(subscription.SubscriptionId) is { } delivery
            ? result with { State = delivery.State, Status = delivery.Status, Reason = delivery.Reason }
            : result with { State = DeliveryState.Pending };
    }
}
