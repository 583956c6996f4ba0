using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>
/// Reads Alibaba's <c>{"Notification": {"Topic": {"Name", "Endpoint", "Events"}}}</c>. An empty topic, or one without events, asks for nothing. The
/// endpoint is only looked up among those that stand for this installation's broker: an address from a request is never dialled.
/// </summary>
internal static class AlibabaNotificationReader
{
    internal static readonly MemberSet Members = new(["topic"]);
    internal static readonly MemberSet TopicMembers = new(["name", "endpoint", "events"]);

    /// <summary>More than there are: a repeated one is no problem.</summary>
    private const int MaxEvents = 64;

    private static readonly TextRule Endpoint = new() { MaxLength = 255, TooLongCode = ItemCodes.EndpointUnknown };

    /// <summary>The member <c>notification</c> of an object as a block; null when it asks for nothing.</summary>
    internal static NotificationDocument? Read(
        ObjectReader owner,
        EventScope scope,
        NotificationLimits limits,
        IReadOnlyList<NotificationDocument> others,
        ProblemList problems)
    {
        if (owner.Find("notification") is not { } value
            || ObjectReader.Open(value, owner.PathOf("notification"), Members, problems) is not { } notification
            || notification.Find("topic") is not { } given
            || ObjectReader.Open(given, notification.PathOf("topic"), TopicMembers, problems) is not { } topic
            || (given.ValueKind == JsonValueKind.Object && !given.EnumerateObject().Any()))
        {
            return null;
        }

        var name = topic.RequiredText("name", DocumentRules.TopicName);
        CheckEndpoint(topic, limits, problems);
        var kinds = topic.List("events", MaxEvents, ItemCodes.EventConfigsTooMany, (element, path) => ReadEvent(element, path, scope, problems)) ?? [];
        if (DocumentRules.TopicName.IsMetBy(name) && others.Any(other => other.Topics.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            problems.Add(topic.PathOf("name"), ItemCodes.EventDuplicate, $"The topic \"{Shown.Clip(name)}\" is in 'notifications', too; each event goes to a topic once.");
        }

        if (others.Count >= NotificationInterest.MaxNotifications)
        {
            problems.Add(owner.PathOf("notification"), ItemCodes.NotificationsTooMany, $"Expected at most {NotificationInterest.MaxNotifications} blocks together with 'notifications'.");
        }

        return kinds.Count == 0 ? null : new NotificationDocument
        {
            TopicName = name,
            Format = NotificationFormat.Mns,
            EventConfigs = [.. kinds.Distinct().Select(kind => new EventConfigDocument { EventName = kind.Name })],
        };
    }

    private static void CheckEndpoint(ObjectReader topic, NotificationLimits limits, ProblemList problems)
    {
        if (topic.Text("endpoint", Endpoint) is { Length: > 0 } endpoint && !limits.Knows(endpoint))
        {
            problems.Add(topic.PathOf("endpoint"), ItemCodes.EndpointUnknown, $"The endpoint \"{Shown.Clip(endpoint)}\" is not one of this installation's. Leave it out, or have it added to the option NotificationLimits.Endpoints.");
        }
    }

    private static EventKind? ReadEvent(JsonElement element, string path, EventScope scope, ProblemList problems)
    {
        if (ObjectReader.TextOf(element, path, new TextRule(), problems) is not { } name)
        {
            return null;
        }

        // Exactly as listed, as the original compares them.
        var kind = AlibabaEvents.Find(name) is { } found && found.Name == name ? found : null;
        if (kind is null)
        {
            problems.Add(path, ItemCodes.EventUnknown, $"There is no event \"{Shown.Clip(name)}\" of {EventConfigReader.Owner(scope)} here. Valid events: {Allowed(scope)}.");
        }
        else if ((kind.Scope & scope) == 0)
        {
            problems.Add(path, ItemCodes.EventNotAllowed, $"{kind.Name} is an event of {EventConfigReader.Owner(kind.Scope)}. Valid events of {EventConfigReader.Owner(scope)}: {Allowed(scope)}.");
            return null;
        }

        return kind;
    }

    private static string Allowed(EventScope scope) => string.Join(", ", AlibabaEvents.All.Where(kind => (kind.Scope & scope) != 0).Select(kind => kind.Name));
}
