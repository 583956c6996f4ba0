using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Events that a subscription wants in another format than they were published in.</summary>
public sealed class FormatTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Event_IsWrittenAnewFromTheJournal()
    {
        await AddJobAsync("job-format00", "formats");
        await server.SubscribeAsync("formats", _receiver.Url, "'format':'cloudevents'");
        await server.PublishAsync("formats", "job-format00", 2);

        var push = (await _receiver.WhenAsync(1))[0];
        using var body = JsonDocument.Parse(push.Body);

        Assert.Equal("application/cloudevents+json", push.Headers["content-type"].Split(';')[0]);
        Assert.Equal(("1.0", "job-format00:2"), (body.RootElement.GetProperty("specversion").GetString(), body.RootElement.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task EventThatTheJournalDoesNotHave_IsDropped()
    {
        var subscription = await server.SubscribeAsync("forgotten", _receiver.Url, "'format':'mns'");
        await server.PublishAsync("forgotten", "job-forgot00", 1);

        var row = await server.WhenAsync(subscription, "job-forgot00", 1, "dropped");

        Assert.Equal(0, row!.Tries);
        Assert.Empty(_receiver.Pushes);
    }

    /// <summary>A job with a row for its events 1 to 3, of which the second is asked for.</summary>
    private async Task AddJobAsync(string jobId, string topic)
    {
        var notifications = JsonSerializer.Serialize<NotificationDocument[]>(
            [new() { TopicName = topic, EventConfigs = [new() { EventName = "JOB_FAILED" }] }], BatchPlaneJson.Options);
        await server.ExecuteAsync($"""
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, submitted_by, created_at, last_sequence)
            VALUES ('{jobId}', 'demo', '', 1, 'RUNNING', '{"{}"}', '{notifications}', '{"{}"}', '[]', 'test', now(), 3);
            INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, source, occurred_at, notify)
            VALUES (pg_current_xact_id(), {DispatcherShard.Of(jobId)}, '{jobId}', 1, 3, 'job', 'FAILED', 'engine', now(), 1)
            """);
    }
}
