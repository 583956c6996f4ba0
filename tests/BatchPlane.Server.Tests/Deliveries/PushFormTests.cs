using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>The push forms of CMQ and MNS, member by member.</summary>
public sealed class PushFormTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private const long PublishedAt = 1_760_000_000;
    private static readonly string Event = Encoding.UTF8.GetString(DeliveryFixture.BodyOf(1));

    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task CmqJson_HasItsSixMembersInOrder()
    {
        var (push, id) = await PushAsync("cmq-json", "'push':'cmq'");

        var text = JsonSerializer.Serialize(Event, BatchPlaneJson.Options);
        Assert.Equal(
            $$"""{"TopicOwner":0,"topicName":"cmq-json","subscriptionName":"{{id}}","msgId":"job-pushed00:1","msgBody":{{text}},"publishTime":{{PublishedAt}}}""",
            push.Body);
        Assert.Equal(("text/plain", "Qcloud Notification Service Agent", "job-pushed00:1"), (push.Headers["content-type"], push.Headers["user-agent"], push.Headers["x-cmq-message-id"]));
        Assert.True(Guid.TryParse(push.Headers["x-cmq-request-id"], out _));
        Assert.False(push.Headers.ContainsKey("x-cmq-message-tag"));
    }

    [Fact]
    public async Task CmqSimplified_IsTheEvent()
    {
        var (push, _) = await PushAsync("cmq-plain", "'push':'cmq','content_format':'simplified'");

        Assert.Equal((Event, "text/plain"), (push.Body, push.Headers["content-type"]));
    }

    [Fact]
    public async Task MnsXml_HasItsNineMembers()
    {
        var (push, id) = await PushAsync("mns-xml", "'push':'mns'");

        var root = XDocument.Parse(push.Body).Root!;
        Assert.Equal("Notification", root.Name.LocalName);
        AssertMembers("mns-xml", id, root.Elements().ToDictionary(element => element.Name.LocalName, element => element.Value));
        Assert.Equal(("/notifications", "text/xml;charset=utf-8", "2015-06-06"), (push.Path, push.Headers["content-type"], push.Headers["x-mns-version"]));
        Assert.True(push.Headers.ContainsKey("x-mns-request-id") && push.Headers.ContainsKey("date") && push.Headers.ContainsKey("content-md5"));
        Assert.False(push.Headers.ContainsKey("x-mns-message-id"));
    }

    [Fact]
    public async Task MnsJson_HasTheSameMembers()
    {
        var (push, id) = await PushAsync("mns-json", "'push':'mns','content_format':'json'");

        AssertMembers("mns-json", id, JsonSerializer.Deserialize<Dictionary<string, string>>(push.Body)!);
    }

    [Fact]
    public async Task MnsSimplified_IsTheEventWithItsIdBeside()
    {
        var (push, _) = await PushAsync("mns-plain", "'push':'mns','content_format':'simplified'");

        Assert.Equal((Event, "job-pushed00:1"), (push.Body, push.Headers["x-mns-message-id"]));
    }

    private static void AssertMembers(string topic, string subscriptionId, Dictionary<string, string> members)
    {
        Assert.Equal(
            ["TopicOwner", "TopicName", "Subscriber", "SubscriptionName", "MessageId", "Message", "MessageMD5", "MessageTag", "PublishTime"],
            members.Keys);
        Assert.Equal((topic, subscriptionId, "job-pushed00:1", Event), (members["TopicName"], members["SubscriptionName"], members["MessageId"], members["Message"]));
        Assert.Equal($"{PublishedAt}000", members["PublishTime"]);
    }

    private async Task<(Push Push, string SubscriptionId)> PushAsync(string topic, string form)
    {
        var subscription = await server.SubscribeAsync(topic, _receiver.Url, form);
        await server.PublishAsync(topic, "job-pushed00", 1);
        return ((await _receiver.WhenAsync(1))[0], subscription.SubscriptionId);
    }
}
