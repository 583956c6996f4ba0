using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Topics;

/// <summary>Reads the bodies that make topics and subscriptions.</summary>
public static partial class TopicDocumentReader
{
    private static readonly MemberSet TopicMembers = new(["topic_name"]);
    private static readonly MemberSet TestMembers = new(["routing_key"]);

    private static readonly TextRule RoutingKey = new()
    {
        MinLength = 1,
        MaxBytes = 255,
        Pattern = RoutingKeyForm(),
        Form = "words of letters, digits, '_', '-', joined by dots, as in 'job.failed'",
        InvalidCode = ItemCodes.RoutingKeyInvalid,
        TooLongCode = ItemCodes.RoutingKeyInvalid,
        EmptyCode = ItemCodes.RoutingKeyInvalid,
    };

    /// <summary>Body of <c>POST /v1/topics</c>.</summary>
    public static Reading<TopicDocument> ReadTopic(JsonElement body)
    {
        var problems = new ProblemList();
        var name = ObjectReader.Open(body, JsonPath.Root, TopicMembers, problems)?.RequiredText("topic_name", DocumentRules.TopicName) ?? "";
        return Reading<TopicDocument>.Of(problems, () => new TopicDocument(name));
    }

    /// <summary>Body of <c>POST /v1/topics/{name}/test</c>.</summary>
    public static Reading<TopicTestDocument> ReadTest(JsonElement body)
    {
        var problems = new ProblemList();
        var key = ObjectReader.Open(body, JsonPath.Root, TestMembers, problems)?.Text("routing_key", RoutingKey);
        return Reading<TopicTestDocument>.Of(problems, () => new TopicTestDocument { RoutingKey = key });
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\z")]
    private static partial Regex RoutingKeyForm();
}
