using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client.Exceptions;
using static BatchPlane.Server.Tests.Dispatch.DispatchWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>A topic <c>t</c> that a job tells of its events, a server with or without the role dispatcher, and what tests of addressed subscriptions ask.</summary>
internal sealed class AddressedWorld(DispatchWorld world, RunningDispatcher server) : IAsyncDisposable
{
    internal const string Job = "job-aaaaaaaa";

    private readonly DeliveryQueries _deliveries = new(world.DataSource, new(world.DataSource), new(world.DataSource));

    internal DispatchWorld World { get; } = world;

    internal RunningDispatcher Server { get; } = server;

    internal SubscriptionStore Store { get; } = server.Services.GetRequiredService<SubscriptionStore>();

    internal SubscriptionService Subscriptions { get; } = server.Services.GetRequiredService<SubscriptionService>();

    internal static async Task<AddressedWorld> CreateAsync(bool dispatcher = true, Action<DispatchOptions>? configure = null)
    {
        var world = await DispatchWorld.CreateAsync();
        await world.Topics.CreateAsync("t", "test", default);
        await world.AddJobAsync(Job, Ask("t", "JOB_RUNNING", "JOB_FAILED", "TASK_RUNNING", "TASK_INSTANCE_FAILED"));
        var server = await world.StartAsync(dispatcher: dispatcher, configure: options =>
        {
            options.RedeliveryInterval = TimeSpan.FromMilliseconds(20);
            options.MaxRefusals = 1;
            options.RefusedFor = TimeSpan.FromMilliseconds(1);
            configure?.Invoke(options);
        });
        await server.Services.GetRequiredService<BrokerConnection>().WhenOpenAsync(default);
        return new(world, server);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    internal static SubscriptionDocument Queue(string name, EventFilterDocument? filter = null, string binding = "#") =>
        new() { Protocol = SubscriptionProtocol.Queue, Endpoint = name, Bindings = [binding], Filter = filter };

    internal async Task<SubscriptionView> SubscribeAsync(SubscriptionDocument document) =>
        Assert.IsType<SubscribeResult.Created>(await Subscriptions.SubscribeAsync("t", document, "test", default)).Subscription;

    internal Task<SubscriptionChanged> ChangeAsync(SubscriptionView subscription, SubscriptionChange change) =>
        Subscriptions.ChangeAsync("t", subscription.SubscriptionId, change, "user:test", default);

    /// <summary>Waits until the event has left the dispatcher, whatever came of it.</summary>
    internal Task<string> LeftAsync(long sequence) =>
        Until.ReachedAsync(() => StateAsync(sequence), state => state != "pending", state => state);

    internal async Task<string> StateAsync(long sequence) => (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries[0].State;

    internal async Task<string> ShownAsync(long sequence) => string.Join(
        ", ",
        (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries[0].Subscriptions!.OrderBy(each => each.Endpoint, StringComparer.Ordinal).Select(each => $"{each.Endpoint} {each.State}"));

    /// <summary>Something happens, and the topic and the copies are through.</summary>
    internal async Task TellAsync(long sequence)
    {
        await World.AppendAsync(Job);
        await LeftAsync(sequence);
    }

    internal async Task<int> DeadAsync() => (await _deliveries.ListAsync(new(Job, "dead", null, null, null), null, 10, default)).Count;

    internal async Task<RedeliveryView> RedeliverAsync(string? only, string? subscriptionId = null)
    {
        var store = new RedeliveryStore(World.DataSource);
        var wish = new RedeliveryWish(null, "t", Now.AddDays(-1), null, only, "user:test", subscriptionId);
        var id = Assert.IsType<RedeliveryOutcome.Accepted>(await store.CreateAsync(wish, null, 10, default)).View.RedeliveryId;
        return (await Until.ReachedAsync(() => store.FindAsync(id, default), view => view!.State == "done", view => view!.State))!;
    }

    internal async Task DeleteQueueAsync(string queue)
    {
        await using var channel = await World.Client.CreateChannelAsync();
        await channel.QueueDeleteAsync(queue, ifUnused: false, ifEmpty: false);
    }

    /// <summary>Messages that wait in a queue; null: there is none.</summary>
    internal async Task<uint?> CountAsync(string queue)
    {
        await using var channel = await World.Client.CreateChannelAsync();
        try
        {
            return (await channel.QueueDeclarePassiveAsync(queue)).MessageCount;
        }
        catch (OperationInterruptedException)
        {
            return null;
        }
    }
}
