using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection;
using static BatchPlane.Server.Tests.Dispatch.DispatchWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>What is shown of an event at a queue agrees with what the queue got, whenever its binding was made.</summary>
public sealed class BindingTests : IAsyncLifetime
{
    private const string Job = "job-aaaaaaaa";

    private DispatchWorld _world = null!;
    private DeliveryQueries _deliveries = null!;
    private SubscriptionStore _store = null!;
    private RunningDispatcher _server = null!;

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        _deliveries = new(_world.DataSource, new(_world.DataSource), new(_world.DataSource));
        await _world.Topics.CreateAsync("t", "test", default);
        await _world.AddJobAsync(Job, Ask("t", "JOB_RUNNING"));
        _server = await _world.StartAsync();
        _store = _server.Services.GetRequiredService<SubscriptionStore>();
        await _server.Services.GetRequiredService<BrokerConnection>().WhenOpenAsync(default);
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task EventSentWhileTheBindingIsOnItsWay_IsUnknownThere()
    {
        var bound = await _server.Services.GetRequiredService<SubscriptionService>().SubscribeAsync("t", Queue("bound"), "test", default);
        Assert.IsType<SubscribeResult.Created>(bound);
        await TellAsync(1);

        // Stored, and nobody has asked RabbitMQ yet: the control is that there is no such queue, to which the broker could have confirmed anything.
        var late = await StoreAsync("late");
        await TellAsync(2);
        Assert.False(await _server.Services.GetRequiredService<TopicTopology>().HasQueueAsync("late", default));

        // Bound, by a server that died before it could say so.
        Assert.IsType<Declaration.Done>(await _server.Services.GetRequiredService<TopicTopology>().DeclareAsync(late, default));
        await TellAsync(3);

        // The next look of any server.
        await _server.Services.GetRequiredService<TopologyFollower>().FollowAsync("t", default);
        await TellAsync(4);

        Assert.Equal(
            ["bound confirmed", "bound confirmed, late unknown", "bound confirmed, late unknown", "bound confirmed, late confirmed"],
            [await ShownAsync(1), await ShownAsync(2), await ShownAsync(3), await ShownAsync(4)]);
        Assert.Equal([3L, 4L], (await (await _world.ConsumeAsync("late")).WhenAsync(2)).Select(message => message.Sequence));
        Assert.Contains("bound or changed", (await _deliveries.OfEventAsync(Job, 2, default, default))!.Deliveries[0].Subscriptions!.Single(each => each.Endpoint == "late").Reason, StringComparison.Ordinal);
    }

    /// <summary>The control is in the last lines: some events are in no queue, and what is confirmed is not simply all.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("job")]
    public async Task SubscribedWhileEventsPass_WhatIsConfirmedIsInTheQueue(string? level)
    {
        const int Events = 120;
        var all = await _world.BindAsync("t");
        var telling = Task.Run(async () =>
        {
            for (var told = 0; told < Events; told++)
            {
                await _world.AppendAsync(Job);
            }
        });
        await all.WhenAsync(20);
        var subscribed = await _server.Services.GetRequiredService<SubscriptionService>()
            .SubscribeAsync("t", Queue("q") with { Filter = level is null ? null : new() { Levels = [level] } }, "test", default);
        Assert.IsType<SubscribeResult.Created>(subscribed);
        await telling;
        await TellAsync(Events + 1);

        var confirmed = new List<long>();
        for (var sequence = 1L; sequence <= Events + 1; sequence++)
        {
            if (await ShownAsync(sequence) == "q confirmed")
            {
                confirmed.Add(sequence);
            }
        }

        var got = (await (await _world.ConsumeAsync("q")).WhenAsync(confirmed.Count)).Select(message => message.Sequence).ToHashSet();
        Assert.Empty(confirmed.Except(got));
        Assert.Equal(Events + 1, confirmed[^1]);
        Assert.True(got.Count <= Events - 19, $"{got.Count} of {Events + 1} are in the queue");
    }

    [Fact]
    public async Task BindingsChangeWhileTheyAreDeclared_AreNotTakenToBeThere()
    {
        var bindings = new BindingStore(_world.DataSource);
        var subscription = await StoreAsync("q");
        var declared = await bindings.ListUnboundAsync("T", null, default);
        await _store.ChangeAsync("t", subscription.SubscriptionId, new() { Bindings = ["job.*"] }, "user:test", default);

        await bindings.NoteBoundAsync(declared, default);
        var changed = await bindings.ListUnboundAsync("t", subscription.SubscriptionId, default);
        await bindings.NoteBoundAsync(changed, default);

        Assert.Equal(subscription.SubscriptionId, Assert.Single(changed).SubscriptionId);
        Assert.Empty(await bindings.ListUnboundAsync("t", null, default));
    }

    private static SubscriptionDocument Queue(string name) => new() { Protocol = SubscriptionProtocol.Queue, Endpoint = name, Bindings = ["#"] };

    private async Task<SubscriptionView> StoreAsync(string queue) => (await _store.CreateAsync("t", Queue(queue), new(), "test", default))!.Subscription!;

    /// <summary>Something happens, and the topic has it.</summary>
    private async Task TellAsync(long sequence)
    {
        await _world.AppendAsync(Job);
        await Until.ReachedAsync(async () => (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries[0].State, state => state == "confirmed", state => state);
    }

    private async Task<string> ShownAsync(long sequence) => string.Join(
        ", ",
        (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries[0].Subscriptions!.OrderBy(each => each.Endpoint, StringComparer.Ordinal).Select(each => $"{each.Endpoint} {each.State}"));
}
