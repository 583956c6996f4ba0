using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Reads the list <c>event_configs</c>. A name with <c>*</c> stands for those of the specification's events that it matches and that the block
/// does not name itself; it comes out as one config for each.
/// </summary>
internal sealed class EventConfigReader
{
    /// <summary>Most events of one block; more than there are, so that a repeated one is named rather than counted.</summary>
    private const int MaxEventConfigs = 64;

    private const int MaxRollUpSeconds = 86_400;

    internal static readonly MemberSet Members = new(["event_name", "event_vars", "every_percent", "every_seconds"]);
    internal static readonly MemberSet VarMembers = new(["name", "value"]);

    private static readonly string[] RollUpMembers = ["every_percent", "every_seconds"];

    private readonly EventScope _scope;
    private readonly NotificationLimits _limits;
    private readonly ProblemList _problems;
    private readonly TextRule _varName;
    private readonly TextRule _varValue;
    private readonly HashSet<(string Topic, int Event)> _asked = [];

    internal EventConfigReader(EventScope scope, NotificationLimits limits, ProblemList problems)
    {
        _scope = scope;
        _limits = limits;
        _problems = problems;
        _varName = new TextRule { MinLength = 1, MaxBytes = limits.MaxEventVarNameBytes, EmptyCode = ItemCodes.EventVarNameInvalid, TooLongCode = ItemCodes.EventVarNameInvalid };
        _varValue = new TextRule { MaxBytes = limits.MaxEventVarValueBytes, TooLongCode = ItemCodes.EventVarValueTooLong };
    }

    private EventKind[] Allowed => [.. EventCatalogue.All.Where(kind => (kind.Scope & _scope) != 0)];

    /// <summary>The configs of a block, patterns resolved.</summary>
    internal IReadOnlyList<EventConfigDocument> ReadAll(ObjectReader block, IReadOnlyList<string> topics)
    {
        block.Require("event_configs");
        var asked = block.List("event_configs", MaxEventConfigs, ItemCodes.EventConfigsTooMany, ReadOne);
        if (asked is [] && block.Find("event_configs")!.Value.GetArrayLength() == 0)
        {
            _problems.Add(block.PathOf("event_configs"), ItemCodes.EventConfigsEmpty, "Expected at least one event.");
        }

        var named = asked?.Where(one => !one.IsPattern).SelectMany(one => one.Kinds).ToHashSet() ?? [];
        var ofPatterns = new HashSet<EventKind>(named);
        return [.. (asked ?? []).SelectMany(one => one.Kinds
            .Where(kind => one.IsPattern ? ofPatterns.Add(kind) : true)
            .Where(kind => IsNew(kind, topics, one.Path))
            .Select(kind => one.Config with { EventName = kind.Name }))];
    }

    // Topic names are unique without regard to case, so two spellings of one topic would get the event twice.
    private bool IsNew(EventKind kind, IReadOnlyList<string> topics, string path)
    {
        // All of them are noted, so that a later block is told of each.
        string[] again = [.. topics.Where(topic => !_asked.Add((topic.ToUpperInvariant(), kind.Number)))];
        if (again is [var first, ..])
        {
            _problems.Add(path, ItemCodes.EventDuplicate, $"{kind.Name} is asked for twice on the topic \"{Shown.Clip(first)}\".");
        }

        return again.Length == 0;
    }

    private Asked? ReadOne(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, Members, _problems) is not { } config)
        {
            return null;
        }

        var vars = config.List("event_vars", _limits.MaxEventVars, ItemCodes.EventVarsTooMany, ReadVar) ?? [];
        var kinds = ReadEvents(config, out var isPattern);
        var document = ReadRollUp(config, kinds, new() { EventName = "", EventVars = vars });
        return kinds.Length == 0 ? null : new(config.PathOf("event_name"), kinds, isPattern, document);
    }

    private EventKind[] ReadEvents(ObjectReader config, out bool isPattern)
    {
        isPattern = false;
        if (config.Require("event_name") is not { } value
            || ObjectReader.TextOf(value, config.PathOf("event_name"), new TextRule(), _problems) is not { } name)
        {
            return [];
        }

        isPattern = name.Contains('*', StringComparison.Ordinal);
        var path = config.PathOf("event_name");
        if (isPattern)
        {
            EventKind[] matching = [.. Allowed.Where(kind => kind.IsOfSpecification && EventFilter.Matches(name, kind))];
            if (matching.Length == 0)
            {
                _problems.Add(path, ItemCodes.EventUnknown, $"The pattern \"{Shown.Clip(name)}\" matches none of {string.Join(", ", Allowed.Where(kind => kind.IsOfSpecification).Select(kind => kind.Name))}; others are told only where they are named.");
            }

            return matching;
        }

        return ReadName(name, path) is { } kind ? [kind] : [];
    }

    private EventKind? ReadName(string name, string path)
    {
        if (EventCatalogue.Find(name) is not { } kind)
        {
            _problems.Add(path, ItemCodes.EventUnknown, $"There is no event \"{Shown.Clip(name)}\".{Meant(name)} Valid events: {Names()}.");
            return null;
        }

        if ((kind.Scope & _scope) == 0)
        {
            _problems.Add(path, ItemCodes.EventNotAllowed, $"{kind.Name} is an event of {Owner(kind.Scope)} and cannot be asked for in the notifications of {Owner(_scope)}. Valid events: {Names()}.");
            return null;
        }

        return kind;
    }

    /// <summary>How often progress of a task is told; nothing said: every ten percent.</summary>
    private EventConfigDocument ReadRollUp(ObjectReader config, EventKind[] kinds, EventConfigDocument document)
    {
        var percent = config.Integer("every_percent", 1, 100, ItemCodes.EveryPercentOutOfRange);
        var seconds = config.Integer("every_seconds", 1, MaxRollUpSeconds, ItemCodes.EverySecondsOutOfRange);
        if (kinds is not [{ Level: EventLevel.Task, State: EventCatalogue.Progress }])
        {
            foreach (var member in RollUpMembers.Where(member => kinds.Length > 0 && config.Find(member) is not null))
            {
                _problems.Add(config.PathOf(member), ItemCodes.RollUpNotAllowed, $"'{member}' belongs to TASK_PROGRESS alone.");
            }

            return document;
        }

        return document with { EveryPercent = percent ?? (seconds is null ? NotificationInterest.UsualPercent : null), EverySeconds = seconds };
    }

    private EventVarDocument? ReadVar(JsonElement element, string path) =>
        ObjectReader.Open(element, path, VarMembers, _problems) is { } pair
            ? new EventVarDocument(pair.RequiredText("name", _varName), pair.RequiredText("value", _varValue))
            : null;

    private string Names() => string.Join(", ", Allowed.Select(kind => kind.Name));

    /// <summary>Nearest names, those allowed here first; longer input is no misspelling and would take long to compare.</summary>
    private string Meant(string name)
    {
        var nearest = name.Length > 64 ? [] : EventCatalogue.Nearest(name).Where(near => Allowed.Any(kind => kind.Name == near)).ToArray();
        return nearest.Length == 0 ? "" : $" Did you mean {nearest[0]}?";
    }

    /// <summary>Whose event it is, in words.</summary>
    internal static string Owner(EventScope scope) => scope switch
    {
        EventScope.None => "a subscription",
        EventScope.Environment => "an environment",
        _ => "a job",
    };

    private sealed record Asked(string Path, EventKind[] Kinds, bool IsPattern, EventConfigDocument Config);
}
