using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Redelivery;

/// <summary>Reads the bodies that ask for another delivery.</summary>
public static class RedeliverRequestReader
{
    private const string All = "all";

    private static readonly MemberSet OfEvent = new(["last_sequence", "topic_name", "only", "subscription_id"]);
    private static readonly MemberSet OfTopic = new(["since", "until", "only", "subscription_id"]);
    private static readonly TextRule SubscriptionId = new() { MinLength = 1, MaxLength = 64 };
    private static readonly TextRule Instant = new() { MinLength = 1, MaxLength = 64 };

    /// <summary>Body of <c>POST /v1/events/{id}/redeliver</c>; without one: this event, to every topic that asked.</summary>
    public static Reading<RedeliverEventRequest> ReadEvent(JsonElement? body)
    {
        var problems = new ProblemList();
        var members = body is { } given ? ObjectReader.Open(given, JsonPath.Root, OfEvent, problems) : null;
        var request = new RedeliverEventRequest(
            members?.Integer("last_sequence", 1, int.MaxValue),
            members?.Text("topic_name", DocumentRules.TopicName),
            members is null ? All : Only(members, problems),
            members?.Text("subscription_id", SubscriptionId));
        return Reading<RedeliverEventRequest>.Of(problems, () => request);
    }

    /// <summary>Body of <c>POST /v1/topics/{name}/redeliver</c>.</summary>
    public static Reading<RedeliverTopicRequest> ReadTopic(JsonElement body)
    {
        var problems = new ProblemList();
        if (ObjectReader.Open(body, JsonPath.Root, OfTopic, problems) is not { } members)
        {
            return Reading<RedeliverTopicRequest>.Of(problems, () => new(default));
        }

        members.Require("since");
        var since = Time(members, "since", problems) ?? default;
        var until = Time(members, "until", problems);
        if (until <= since)
        {
            problems.Add(members.PathOf("until"), ItemCodes.OutOfRange, "Expected a time after 'since'.");
        }

        var only = Only(members, problems);
        var subscription = members.Text("subscription_id", SubscriptionId);
        return Reading<RedeliverTopicRequest>.Of(problems, () => new(since, until, only, subscription));
    }

    private static string Only(ObjectReader members, ProblemList problems)
    {
        var only = members.OneOf("only", ItemCodes.ValueUnknown, All, DeliveryStates.Failed, DeliveryStates.Unrouted, DeliveryStates.Dead) ?? All;
        if (only is DeliveryStates.Failed or DeliveryStates.Unrouted && members.Find("subscription_id") is not null)
        {
            problems.Add(members.PathOf("only"), ItemCodes.ValueUnknown, $"Expected {DeliveryStates.Dead} or {All} beside 'subscription_id', given \"{only}\": that is what happens to a message before a subscription has it.");
        }

        return only;
    }

    private static DateTimeOffset? Time(ObjectReader members, string name, ProblemList problems)
    {
        if (members.Text(name, Instant) is not { } text)
        {
            return null;
        }

        // The offset is asked for: without it the instant would depend on where the server stands.
        if (text.IndexOf('T', StringComparison.OrdinalIgnoreCase) is > 0 and var time
            && text.AsSpan(time).IndexOfAny("Zz+-") > 0
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant))
        {
            return instant.ToUniversalTime();
        }

        problems.Add(members.PathOf(name), ItemCodes.InstantInvalid, $"Expected an instant such as 2025-10-09T08:53:20Z, given \"{Shown.Clip(text)}\".");
        return null;
    }
}
