using BatchPlane.Contracts;
using static BatchPlane.Server.Tests.Dispatch.AddressedWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>What the dispatcher knows of the queues it sends copies to is not older than it may be.</summary>
public sealed class CopySenderTests
{
    private static readonly EventFilterDocument Jobs = new() { Levels = ["job"] };

    [Fact]
    public async Task QueueIsDeleted_OneCopyIsDeadAndTheNextArrives()
    {
        await using var world = await AddressedWorld.CreateAsync();
        await world.World.BindAsync("t");
        await world.SubscribeAsync(Queue("q", Jobs));
        var unrouted = world.Server.Count("batchplane.dispatch.unrouted");
        await world.TellAsync(1);
        await world.DeleteQueueAsync("q");

        await world.TellAsync(2);
        await world.TellAsync(3);

        Assert.Equal(["q dead", "q confirmed"], [await world.ShownAsync(2), await world.ShownAsync(3)]);
        Assert.Equal(3L, Assert.Single(await (await world.World.ConsumeAsync("q")).WhenAsync(1)).Sequence);
        Assert.Equal(0, unrouted());
    }

    [Fact]
    public async Task QueueWasSomebodysAlone_CopiesArriveOnceItIsFree()
    {
        await using var world = await AddressedWorld.CreateAsync();
        await world.World.BindAsync("t");
        var owner = await world.World.Client.CreateChannelAsync();
        await owner.QueueDeclareAsync("q", durable: false, exclusive: true, autoDelete: false);
        await world.Store.CreateAsync("t", Queue("q", Jobs), new(), "test", default);
        await world.TellAsync(1);
        Assert.Equal("q dead", await world.ShownAsync(1));
        await owner.QueueDeleteAsync("q", ifUnused: false, ifEmpty: false);

        var told = 1L;
        await Until.ReachedAsync(
            async () =>
            {
                await world.TellAsync(++told);
                return await world.ShownAsync(told);
            },
            state => state == "q confirmed",
            state => state);

        Assert.Equal(told, Assert.Single(await (await world.World.ConsumeAsync("q")).WhenAsync(1)).Sequence);
    }

    [Fact]
    public async Task DisabledInTheMiddleOfALongRow_NoMoreCopies()
    {
        const int Events = 2_000;
        await using var world = await AddressedWorld.CreateAsync(configure: options => (options.PageSize, options.MaxInFlight) = (10, 10));
        var all = await world.World.BindAsync("t");
        var subscription = await world.SubscribeAsync(Queue("q", new() { Levels = ["task_instance"] }));
        var copies = await world.World.ConsumeAsync("q");
        await world.World.AppendAsync(Job, "task_instance", "FAILED", span: Events);
        await copies.WhenAsync(1);

        await world.ChangeAsync(subscription, new() { Enabled = false });
        await all.WhenAsync(Events);

        Assert.InRange(copies.Messages.Count, 1, Events - 1);
    }

    [Fact]
    public async Task ChannelsEndAgainAndAgain_TheQueueIsDeclaredOnce()
    {
        await using var world = await AddressedWorld.CreateAsync(configure: options => (options.MaxRefusals, options.RetryMax) = (4, TimeSpan.FromMilliseconds(60)));
        var full = await world.World.BindTinyAsync("t");
        await world.SubscribeAsync(Queue("q", Jobs));
        await world.TellAsync(1);
        await world.DeleteQueueAsync("q");
        var faults = world.Server.Count("batchplane.dispatch.faults");

        // The queue of the topic is full: each refusal ends a channel. Who declared the queue anew each time would make it again.
        await world.World.AppendAsync(Job);
        await Until.ReachedAsync(() => Task.FromResult(faults()), count => count > 1, count => $"{count} faults");

        Assert.Null(await world.CountAsync("q"));
        Assert.Equal(1u, await world.CountAsync(full));
    }

    [Fact]
    public async Task EventOfAnotherSubscription_ComesAsACopyToo()
    {
        await using var world = await AddressedWorld.CreateAsync();
        var told = await world.SubscribeAsync(Queue("told", binding: "subscription.*") with { Format = SubscriptionFormat.Cloudevents });
        var other = await world.SubscribeAsync(Queue("other"));

        await world.ChangeAsync(other, new() { Enabled = false });

        var copy = Assert.Single(await (await world.World.ConsumeAsync(told.Endpoint)).WhenAsync(1));
        Assert.Equal(("SUBSCRIPTION_DISABLED", other.SubscriptionId + ":1", "application/cloudevents+json"), (copy.Properties.Type, copy.Id, copy.Properties.ContentType));
    }
}
