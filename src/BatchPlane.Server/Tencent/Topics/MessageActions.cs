using System.Text;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>Actions that publish messages which are no events.</summary>
internal sealed class MessageActions(TopicQueries topics, NoticePublisher publisher) : IActionGroup
{
    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (TopicShapes.Publish, PublishOneAsync),
        (TopicShapes.PublishBatch, PublishBatchAsync),
    ];

    private async Task<ActionAnswer> PublishOneAsync(ActionCall call)
    {
        var (ids, refusal) = await PublishAsync(call, "MsgContent", [call.Text("MsgContent")]);
        return ids is null ? refusal! : new(new { Result = true, MsgId = ids.Single() });
    }

    private async Task<ActionAnswer> PublishBatchAsync(ActionCall call)
    {
        var (ids, refusal) = await PublishAsync(call, "MsgBody", call.Texts("MsgBody")!);
        return ids is null ? refusal! : new(new { MsgList = ids.Select(id => new { MsgId = id }) });
    }

    private async Task<(IReadOnlyList<string>? Ids, ActionAnswer? Refusal)> PublishAsync(ActionCall call, string field, IReadOnlyList<string> texts)
    {
        var page = await topics.PageAsync(new PageFilter { Names = [call.Text("TopicName")] }, part: null, 0, 1, call.CancellationToken);
        if (page.Items is not [var topic])
        {
            return (null, TopicActions.NoTopic(call));
        }

        var settings = TopicSettings.Of(topic);
        IReadOnlyList<byte[]> bodies = [.. texts.Select(Encoding.UTF8.GetBytes)];
        if (bodies.Count == 0 || bodies.Any(body => body.Length == 0))
        {
            return (null, ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, $"`{field}`: expected a text that is not empty."));
        }

        if (bodies.Sum(body => body.Length) is var bytes && bytes > settings.ShownMaxMsgSize)
        {
            return (null, ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, FormattableString.Invariant($"`{field}`: expected at most {settings.ShownMaxMsgSize} bytes, given {bytes}.")));
        }

        var (key, problem) = KeyOf(call, settings);
        if (key is null)
        {
            return (null, new(problem!));
        }

        var (outcome, ids) = await publisher.MessagesAsync(topic.View.TopicName, key, bodies, call.CancellationToken);
        return outcome switch
        {
            NoticeOutcome.Routed or NoticeOutcome.Unrouted => (ids, null),
            NoticeOutcome.NoTopic => (null, TopicActions.NoTopic(call)),
            NoticeOutcome.NotSent => (null, ActionAnswer.Of(new ProblemResult(ProblemKind.BrokerUnavailable, "RabbitMQ cannot be reached, or does not take the message. Part of it may have arrived."))),
        };
    }

    /// <summary>The routing key: the tags, or the key itself where subscriptions choose by keys.</summary>
    private static (string? Key, TencentError? Error) KeyOf(ActionCall call, TopicSettings settings)
    {
        var (tags, given) = (call.Texts("MsgTag") ?? [], call.Text("RoutingKey"));
        if (settings.FilterType == TopicSettings.ByTags)
        {
            var error = given.Length > 0
                ? new(ErrorCodes.InvalidParameterCombination, "`RoutingKey`: subscriptions of this topic choose by tags.")
                : TagBindings.ProblemOf("MsgTag", tags) ?? TagBindings.ProblemOfKey("MsgTag", string.Join('.', tags));
            return error is null ? (string.Join('.', tags), null) : (null, error);
        }

        if (tags.Count > 1 || (tags.Count == 1 && given.Length > 0))
        {
            return (null, new(ErrorCodes.InvalidParameterCombination, "`MsgTag`: subscriptions of this topic choose by binding keys: give one routing key."));
        }

        var key = tags.Count == 1 ? tags[0] : given;
        return TagBindings.ProblemOfKey(tags.Count == 1 ? "MsgTag" : "RoutingKey", key) is { } problem ? (null, problem) : (key, null);
    }
}
