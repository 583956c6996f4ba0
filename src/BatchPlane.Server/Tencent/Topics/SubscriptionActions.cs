using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Api;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Deliveries.Webhooks;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>Actions about subscriptions: the use cases of <c>/v1/topics/{name}/subscriptions</c> in Tencent's words.</summary>
internal sealed class SubscriptionActions(
    SubscriptionService service,
    TopicQueries topics,
    EndpointAdmission endpoints,
    IOptions<SubscriptionLimits> limits,
    IOptions<WebhookOptions> webhooks) : IActionGroup
{
    private const int DefaultLimit = 20;

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (SubscriptionShapes.Create, SubscribeAsync),
        (SubscriptionShapes.Modify, ModifyAsync),
        (SubscriptionShapes.Clear, ClearAsync),
        (SubscriptionShapes.Delete, UnsubscribeAsync),
        (SubscriptionShapes.List, ListAsync),
    ];

    private async Task<ActionAnswer> SubscribeAsync(ActionCall call)
    {
        if (await FindTopicAsync(call) is not { } topic)
        {
            return TopicActions.NoTopic(call);
        }

        var isQueue = call.Text("Protocol") == WireName.Of(SubscriptionProtocol.Queue);
        if (!isQueue && call.Text("Protocol") != WireName.Of(SubscriptionProtocol.Http))
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, "`Protocol`: expected queue or http.");
        }

        var (document, refusal) = DocumentOf(call, topic, isQueue);
        if (document is null)
        {
            return new(refusal!);
        }

        foreach (var (name, value) in SubscriptionShapes.Create.Request.ToNative(call.Parameters))
        {
            document[name] = value!.DeepClone();
        }

        if (!isQueue)
        {
            document["Push"] = WireName.Of(PushForm.Cmq);
            document["Retry"] ??= new JsonObject { ["Strategy"] = WireName.Of(RetryStrategy.ExponentialDecayRetry) };
        }

        var reading = SubscriptionReader.Read(JsonSerializer.SerializeToElement(document), limits.Value);
        if (!reading.IsValid)
        {
            return ActionAnswer.Of(ProblemResult.Invalid(reading.Problems));
        }

        if (await endpoints.FindProblemAsync(reading.Value, call.CancellationToken) is { } problem)
        {
            return ActionAnswer.Of(ProblemResult.Invalid([problem]));
        }

        var result = await service.SubscribeAsync(topic.View.TopicName, reading.Value, call.Caller.Source, call.CancellationToken);
        return result is SubscribeResult.Created created
            ? new(new { created.Subscription.SubscriptionId })
            : ActionAnswer.Of(Subscribe.RefusalOf(result, topic.View.TopicName, limits.Value)!);
    }

    private async Task<ActionAnswer> ModifyAsync(ActionCall call)
    {
        var (topic, subscription, missing) = await FindAsync(call);
        if (subscription is null)
        {
            return missing!;
        }

        var (document, refusal) = DocumentOf(call, topic!, subscription.Protocol == SubscriptionProtocol.Queue);
        return document is null ? new(refusal!) : await ChangeAsync(call, subscription, document);
    }

    private async Task<ActionAnswer> ClearAsync(ActionCall call)
    {
        var (topic, subscription, missing) = await FindAsync(call);
        if (subscription is null)
        {
            return missing!;
        }

        // Where subscriptions choose by binding keys there are no tags, whatever the keys look like.
        return IsByTags(topic!.Tencent) && subscription.Bindings.Any(binding => TagBindings.TagOf(binding) is not null)
            ? await ChangeAsync(call, subscription, new JsonObject { ["Bindings"] = new JsonArray(TagBindings.Everything) })
            : ActionAnswer.Done;
    }

    private async Task<ActionAnswer> UnsubscribeAsync(ActionCall call)
    {
        var (_, subscription, missing) = await FindAsync(call);
        if (subscription is null)
        {
            return missing!;
        }

        return await service.UnsubscribeAsync(subscription.TopicName, subscription.SubscriptionId, call.CancellationToken) ? ActionAnswer.Done : NoSubscription(call);
    }

    private async Task<ActionAnswer> ListAsync(ActionCall call)
    {
        var (offset, limit, part) = (call.Number("Offset") ?? 0, call.Number("Limit") ?? DefaultLimit, call.Text("SubscriptionName"));
        switch (call.Text("QueryType"))
        {
            case "queue" when call.Text("QueueName") is { Length: > 0 } queue:
                var page = await topics.PageOfQueueAsync(queue, offset, limit, call.CancellationToken);
                return new(new { TotalCount = page.Total, SubscriptionSet = page.Items.Select(found => View(found.View, IsByTags(found.Tencent))) });
            case "queue":
                return ActionAnswer.Refuse(ErrorCodes.MissingParameter, "`QueueName`: it is required with this QueryType.");
            case "" or "topic" when call.Text("TopicName").Length == 0:
                return ActionAnswer.Refuse(ErrorCodes.MissingParameter, "`TopicName`: it is required.");
            case "" or "topic" when await FindTopicAsync(call) is { } topic:
                var found = topic.View.Subscriptions.Where(subscription => NameOf(subscription).Contains(part, StringComparison.OrdinalIgnoreCase)).ToList();
                return new(new { TotalCount = found.Count, SubscriptionSet = found.Skip(offset).Take(limit).Select(subscription => View(subscription, IsByTags(topic.Tencent))) });
            case "" or "topic":
                return TopicActions.NoTopic(call);
            default:
                return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, "`QueryType`: expected topic or queue.");
        }
    }

    private async Task<ActionAnswer> ChangeAsync(ActionCall call, SubscriptionView subscription, JsonObject document)
    {
        var reading = SubscriptionReader.ReadChange(JsonSerializer.SerializeToElement(document), subscription, limits.Value);
        if (!reading.IsValid)
        {
            return ActionAnswer.Of(ProblemResult.Invalid(reading.Problems));
        }

        return await service.ChangeAsync(subscription.TopicName, subscription.SubscriptionId, reading.Value, call.Caller.Source, call.CancellationToken) switch
        {
            SubscriptionChanged.Done => ActionAnswer.Done,
            SubscriptionChanged.Absent => NoSubscription(call),
            SubscriptionChanged.Duplicate => ActionAnswer.Of(new ProblemResult(ProblemKind.SubscriptionExists, "Another subscription of the topic has this endpoint, and these tags or keys.")),
        };
    }

    /// <summary>What the call says of bindings, format and retries, as BatchPlane's own document has it.</summary>
    private static (JsonObject? Document, TencentError? Error) DocumentOf(ActionCall call, ListedTopic topic, bool isQueue)
    {
        var (bindings, error) = BindingsOf(call, topic);
        error ??= ProblemOfWords(call, isQueue);
        if (error is not null)
        {
            return (null, error);
        }

        var document = new JsonObject();
        if (bindings is not null)
        {
            document["Bindings"] = new JsonArray([.. bindings.Select(binding => JsonValue.Create(binding))]);
        }

        if (!isQueue && call.Text("NotifyContentFormat") is { Length: > 0 } format)
        {
            document["ContentFormat"] = format.ToLowerInvariant();
        }

        if (!isQueue && call.Text("NotifyStrategy") is { Length: > 0 } strategy)
        {
            document["Retry"] = new JsonObject { ["Strategy"] = strategy.ToLowerInvariant() };
        }

        return (document, null);
    }

    /// <summary>Null without an error: the call says nothing of bindings.</summary>
    private static (IReadOnlyList<string>? Bindings, TencentError? Error) BindingsOf(ActionCall call, ListedTopic topic)
    {
        var tagField = call.Action == SubscriptionShapes.Create.Name ? "FilterTag" : "FilterTags";
        var (tags, keys) = (call.Texts(tagField), call.Texts("BindingKey"));
        var isByTags = IsByTags(topic.Tencent);
        if ((isByTags ? keys : tags) is { Count: > 0 })
        {
            var message = isByTags ? "`BindingKey`: subscriptions of this topic choose by tags." : $"`{tagField}`: subscriptions of this topic choose by binding keys.";
            return (null, new(ErrorCodes.InvalidParameterCombination, message));
        }

        if (!isByTags)
        {
            return (keys is { Count: 0 } ? [TagBindings.Everything] : keys, null);
        }

        return tags is null
            ? (null, null)
            : TagBindings.ProblemOf(tagField, tags) is { } problem ? (null, problem) : (TagBindings.Of(tags), null);
    }

    private static TencentError? ProblemOfWords(ActionCall call, bool isQueue)
    {
        if (call.Text("NotifyStrategy") is not ("" or "BACKOFF_RETRY" or "EXPONENTIAL_DECAY_RETRY"))
        {
            return new(ErrorCodes.InvalidParameterValue, "`NotifyStrategy`: expected BACKOFF_RETRY or EXPONENTIAL_DECAY_RETRY.");
        }

        return (call.Text("NotifyContentFormat"), isQueue) switch
        {
            ("" or "SIMPLIFIED", _) or ("JSON", false) => null,
            ("JSON", true) => new(ErrorCodes.InvalidParameterValue, "`NotifyContentFormat`: expected SIMPLIFIED for a queue."),
            _ => new(ErrorCodes.InvalidParameterValue, "`NotifyContentFormat`: expected JSON or SIMPLIFIED."),
        };
    }

    private static bool IsByTags(string? tencent) => TopicSettings.Of(tencent).FilterType == TopicSettings.ByTags;

    private object View(SubscriptionView subscription, bool isByTags) => new
    {
        SubscriptionName = NameOf(subscription),
        subscription.SubscriptionId,
        TopicOwner = webhooks.Value.TopicOwner,
        MsgCount = 0,
        LastModifyTime = subscription.CreatedAt.ToUnixTimeMilliseconds(),
        CreateTime = subscription.CreatedAt.ToUnixTimeMilliseconds(),
        BindingKey = subscription.Bindings.Where(binding => binding != TagBindings.Everything && (!isByTags || TagBindings.TagOf(binding) is null)),
        subscription.Endpoint,
        FilterTags = isByTags ? subscription.Bindings.Select(TagBindings.TagOf).OfType<string>() : [],
        Protocol = WireName.Of(subscription.Protocol),
        NotifyStrategy = subscription.Retry?.Strategy == RetryStrategy.BackoffRetry ? "BACKOFF_RETRY" : "EXPONENTIAL_DECAY_RETRY",
        NotifyContentFormat = subscription.ContentFormat == PushContent.Json ? "JSON" : "SIMPLIFIED",
        subscription.TopicName,
    };

    private static string NameOf(SubscriptionView subscription) => subscription.SubscriptionName ?? subscription.SubscriptionId;

    private async Task<ListedTopic?> FindTopicAsync(ActionCall call) =>
        (await topics.PageAsync(new PageFilter { Names = [call.Text("TopicName")] }, part: null, 0, 1, call.CancellationToken)).Items.SingleOrDefault();

    private async Task<(ListedTopic? Topic, SubscriptionView? Subscription, ActionAnswer? Missing)> FindAsync(ActionCall call)
    {
        if (await FindTopicAsync(call) is not { } topic)
        {
            return (null, null, TopicActions.NoTopic(call));
        }

        var name = call.Text("SubscriptionName");
        var subscription = topic.View.Subscriptions.FirstOrDefault(subscription => NameOf(subscription).Equals(name, StringComparison.OrdinalIgnoreCase));
        return (topic, subscription, subscription is null ? NoSubscription(call) : null);
    }

    private static ActionAnswer NoSubscription(ActionCall call) =>
        ActionAnswer.Of(new ProblemResult(ProblemKind.SubscriptionNotFound, $"The topic \"{call.Text("TopicName")}\" has no subscription \"{call.Text("SubscriptionName")}\"."));
}
