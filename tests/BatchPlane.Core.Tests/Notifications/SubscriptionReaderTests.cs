using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Tests.Validation;

namespace BatchPlane.Core.Tests.Notifications;

public sealed class SubscriptionReaderTests
{
    private const string Http = "\"protocol\":\"http\",\"endpoint\":\"https://example.org/hook\"";

    [Fact]
    public void QueueWithoutBinding_GetsEverything()
    {
        var subscription = Valid("""{"protocol":"QUEUE","endpoint":"q"}""");

        Assert.Equal((SubscriptionProtocol.Queue, "q", "#"), (subscription.Protocol, subscription.Endpoint, subscription.Bindings!.Single()));
        Assert.Null(subscription.Retry);
    }

    [Fact]
    public void WebhookWithoutMore_HasItsDefaults()
    {
        var subscription = Valid($$$"""{{{{Http}}}}""");

        Assert.Equal((PushForm.Standard, (PushContent?)null, 10, true), (subscription.Push, subscription.ContentFormat, subscription.MaxInFlight, subscription.Enabled));
        Assert.Equal(RetryStrategy.Standard, subscription.Retry!.Strategy);
    }

    [Fact]
    public void UrlInAnyFormOfTheAddress_IsStoredInTheOneThatIsDialled() =>
        Assert.Equal("http://127.0.0.1/x", Valid("""{"protocol":"http","endpoint":"http://0x7f.1/x"}""").Endpoint);

    [Theory]
    [InlineData("cmq", PushContent.Json)]
    [InlineData("mns", PushContent.Xml)]
    public void PushForm_HasTheContentFormatOfItsOriginal(string push, PushContent expected) =>
        Assert.Equal(expected, Valid($$$"""{{{{Http}}},"push":"{{{push}}}"}""").ContentFormat);

    [Theory]
    [InlineData("""{"endpoint":"q"}""", "$.protocol", "required")]
    [InlineData("""{"protocol":"pigeon","endpoint":"q"}""", "$.protocol", "protocol_unknown")]
    [InlineData("""{"protocol":"queue"}""", "$.endpoint", "required")]
    [InlineData("""{"protocol":"queue","endpoint":""}""", "$.endpoint", "empty")]
    [InlineData("""{"protocol":"queue","endpoint":"q","subscription_name":"1st"}""", "$.subscription_name", "subscription_name_invalid")]
    [InlineData("""{"protocol":"queue","endpoint":"amq.q"}""", "$.endpoint", "endpoint_invalid")]
    [InlineData("""{"protocol":"queue","endpoint":"batchplane.sub.x"}""", "$.endpoint", "endpoint_invalid")]
    [InlineData("""{"protocol":"queue","endpoint":"q","binding":""}""", "$.binding", "binding_invalid")]
    [InlineData("""{"protocol":"queue","endpoint":"q","binding":"job..failed"}""", "$.binding", "binding_invalid")]
    [InlineData("""{"protocol":"queue","endpoint":"q","binding":"job#"}""", "$.binding", "binding_invalid")]
    [InlineData("""{"protocol":"queue","endpoint":"q","bindings":[]}""", "$.bindings", "bindings_empty")]
    [InlineData("""{"protocol":"queue","endpoint":"q","bindings":["a","a"]}""", "$.bindings", "binding_duplicate")]
    [InlineData("""{"protocol":"queue","endpoint":"q","bindings":["a"],"binding":"b"}""", "$.bindings", "binding_duplicate")]
    [InlineData("""{"protocol":"queue","endpoint":"q","bindings":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]}""", "$.bindings", "bindings_too_many")]
    [InlineData("""{"protocol":"queue","endpoint":"q","push":"cmq"}""", "$.push", "not_of_this_protocol")]
    [InlineData("""{"protocol":"queue","endpoint":"q","filter":{"levels":["jobs"]}}""", "$.filter.levels[0]", "filter_level_unknown")]
    [InlineData("""{"protocol":"queue","endpoint":"q","filter":[]}""", "$.filter", "type_mismatch")]
    [InlineData("""{"protocol":"email","endpoint":"a@example.org","secret":"x"}""", "$.secret", "secret_invalid", "not_of_this_protocol")]
    [InlineData("""{"protocol":"email","endpoint":"not an address"}""", "$.endpoint", "endpoint_invalid")]
    [InlineData("""{"protocol":"email","endpoint":"a@example.org\r\nBcc: b@example.org"}""", "$.endpoint", "endpoint_invalid")]
    [InlineData("""{"protocol":"http","endpoint":"ftp://example.org"}""", "$.endpoint", "endpoint_invalid")]
    [InlineData("""{"protocol":"http","endpoint":"https://user:secret@example.org"}""", "$.endpoint", "endpoint_invalid")]
    [InlineData($$$"""{{{{Http}}},"enabled":1}""", "$.enabled", "type_mismatch")]
    [InlineData($$$"""{{{{Http}}},"format":"xml"}""", "$.format", "format_unknown")]
    [InlineData($$$"""{{{{Http}}},"push":"sms"}""", "$.push", "push_unknown")]
    [InlineData($$$"""{{{{Http}}},"content_format":"json"}""", "$.content_format", "not_of_this_protocol")]
    [InlineData($$$"""{{{{Http}}},"push":"cmq","content_format":"xml"}""", "$.content_format", "content_format_unknown")]
    [InlineData($$$"""{{{{Http}}},"secret":"whsec_c2hvcnQ="}""", "$.secret", "secret_invalid")]
    [InlineData($$$"""{{{{Http}}},"max_in_flight":101}""", "$.max_in_flight", "max_in_flight_out_of_range")]
    [InlineData($$$"""{{{{Http}}},"retry":{}}""", "$.retry.strategy", "required")]
    [InlineData($$$"""{{{{Http}}},"retry":{"strategy":"never"}}""", "$.retry.strategy", "retry_strategy_unknown")]
    [InlineData($$$"""{{{{Http}}},"retry":{"strategy":"standard","max_retries":3}}""", "$.retry.max_retries", "retry_invalid")]
    [InlineData($$$"""{{{{Http}}},"retry":{"strategy":"exponential","first_delay_seconds":0}}""", "$.retry.first_delay_seconds", "retry_invalid")]
    public void OneThingWrong_IsRefused(string json, string path, params string[] codes)
    {
        var reading = SubscriptionReader.Read(ReadingAssert.Parse(json), new());

        Assert.Equal(codes.Order(), reading.Problems.Select(problem => problem.Code).Order());
        Assert.All(reading.Problems, problem => Assert.Equal(path, problem.Path));
    }

    [Fact]
    public void Refusal_DoesNotShowTheSecret()
    {
        var reading = SubscriptionReader.Read(ReadingAssert.Parse($$$"""{{{{Http}}},"secret":"hunter2-hunter2"}"""), new());

        Assert.DoesNotContain("hunter2", reading.Problems.Single().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SubscriptionProtocol.Queue, """{"retry":{"strategy":"standard"}}""", "$.retry", "not_of_this_protocol")]
    [InlineData(SubscriptionProtocol.Http, """{"content_format":"json"}""", "$.content_format", "not_of_this_protocol")]
    [InlineData(SubscriptionProtocol.Http, """{"endpoint":"https://elsewhere.example"}""", "$.endpoint", "member_unknown")]
    public void ChangeOfWhatCannotBeChanged_IsRefused(SubscriptionProtocol protocol, string json, string path, string code) =>
        ReadingAssert.Refused(SubscriptionReader.ReadChange(ReadingAssert.Parse(json), Subscription(protocol, protocol == SubscriptionProtocol.Http ? PushForm.Standard : null), new()), path, code);

    [Fact]
    public void ChangeOfContentFormat_FollowsThePushForm()
    {
        var change = ReadingAssert.Parse("""{"content_format":"xml"}""");

        Assert.Equal(PushContent.Xml, SubscriptionReader.ReadChange(change, Subscription(SubscriptionProtocol.Http, PushForm.Mns), new()).Value?.ContentFormat);
        ReadingAssert.Refused(SubscriptionReader.ReadChange(change, Subscription(SubscriptionProtocol.Http, PushForm.Cmq), new()), "$.content_format", "content_format_unknown");
    }

    private static SubscriptionView Subscription(SubscriptionProtocol protocol, PushForm? push) =>
        new() { SubscriptionId = "subsc-aaaaaaaa", TopicName = "t", Protocol = protocol, Endpoint = "e", Bindings = ["#"], Push = push, CreatedAt = default };

    [Theory]
    [InlineData("#", "job.failed", true)]
    [InlineData("job.#", "job", true)]
    [InlineData("job.*", "job", false)]
    [InlineData("*.failed", "task.failed", true)]
    [InlineData("*.failed", "job.task.failed", false)]
    [InlineData("#.failed", "job.task.failed", true)]
    [InlineData("1.#.0", "1.0", true)]
    [InlineData("1.*.0", "1.0", false)]
    [InlineData("1.*.0", "1.2.0", true)]
    [InlineData("1.#.0", "1.2.3.0", true)]
    public void Binding_MatchesAsTheBrokerDecides(string pattern, string key, bool expected) => Assert.Equal(expected, BindingPattern.Matches(pattern, key));

    private static SubscriptionDocument Valid(string json) => ReadingAssert.Valid(SubscriptionReader.Read(ReadingAssert.Parse(json), new()));
}
