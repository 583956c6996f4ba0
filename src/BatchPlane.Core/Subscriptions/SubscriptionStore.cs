using System.Security.Cryptography;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Topics;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Subscriptions;

/// <summary>What became of storing a subscription.</summary>
/// <param name="Subscription">The one that was made, with its secret, or the one that stood already, without; null: the topic has as many as are allowed.</param>
/// <param name="IsNew">False when it stood already.</param>
public sealed record StoredSubscription(SubscriptionView? Subscription, bool IsNew);

/// <summary>What became of a change of a subscription.</summary>
public enum SubscriptionChanged
{
    /// <summary>Stored.</summary>
    Done,

    /// <summary>There is no such subscription.</summary>
    Absent,

    /// <summary>Another subscription of the topic has the same endpoint and bindings.</summary>
    Duplicate,
}

/// <summary>What became of a wish for a new secret.</summary>
public abstract record SecretRotation
{
    /// <summary>Made, now or by an earlier request with the same key.</summary>
    public sealed record Rotated(RotatedSecret Secret) : SecretRotation;

    /// <summary>The topic has no webhook of this id.</summary>
    public sealed record Absent : SecretRotation;

    /// <summary>The key came with another body before.</summary>
    public sealed record KeyReused : SecretRotation;

    /// <summary>The secret that was made with the key is not the webhook's any more.</summary>
    public sealed record Superseded : SecretRotation;
}

/// <summary>
/// The subscriptions of PostgreSQL, which is the truth: queues and bindings follow. Takes documents that <see cref="SubscriptionReader"/> read. Secrets are encrypted with their
/// subscription and endpoint, so that whoever writes to the database cannot have requests signed that go elsewhere.
/// </summary>
public sealed class SubscriptionStore(NpgsqlDataSource dataSource, InstallationKey key)
{
    private const string SecretPrefix = "whsec_";
    private const int SecretBytes = 32;
    private const int MaxTries = 3;

    /// <summary>Makes a subscription; a webhook without a secret gets one. Null when there is no such topic. Safe to repeat: the same name, or protocol, endpoint and bindings, is one subscription.</summary>
    public async Task<StoredSubscription?> CreateAsync(string topicName, SubscriptionDocument document, SubscriptionLimits limits, string createdBy, CancellationToken cancellationToken)
    {
        StoredSubscription? stored = null;
        for (var attempt = 1; stored is null && attempt <= MaxTries; attempt++)
        {
            stored = await TryCreateAsync(topicName, document, limits, createdBy, cancellationToken);
        }

        return stored;
    }

    /// <summary>One subscription; null when the topic has none of this id.</summary>
    public async Task<SubscriptionView?> FindAsync(string topicName, string subscriptionId, CancellationToken cancellationToken) =>
        (await SelectAsync(dataSource, [TopicKey.Of(topicName)], subscriptionId, cancellationToken)).Select(found => found.View).SingleOrDefault();

    /// <summary>Changes a subscription; what the change leaves out stays. One that is enabled or disabled by it has that in the journal, with <paramref name="changedBy"/> as source.</summary>
    public async Task<SubscriptionChanged> ChangeAsync(string topicName, string subscriptionId, SubscriptionChange change, string changedBy, CancellationToken cancellationToken)
    {
        await using var command = Command("Subscriptions/Sql/subscriptions_change.sql", topicName, subscriptionId);
        command.Parameters.AddWithValue("shard", DispatcherShard.Of(subscriptionId));
        command.Parameters.AddWithValue("source", changedBy);
        command.Parameters.Add(new("bindings", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = OrNull(change.Bindings?.ToArray()) });
        command.Parameters.Add(new("enabled", NpgsqlDbType.Boolean) { Value = OrNull(change.Enabled) });
        command.Parameters.Add(new("format", NpgsqlDbType.Text) { Value = OrNull(change.Format is { } format ? WireName.Of(format) : null) });
        command.Parameters.Add(new("filter", NpgsqlDbType.Jsonb) { Value = OrNull(change.Filter is { } filter ? EventFilter.IsEmpty(filter) ? "null" : ToJson(filter) : null) });
        command.Parameters.Add(new("content_format", NpgsqlDbType.Text) { Value = OrNull(change.ContentFormat is { } content ? WireName.Of(content) : null) });
        command.Parameters.Add(new("max_in_flight", NpgsqlDbType.Integer) { Value = OrNull(change.MaxInFlight) });
        command.Parameters.Add(new("retry", NpgsqlDbType.Jsonb) { Value = OrNull(ToJson(change.Retry)) });
        try
        {
            return await command.ExecuteScalarAsync(cancellationToken) is null ? SubscriptionChanged.Absent : SubscriptionChanged.Done;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return SubscriptionChanged.Duplicate;
        }
    }

    /// <summary>Ends a subscription. False when the topic has none of this id.</summary>
    public async Task<bool> DeleteAsync(string topicName, string subscriptionId, CancellationToken cancellationToken)
    {
        await using var command = Command("Subscriptions/Sql/subscriptions_delete.sql", topicName, subscriptionId);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>
    /// Gives a webhook a new secret; the one before signs as well for <paramref name="overlap"/>. Repeated with the same <paramref name="idempotencyKey"/> it makes none and answers with the one it made.
    /// </summary>
    public async Task<SecretRotation> RotateSecretAsync(string topicName, string subscriptionId, TimeSpan overlap, IdempotencyKey? idempotencyKey, CancellationToken cancellationToken)
    {
        if (await FindAsync(topicName, subscriptionId, cancellationToken) is not { Protocol: SubscriptionProtocol.Http } subscription)
        {
            return new SecretRotation.Absent();
        }

        var secret = NewSecret();
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (idempotencyKey is not null
            && (await IdempotencyStore.TakeAsync(connection, [(idempotencyKey, MarkOf(secret))], cancellationToken)).Values.SingleOrDefault() is { } earlier)
        {
            return earlier.BodyHash.AsSpan().SequenceEqual(idempotencyKey.BodyHash)
                ? await RotatedBeforeAsync(connection, topicName, subscriptionId, earlier.ResourceId, cancellationToken)
                : new SecretRotation.KeyReused();
        }

        await using var command = Command("Subscriptions/Sql/subscriptions_rotate.sql", topicName, subscriptionId, connection);
        command.Parameters.AddWithValue("secret", key.Encrypt(secret, OwnerOf(subscriptionId, subscription.Endpoint)));
        command.Parameters.AddWithValue("overlap", overlap);
        if (await command.ExecuteScalarAsync(cancellationToken) is not DateTime until)
        {
            return new SecretRotation.Absent();
        }

        await transaction.CommitAsync(cancellationToken);
        return new SecretRotation.Rotated(new(secret, new DateTimeOffset(until, TimeSpan.Zero)));
    }

    /// <summary>Disables a subscription, which is an event for its topic. The topic's name; null when it is disabled or gone already, or has not been failing for longer than <paramref name="failingFor"/>.</summary>
    public async Task<string?> DisableAsync(string subscriptionId, Cause cause, string reason, TimeSpan? failingFor, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_disable.sql"));
        command.Parameters.AddWithValue("subscription_id", subscriptionId);
        command.Parameters.AddWithValue("shard", DispatcherShard.Of(subscriptionId));
        command.Parameters.AddWithValue("cause", WireName.Of(cause));
        command.Parameters.AddWithValue("reason", reason);
        command.Parameters.Add(new("failing_for", NpgsqlDbType.Interval) { Value = OrNull(failingFor) });
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>Equal results mean that nothing deliverers serve was changed in between.</summary>
    public async Task<(long Count, long Sum)> FingerprintAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_fingerprint.sql"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>All subscriptions of webhooks and mail, with their secrets.</summary>
    public async Task<IReadOnlyList<ServedSubscription>> ListServedAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_served.sql"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var served = new List<ServedSubscription>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var view = SubscriptionRows.ReadView(reader);
            served.Add(new()
            {
                View = view,
                Secret = Open(reader, SubscriptionRows.Next, view),
                PreviousSecret = Open(reader, SubscriptionRows.Next + 1, view),
                Revision = reader.GetInt64(SubscriptionRows.Next + 2),
                HasTags = reader.GetBoolean(SubscriptionRows.Next + 3),
            });
        }

        return served;
    }

    /// <summary>All that the dispatcher sends copies of their own.</summary>
    public async Task<AddressedSubscriptions> ListAddressedAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_addressed.sql"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(string TopicKey, AddressedSubscription Subscription)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            // Where nobody noted it, it may have missed everything.
            var since = reader.IsDBNull(SubscriptionRows.Next + 2) ? ulong.MaxValue : reader.GetFieldValue<ulong>(SubscriptionRows.Next + 2);
            found.Add((reader.GetString(SubscriptionRows.Next), new(SubscriptionRows.ReadView(reader), reader.GetInt64(SubscriptionRows.Next + 1), since)));
        }

        return new(found);
    }

    internal static async Task<IReadOnlyList<(string TopicKey, SubscriptionView View)>> SelectAsync(
        NpgsqlDataSource dataSource,
        string[] topicKeys,
        string? subscriptionId,
        CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_select.sql"));
        command.Parameters.AddWithValue("topic_keys", topicKeys);
        command.Parameters.Add(new("subscription_id", NpgsqlDbType.Text) { Value = OrNull(subscriptionId) });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(string TopicKey, SubscriptionView View)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(SubscriptionRows.Next), SubscriptionRows.ReadView(reader)));
        }

        return found;
    }

    private static string NewSecret() => SecretPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>By which a secret is known again, and which tells nothing of it: it is 256 random bits.</summary>
    private static string MarkOf(string secret) => Convert.ToHexStringLower(AccessSecrets.Hash(secret));

    private static string OwnerOf(string subscriptionId, string endpoint) => $"subscription {subscriptionId}\n{endpoint}";

    private static string? ToJson<T>(T? document)
        where T : class => document is null ? null : JsonSerializer.Serialize(document, BatchPlaneJson.Options);

    private static object OrNull(object? value) => value ?? DBNull.Value;

    /// <summary>The secret with this mark, if it is the webhook's still.</summary>
    private async Task<SecretRotation> RotatedBeforeAsync(NpgsqlConnection connection, string topicName, string subscriptionId, string mark, CancellationToken cancellationToken)
    {
        await using var command = Command("Subscriptions/Sql/subscriptions_secret.sql", topicName, subscriptionId, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return new SecretRotation.Absent();
        }

        return !reader.IsDBNull(2) && Opened(reader.GetFieldValue<byte[]>(0), OwnerOf(subscriptionId, reader.GetString(1))) is { } secret && MarkOf(secret) == mark
            ? new SecretRotation.Rotated(new(secret, reader.GetFieldValue<DateTimeOffset>(2)))
            : new SecretRotation.Superseded();
    }

    private NpgsqlCommand Command(string statement, string topicName, string subscriptionId, NpgsqlConnection? connection = null)
    {
        var text = SqlText.Load(statement);
        var command = connection is null ? dataSource.CreateCommand(text) : new NpgsqlCommand(text, connection);
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(topicName));
        command.Parameters.AddWithValue("subscription_id", subscriptionId);
        return command;
    }

    private string? Open(NpgsqlDataReader reader, int column, SubscriptionView view) =>
        reader.IsDBNull(column) ? null : Opened(reader.GetFieldValue<byte[]>(column), OwnerOf(view.SubscriptionId, view.Endpoint));

    private string? Opened(byte[] sealedSecret, string owner)
    {
        try
        {
            return key.Decrypt(sealedSecret, owner);
        }
        catch (CryptographicException)
        {
            // Stored under another installation key: the webhook's tries say so.
            return null;
        }
    }

    /// <summary>Null when there is no such topic, or the id was taken, or another caller made the same subscription at this moment.</summary>
    private async Task<StoredSubscription?> TryCreateAsync(string topicName, SubscriptionDocument document, SubscriptionLimits limits, string createdBy, CancellationToken cancellationToken)
    {
        var id = EntityId.New(EntityId.Subscription);
        var secret = document.Protocol == SubscriptionProtocol.Http ? document.Secret ?? NewSecret() : null;
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var locking = Command("Topics/Sql/topics_lock.sql", topicName, id, connection))
        {
            await locking.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var command = Command("Subscriptions/Sql/subscriptions_insert.sql", topicName, id, connection);
        var values = command.Parameters;
        values.Add(new("subscription_name", NpgsqlDbType.Text) { Value = OrNull(document.SubscriptionName) });
        values.AddWithValue("protocol", WireName.Of(document.Protocol));
        values.AddWithValue("endpoint", document.Endpoint);
        values.AddWithValue("bindings", document.Bindings!.ToArray());
        values.AddWithValue("enabled", document.Enabled ?? true);
        values.AddWithValue("format", WireName.Of(document.Format ?? SubscriptionFormat.Published));
        values.Add(new("filter", NpgsqlDbType.Jsonb) { Value = OrNull(ToJson(document.Filter)) });
        values.AddWithValue("is_addressed", SubscriptionQueue.IsAddressed(document.Protocol, document.Format ?? SubscriptionFormat.Published, document.Filter));
        values.Add(new("push", NpgsqlDbType.Text) { Value = OrNull(document.Push is { } push ? WireName.Of(push) : null) });
        values.Add(new("content_format", NpgsqlDbType.Text) { Value = OrNull(document.ContentFormat is { } content ? WireName.Of(content) : null) });
        values.Add(new("max_in_flight", NpgsqlDbType.Integer) { Value = OrNull(document.MaxInFlight) });
        values.Add(new("retry", NpgsqlDbType.Jsonb) { Value = OrNull(ToJson(document.Retry)) });
        values.Add(new("secret", NpgsqlDbType.Bytea) { Value = OrNull(secret is null ? null : key.Encrypt(secret, OwnerOf(id, document.Endpoint))) });
        var isOwn = document.Protocol != SubscriptionProtocol.Queue;
        values.Add(new("max_age_seconds", NpgsqlDbType.Integer) { Value = OrNull(isOwn ? (int)limits.MaxAge.TotalSeconds : null) });
        values.Add(new("max_queue_bytes", NpgsqlDbType.Bigint) { Value = OrNull(isOwn ? limits.MaxQueueBytes : null) });
        values.AddWithValue("max_per_topic", limits.MaxPerTopic);
        values.AddWithValue("created_by", createdBy);
        try
        {
            var (stored, isNew) = await ReadCreatedAsync(command, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return stored switch
            {
                null => null,
                "" => new(null, IsNew: false),
                _ => await FindAsync(topicName, stored, cancellationToken) is { } view ? new(isNew ? view with { Secret = secret } : view, isNew) : null,
            };
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "subscriptions_pkey" })
        {
            return null;
        }
    }

    /// <summary>The id of the subscription that stands; empty: the topic is full; null: there is no such topic, or it has to be tried again.</summary>
    private static async Task<(string? SubscriptionId, bool IsNew)> ReadCreatedAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return (null, false);
        }

        return reader.IsDBNull(0) ? (reader.GetBoolean(4) ? "" : null, false) : (reader.GetString(0), reader.GetBoolean(3));
    }
}
