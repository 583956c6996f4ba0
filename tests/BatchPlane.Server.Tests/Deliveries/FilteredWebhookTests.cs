using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Webhooks with a filter, from the journal to the endpoint.</summary>
public sealed class FilteredWebhookTests(WholeDelivery server) : IClassFixture<WholeDelivery>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task WhatTheFilterLeavesOut_IsNotSentAndNotShown()
    {
        await using var other = await WebhookReceiver.StartAsync();
        var ends = await server.SubscribeAsync("filtered", _receiver.Url, "'filter':{'final':true},'format':'cloudevents'");
        var tasks = await server.SubscribeAsync("filtered", other.Url, "'filter':{'levels':['task']}");
        await server.AddJobAsync("job-filter00", "filtered");
        for (var sequence = 1; sequence <= 3; sequence++)
        {
            await server.WhenAsync(ends, "job-filter00", sequence, "delivered");
        }

        var shown = Assert.Single((await server.GetAsync<EventDeliveries>("/v1/events/job-filter00:2/deliveries")).Deliveries);
        Assert.Equal(("confirmed", ends.SubscriptionId, "delivered"), (shown.State, Assert.Single(shown.Subscriptions!).SubscriptionId, shown.Subscriptions![0].State));
        Assert.All(_receiver.Pushes, push => Assert.Equal("application/cloudevents+json", push.Headers["content-type"]));

        // The control: the other webhook gets what passes, here a test, which no filter is about; and all once its filter is gone.
        using var response = await server.PostAsync("/v1/topics/filtered/test", "{}");
        var test = await ServerFixture.ReadAsync<TopicTestView>(response);
        Assert.True(test.Routed);
        Assert.All(test.Subscriptions, result => Assert.Equal((true, DeliveryState.Delivered), (result.Matches, result.State)));
        Assert.Equal([test.EventId], other.Pushes.Select(push => push.Id));
        Assert.Null((await server.ChangeAsync(tasks, """{"filter":{}}""")).Filter);
        await server.AddJobAsync("job-filter01", "filtered");
        await server.WhenAsync(tasks, "job-filter01", 3, "delivered");
        Assert.True((await server.FindAsync(ends)).Filter!.Final);
    }

    [Fact]
    public async Task QueueWithAFormat_IsToldTheTestToo()
    {
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"formatted"}""");
        using var subscribed = await server.PostAsync("/v1/topics/formatted/subscriptions", """{"protocol":"queue","endpoint":"formatted","format":"mns","filter":{"labels":[{"key":"a"}]}}""");
        var queue = await ServerFixture.ReadAsync<SubscriptionView>(subscribed);

        using var response = await server.PostAsync("/v1/topics/formatted/test", "{}");
        var result = Assert.Single((await ServerFixture.ReadAsync<TopicTestView>(response)).Subscriptions);

        Assert.Equal((SubscriptionFormat.Mns, "a"), (queue.Format, Assert.Single(queue.Filter!.Labels).Key));
        Assert.Equal((true, DeliveryState.Delivered), (result.Matches, result.State));
    }
}
