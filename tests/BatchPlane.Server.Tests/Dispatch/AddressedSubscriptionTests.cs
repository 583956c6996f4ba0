using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection;
using static BatchPlane.Server.Tests.Dispatch.DispatchWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>Queues whose subscriptions have a filter or a format of their own get copies from the dispatcher, past the topic.</summary>
public sealed class AddressedSubscriptionTests : IAsyncLifetime
{
    private const string Job = "job-aaaaaaaa";

    private DispatchWorld _world = null!;
    private DeliveryQueries _deliveries = null!;
    private RunningDispatcher _server = null!;
    private SubscriptionStore _store = null!;
    private SubscriptionService _subscriptions = null!;

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        _deliveries = new(_world.DataSource, new(_world.DataSource), new(_world.DataSource));
        await _world.Topics.CreateAsync("t", "test", default);
        await _world.AddJobAsync(Job, Ask("t", "JOB_RUNNING", "JOB_FAILED", "TASK_RUNNING"));
        _server = await _world.StartAsync(configure: options =>
        {
            options.RedeliveryInterval = TimeSpan.FromMilliseconds(20);
            options.MaxRefusals = 1;
            options.RefusedFor = TimeSpan.FromMilliseconds(1);
        });
        _store = _server.Services.GetRequiredService<SubscriptionStore>();
        _subscriptions = _server.Services.GetRequiredService<SubscriptionService>();
        await _server.Services.GetRequiredService<BrokerConnection>().WhenOpenAsync(default);
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task FormatAndFilter_DecideWhatTheQueueGets()
    {
        var all = await _world.BindAsync("t");
        await SubscribeAsync(Queue("ends") with { Format = SubscriptionFormat.Cloudevents, Filter = new() { Final = true } });
        await SubscribeAsync(Queue("tasks") with { Filter = new() { Levels = ["task"] } });
        await SubscribeAsync(Queue("labelled") with { Filter = new() { Labels = [new("branch", "main")] } });
        await SubscribeAsync(Queue("mns", "job.running") with { Format = SubscriptionFormat.Mns });

        await _world.AppendAsync(Job, state: "RUNNING");
        await _world.AppendAsync(Job, "task", "RUNNING");
        await _world.AppendAsync(Job, state: "FAILED", reason: "broken");
        await all.WhenAsync(3);
        await ConfirmedAsync(3);

        var end = Assert.Single(await (await _world.ConsumeAsync("ends")).WhenAsync(1));
        Assert.Equal((Job + ":3", "JOB_FAILED", "application/cloudevents+json", "ends"), (end.Id, end.Properties.Type, end.Properties.ContentType, end.RoutingKey));
        Assert.Equal(("t", "job.failed"), (end.Header("x-batchplane-topic"), end.Header("x-batchplane-routing-key")));
        Assert.Equal("broken", JsonDocument.Parse(end.Text).RootElement.GetProperty("data").GetProperty("Batch").GetProperty("StateReason").GetString());
        Assert.Equal(all.Messages.ElementAt(1).Text, Assert.Single(await (await _world.ConsumeAsync("tasks")).WhenAsync(1)).Text);
        Assert.Equal("OnJobRunning", JsonDocument.Parse(Assert.Single(await (await _world.ConsumeAsync("mns")).WhenAsync(1)).Text).RootElement.GetProperty("Event").GetString());
        Assert.Equal(["mns confirmed", "tasks confirmed", "ends confirmed"], [await ShownAsync(1), await ShownAsync(2), await ShownAsync(3)]);

        // The control: the same job with the label.
        await _world.ExecuteAsync("""UPDATE jobs SET tags = '[{"key": "branch", "value": "main"}]'""");
        await _server.StopAsync();
        await _world.StartAsync();
        await _world.AppendAsync(Job, state: "FAILED");
        Assert.Equal(4, Assert.Single(await (await _world.ConsumeAsync("labelled")).WhenAsync(1)).Sequence);
    }

    [Fact]
    public async Task EventCommittedAfterTheSubscriptionWasStored_IsInItsQueue()
    {
        var bound = await _world.BindAsync("t");
        await _world.AppendAsync(Job);
        await bound.WhenAsync(1);
        await ConfirmedAsync(1);

        // Nobody declares its queue but the dispatcher.
        await _store.CreateAsync("t", Queue("new") with { Filter = new() { Levels = ["job"] } }, new(), "test", default);
        await _world.AppendAsync(Job);
        await ConfirmedAsync(2);

        Assert.Equal([2L], (await (await _world.ConsumeAsync("new")).WhenAsync(1)).Select(message => message.Sequence));
        Assert.Equal(["", "new confirmed"], [await ShownAsync(1), await ShownAsync(2)]);
    }

    [Fact]
    public async Task NoQueueIsBoundButOneIsAddressed_TheEventIsNotUnrouted()
    {
        await SubscribeAsync(Queue("only", "job.*") with { Format = SubscriptionFormat.Mns });

        await _world.AppendAsync(Job, "task");
        await _world.AppendAsync(Job);
        var inbox = await _world.ConsumeAsync("only");
        await inbox.WhenAsync(1);
        await ConfirmedAsync(2);

        Assert.Equal("unrouted", (await _deliveries.OfEventAsync(Job, 1, default, default))!.Deliveries[0].State);
    }

    [Fact]
    public async Task CopyThatItsQueueDoesNotTake_IsGivenUpThereAloneAndCanBeHadAgain()
    {
        var bound = await _world.BindAsync("t");
        var full = await _world.BindTinyAsync("other");
        var subscription = await SubscribeAsync(Queue(full) with { Filter = new() { Levels = ["job"] } });
        await _world.AppendAsync(Job);
        await _world.AppendAsync(Job);
        await bound.WhenAsync(2);
        await ConfirmedAsync(2);
        Assert.Equal([$"{full} confirmed", $"{full} dead"], [await ShownAsync(1), await ShownAsync(2)]);
        var dead = Assert.Single(await _deliveries.ListAsync(new(Job, "dead", null, null, null), null, 10, default));

        var inbox = await _world.ConsumeAsync(full);
        await inbox.WhenAsync(1);
        var done = await RedeliverAsync(new(null, "t", Now.AddDays(-1), null, "dead", "user:test", subscription.SubscriptionId));

        Assert.Equal((subscription.SubscriptionId, 1L, 0L), (dead.SubscriptionId, done.Sent, done.Failed));
        Assert.Equal([1L, 2L], (await inbox.WhenAsync(2)).Select(message => message.Sequence));
        Assert.Equal($"{full} confirmed", await ShownAsync(2));
        Assert.Equal(2, bound.Messages.Select(message => message.Id).Distinct().Count());
    }

    [Fact]
    public async Task RedeliveryToASubscription_IsWhatItsFilterLetsPass()
    {
        await _world.BindAsync("t");
        await _world.AppendAsync(Job);
        await _world.AppendAsync(Job, "task");
        await ConfirmedAsync(2);
        var subscription = await SubscribeAsync(Queue("late") with { Filter = new() { Levels = ["task"] }, Format = SubscriptionFormat.Cloudevents });

        var done = await RedeliverAsync(new(null, "t", Now.AddDays(-1), null, null, "user:test", subscription.SubscriptionId));

        Assert.Equal(1, done.Sent);
        var inbox = await _world.ConsumeAsync("late");
        var again = Assert.Single(await inbox.WhenAsync(1));
        Assert.Equal((2L, "application/cloudevents+json"), (again.Sequence, again.Properties.ContentType));

        // What the topic gets again as a whole, they get too.
        await RedeliverAsync(new(null, "t", Now.AddDays(-1), null, null, "user:test"));
        var both = await Until.ReachedAsync(() => Task.FromResult(inbox.Messages.ToArray()), messages => messages.Length == 2, messages => $"{messages.Length} messages");
        Assert.Equal(2, both[1].Sequence);
    }

    [Fact]
    public async Task FilterComesAndGoes_TheQueueIsUnboundAndBoundAgain()
    {
        var all = await _world.BindAsync("t");
        var subscription = await SubscribeAsync(Queue("q"));
        await _subscriptions.ChangeAsync("t", subscription.SubscriptionId, new() { Filter = new() { Levels = ["task"] } }, "user:test", default);
        await _world.AppendAsync(Job);
        await _world.AppendAsync(Job, "task");
        await all.WhenAsync(2);
        await ConfirmedAsync(2);
        await _subscriptions.ChangeAsync("t", subscription.SubscriptionId, new() { Filter = new() }, "user:test", default);
        await _world.AppendAsync(Job);
        await all.WhenAsync(3);
        await ConfirmedAsync(3);

        Assert.Equal([2L, 3L], (await (await _world.ConsumeAsync("q")).WhenAsync(2)).Select(message => message.Sequence));
        Assert.Null((await _store.FindAsync("t", subscription.SubscriptionId, default))!.Filter);
        Assert.Equal("q confirmed", await ShownAsync(3));
    }

    private static SubscriptionDocument Queue(string name, string binding = "#") => new() { Protocol = SubscriptionProtocol.Queue, Endpoint = name, Bindings = [binding] };

    private async Task<SubscriptionView> SubscribeAsync(SubscriptionDocument document) =>
        Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("t", document, "test", default)).Subscription;

    private Task<string> ConfirmedAsync(long sequence) =>
        Until.ReachedAsync(async () => (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries[0].State, state => state == "confirmed", state => state);

    private async Task<string> ShownAsync(long sequence) => string.Join(
        ", ",
        (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries[0].Subscriptions!.OrderBy(each => each.Endpoint, StringComparer.Ordinal).Select(each => $"{each.Endpoint} {each.State}"));

    private async Task<RedeliveryView> RedeliverAsync(RedeliveryWish wish)
    {
        var store = new RedeliveryStore(_world.DataSource);
        var id = Assert.IsType<RedeliveryOutcome.Accepted>(await store.CreateAsync(wish, null, 10, default)).View.RedeliveryId;
        return (await Until.ReachedAsync(() => store.FindAsync(id, default), view => view!.State == "done", view => view!.State))!;
    }
}
