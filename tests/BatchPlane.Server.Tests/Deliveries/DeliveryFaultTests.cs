using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>What goes wrong between a queue, the endpoint and PostgreSQL costs one message its delivery at most, and the server nothing.</summary>
public sealed class DeliveryFaultTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task ResultThatPostgresDoesNotTake_FailsAlone()
    {
        var recorder = server.Services.GetRequiredService<DeliveryRecorder>();
        var stored = await Task.WhenAll(Enumerable.Range(1, 9).Select(number => recorder.RecordAsync(Result("job-refused0", number, number == 4 ? "a\0b" : "t"), default)));

        Assert.Equal("TTTFTTTTT", string.Concat(stored.Select(each => each ? 'T' : 'F')));
        Assert.NotNull(await server.FindAsync("subsc-nobody00", "job-refused0", 9));
        Assert.Null(await server.FindAsync("subsc-nobody00", "job-refused0", 4));
    }

    [Fact]
    public async Task PostgresTakesNothingForAWhile_ResultsWait()
    {
        await server.ExecuteAsync("ALTER TABLE subscription_deliveries RENAME TO away");
        var recording = server.Services.GetRequiredService<DeliveryRecorder>().RecordAsync(Result("job-waiting0", 1, "t"), default);
        var subscription = await server.SubscribeAsync("waiting", _receiver.Url);
        await server.PublishAsync("waiting", "job-waiting1", 1);
        await _receiver.WhenAsync(1);
        Assert.False(recording.IsCompleted);
        await server.ExecuteAsync("ALTER TABLE away RENAME TO subscription_deliveries");

        Assert.True(await recording);
        await server.WhenAsync(subscription, "job-waiting1", 1, "delivered");
    }

    [Theory]
    [InlineData("job-nul\0:1", "JOB_FAILED", 0L)]
    [InlineData("job-odd0:1", "JOB\r\nX: y", 0L)]
    [InlineData("job-odd0:99999999999999999999", "JOB_FAILED", 0L)]
    public async Task MessageOfSomebodyElse_IsDroppedAndTheNextArrives(string id, string name, long timestamp)
    {
        var topic = $"foreign{(uint)HashCode.Combine(id, name)}";
        await server.SubscribeAsync(topic, _receiver.Url);
        await PublishAsync(topic, "job.failed", new() { MessageId = id, Type = name, Timestamp = new(timestamp) });
        await server.PublishAsync(topic, "job-after000", 1);

        var pushes = await _receiver.WhenAsync(1);

        Assert.Equal("job-after000:1", pushes.Single().Id);
    }

    [Fact]
    public async Task TimesOutOfRange_AreTakenForTheNearestPossible()
    {
        var subscription = await server.SubscribeAsync("odd-times", _receiver.Url);
        await PublishAsync("odd-times", "job.failed", new() { MessageId = "job-oddtime0:1", Type = "JOB_FAILED", Timestamp = new(long.MaxValue), Headers = new Dictionary<string, object?> { ["x-batchplane-due"] = long.MinValue } });

        await server.WhenAsync(subscription, "job-oddtime0", 1, "delivered");
        Assert.Single(_receiver.Pushes);
    }

    [Fact]
    public async Task EventThatMakesTheSenderFail_IsDroppedAndNotTriedAgainAndAgain()
    {
        var subscription = await server.SubscribeAsync("unsendable", _receiver.Url, "'push':'mns','content_format':'xml'");
        await PublishAsync("unsendable", "job.failed", new() { MessageId = "job-unsend00:1", Type = "JOB_FAILED", Headers = new Dictionary<string, object?> { ["x-batchplane-topic"] = "unsendable", ["x-batchplane-routing-key"] = "a\u0001b" } }, "\u0001"u8.ToArray());
        await server.PublishAsync("unsendable", "job-unsend00", 2);

        await server.WhenAsync(subscription, "job-unsend00", 2, "delivered");
        Assert.Equal(0, (await server.WhenAsync(subscription, "job-unsend00", 1, "dropped"))!.Tries);
    }

    [Fact]
    public async Task RecordedButNotPutBack_GoesOnWhereTheRecordIs()
    {
        var subscription = await server.SubscribeAsync("recorded", _receiver.Url);
        await server.ExecuteAsync($"""
            INSERT INTO subscription_deliveries (subscription_id, subject_id, sequence, topic_name, state, tries, first_tried_at, last_tried_at, next_try_at)
            VALUES ('{subscription.SubscriptionId}', 'job-record00', 1, 'recorded', 'retrying', 3, now(), now(), now() + interval '1 second')
            """);
        await using var worker = await WorkerAsync(subscription);

        await worker.HandleAsync(Incoming("recorded", "job-record00", tries: 2) with { IsRepeated = true });

        Assert.Equal("4", (await _receiver.WhenAsync(1))[0].Headers["x-batchplane-try"]);
        Assert.Equal(4, (await server.WhenAsync(subscription, "job-record00", 1, "delivered"))!.Tries);
        Assert.Single(_receiver.Pushes);
    }

    [Theory]
    [InlineData("retrying", 3)]
    [InlineData("delivered", 2)]
    public async Task SecondMessageOfADelivery_IsDroppedWhenItIsBehindTheRecord(string state, int tries)
    {
        var topic = $"behind-{state}";
        var subscription = await server.SubscribeAsync(topic, _receiver.Url);
        await server.ExecuteAsync($"""
            INSERT INTO subscription_deliveries (subscription_id, subject_id, sequence, topic_name, state, tries, first_tried_at, last_tried_at, next_try_at)
            VALUES ('{subscription.SubscriptionId}', 'job-behind00', 1, '{topic}', '{state}', {tries}, now(), now(), {(state == "retrying" ? "now() + interval '1 day'" : "NULL")})
            """);
        await using var worker = await WorkerAsync(subscription);

        await worker.HandleAsync(Incoming(topic, "job-behind00", tries: 2) with { DueAt = DateTimeOffset.UnixEpoch });
        Assert.Empty(_receiver.Pushes);

        // A later redelivery begins anew.
        await worker.HandleAsync(Incoming(topic, "job-behind00", tries: 0) with { DueAt = DateTimeOffset.UnixEpoch, RedeliveredAt = 5 });
        Assert.Single(_receiver.Pushes);
        Assert.Equal(new DeliveryRow("delivered", 1, 200, null), await server.FindAsync(subscription.SubscriptionId, "job-behind00", 1));
    }

    [Fact]
    public async Task ResultsInAnyOrder_DeliveredHoldsAndFewerTriesDoNotReplaceMore()
    {
        var store = server.Services.GetRequiredService<DeliveryStore>();
        async Task<(DeliveryState, int)> AfterAsync(params DeliveryResult[] results)
        {
            await store.StoreAsync(results, default);
            var found = (await store.FindAsync("job-orders00", 1, default)).Single();
            return (found.State, found.Tries);
        }

        var one = Result("job-orders00", 1, "t") with { State = DeliveryState.Retrying, NextTryAt = DispatchWorld.Now };
        Assert.Equal((DeliveryState.Retrying, 3), await AfterAsync(one with { Tries = 3 }));
        Assert.Equal((DeliveryState.Retrying, 3), await AfterAsync(one with { Tries = 2 }));
        Assert.Equal((DeliveryState.Delivered, 2), await AfterAsync(Result("job-orders00", 1, "t") with { Tries = 2 }, one with { Tries = 4 }));
        Assert.Equal((DeliveryState.Delivered, 2), await AfterAsync(one with { Tries = 5 }));
        Assert.Equal((DeliveryState.Retrying, 1), await AfterAsync(one with { Tries = 1, RedeliveredAt = 7 }));
        Assert.Equal((DeliveryState.Retrying, 1), await AfterAsync(one with { Tries = 6 }));
    }

    private static DeliveryResult Result(string subjectId, long sequence, string topic) => new("subsc-nobody00", subjectId, sequence, topic, 0, DeliveryState.Delivered, 1, 200, null, null);

    private static Incoming Incoming(string topic, string subjectId, int tries) => new()
    {
        SubjectId = subjectId,
        Sequence = 1,
        EventName = "JOB_FAILED",
        TopicName = topic,
        RoutingKey = "job.failed",
        ContentType = "application/json",
        OccurredAt = DispatchWorld.Now,
        Body = Encoding.UTF8.GetBytes("{}"),
        Tries = tries,
    };

    /// <summary>A worker that consumes nothing: it handles what the test gives it.</summary>
    private async Task<SubscriptionWorker> WorkerAsync(SubscriptionView subscription)
    {
        var served = (await server.Services.GetRequiredService<SubscriptionStore>().ListServedAsync(default)).Single(each => each.View.SubscriptionId == subscription.SubscriptionId);
        return new(served, server.Services.GetRequiredService<DeliveryServices>());
    }

    private async Task PublishAsync(string topic, string routingKey, BasicProperties properties, byte[]? body = null)
    {
        await using var connection = await new ConnectionFactory { Uri = server.AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await channel.BasicPublishAsync(topic, routingKey, mandatory: true, properties, body ?? "{}"u8.ToArray());
    }
}
