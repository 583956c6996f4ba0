using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Reads the <c>notifications</c> block of a job or environment. Event names come out canonical. The same event may go to
/// several topics, but to each only once, however the block spells topic and event.
/// </summary>
internal sealed class NotificationReader
{
    /// <summary>Most events of one block; more than there are, so that a repeated one is named rather than counted.</summary>
    private const int MaxEventConfigs = 64;

    internal static readonly MemberSet NotificationMembers = new(["topic_name", "format", "event_configs"]);
    private static readonly MemberSet ConfigMembers = new(["event_name", "event_vars"]);
    private static readonly MemberSet VarMembers = new(["name", "value"]);

    /// <summary>Every member of the block, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
    [
        ("$.notifications[0]", NotificationMembers),
        ("$.notifications[0].event_configs[0]", ConfigMembers),
        ("$.notifications[0].event_configs[0].event_vars[0]", VarMembers),
    ];

    private readonly EventScope _scope;
    private readonly NotificationLimits _limits;
    private readonly ProblemList _problems;
    private readonly TextRule _varName;
    private readonly TextRule _varValue;
    private readonly HashSet<(string Topic, int Event)> _asked = [];

    private NotificationReader(EventScope scope, NotificationLimits limits, ProblemList problems)
    {
        _scope = scope;
        _limits = limits;
        _problems = problems;
        _varName = new TextRule { MinLength = 1, MaxBytes = limits.MaxEventVarNameBytes, EmptyCode = ItemCodes.EventVarNameInvalid, TooLongCode = ItemCodes.EventVarNameInvalid };
        _varValue = new TextRule { MaxBytes = limits.MaxEventVarValueBytes, TooLongCode = ItemCodes.EventVarValueTooLong };
    }

    /// <summary>The member <c>notifications</c> of an object; empty when absent.</summary>
    internal static IReadOnlyList<NotificationDocument> Read(ObjectReader owner, EventScope scope, NotificationLimits limits, ProblemList problems)
    {
        var reader = new NotificationReader(scope, limits, problems);
        return owner.List("notifications", NotificationInterest.MaxNotifications, ItemCodes.NotificationsTooMany, reader.ReadNotification) ?? [];
    }

    private NotificationDocument? ReadNotification(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, NotificationMembers, _problems) is not { } block)
        {
            return null;
        }

        var topic = block.RequiredText("topic_name", DocumentRules.TopicName);
        block.Require("event_configs");
        var configs = block.List("event_configs", MaxEventConfigs, ItemCodes.EventConfigsTooMany, (config, at) => ReadConfig(config, at, topic));
        if (configs is [] && block.Find("event_configs")!.Value.GetArrayLength() == 0)
        {
            _problems.Add(block.PathOf("event_configs"), ItemCodes.EventConfigsEmpty, "Expected at least one event.");
        }

        return new NotificationDocument
        {
            TopicName = topic,
            Format = block.Word<NotificationFormat>("format", Spelling.LowerWord, ItemCodes.FormatUnknown) ?? NotificationFormat.Cmq,
            EventConfigs = configs ?? [],
        };
    }

    private EventConfigDocument? ReadConfig(JsonElement element, string path, string topic)
    {
        if (ObjectReader.Open(element, path, ConfigMembers, _problems) is not { } config)
        {
            return null;
        }

        var kind = ReadEvent(config, topic);
        var vars = config.List("event_vars", _limits.MaxEventVars, ItemCodes.EventVarsTooMany, ReadVar) ?? [];
        return kind is null ? null : new EventConfigDocument { EventName = kind.Name, EventVars = vars };
    }

    private EventKind? ReadEvent(ObjectReader config, string topic)
    {
        if (config.Require("event_name") is not { } value
            || ObjectReader.TextOf(value, config.PathOf("event_name"), new TextRule(), _problems) is not { } name)
        {
            return null;
        }

        var path = config.PathOf("event_name");
        if (EventCatalogue.Find(name) is not { } kind)
        {
            _problems.Add(path, ItemCodes.EventUnknown, $"There is no event \"{Shown.Clip(name)}\".{Meant(name)} Valid events: {string.Join(", ", Allowed())}.");
            return null;
        }

        if ((kind.Scope & _scope) == 0)
        {
            _problems.Add(path, ItemCodes.EventNotAllowed, $"{kind.Name} is an event of {Owner(kind.Scope)} and cannot be asked for in the notifications of {Owner(_scope)}. Valid events: {string.Join(", ", Allowed())}.");
            return null;
        }

        // Topic names are unique without regard to case, so two spellings of one topic would get the event twice.
        if (!_asked.Add((topic.ToUpperInvariant(), kind.Number)))
        {
            _problems.Add(path, ItemCodes.EventDuplicate, $"{kind.Name} is asked for twice on the topic \"{Shown.Clip(topic)}\".");
        }

        return kind;
    }

    private EventVarDocument? ReadVar(JsonElement element, string path) =>
        ObjectReader.Open(element, path, VarMembers, _problems) is { } pair
            ? new EventVarDocument(pair.RequiredText("name", _varName), pair.RequiredText("value", _varValue))
            : null;

    private IEnumerable<string> Allowed() => EventCatalogue.All.Where(kind => (kind.Scope & _scope) != 0).Select(kind => kind.Name);

    /// <summary>Nearest names, those allowed here first; longer input is no misspelling and would take long to compare.</summary>
    private string Meant(string name)
    {
        var nearest = name.Length > 64 ? [] : EventCatalogue.Nearest(name).Where(near => Allowed().Contains(near)).ToArray();
        return nearest.Length == 0 ? "" : $" Did you mean {nearest[0]}?";
    }

    private static string Owner(EventScope scope) => scope == EventScope.Environment ? "an environment" : "a job";
}
