using BatchPlane.Contracts;
using RabbitMQ.Client;
using static BatchPlane.Server.Tests.Dispatch.AddressedWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>A queue loses nothing while its filter comes or goes, when it passes from its binding to copies or back.</summary>
public sealed class HandoverTests
{
    private static readonly EventFilterDocument Jobs = new() { Levels = ["job"] };

    /// <summary>The filter lets all of these events pass, so the queue has to have them all, however often it changes hands. The control is that the events do pass while it does.</summary>
    [Fact]
    public async Task FilterComesAndGoesWhileEventsPass_TheQueueHasThemAll()
    {
        const int Events = 150;
        await using var world = await AddressedWorld.CreateAsync();
        var subscription = await world.SubscribeAsync(Queue("q"));
        var inbox = await world.World.ConsumeAsync("q");
        var telling = Task.Run(async () =>
        {
            for (var told = 0; told < Events; told++)
            {
                await world.World.AppendAsync(Job);
            }
        });

        var changes = 0;
        for (; !telling.IsCompleted; changes++)
        {
            await world.ChangeAsync(subscription, new() { Filter = changes % 2 == 0 ? Jobs : new() });
        }

        await telling;
        await world.LeftAsync(Events);

        Assert.Equal(Events, (await inbox.WhenAsync(Events)).Select(message => message.Sequence).Distinct().Count());
        Assert.True(changes > 4, $"{changes} changes");
    }

    [Fact]
    public async Task ServerDiesOnceTheFilterIsGone_CopiesGoOnUntilTheQueueIsBound()
    {
        await using var world = await AddressedWorld.CreateAsync();
        await world.World.BindAsync("t");
        var subscription = await world.SubscribeAsync(Queue("q", Jobs));
        await world.TellAsync(1);

        // Stored, and nothing else.
        await world.Store.ChangeAsync("t", subscription.SubscriptionId, new() { Filter = new() }, "user:test", default);
        await world.TellAsync(2);
        Assert.False(await world.World.ScalarAsync<bool>("SELECT was_addressed FROM subscriptions"));
        await world.TellAsync(3);

        Assert.Equal([1L, 2L, 3L], (await (await world.World.ConsumeAsync("q")).WhenAsync(3)).Select(message => message.Sequence).Distinct());
        Assert.Equal(["q confirmed", "q confirmed"], [await world.ShownAsync(2), await world.ShownAsync(3)]);
    }

    [Fact]
    public async Task QueueThatIsAddressedNoMoreIsDisabledAndEnabled_CopiesGoOnUntilItIsBound()
    {
        await using var world = await AddressedWorld.CreateAsync();
        await world.World.BindAsync("t");
        var subscription = await world.SubscribeAsync(Queue("q", Jobs, "job.*"));
        foreach (var change in new SubscriptionChange[] { new() { Filter = new(), Enabled = false }, new() { Enabled = true } })
        {
            await world.Store.ChangeAsync("t", subscription.SubscriptionId, change, "user:test", default);
        }

        await world.TellAsync(1);

        Assert.Equal("q confirmed", await world.ShownAsync(1));
        Assert.Equal(1L, Assert.Single((await (await world.World.ConsumeAsync("q")).WhenAsync(1)).DistinctBy(message => message.Id)).Sequence);
    }

    [Fact]
    public async Task EventsWaitBeforeAFilterComes_TheBindingStaysUntilTheyAreDelivered()
    {
        await using var world = await AddressedWorld.CreateAsync(dispatcher: false);
        var subscription = await world.SubscribeAsync(Queue("q"));
        var disabled = await world.SubscribeAsync(Queue("other"));
        await world.World.AppendAsync(Job);

        await world.ChangeAsync(subscription, new() { Filter = new() { Levels = ["task"] } });
        await world.ChangeAsync(disabled, new() { Enabled = false });

        // As who had read the event before the change sends it.
        await SendAsync(world);
        Assert.Equal([1u, 0u], [await world.CountAsync("q"), await world.CountAsync("other")]);

        await using var dispatcher = await world.World.StartAsync();
        await world.LeftAsync(1);
        await Until.ReachedAsync(() => world.World.ScalarAsync<long>("SELECT count(*) FROM topology_removals"), left => left == 0, left => $"{left} removals left");
        var before = await world.CountAsync("q");
        await SendAsync(world);
        Assert.Equal(before, await world.CountAsync("q"));
    }

    private static async Task SendAsync(AddressedWorld world)
    {
        await using var channel = await world.World.Client.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await channel.BasicPublishAsync("t", "job.running", mandatory: false, "x"u8.ToArray());
    }
}
