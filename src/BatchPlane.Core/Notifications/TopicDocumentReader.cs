using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Notifications;

/// <summary>Reads the bodies that make topics and subscriptions.</summary>
public static partial class TopicDocumentReader
{
    /// <summary>Longest queue name and binding of AMQP 0-9-1, in bytes.</summary>
    private const int MaxShortString = 255;

    private const string DefaultBinding = "#";

    private static readonly MemberSet TopicMembers = new(["topic_name"]);
    private static readonly MemberSet SubscriptionMembers = new(["protocol", "endpoint", "binding"]);

    private static readonly TextRule Endpoint = new()
    {
        MinLength = 1,
        MaxBytes = MaxShortString,
        Pattern = NotReserved(),
        Form = "a queue name not starting with 'amq.', which RabbitMQ keeps for itself",
        InvalidCode = ItemCodes.EndpointInvalid,
        TooLongCode = ItemCodes.EndpointInvalid,
    };

    private static readonly TextRule Binding = new()
    {
        MinLength = 1,
        MaxBytes = MaxShortString,
        Pattern = BindingPattern(),
        Form = "words of letters, digits, '_', '-', or '*' or '#', joined by dots, as in 'job.#' or '*.failed'",
        InvalidCode = ItemCodes.BindingInvalid,
        TooLongCode = ItemCodes.BindingInvalid,
        EmptyCode = ItemCodes.BindingInvalid,
    };

    /// <summary>Body of <c>POST /v1/topics</c>.</summary>
    public static Reading<TopicDocument> ReadTopic(JsonElement body)
    {
        var problems = new ProblemList();
        var name = ObjectReader.Open(body, JsonPath.Root, TopicMembers, problems)?.RequiredText("topic_name", DocumentRules.TopicName) ?? "";
        return Reading<TopicDocument>.Of(problems, () => new TopicDocument(name));
    }

    /// <summary>Body of <c>POST /v1/topics/{name}/subscriptions</c>.</summary>
    public static Reading<SubscriptionDocument> ReadSubscription(JsonElement body)
    {
        var problems = new ProblemList();
        var subscription = ObjectReader.Open(body, JsonPath.Root, SubscriptionMembers, problems) is { } members ? ReadMembers(members) : null;
        return Reading<SubscriptionDocument>.Of(problems, () => subscription!);
    }

    private static SubscriptionDocument ReadMembers(ObjectReader members)
    {
        members.Require("protocol");
        return new SubscriptionDocument
        {
            Protocol = members.OneOf("protocol", ItemCodes.ValueUnknown, "queue") ?? "",
            Endpoint = members.RequiredText("endpoint", Endpoint),
            Binding = members.Text("binding", Binding) ?? DefaultBinding,
        };
    }

    [GeneratedRegex(@"^(?!amq\.)", RegexOptions.IgnoreCase)]
    private static partial Regex NotReserved();

    [GeneratedRegex(@"^(?:[A-Za-z0-9_-]+|\*|#)(?:\.(?:[A-Za-z0-9_-]+|\*|#))*\z")]
    private static partial Regex BindingPattern();
}
