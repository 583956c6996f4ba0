using System.Net;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>What happens to a subscription is in the journal and told to its topic, as all events are.</summary>
public sealed class SubscriptionEventTests(WholeDelivery server) : IClassFixture<WholeDelivery>, IAsyncLifetime
{
    private WebhookReceiver _endpoint = null!;
    private WebhookReceiver _watcher = null!;

    public async Task InitializeAsync() => (_endpoint, _watcher) = (await WebhookReceiver.StartAsync(), await WebhookReceiver.StartAsync());

    public async Task DisposeAsync()
    {
        await _endpoint.DisposeAsync();
        await _watcher.DisposeAsync();
        var checker = new InvariantChecker(server.Services.GetRequiredService<NpgsqlDataSource>());
        foreach (var rule in InvariantChecker.Names.Where(name => name.StartsWith("journal", StringComparison.Ordinal)))
        {
            var result = await checker.CheckAsync(rule, TimeSpan.FromSeconds(10), 10, default);
            Assert.DoesNotContain(result.Violations, violation => violation.StartsWith("subsc-", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task GoneEndpoint_IsAnEventOfTheJournalLikeAnyOther()
    {
        _endpoint.AnswerAlways(410);
        var subscription = await server.SubscribeAsync("gone", _endpoint.Url);
        var id = $"{subscription.SubscriptionId}:1";
        var watching = await server.SubscribeAsync("gone", _watcher.Url, "'binding':'subscription.#'");
        await server.PublishAsync("gone", "job-gone0000", 1);

        var told = (await _watcher.WhenAsync(1))[0];
        var disabled = await server.FindAsync(subscription);
        var listed = await ListedAsync("level=subscription&text=answered", 1);

        using var body = JsonDocument.Parse(told.Body);
        var batch = body.RootElement.GetProperty("Events")[0].GetProperty("Batch");
        Assert.Equal((id, "SUBSCRIPTION_DISABLED"), (told.Id, told.Headers["x-batchplane-event"]));
        Assert.Equal($$"""{"TopicName":"gone","SubscriptionId":"{{subscription.SubscriptionId}}","StateReason":"The endpoint answered 410 Gone."}""", batch.GetRawText());
        Assert.Equal((false, "The endpoint answered 410 Gone."), (disabled.Enabled, disabled.DisabledReason));
        Assert.NotNull(disabled.DisabledAt);
        await server.WhenAsync(subscription, "job-gone0000", 1, "dead");
        var view = Assert.Single(listed);
        Assert.Equal(
            (id, "subscription", "SUBSCRIPTION_DISABLED", Cause.EndpointGone, "The endpoint answered 410 Gone.", "engine", "gone"),
            (view.EventId, view.Level, view.EventName, view.Cause, view.Reason, view.Source, view.Topics.Single()));

        await server.WhenAsync(watching, subscription.SubscriptionId, 1, "delivered");
        var deliveries = await Until.ReachedAsync(() => server.GetAsync<EventDeliveries>($"/v1/events/{id}/deliveries"), found => found.Deliveries.Single().State == "confirmed", found => found.Deliveries.Single().State);
        Assert.Equal((watching.SubscriptionId, "delivered"), deliveries.Deliveries.Single().Subscriptions!.Select(each => (each.SubscriptionId, each.State)).Single());

        using var wished = await server.PostAsync($"/v1/events/{id}/redeliver", """{"only":"all"}""");
        Assert.Equal(HttpStatusCode.Accepted, wished.StatusCode);
        Assert.Equal(id, (await _watcher.WhenAsync(2))[1].Id);
    }

    [Fact]
    public async Task UserWhoDisablesAndEnables_IsTheSourceOfBoth()
    {
        var subscription = await server.SubscribeAsync("switched", _endpoint.Url, "'binding':'job.#'");
        await server.SubscribeAsync("switched", _watcher.Url, "'binding':'subscription.*','format':'mns'");
        await server.ChangeAsync(subscription, """{"enabled":true}""");
        await server.ChangeAsync(subscription, """{"enabled":false}""");
        await server.ChangeAsync(subscription, """{"enabled":false,"max_in_flight":2}""");
        await server.ChangeAsync(subscription, """{"enabled":true}""");

        var told = await _watcher.WhenAsync(2);
        var listed = await ListedAsync($"subscription={subscription.SubscriptionId}", 2);

        Assert.Equal(["SUBSCRIPTION_ENABLED", "SUBSCRIPTION_DISABLED"], listed.Select(view => view.EventName));
        Assert.All(listed, view => Assert.StartsWith("user:", view.Source, StringComparison.Ordinal));
        Assert.Equal([2L, 1], listed.Select(view => view.Sequence));
        Assert.Equal(
            [
                $$"""{"Category":"Topic","TopicName":"switched","SubscriptionId":"{{subscription.SubscriptionId}}","Event":"SUBSCRIPTION_DISABLED","State":"Disabled","Message":"disabled by a user"}""",
                $$"""{"Category":"Topic","TopicName":"switched","SubscriptionId":"{{subscription.SubscriptionId}}","Event":"SUBSCRIPTION_ENABLED","State":"Enabled","Message":""}""",
            ],
            told.OrderBy(push => push.Id).Select(push => push.Body));
    }

    [Fact]
    public async Task EventOfWhatWasDeleted_IsReadAndHoldsUpNothing()
    {
        // Both in one shard: what cannot be sent any more lies before what can.
        var left = await server.SubscribeAsync("left", _endpoint.Url, "'binding':'job.#'");
        await server.SubscribeAsync("left", _watcher.Url, "'binding':'subscription.*'");
        await server.ExecuteAsync(
            $"""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, reason, source, occurred_at, notify, details)
            VALUES (pg_current_xact_id(), {DispatcherShard.Of(left.SubscriptionId)}, 'subsc-deleted0', 1, 'subscription', 'DISABLED', 'gone', 'engine', now(), 1, '{"{\"topic_name\":\"deleted\"}"}')
            """);
        await server.ChangeAsync(left, """{"enabled":false}""");
        await server.Client.DeleteAsync(DeliveryFixture.PathOf(left));

        // Its topic is there, so that the event of a subscription that is gone comes all the same.
        Assert.Equal($"{left.SubscriptionId}:1", (await _watcher.WhenAsync(1))[0].Id);
        Assert.Equal(["left", "deleted"], [(await ListedAsync($"subscription={left.SubscriptionId}", 1))[0].Topics.Single(), (await ListedAsync("subscription=subsc-deleted0", 1))[0].Topics.Single()]);
        var failed = (await server.GetAsync<EventDeliveries>("/v1/events/subsc-deleted0:1/deliveries")).Deliveries.Single();
        Assert.Equal(("failed", "There is no topic 'deleted'."), (failed.State, failed.Reason));
        Assert.Null((await server.GetAsync<Page<TopicView>>("/v1/topics")).Items.FirstOrDefault(topic => topic.TopicName == "deleted"));
    }

    [Fact]
    public async Task SubscriptionAsFilter_BesideAJobIsRefused()
    {
        using var refused = await server.Client.GetAsync("/v1/events?job=job-4yn0we13&subscription=subsc-7h2kq9xa");

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("?subscription", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<EventView>> ListedAsync(string filter, int count) => (await Until.ReachedAsync(
        () => server.GetAsync<JournalPage<EventView>>($"/v1/events?{filter}&order=desc"),
        page => page.Items.Count >= count,
        page => $"{page.Items.Count} events")).Items;
}
