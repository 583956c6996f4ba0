using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
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

    /// <summary>The block that it is.</summary>
    internal static NotificationDocument BlockOf(AlibabaNotificationDocument given) => new()
    {
        TopicName = given.Topic.Name,
        Format = NotificationFormat.Mns,
        EventConfigs = [.. given.Topic.Events.Distinct(StringComparer.Ordinal).Select(name => new EventConfigDocument { EventName = name })],
    };

    /// <summary>The member <c>notification</c> of an object; null when it asks for nothing.</summary>
    internal static AlibabaNotificationDocument? Read(
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
        var endpoint = ReadEndpoint(topic, limits, problems);
        var told = others.Where(other => other.Topics.Contains(name, StringComparer.OrdinalIgnoreCase)).SelectMany(other => other.EventConfigs).Select(config => EventCatalogue.Find(config.EventName)!).ToList();
        var kinds = topic.List("events", MaxEvents, ItemCodes.EventConfigsTooMany, (element, path) => ReadEvent(element, path, name, scope, told, problems)) ?? [];

        if (others.Count >= NotificationInterest.MaxNotifications)
        {
            problems.Add(owner.PathOf("notification"), ItemCodes.NotificationsTooMany, $"Expected at most {NotificationInterest.MaxNotifications} blocks together with 'notifications'.");
        }

        return kinds.Count == 0 ? null : new(new(name, endpoint, [.. kinds.Select(kind => kind.Name)]));
    }

    private static string? ReadEndpoint(ObjectReader topic, NotificationLimits limits, ProblemList problems)
    {
        var endpoint = topic.Text("endpoint", Endpoint);
        if (endpoint is { Length: > 0 } && !limits.Knows(endpoint))
        {
            problems.Add(topic.PathOf("endpoint"), ItemCodes.EndpointUnknown, $"The endpoint \"{Shown.Clip(endpoint)}\" is not one of this installation's. Leave it out, or have it added to the option NotificationLimits.Endpoints.");
        }

        return endpoint;
    }

    /// <summary>An event; <paramref name="told"/> are those that <c>notifications</c> ask for on its topic: a message of the same transition would have the same id.</summary>
    private static EventKind? ReadEvent(JsonElement element, string path, string topic, EventScope scope, List<EventKind> told, ProblemList problems)
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
        else if (told.Find(other => AlibabaEvents.Covers(other, kind)) is { } same)
        {
            problems.Add(path, ItemCodes.EventDuplicate, $"{kind.Name} tells the topic \"{Shown.Clip(topic)}\" what {same.Name} of 'notifications' tells it; each transition goes to a topic once.");
        }

        return kind;
    }

    private static string Allowed(EventScope scope) => string.Join(", ", AlibabaEvents.All.Where(kind => (kind.Scope & scope) != 0).Select(kind => kind.Name));
}
