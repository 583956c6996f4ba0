using BatchPlane.Core.Journal;
using static BatchPlane.Server.Tests.Dispatch.AddressedWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>What is delivered again to addressed subscriptions, and what of it is counted as what.</summary>
public sealed class AddressedRedeliveryTests : IAsyncLifetime
{
    private AddressedWorld _world = null!;

    public async Task InitializeAsync() => _world = await AddressedWorld.CreateAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task QueueThatIsSentCopiesNoMore_IsPassedOverAndCounted()
    {
        await _world.World.BindAsync("t");
        var disabled = await _world.SubscribeAsync(Queue("q", new() { Levels = ["job"] }));
        var full = await _world.World.BindTinyAsync("other");
        var bound = await _world.SubscribeAsync(Queue(full, new() { Levels = ["job"] }));
        await _world.TellAsync(1);
        await _world.TellAsync(2);
        await _world.ChangeAsync(disabled, new() { Enabled = false });
        await _world.ChangeAsync(bound, new() { Filter = new() });

        var all = await _world.RedeliverAsync(null, disabled.SubscriptionId);
        var dead = await _world.RedeliverAsync("dead");

        Assert.Equal([(0L, 0L, 2L), (0L, 0L, 1L)], [(all.Sent, all.Failed, all.Skipped), (dead.Sent, dead.Failed, dead.Skipped)]);
        Assert.Equal(1, await _world.DeadAsync());
    }

    [Fact]
    public async Task UnroutedOfBefore_ReachASubscriptionWithAFilterThatWasMadeSince()
    {
        await _world.TellAsync(1);
        await _world.World.AppendAsync(Job, "task");
        await _world.LeftAsync(2);
        await _world.SubscribeAsync(Queue("late", new() { Levels = ["job"] }));

        var done = await _world.RedeliverAsync("unrouted");

        Assert.Equal((2L, 1L, 0L), (done.Sent, done.Unrouted, done.Failed));
        Assert.Equal(1L, Assert.Single(await (await _world.World.ConsumeAsync("late")).WhenAsync(1)).Sequence);
        Assert.Equal(["confirmed", "unrouted"], [await _world.StateAsync(1), await _world.StateAsync(2)]);
    }

    [Fact]
    public async Task FailedAtTheTopic_IsSentAgainOnlyToWhoeverMissedIt()
    {
        var early = await _world.SubscribeAsync(Queue("early", new() { Levels = ["job"] }));
        await _world.TellAsync(1);
        await _world.World.ExecuteAsync($"INSERT INTO delivery_exceptions (subject_id, sequence, topic_key, topic_name, state, reason, tries, last_tried_at) VALUES ('{Job}', 1, 't', 't', 'failed', 'was away', 1, now())");
        await _world.SubscribeAsync(Queue("late", new() { Levels = ["job"] }));

        var done = await _world.RedeliverAsync("failed");

        Assert.Equal((1L, 0L, 0L), (done.Sent, done.Unrouted, done.Failed));
        Assert.Equal([1u, 1u], [await _world.CountAsync(early.Endpoint), await _world.CountAsync("late")]);
    }

    [Fact]
    public async Task WholeTopicAgain_CopyThatArrivesIsDeadNoMoreAndOneThatDoesNotIsNoUnroutedMessage()
    {
        var full = await _world.World.BindTinyAsync("other");
        var messages = await _world.World.BindAsync("t");
        await _world.SubscribeAsync(Queue(full, new() { Levels = ["job"] }));
        var dead = _world.Server.Count("batchplane.dispatch.dead");
        await _world.TellAsync(1);
        await _world.TellAsync(2);

        var failed = await _world.RedeliverAsync(null);
        Assert.Equal((2L, 0L, 2L), (failed.Sent, failed.Unrouted, failed.Failed));
        Assert.Equal(2, await _world.DeadAsync());

        var inbox = await _world.World.ConsumeAsync(full);
        await inbox.WhenAsync(1);
        var arrived = await _world.RedeliverAsync(null);

        Assert.Equal((2L, 0L, 0L), (arrived.Sent, arrived.Unrouted, arrived.Failed));
        Assert.Equal([1L, 2L], (await inbox.WhenAsync(2)).Select(message => message.Sequence).Distinct());
        Assert.Equal(0, await _world.DeadAsync());
        Assert.Equal(2, (await messages.WhenAsync(2)).Select(message => message.Id).Distinct().Count());
        Assert.Equal(3, dead());
    }

    [Fact]
    public async Task CopyOfASubscriptionThatIsGone_IsNotNoted()
    {
        await using var silent = await AddressedWorld.CreateAsync(dispatcher: false);
        var subscription = await silent.SubscribeAsync(Queue("q", new() { Levels = ["job"] }));
        await silent.World.ExecuteAsync("UPDATE dispatcher_shards SET epoch = 7");
        DeliveryException[] exceptions = [.. new[] { subscription.SubscriptionId, "subsc-gone0000" }.Select(id => new DeliveryException(Job, 1, "t", DeliveryOutcome.Failed, "no") { SubscriptionId = id })];

        Assert.NotNull(await silent.World.Reader.MoveAsync(DispatcherShard.Of(Job), 7, new(1, 1, 0), exceptions, default));

        Assert.Equal([subscription.SubscriptionId], await silent.World.ScalarAsync<string[]>("SELECT array_agg(subscription_id) FROM subscription_deliveries"));
    }
}
