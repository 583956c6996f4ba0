using System.Text;
using BatchPlane.Contracts;
using RabbitMQ.Client;

namespace BatchPlane.Server.Tests.Deliveries;

public sealed class TopicTestTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Test_SaysWhoGotIt()
    {
        await using var broken = await WebhookReceiver.StartAsync();
        broken.AnswerAlways(500);
        var good = await server.SubscribeAsync("tested", _receiver.Url);
        var bad = await server.SubscribeAsync("tested", broken.Url);
        var deaf = await server.SubscribeAsync("tested", _receiver.Url + "/deaf", "'binding':'task.#'");
        using var queue = await server.PostAsync("/v1/topics/tested/subscriptions", """{"protocol":"queue","endpoint":"tested"}""");

        var test = await TestAsync("tested", """{"routing_key":"job.failed"}""");
        var states = test.Subscriptions.ToDictionary(result => result.SubscriptionId, result => (result.Matches, result.State, result.Status));

        Assert.True(test.Routed);
        Assert.Equal((true, DeliveryState.Delivered, 200), states[good.SubscriptionId]);
        Assert.Equal((true, DeliveryState.Retrying, 500), states[bad.SubscriptionId]);
        Assert.Equal((false, null, null), states[deaf.SubscriptionId]);
        Assert.Equal((true, DeliveryState.Delivered, null), states[(await ServerFixture.ReadAsync<SubscriptionView>(queue)).SubscriptionId]);
        Assert.Equal(("TOPIC_TEST", test.EventId), (_receiver.Pushes.Single().Headers["x-batchplane-event"], _receiver.Pushes.Single().Id));
    }

    [Fact]
    public async Task QueueThatIsGoneOrUnbound_IsNotSaidToHaveIt()
    {
        using var gone = await server.PostAsync("/v1/topics", """{"topic_name":"doubted"}""");
        using var one = await server.PostAsync("/v1/topics/doubted/subscriptions", """{"protocol":"queue","endpoint":"doubted-gone"}""");
        using var two = await server.PostAsync("/v1/topics/doubted/subscriptions", """{"protocol":"queue","endpoint":"doubted-unbound"}""");
        await using var connection = await new ConnectionFactory { Uri = server.AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync("doubted-gone");
        await channel.QueueUnbindAsync("doubted-unbound", "doubted", "#");

        var states = (await TestAsync("doubted", null)).Subscriptions.ToDictionary(result => result.Endpoint, result => (result.State, result.Reason));

        Assert.Equal((DeliveryState.Dropped, "There is no such queue."), states["doubted-gone"]);
        Assert.Equal((DeliveryState.Delivered, null), states["doubted-unbound"]);
        Assert.Equal(1u, await channel.MessageCountAsync("doubted-unbound"));
    }

    [Fact]
    public async Task TestOfATopicNobodyListensTo_IsNotRouted()
    {
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"lonely"}""");

        var test = await TestAsync("lonely", null);

        Assert.Equal((false, "topic.test", 0), (test.Routed, test.RoutingKey, test.Subscriptions.Count));
    }

    [Fact]
    public async Task TestOfNoTopicOrWithNoKey_IsRefused()
    {
        using var missing = await server.Client.PostAsync("/v1/topics/missing/test", null);
        using var bad = await server.PostAsync("/v1/topics/missing/test", """{"routing_key":"job.*"}""");

        await ServerFixture.ProblemAsync(missing, 404, "topic_not_found");
        Assert.Equal("routing_key_invalid", (await ServerFixture.ProblemAsync(bad, 400, "invalid_request")).Errors![0].Code);
    }

    private async Task<TopicTestView> TestAsync(string topic, string? body)
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync($"/v1/topics/{topic}/test", content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ServerFixture.ReadAsync<TopicTestView>(response);
    }
}
