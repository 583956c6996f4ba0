using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Deliveries;
using RabbitMQ.Client;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>Servers that have the façade and serve its subscriptions.</summary>
public sealed class PushingFixture : TencentFixture
{
    protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Deliverer;

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
        [.. await base.OptionsAsync(), new("Deliveries:ReconcileInterval", "00:00:00.050"), new("Webhooks:AllowedNetworks", "127.0.0.0/8")];
}

/// <summary>A subscription of protocol http, made, published to and served as CMQ does it.</summary>
public sealed class PushedMessageTests(PushingFixture server) : IClassFixture<PushingFixture>, IAsyncLifetime
{
    private const string Tdmq = "2020-02-17";

    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Message_IsPushedWithItsTags()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"pushed"}""");
        await CallAsync("CreateCmqSubscribe", $$"""{"TopicName":"pushed","SubscriptionName":"mine","Protocol":"http","Endpoint":"{{_receiver.Url}}"}""");
        var id = (await CallAsync("PublishCmqMsg", """{"TopicName":"pushed","MsgContent":"héllo","MsgTag":["a","b"]}""")).GetProperty("MsgId").GetString();
        await CallAsync("PublishCmqMsg", """{"TopicName":"pushed","MsgContent":"untagged"}""");

        var pushes = await _receiver.WhenAsync(2);

        var tagged = Assert.Single(pushes, push => push.Headers["x-cmq-message-id"] == id);
        Assert.Equal(("text/plain", "a, b"), (tagged.Headers["content-type"], tagged.Headers["x-cmq-message-tag"]));
        var body = JsonDocument.Parse(tagged.Body).RootElement;
        Assert.Equal(["TopicOwner", "topicName", "subscriptionName", "msgId", "msgBody", "publishTime"], body.EnumerateObject().Select(member => member.Name));
        Assert.Equal(("pushed", "mine", id, "héllo"), (body.GetProperty("topicName").GetString(), body.GetProperty("subscriptionName").GetString(), body.GetProperty("msgId").GetString(), body.GetProperty("msgBody").GetString()));
        Assert.False(Assert.Single(pushes, push => push.Headers["x-cmq-message-id"] != id).Headers.ContainsKey("x-cmq-message-tag"));
        var shown = (await CallAsync("DescribeCmqSubscriptionDetail", """{"TopicName":"pushed"}""")).GetProperty("SubscriptionSet")[0];
        Assert.Equal(("http", "JSON", "EXPONENTIAL_DECAY_RETRY"), (shown.GetProperty("Protocol").GetString(), shown.GetProperty("NotifyContentFormat").GetString(), shown.GetProperty("NotifyStrategy").GetString()));
        Assert.Equal(RetryStrategy.ExponentialDecayRetry, (await server.GetAsync<TopicView>("/v1/topics/pushed")).Subscriptions[0].Retry?.Strategy);
    }

    [Fact]
    public async Task RoutingKey_IsNoTag()
    {
        await CallAsync("CreateCmqTopic", """{"TopicName":"keyed","FilterType":2}""");
        await CallAsync("CreateCmqSubscribe", $$"""{"TopicName":"keyed","SubscriptionName":"plain","Protocol":"http","Endpoint":"{{_receiver.Url}}","NotifyContentFormat":"SIMPLIFIED","NotifyStrategy":"BACKOFF_RETRY","BindingKey":["a.*"]}""");
        await CallAsync("PublishCmqMsg", """{"TopicName":"keyed","MsgContent":"text","MsgTag":["a.b"]}""");

        var push = Assert.Single(await _receiver.WhenAsync(1));

        Assert.Equal(("text", false), (push.Body, push.Headers.ContainsKey("x-cmq-message-tag")));
    }

    [Theory]
    [InlineData("odd", "jób")]
    [InlineData("broken", "a\r\nx-injected: b")]
    public async Task KeyOfSomebodyElse_IsNoHeader(string topic, string routingKey)
    {
        await CallAsync("CreateCmqTopic", $$"""{"TopicName":"{{topic}}"}""");
        await CallAsync("CreateCmqSubscribe", $$"""{"TopicName":"{{topic}}","SubscriptionName":"mine","Protocol":"http","Endpoint":"{{_receiver.Url}}"}""");
        await using var connection = await new ConnectionFactory { Uri = server.AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicPublishAsync(topic, routingKey, mandatory: false, new BasicProperties { MessageId = $"msg-{topic}:1", Type = "TOPIC_MESSAGE" }, "text"u8.ToArray());

        var push = Assert.Single(await _receiver.WhenAsync(1));

        Assert.Empty(push.Headers.Keys.Intersect(["x-cmq-message-tag", "x-injected"]));
    }

    private async Task<JsonElement> CallAsync(string action, string body)
    {
        var answer = await server.SendAsync(new() { Version = Tdmq, Action = action, Body = body });
        Assert.False(answer.TryGetProperty("Error", out var error), $"{action} {body}: {error}");
        return answer;
    }
}
