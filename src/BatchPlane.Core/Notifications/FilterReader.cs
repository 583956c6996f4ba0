using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>Reads a <c>filter</c> of events.</summary>
internal static class FilterReader
{
    internal static readonly MemberSet Members = new(["levels", "labels", "final", "changed"]);
    internal static readonly MemberSet LabelMembers = new(["key", "value"]);

    private const int MaxLevels = 16;

    private static readonly TextRule LabelKey = new() { MinLength = 1, MaxLength = 128, EmptyCode = ItemCodes.FilterLabelKeyInvalid, TooLongCode = ItemCodes.FilterLabelKeyInvalid };
    private static readonly TextRule LabelValue = new() { MaxLength = 256, TooLongCode = ItemCodes.FilterLabelValueTooLong };

    /// <summary>The filter of a block of notifications; null when the value is no object.</summary>
    internal static EventFilterDocument? ReadOfBlock(JsonElement element, string path, ProblemList problems) => Read(element, path, problems, ofBlock: true);

    /// <summary>The filter of a subscription, which chooses among events of subscriptions as well; null when the value is no object.</summary>
    internal static EventFilterDocument? ReadOfSubscription(JsonElement element, string path, ProblemList problems) => Read(element, path, problems, ofBlock: false);

    private static EventFilterDocument? Read(JsonElement element, string path, ProblemList problems, bool ofBlock)
    {
        if (ObjectReader.Open(element, path, Members, problems) is not { } filter)
        {
            return null;
        }

        return new EventFilterDocument
        {
            Levels = [.. (filter.List("levels", MaxLevels, ItemCodes.FilterLevelsTooMany, (level, at) => ReadLevel(level, at, problems, ofBlock)) ?? []).Distinct()],
            Labels = filter.List("labels", DocumentRules.MaxTags, ItemCodes.FilterLabelsTooMany, (label, at) => ReadLabel(label, at, problems)) ?? [],
            Final = filter.Flag("final") ?? false,
            Changed = filter.Flag("changed") ?? false,
        };
    }

    private static string? ReadLevel(JsonElement element, string path, ProblemList problems, bool ofBlock)
    {
        if (ObjectReader.WordOf<EventLevel>(element, path, EventCatalogue.WireName, problems, ItemCodes.FilterLevelUnknown) is not { } level)
        {
            return null;
        }

        if (ofBlock && level == EventLevel.Subscription)
        {
            problems.Add(path, ItemCodes.FilterLevelUnknown, "Events of subscriptions are told to their topics without being asked for: no block has any.");
        }

        return EventCatalogue.WireName(level);
    }

    private static LabelFilterDocument? ReadLabel(JsonElement element, string path, ProblemList problems) =>
        ObjectReader.Open(element, path, LabelMembers, problems) is { } label
            ? new LabelFilterDocument(label.RequiredText("key", LabelKey), label.Text("value", LabelValue))
            : null;
}
