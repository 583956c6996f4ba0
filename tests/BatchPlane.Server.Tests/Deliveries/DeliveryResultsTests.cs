using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>What follows from results of deliveries over days.</summary>
public sealed class DeliveryResultsTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>
{
    [Fact]
    public async Task EndpointThatFailsForDaysWithoutOneSuccess_IsDisabled()
    {
        var dead = await server.SubscribeAsync("days-dead", "http://127.0.0.1:9/");
        var alive = await server.SubscribeAsync("days-alive", "http://127.0.0.1:9/");
        await using var watcher = await WebhookReceiver.StartAsync();
        await server.SubscribeAsync("days-dead", watcher.Url, "'binding':'subscription.disabled'");
        var begin = DateTimeOffset.UtcNow.AddDays(-8);
        var time = new SetTime(begin);
        using var recorder = new DeliveryRecorder(
            server.Services.GetRequiredService<DeliveryStore>(),
            server.Services.GetRequiredService<SubscriptionDisabler>(),
            Options.Create(new DeliveryOptions()),
            time,
            NullLogger<DeliveryRecorder>.Instance);
        await recorder.StartAsync(default);

        await NoteAsync(dead, DeliveryState.Retrying);
        await NoteAsync(alive, DeliveryState.Retrying);
        time.Advance(TimeSpan.FromDays(3));
        await NoteAsync(dead, DeliveryState.Pending);
        await NoteAsync(alive, DeliveryState.Delivered);
        time.Advance(TimeSpan.FromDays(2));
        await NoteAsync(dead, DeliveryState.Dead);
        await NoteAsync(alive, DeliveryState.Dead);
        var after = (await server.FindAsync(dead)).Enabled;
        time.Advance(TimeSpan.FromSeconds(1));
        await NoteAsync(alive, DeliveryState.Retrying);
        await NoteAsync(dead, DeliveryState.Retrying);

        var disabled = await Until.ReachedAsync(() => server.FindAsync(dead), found => !found.Enabled, found => $"enabled, failing since {found.FailingSince}");
        Assert.True(after);
        Assert.StartsWith($"failed without one success since {begin:yyyy-MM-dd}", disabled.DisabledReason, StringComparison.Ordinal);
        Assert.Contains(dead.SubscriptionId, (await watcher.WhenAsync(1))[0].Body, StringComparison.Ordinal);
        Assert.True((await server.FindAsync(alive)).Enabled);
        await recorder.StopAsync(default);

        Task NoteAsync(SubscriptionView subscription, DeliveryState state) => recorder.RecordAsync(
            new(
                subscription.SubscriptionId, "job-days0000", 1, subscription.TopicName, state, 1, 500, "HTTP 500", time.GetUtcNow(),
                state is DeliveryState.Retrying or DeliveryState.Pending ? time.GetUtcNow() : null),
            default);
    }

    [Fact]
    public async Task OldResults_AreForgottenButThoseStillToBeTried()
    {
        var subscription = await server.SubscribeAsync("pruned", "http://127.0.0.1:9/");
        var store = server.Services.GetRequiredService<DeliveryStore>();
        var (old, now) = (DateTimeOffset.UtcNow.AddDays(-15), DateTimeOffset.UtcNow);
        await store.StoreAsync(
            [
                Result(1, DeliveryState.Delivered, old),
                Result(2, DeliveryState.Dead, old),
                Result(3, DeliveryState.Delivered, now.AddDays(-13)),
                Result(4, DeliveryState.Retrying, old, now.AddDays(1)),
                Result(5, DeliveryState.Pending, old, old),
            ],
            default);

        int[] pruned = [await store.PruneAsync(14, 2, default), await store.PruneAsync(14, 2, default), await store.PruneAsync(14, 2, default)];

        Assert.Equal([2, 1, 0], pruned);
        Assert.Equal(["gone", "gone", "delivered", "retrying", "gone"], await Task.WhenAll(Enumerable.Range(1, 5).Select(StateAsync)));

        DeliveryResult Result(long sequence, DeliveryState state, DateTimeOffset at, DateTimeOffset? next = null) =>
            new(subscription.SubscriptionId, "job-pruned00", sequence, "pruned", state, 1, null, null, at, next);

        async Task<string> StateAsync(int sequence) => (await server.FindAsync(subscription.SubscriptionId, "job-pruned00", sequence))?.State ?? "gone";
    }
}
