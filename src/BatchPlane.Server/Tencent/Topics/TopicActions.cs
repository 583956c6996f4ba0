using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Api;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Wire;
using BatchPlane.Server.Topics;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>Actions about topics: the use cases of <c>/v1/topics</c> in Tencent's words.</summary>
internal sealed class TopicActions(TopicService service, TopicStore store, TopicQueries topics, TimeProvider time) : IActionGroup
{
    private const int MinMessageBytes = 1_024;
    private const int MinRetentionSeconds = 60;
    private const int Normal = 1;

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (TopicShapes.Create, CreateAsync),
        (TopicShapes.Modify, ModifyAsync),
        (TopicShapes.Delete, DeleteAsync),
        (TopicShapes.List, ListAsync),
        (TopicShapes.Describe, DescribeAsync),
        (TopicShapes.DescribeOlder, DescribeOlderAsync),
    ];

    private async Task<ActionAnswer> CreateAsync(ActionCall call)
    {
        var filterType = call.Number("FilterType") ?? TopicSettings.ByTags;
        if (ProblemOfAttributes(call) is { } refused)
        {
            return new(refused);
        }

        if (filterType is not (TopicSettings.ByTags or TopicSettings.ByKeys))
        {
            return ActionAnswer.Refuse(ErrorCodes.InvalidParameterValue, "`FilterType`: expected 1 or 2.");
        }

        var reading = TopicDocumentReader.ReadTopic(JsonSerializer.SerializeToElement(TopicShapes.Create.Request.ToNative(call.Parameters)));
        if (!reading.IsValid)
        {
            return ActionAnswer.Of(ProblemResult.Invalid(reading.Problems));
        }

        var settings = SettingsOf(call, filterType);
        var result = await service.CreateAsync(reading.Value, TagsOf(call), settings.ToJson(), call.Caller.Source, call.CancellationToken);
        if (CreateTopic.RefusalOf(result) is { } refusal)
        {
            return ActionAnswer.Of(refusal);
        }

        return await FindAsync(call) is { } topic ? new(new { TopicId = TopicSettings.IdOf(topic) }) : NoTopic(call);
    }

    private async Task<ActionAnswer> ModifyAsync(ActionCall call)
    {
        if (ProblemOfAttributes(call) is { } refused)
        {
            return new(refused);
        }

        if (await FindAsync(call) is not { } topic)
        {
            return NoTopic(call);
        }

        // Only what the call names: another one may change the rest at the same moment.
        var changes = new JsonObject { [nameof(TopicSettings.LastModifiedAt)] = JsonValue.Create(time.GetUtcNow()) };
        foreach (var name in (string[])[nameof(TopicSettings.MaxMsgSize), nameof(TopicSettings.MsgRetentionSeconds), nameof(TopicSettings.Trace)])
        {
            if (call.Parameters[name] is { } value)
            {
                changes[name] = value.DeepClone();
            }
        }

        return await store.ChangeAsync(topic.View.TopicName, topic.View.CreatedAt, changes.ToJsonString(), TopicSettings.OfOthers.ToJson(), call.CancellationToken) ? ActionAnswer.Done : NoTopic(call);
    }

    private async Task<ActionAnswer> DeleteAsync(ActionCall call) =>
        await service.DeleteAsync(call.Text("TopicName"), call.CancellationToken) ? ActionAnswer.Done : NoTopic(call);

    private async Task<ActionAnswer> ListAsync(ActionCall call)
    {
        var (query, error) = ListQuery.Read(call, limit: 20, "tag:");
        if (query is null)
        {
            return new(error!);
        }

        var filter = new PageFilter { Names = call.Texts("TopicNameList"), Labels = query.Labels() };
        var part = call.Text("TopicName") is { Length: > 0 } given ? given : null;
        var page = await topics.PageAsync(filter, part, query.Offset, query.Limit, call.CancellationToken);
        return new(new { TopicList = page.Items.Select(View), TotalCount = page.Total });
    }

    private async Task<ActionAnswer> DescribeAsync(ActionCall call) =>
        await FindAsync(call) is { } topic ? new(new { TopicDescribe = View(topic) }) : NoTopic(call);

    private async Task<ActionAnswer> DescribeOlderAsync(ActionCall call)
    {
        var (query, error) = ListQuery.Read(call, limit: 20, "tag:");
        if (query is null)
        {
            return new(error!);
        }

        var labels = call.Text("TagKey") is { Length: > 0 } key ? [.. query.Labels(), [new LabelMatch(key, null)]] : query.Labels();
        var filter = new PageFilter { Names = call.Text("TopicName") is { Length: > 0 } name ? [name] : null, Labels = labels };
        var page = await topics.PageAsync(filter, part: null, query.Offset, query.Limit, call.CancellationToken);
        return new(new { TotalCount = page.Total, TopicSet = page.Items.Select(OlderView) });
    }

    private static object View(ListedTopic topic)
    {
        var settings = TopicSettings.Of(topic);
        return new
        {
            TopicId = TopicSettings.IdOf(topic),
            topic.View.TopicName,
            settings.MsgRetentionSeconds,
            MaxMsgSize = settings.ShownMaxMsgSize,
            Qps = 0,
            settings.FilterType,
            CreateTime = topic.View.CreatedAt.ToUnixTimeMilliseconds(),
            LastModifyTime = (settings.LastModifiedAt ?? topic.View.CreatedAt).ToUnixTimeMilliseconds(),
            MsgCount = 0,
            CreateUin = 0,
            Tags = Tags(topic),
            settings.Trace,
            TenantId = "",
            NamespaceName = "",
            Status = Normal,
            BrokerType = 0,
            SubscriptionCount = topic.View.Subscriptions.Count,
        };
    }

    private static object OlderView(ListedTopic topic)
    {
        var settings = TopicSettings.Of(topic);
        return new
        {
            TopicId = TopicSettings.IdOf(topic),
            topic.View.TopicName,
            settings.MsgRetentionSeconds,
            MaxMsgSize = settings.ShownMaxMsgSize,
            Qps = 0,
            settings.FilterType,
            CreateTime = topic.View.CreatedAt.ToUnixTimeSeconds(),
            LastModifyTime = (settings.LastModifiedAt ?? topic.View.CreatedAt).ToUnixTimeSeconds(),
            MsgCount = 0,
            CreateUin = 0,
            Tags = Tags(topic),
            settings.Trace,
            Migrate = 0,
        };
    }

    private static object Tags(ListedTopic topic) => topic.Tags.Select(tag => new { TagKey = tag.Key, TagValue = tag.Value });

    private static TencentError? ProblemOfAttributes(ActionCall call)
    {
        if (call.Number("MaxMsgSize") < MinMessageBytes)
        {
            return new(ErrorCodes.InvalidParameterValue, FormattableString.Invariant($"`MaxMsgSize`: expected at least {MinMessageBytes}."));
        }

        return call.Number("MsgRetentionSeconds") < MinRetentionSeconds
            ? new(ErrorCodes.InvalidParameterValue, FormattableString.Invariant($"`MsgRetentionSeconds`: expected at least {MinRetentionSeconds}."))
            : null;
    }

    private static TopicSettings SettingsOf(ActionCall call, int filterType) => new()
    {
        FilterType = filterType,
        MaxMsgSize = call.Number("MaxMsgSize"),
        MsgRetentionSeconds = call.Number("MsgRetentionSeconds") ?? TopicSettings.DefaultRetentionSeconds,
        Trace = call.Parameters["Trace"]?.GetValue<bool>() ?? false,
    };

    private static List<TagDocument> TagsOf(ActionCall call) => call.Parameters["Tags"] is JsonArray given
        ? [.. given.OfType<JsonObject>().Select(tag => new TagDocument(tag["TagKey"]!.GetValue<string>(), tag["TagValue"]!.GetValue<string>()))]
        : [];

    private async Task<ListedTopic?> FindAsync(ActionCall call) =>
        (await topics.PageAsync(new PageFilter { Names = [call.Text("TopicName")] }, part: null, 0, 1, call.CancellationToken)).Items.SingleOrDefault();

    /// <summary>The refusal of a topic that is not there.</summary>
    internal static ActionAnswer NoTopic(ActionCall call) => ActionAnswer.Of(new ProblemResult(ProblemKind.TopicNotFound, $"There is no topic \"{call.Text("TopicName")}\"."));
}
