using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Tests.Dispatch;
using Npgsql;
using RabbitMQ.Client;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A row of <c>subscription_deliveries</c>.</summary>
internal sealed record DeliveryRow(string State, int Tries, int? Status, string? Reason);

/// <summary>A server that serves webhooks and mail on loopback, quickly.</summary>
public class DeliveryFixture : ServerFixture
{
    protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Deliverer;

    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() => Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>(
    [
        new("Deliveries:ReconcileInterval", "00:00:00.050"),
        new("Deliveries:PauseMin", "00:00:00.100"),
        new("Deliveries:PauseMax", "00:00:00.200"),
        new("Webhooks:AllowedNetworks", "127.0.0.0/8"),
        new("Webhooks:ConnectTimeout", "00:00:01"),
        new("Webhooks:Timeout", "00:00:02"),
    ]);

    /// <summary>Makes a topic with a webhook of this endpoint; the rest of its document is given as JSON members with single quotes.</summary>
    internal async Task<SubscriptionView> SubscribeAsync(string topic, string url, string more = "")
    {
        using var made = await PostAsync("/v1/topics", $$"""{"topic_name":"{{topic}}"}""");
        using var subscribed = await PostAsync($"/v1/topics/{topic}/subscriptions", $$"""{"protocol":"http","endpoint":"{{url}}"{{(more.Length == 0 ? "" : "," + more.Replace('\'', '"'))}}}""");
        Assert.True(subscribed.IsSuccessStatusCode, await subscribed.Content.ReadAsStringAsync());
        return await ReadAsync<SubscriptionView>(subscribed);
    }

    internal Task<SubscriptionView> FindAsync(SubscriptionView subscription) => GetAsync<SubscriptionView>(PathOf(subscription));

    internal static string PathOf(SubscriptionView subscription) => $"/v1/topics/{subscription.TopicName}/subscriptions/{subscription.SubscriptionId}";

    /// <summary>PATCHes a subscription.</summary>
    internal async Task<SubscriptionView> ChangeAsync(SubscriptionView subscription, string json)
    {
        using var response = await Client.PatchAsync(PathOf(subscription), new StringContent(json, Encoding.UTF8, "application/json"));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ReadAsync<SubscriptionView>(response);
    }

    /// <summary>Publishes as the dispatcher does.</summary>
    internal async Task PublishAsync(string topic, string subjectId, params long[] sequences)
    {
        await using var connection = await new ConnectionFactory { Uri = AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        foreach (var sequence in sequences)
        {
            var properties = new BasicProperties
            {
                MessageId = $"{subjectId}:{sequence}",
                Type = "JOB_FAILED",
                ContentType = "application/json",
                Timestamp = new(DispatchWorld.Now.ToUnixTimeSeconds()),
                Persistent = true,
                Headers = new Dictionary<string, object?> { ["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
            };
            await channel.BasicPublishAsync(topic, "job.failed", mandatory: true, properties, BodyOf(sequence));
        }
    }

    internal static byte[] BodyOf(long sequence) => Encoding.UTF8.GetBytes($$"""{"Events":[{"number":{{sequence}},"text":"ü"}]}""");

    /// <summary>A job with a row for its three events, which it tells to these topics.</summary>
    internal async Task AddJobAsync(string jobId, params string[] topics)
    {
        var notifications = JsonSerializer.Serialize<NotificationDocument[]>(
            [new() { TopicNames = topics, EventConfigs = [new() { EventName = "JOB_FAILED", EventVars = [new("n", "v")] }] }], BatchPlaneJson.Options);
        await ExecuteAsync($"""
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, submitted_by, created_at, last_sequence)
            VALUES ('{jobId}', 'demo', '', 1, 'RUNNING', '{"{}"}', '{notifications}', '{"{}"}', '[]', 'test', now(), 3);
            INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, source, occurred_at, notify)
            VALUES (pg_current_xact_id(), {DispatcherShard.Of(jobId)}, '{jobId}', 1, 3, 'job', 'FAILED', 'engine', now(), 1)
            """);
    }

    /// <summary>Waits until a delivery is in this state.</summary>
    internal Task<DeliveryRow?> WhenAsync(SubscriptionView subscription, string subjectId, long sequence, string state) => Until.ReachedAsync(
        () => FindAsync(subscription.SubscriptionId, subjectId, sequence),
        row => row?.State == state,
        row => $"{row?.ToString() ?? "no row"}, expected {state}");

    internal async Task<DeliveryRow?> FindAsync(string subscriptionId, string subjectId, long sequence)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT state, tries, last_status, last_reason FROM subscription_deliveries WHERE subscription_id = $1 AND subject_id = $2 AND sequence = $3", connection)
        {
            Parameters = { new() { Value = subscriptionId }, new() { Value = subjectId }, new() { Value = sequence } },
        };
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync()
            ? new(reader.GetString(0), reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetInt32(2), reader.IsDBNull(3) ? null : reader.GetString(3))
            : null;
    }

    /// <summary>Messages in a subscription's own queue; null when there is no such queue.</summary>
    internal async Task<uint?> QueueAsync(SubscriptionView subscription) => (await LookAtQueueAsync(subscription))?.MessageCount;

    /// <summary>Servers that consume a subscription's own queue.</summary>
    internal async Task<uint?> ConsumersAsync(SubscriptionView subscription) => (await LookAtQueueAsync(subscription))?.ConsumerCount;

    private async Task<QueueDeclareOk?> LookAtQueueAsync(SubscriptionView subscription)
    {
        await using var connection = await new ConnectionFactory { Uri = AmqpUri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        try
        {
            return await channel.QueueDeclarePassiveAsync(SubscriptionQueue.OwnOf(subscription.SubscriptionId));
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return null;
        }
    }
}
