using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>What follows from results of deliveries over days.</summary>
public sealed class DeliveryResultsTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>
{
    [Fact]
    public async Task EndpointThatFailsForDaysWithoutOneSuccess_IsDisabled()
    {
        var dead = await server.SubscribeAsync("days-dead", "http://127.0.0.1:9/");
        var alive = await server.SubscribeAsync("days-alive", "http://127.0.0.1:9/");
        await NoteAsync(dead, DeliveryState.Retrying);
        await NoteAsync(alive, DeliveryState.Retrying);
        await PassAsync("3 days");
        await NoteAsync(dead, DeliveryState.Pending);
        await NoteAsync(alive, DeliveryState.Delivered);
        await PassAsync("49 hours");

        // Five times within a day is often enough; what was before, is too long ago.
        for (var failure = 0; failure < 4; failure++)
        {
            await NoteAsync(dead, DeliveryState.Dead);
            await NoteAsync(alive, DeliveryState.Dead);
        }

        var after = (await server.FindAsync(dead)).Enabled;
        await NoteAsync(alive, DeliveryState.Retrying);
        await NoteAsync(dead, DeliveryState.Retrying);

        var disabled = await Until.ReachedAsync(() => server.FindAsync(dead), found => !found.Enabled, found => $"enabled, failing since {found.FailingSince}");
        Assert.True(after);
        Assert.StartsWith($"failed without one success since {DateTimeOffset.UtcNow.AddHours(-121):yyyy-MM-dd}", disabled.DisabledReason, StringComparison.Ordinal);
        var told = await Until.ReachedAsync(() => server.GetAsync<JournalPage<EventView>>($"/v1/events?subscription={dead.SubscriptionId}"), page => page.Items.Count > 0, _ => "no event");
        Assert.Equal(("SUBSCRIPTION_DISABLED", Cause.EndpointFailing, disabled.DisabledReason), (told.Items.Single().EventName, told.Items.Single().Cause, told.Items.Single().Reason));
        Assert.True((await server.FindAsync(alive)).Enabled);

        Task NoteAsync(SubscriptionView subscription, DeliveryState state) => server.Services.GetRequiredService<DeliveryRecorder>().RecordAsync(
            new(
                subscription.SubscriptionId, "job-days0000", 1, subscription.TopicName, 0, state, 1, 500, "HTTP 500",
                state is DeliveryState.Retrying or DeliveryState.Pending ? DateTimeOffset.UtcNow : null),
            default);

        Task PassAsync(string time) => server.ExecuteAsync($"""
            UPDATE subscriptions SET failing_since = failing_since - interval '{time}', recent_since = recent_since - interval '{time}' WHERE topic_key LIKE 'days-%'
            """);
    }

    [Fact]
    public async Task OldResults_AreForgottenButThoseStillToBeTried()
    {
        var subscription = await server.SubscribeAsync("pruned", "http://127.0.0.1:9/");
        var store = server.Services.GetRequiredService<DeliveryStore>();
        var now = DateTimeOffset.UtcNow;
        await store.StoreAsync(
            [
                Result(1, DeliveryState.Delivered),
                Result(2, DeliveryState.Dead),
                Result(3, DeliveryState.Delivered),
                Result(4, DeliveryState.Retrying, now.AddDays(1)),
                Result(5, DeliveryState.Pending, now.AddDays(-15)),
            ],
            default);
        await server.ExecuteAsync("UPDATE subscription_deliveries SET last_tried_at = now() - CASE sequence WHEN 3 THEN interval '13 days' ELSE interval '15 days' END WHERE subject_id = 'job-pruned00'");

        int[] pruned = [await store.PruneAsync(14, 2, default), await store.PruneAsync(14, 2, default), await store.PruneAsync(14, 2, default)];

        Assert.Equal([2, 1, 0], pruned);
        Assert.Equal(["gone", "gone", "delivered", "retrying", "gone"], await Task.WhenAll(Enumerable.Range(1, 5).Select(StateAsync)));

        DeliveryResult Result(long sequence, DeliveryState state, DateTimeOffset? next = null) =>
            new(subscription.SubscriptionId, "job-pruned00", sequence, "pruned", 0, state, 1, null, null, next);

        async Task<string> StateAsync(int sequence) => (await server.FindAsync(subscription.SubscriptionId, "job-pruned00", sequence))?.State ?? "gone";
    }
}
