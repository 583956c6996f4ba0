using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Reads what a job or environment says about notifications: the blocks of <c>notifications</c>, and Alibaba's <c>Notification</c>, which becomes
/// one block more. Event names come out canonical. A block has one topic or several, which share its place: a mask has a bit for each block, not for each topic. The same event may go to several topics, but to each only once, however the
/// blocks spell topic and event.
/// </summary>
internal sealed class NotificationReader
{
    internal static readonly MemberSet NotificationMembers = new(["topic_name", "topic_names", "format", "filter", "event_configs"]);

    /// <summary>Every member of the blocks, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
    [
        ("$.notifications[0]", NotificationMembers),
        ("$.notifications[0].filter", FilterReader.Members),
        ("$.notifications[0].filter.labels[0]", FilterReader.LabelMembers),
        ("$.notifications[0].event_configs[0]", EventConfigReader.Members),
        ("$.notifications[0].event_configs[0].event_vars[0]", EventConfigReader.VarMembers),
        ("$.notification", AlibabaNotificationReader.Members),
        ("$.notification.topic", AlibabaNotificationReader.TopicMembers),
    ];

    private readonly EventConfigReader _configs;
    private readonly NotificationLimits _limits;
    private readonly ProblemList _problems;
    private int _topics;

    private NotificationReader(EventConfigReader configs, NotificationLimits limits, ProblemList problems)
    {
        _configs = configs;
        _limits = limits;
        _problems = problems;
    }

    /// <summary>The members <c>notifications</c> and <c>notification</c> of an object; empty when absent. <paramref name="alibaba"/>: the latter as given; null when it asks for nothing.</summary>
    internal static IReadOnlyList<NotificationDocument> Read(ObjectReader owner, EventScope scope, NotificationLimits limits, ProblemList problems, out AlibabaNotificationDocument? alibaba)
    {
        var reader = new NotificationReader(new(scope, limits, problems), limits, problems);
        var blocks = owner.List("notifications", NotificationInterest.MaxNotifications, ItemCodes.NotificationsTooMany, reader.ReadNotification) ?? [];
        alibaba = AlibabaNotificationReader.Read(owner, scope, limits, blocks, problems);
        if (alibaba is not null)
        {
            blocks.Add(AlibabaNotificationReader.BlockOf(alibaba));
        }

        return blocks;
    }

    private NotificationDocument? ReadNotification(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, NotificationMembers, _problems) is not { } block)
        {
            return null;
        }

        var several = block.Find("topic_names") is not null;
        List<string> topics = several ? ReadTopics(block) : [block.RequiredText("topic_name", DocumentRules.TopicName)];
        CountTopics(block.PathOf(several ? "topic_names" : "topic_name"), topics.Count);
        var filter = block.Find("filter") is { } given ? FilterReader.ReadOfBlock(given, block.PathOf("filter"), _problems) : null;
        var configs = _configs.ReadAll(block, topics);
        if (filter is not null && configs.Count > 0 && !configs.Any(config => EventFilter.Admits(filter, EventCatalogue.Find(config.EventName)!)))
        {
            _problems.Add(block.PathOf("filter"), ItemCodes.FilterAdmitsNothing, "The filter admits none of the events asked for.");
        }

        return new NotificationDocument
        {
            TopicName = several ? null : topics[0],
            TopicNames = several ? topics : null,
            Format = block.Word<NotificationFormat>("format", Spelling.LowerWord, ItemCodes.FormatUnknown) ?? NotificationFormat.Cmq,
            Filter = filter,
            EventConfigs = configs,
        };
    }

    private void CountTopics(string path, int more)
    {
        if (_topics <= _limits.MaxTopics && _topics + more > _limits.MaxTopics)
        {
            _problems.Add(path, ItemCodes.TopicsTooMany, $"Expected at most {_limits.MaxTopics} topics in all blocks together.");
        }

        _topics += more;
    }

    /// <summary>The list <c>topic_names</c>. Names that differ in case alone are the same topic.</summary>
    private List<string> ReadTopics(ObjectReader block)
    {
        if (block.Find("topic_name") is not null)
        {
            _problems.Add(block.PathOf("topic_names"), ItemCodes.TopicNamesNotAllowed, "'topic_name' is given, too; expected one of both.");
        }

        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var path = block.PathOf("topic_names");
        var topics = block.List("topic_names", _limits.MaxTopics, ItemCodes.TopicsTooMany, (element, at) => ReadTopic(element, at, known));
        if (block.Find("topic_names") is { ValueKind: JsonValueKind.Array } given && given.GetArrayLength() == 0)
        {
            _problems.Add(path, ItemCodes.TopicNamesEmpty, "Expected at least one topic.");
        }

        return topics ?? [];
    }

    private string? ReadTopic(JsonElement element, string path, HashSet<string> known)
    {
        var name = ObjectReader.TextOf(element, path, DocumentRules.TopicName, _problems);
        if (name is null || known.Add(name))
        {
            return name;
        }

        _problems.Add(path, ItemCodes.EventDuplicate, $"The topic \"{Shown.Clip(name)}\" is named twice; each event goes to a topic once.");
        return null;
    }
}
