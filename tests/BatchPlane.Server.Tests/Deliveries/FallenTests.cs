using BatchPlane.Contracts;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Tests.Dispatch;
using RabbitMQ.Client;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A server whose webhooks have small queues, and events a short life in them.</summary>
public sealed class SmallQueues : DeliveryFixture
{
    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
    [
        .. (await base.OptionsAsync()).Where(option => option.Key != "Deliveries:PauseMin"),
        new("SubscriptionLimits:MaxAge", "00:00:02"),
        new("SubscriptionLimits:MaxQueueBytes", "1000"),
        new("Deliveries:PauseAfter", "1"),
        new("Deliveries:PauseMin", "00:00:00.500"),
        new("Deliveries:HoldMax", "00:00:00.100"),
    ];
}

/// <summary>What waits for an endpoint is bounded, and what falls out is recorded.</summary>
public sealed class FallenTests(SmallQueues server) : IClassFixture<SmallQueues>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task QueueIsFull_TheOldestFallOutAndAreRecorded()
    {
        var subscription = await DisabledAsync("full");
        await BindAsync("full", subscription.SubscriptionId);
        await server.PublishAsync("full", "job-full0000", [.. Enumerable.Range(1, 60).Select(number => (long)number)]);

        var row = await server.WhenAsync(subscription, "job-full0000", 1, "dropped");

        Assert.Equal((0, "The subscription's queue was full (max_queue_bytes)."), (row!.Tries, row.Reason));
        Assert.Equal((2, 1000L), (subscription.MaxAgeSeconds, subscription.MaxQueueBytes));
    }

    [Fact]
    public async Task NobodyTakesIt_TooOldEventsFallOutAndAreRecorded()
    {
        var subscription = await DisabledAsync("old");
        await BindAsync("old", subscription.SubscriptionId);
        await server.PublishAsync("old", "job-old00000", 1);

        Assert.Equal(FallenWorker.TooOld, (await server.WhenAsync(subscription, "job-old00000", 1, "dropped"))!.Reason);
    }

    [Fact]
    public async Task EndpointFailsForLonger_WhatWasHeldBackIsGivenUp()
    {
        _receiver.AnswerAlways(500);
        var subscription = await server.SubscribeAsync("held", _receiver.Url, "'retry':{'strategy':'exponential','first_delay_seconds':1,'max_delay_seconds':1,'max_retries':60}");
        await server.PublishAsync("held", "job-held0000", 1);

        Assert.Equal(FallenWorker.TooOld, (await server.WhenAsync(subscription, "job-held0000", 1, "dead"))!.Reason);
    }

    /// <summary>A subscription whose worker has begun and is to end: one that is just about to begin would still take something.</summary>
    private async Task<SubscriptionView> DisabledAsync(string topic)
    {
        var subscription = await server.SubscribeAsync(topic, _receiver.Url);
        await Until.ReachedAsync(() => server.ConsumersAsync(subscription), count => count == 1, count => $"{count} consumers");
        await server.ChangeAsync(subscription, """{"enabled":false}""");
        return subscription;
    }

    /// <summary>Its worker is gone when the subscription is disabled; what is published now stays in its queue.</summary>
    private async Task BindAsync(string topic, string subscriptionId)
    {
        await using var connection = await new ConnectionFactory { Uri = server.AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await Until.ReachedAsync(
            async () => (await channel.QueueDeclarePassiveAsync($"batchplane.sub.{subscriptionId}")).ConsumerCount,
            consumers => consumers == 0,
            consumers => $"{consumers} consumers");
        await channel.QueueBindAsync($"batchplane.sub.{subscriptionId}", topic, "#");
    }
}
