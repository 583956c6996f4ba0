using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using Npgsql;

namespace BatchPlane.Core.Notifications;

/// <summary>What became of making a topic or a subscription.</summary>
public enum TopicOutcome
{
    /// <summary>Stored now, or by an earlier request with the same key and body.</summary>
    Stored,

    /// <summary>There is one already; nothing is stored.</summary>
    Exists,

    /// <summary>There is no such topic; nothing is stored.</summary>
    TopicMissing,

    /// <summary>The idempotency key was used with another body; nothing is stored.</summary>
    KeyReused,
}

/// <summary>Runs Notifications/Sql for topics and subscriptions. What RabbitMQ knows of them is the dispatcher's concern.</summary>
public sealed class TopicStore(NpgsqlDataSource dataSource)
{
    /// <summary>Makes a topic.</summary>
    public async Task<TopicOutcome> CreateAsync(TopicDocument topic, string createdBy, IdempotencyKey? idempotencyKey, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await FindUsedAsync(connection, idempotencyKey, topic.TopicName, cancellationToken) is { } used)
        {
            return Answer(used, idempotencyKey!);
        }

        var rows = await ExecuteAsync(
            connection,
            "Notifications/Sql/topic_insert.sql",
            cancellationToken,
            ("topic_key", Key(topic.TopicName)),
            ("topic_name", topic.TopicName),
            ("created_by", createdBy));
        if (rows == 0)
        {
            return TopicOutcome.Exists;
        }

        await transaction.CommitAsync(cancellationToken);
        return TopicOutcome.Stored;
    }

    /// <summary>Makes a subscription of the topic, whose name may be in any case. Gives the subscription's id with <see cref="TopicOutcome.Stored"/>.</summary>
    public async Task<(TopicOutcome Outcome, string? SubscriptionId)> SubscribeAsync(
        string topicName,
        SubscriptionDocument subscription,
        string createdBy,
        IdempotencyKey? idempotencyKey,
        CancellationToken cancellationToken)
    {
        var id = EntityId.New(EntityId.Subscription);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await FindUsedAsync(connection, idempotencyKey, id, cancellationToken) is { } used)
        {
            return (Answer(used, idempotencyKey!), used.ResourceId);
        }

        if (await LockTopicAsync(connection, topicName, cancellationToken) is not { } topicKey)
        {
            return (TopicOutcome.TopicMissing, null);
        }

        var rows = await ExecuteAsync(
            connection,
            "Notifications/Sql/subscription_insert.sql",
            cancellationToken,
            ("subscription_id", id),
            ("topic_key", topicKey),
            ("protocol", subscription.Protocol),
            ("endpoint", subscription.Endpoint),
            ("binding", subscription.Binding),
            ("created_by", createdBy));
        if (rows == 0)
        {
            return (TopicOutcome.Exists, null);
        }

        await transaction.CommitAsync(cancellationToken);
        return (TopicOutcome.Stored, id);
    }

    /// <summary>Removes a topic and its subscriptions. False when there is none.</summary>
    public async Task<bool> DeleteAsync(string topicName, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await ExecuteAsync(connection, "Notifications/Sql/topic_delete.sql", cancellationToken, ("topic_key", Key(topicName))) > 0;
    }

    /// <summary>Removes a subscription of the topic. False when there is none.</summary>
    public async Task<bool> UnsubscribeAsync(string topicName, string subscriptionId, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await ExecuteAsync(
            connection,
            "Notifications/Sql/subscription_delete.sql",
            cancellationToken,
            ("topic_key", Key(topicName)),
            ("subscription_id", subscriptionId)) > 0;
    }

    /// <summary>What an earlier request with this key made; null when the key is new and now taken, or there is none.</summary>
    private static async Task<UsedKey?> FindUsedAsync(NpgsqlConnection connection, IdempotencyKey? key, string resourceId, CancellationToken cancellationToken) =>
        key is null
            ? null
            : (await IdempotencyStore.TakeAsync(connection, [(key, resourceId)], cancellationToken)).GetValueOrDefault((key.Scope, key.Key));

    private static TopicOutcome Answer(UsedKey used, IdempotencyKey key) =>
        used.BodyHash.AsSpan().SequenceEqual(key.BodyHash) ? TopicOutcome.Stored : TopicOutcome.KeyReused;

    private static async Task<string?> LockTopicAsync(NpgsqlConnection connection, string topicName, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Notifications/Sql/topic_share.sql"), connection);
        command.Parameters.AddWithValue("topic_key", Key(topicName));
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string path, CancellationToken cancellationToken, params (string Name, string Value)[] parameters)
    {
        await using var command = new NpgsqlCommand(SqlText.Load(path), connection);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Key(string topicName) => topicName.ToLowerInvariant();
}
