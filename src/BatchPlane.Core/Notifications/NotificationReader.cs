using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Reads what a job or environment says about notifications: the blocks of <c>notifications</c>, and Alibaba's <c>Notification</c>, which becomes
/// one block more. Event names come out canonical. The same event may go to several topics, but to each only once, however the
/// blocks spell topic and event.
/// </summary>
internal sealed class NotificationReader
{
    internal static readonly MemberSet NotificationMembers = new(["topic_name", "format", "filter", "event_configs"]);

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
    private readonly ProblemList _problems;

    private NotificationReader(EventConfigReader configs, ProblemList problems)
    {
        _configs = configs;
        _problems = problems;
    }

    /// <summary>The members <c>notifications</c> and <c>notification</c> of an object; empty when absent.</summary>
    internal static IReadOnlyList<NotificationDocument> Read(ObjectReader owner, EventScope scope, NotificationLimits limits, ProblemList problems)
    {
        var reader = new NotificationReader(new(scope, limits, problems), problems);
        var blocks = owner.List("notifications", NotificationInterest.MaxNotifications, ItemCodes.NotificationsTooMany, reader.ReadNotification) ?? [];
        if (AlibabaNotificationReader.Read(owner, scope, limits, blocks, problems) is { } alibaba)
        {
            blocks.Add(alibaba);
        }

        return blocks;
    }

    private NotificationDocument? ReadNotification(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, NotificationMembers, _problems) is not { } block)
        {
            return null;
        }

        var topic = block.RequiredText("topic_name", DocumentRules.TopicName);
        var filter = block.Find("filter") is { } given ? FilterReader.Read(given, block.PathOf("filter"), _problems) : null;
        var configs = _configs.ReadAll(block, topic);
        if (filter is not null && configs.Count > 0 && !configs.Any(config => EventFilter.Admits(filter, EventCatalogue.Find(config.EventName)!)))
        {
            _problems.Add(block.PathOf("filter"), ItemCodes.FilterAdmitsNothing, "The filter admits none of the events asked for.");
        }

        return new NotificationDocument
        {
            TopicName = topic,
            Format = block.Word<NotificationFormat>("format", Spelling.LowerWord, ItemCodes.FormatUnknown) ?? NotificationFormat.Cmq,
            Filter = filter,
            EventConfigs = configs,
        };
    }
}
