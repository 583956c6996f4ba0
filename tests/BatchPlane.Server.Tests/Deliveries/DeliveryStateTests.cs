using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Dispatch;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary><c>GET /v1/events/{id}/deliveries</c>: which subscriptions an event is shown at, and how.</summary>
public sealed class DeliveryStateTests(WholeDelivery server) : IClassFixture<WholeDelivery>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task SubscriptionsBoundSince_AreNotShown()
    {
        var queue = await QueueAsync("passed", "passed-before");
        var webhook = await server.SubscribeAsync("passed", $"{_receiver.Url}/before");
        var disabled = await DisableAsync(await server.SubscribeAsync("passed", $"{_receiver.Url}/disabled"));
        var enabledLater = await DisableAsync(await server.SubscribeAsync("passed", $"{_receiver.Url}/enabled-later"));
        var boundLater = await server.SubscribeAsync("passed", $"{_receiver.Url}/bound-later", "'binding':'job.running'");
        await server.AddJobAsync("job-passed00", "passed");
        await server.WhenAsync(webhook, "job-passed00", 1, "delivered");
        await ConfirmedAsync("job-passed00");

        await QueueAsync("passed", "passed-after");
        await server.SubscribeAsync("passed", $"{_receiver.Url}/after");
        await server.ChangeAsync(enabledLater, """{"enabled":true}""");
        await server.ChangeAsync(boundLater, """{"bindings":["job.failed"]}""");

        Assert.Equal(Lines((queue, "confirmed"), (webhook, "delivered")), await ShownAsync("job-passed00"));

        // What was redelivered to it has a result, whenever it was enabled.
        using var wish = await server.PostAsync("/v1/events/job-passed00:1/redeliver", $$"""{"subscription_id":"{{enabledLater.SubscriptionId}}"}""");
        await server.WhenAsync(enabledLater, "job-passed00", 1, "delivered");
        Assert.Equal(Lines((queue, "confirmed"), (webhook, "delivered"), (enabledLater, "delivered")), await ShownAsync("job-passed00"));
        Assert.False((await server.FindAsync(disabled)).Enabled);
    }

    [Fact]
    public async Task ResultThatMayBeForgotten_IsUnknownAndAYoungOneIsPending()
    {
        var queue = await QueueAsync("forgotten", "forgotten");
        var webhook = await server.SubscribeAsync("forgotten", _receiver.Url);
        await server.AddJobAsync("job-forgot00", "forgotten");
        await server.WhenAsync(webhook, "job-forgot00", 1, "delivered");
        await ConfirmedAsync("job-forgot00");
        await server.ExecuteAsync("DELETE FROM subscription_deliveries");

        Assert.Equal(Lines((queue, "confirmed"), (webhook, "pending")), await ShownAsync("job-forgot00"));
        await server.ExecuteAsync("UPDATE events SET occurred_at = now() - interval '15 days'");
        Assert.Equal(Lines((queue, "confirmed"), (webhook, "unknown")), await ShownAsync("job-forgot00"));
    }

    private static IEnumerable<string> Lines(params (SubscriptionView Subscription, string State)[] expected) =>
        expected.Select(each => $"{each.Subscription.SubscriptionId} {each.State}").Order(StringComparer.Ordinal);

    private async Task<IEnumerable<string>> ShownAsync(string job) =>
        Assert.Single((await server.GetAsync<EventDeliveries>($"/v1/events/{job}:1/deliveries")).Deliveries).Subscriptions!.Select(each => $"{each.SubscriptionId} {each.State}").Order(StringComparer.Ordinal);

    private Task<EventDeliveries> ConfirmedAsync(string job) => Until.ReachedAsync(
        () => server.GetAsync<EventDeliveries>($"/v1/events/{job}:1/deliveries"),
        shown => shown.Deliveries.Single().State == "confirmed",
        shown => shown.Deliveries.Single().State);

    private Task<SubscriptionView> DisableAsync(SubscriptionView subscription) => server.ChangeAsync(subscription, """{"enabled":false}""");

    private async Task<SubscriptionView> QueueAsync(string topic, string queue)
    {
        using var made = await server.PostAsync("/v1/topics", $$"""{"topic_name":"{{topic}}"}""");
        using var subscribed = await server.PostAsync($"/v1/topics/{topic}/subscriptions", $$"""{"protocol":"queue","endpoint":"{{queue}}"}""");
        return await ServerFixture.ReadAsync<SubscriptionView>(subscribed);
    }
}

/// <summary>The same while nobody publishes.</summary>
public sealed class PendingDeliveryTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>
{
    [Fact]
    public async Task EventThatTheTopicDoesNotHave_IsPendingAtAllThatAreBoundNow()
    {
        await server.AddJobAsync("job-awaited0", "awaited");
        var bound = await server.SubscribeAsync("awaited", "http://127.0.0.1:9/bound");
        var disabled = await server.SubscribeAsync("awaited", "http://127.0.0.1:9/disabled");
        await server.ChangeAsync(disabled, """{"enabled":false}""");

        var shown = Assert.Single((await server.GetAsync<EventDeliveries>("/v1/events/job-awaited0:2/deliveries")).Deliveries);

        Assert.Equal(("pending", bound.SubscriptionId, "pending"), (shown.State, Assert.Single(shown.Subscriptions!).SubscriptionId, shown.Subscriptions![0].State));
    }
}
