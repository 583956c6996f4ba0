using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Notifications;

/// <summary>A subscription that was stored, or stood already.</summary>
/// <param name="Subscription">The subscription.</param>
/// <param name="IsNew">False when the same queue was bound the same way before.</param>
public sealed record StoredSubscription(SubscriptionView Subscription, bool IsNew);

/// <summary>What a subscription had bound.</summary>
/// <param name="TopicName">Exchange.</param>
/// <param name="Endpoint">Queue.</param>
/// <param name="Binding">Pattern.</param>
public sealed record QueueBinding(string TopicName, string Endpoint, string Binding);

/// <summary>
/// The topics and subscriptions of PostgreSQL, which is the truth: the broker's exchanges, queues and bindings follow. Names are
/// found without regard to case and kept as they were given. Takes valid names only (<see cref="TopicDocumentReader"/>).
/// </summary>
public sealed class TopicStore(NpgsqlDataSource dataSource)
{
    private const int MaxSubscribeTries = 3;

    /// <summary>The spelling that holds for each of <paramref name="names"/>: that of the topic; names that no topic has are left out.</summary>
    public async Task<IReadOnlyDictionary<string, string>> FindAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var existing = await SpellingAsync(dataSource, [.. ByKey(names).Keys], cancellationToken);
        return names
            .Distinct(StringComparer.Ordinal)
            .Where(name => existing.ContainsKey(TopicKey.Of(name)))
            .ToDictionary(name => name, name => existing[TopicKey.Of(name)], StringComparer.Ordinal);
    }

    /// <summary>
    /// Makes the topics that do not exist. Returns the spelling that holds for each given name: that of the topic. Safe to repeat.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string>> EnsureAsync(
        IReadOnlyCollection<string> names,
        string createdBy,
        CancellationToken cancellationToken)
    {
        var wanted = ByKey(names);
        string[] keys = [.. wanted.Keys];
        var existing = await SpellingAsync(dataSource, keys, cancellationToken);
        if (existing.Count < keys.Length)
        {
            await InsertAsync(wanted, createdBy, cancellationToken);
            existing = await SpellingAsync(dataSource, keys, cancellationToken);
        }

        return names
            .Distinct(StringComparer.Ordinal)
            .ToDictionary(name => name, name => existing.GetValueOrDefault(TopicKey.Of(name), name), StringComparer.Ordinal);
    }

    /// <summary>Makes a topic. False when one of that name exists, in whatever spelling.</summary>
    public async Task<bool> CreateAsync(string name, string createdBy, CancellationToken cancellationToken) =>
        await InsertAsync(ByKey([name]), createdBy, cancellationToken) == 1;

    /// <summary>Deletes a topic and its subscriptions. Returns its name as it was made; null when there is none.</summary>
    public async Task<string?> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topics_delete.sql"));
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(name));
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>One topic with its subscriptions; null when there is none.</summary>
    public async Task<TopicView?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await SelectAsync(TopicKey.Of(name), after: null, pageSize: 1, cancellationToken)).SingleOrDefault();

    /// <summary>Up to <paramref name="pageSize"/> topics in the order of their names without case, beginning after the topic <paramref name="after"/>.</summary>
    public Task<IReadOnlyList<TopicView>> ListAsync(string? after, int pageSize, CancellationToken cancellationToken) =>
        SelectAsync(topicKey: null, after is null ? null : TopicKey.Of(after), pageSize, cancellationToken);

    /// <summary>Subscribes a queue. Null when there is no such topic. Safe to repeat: the same queue and binding are one subscription.</summary>
    public async Task<StoredSubscription?> SubscribeAsync(
        string topicName,
        string queue,
        string binding,
        string createdBy,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MaxSubscribeTries; attempt++)
        {
            if (await TrySubscribeAsync(topicName, queue, binding, createdBy, cancellationToken) is { } stored)
            {
                return stored;
            }
        }

        return null;
    }

    /// <summary>Ends a subscription. Returns what it had bound; null when the topic has no such subscription.</summary>
    public async Task<QueueBinding?> UnsubscribeAsync(string topicName, string subscriptionId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/subscriptions_delete.sql"));
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(topicName));
        command.Parameters.AddWithValue("subscription_id", subscriptionId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetString(0), reader.GetString(1), reader.GetString(2))
            : null;
    }

    internal static async Task<Dictionary<string, string>> SpellingAsync(
        NpgsqlDataSource dataSource,
        string[] keys,
        CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topics_spelling.sql"));
        command.Parameters.AddWithValue("topic_keys", keys);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0), reader.GetString(1));
        }

        return names;
    }

    private static Dictionary<string, string> ByKey(IEnumerable<string> names)
    {
        var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            wanted.TryAdd(TopicKey.Of(name), name);
        }

        return wanted;
    }

    private async Task<int> InsertAsync(Dictionary<string, string> wanted, string createdBy, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topics_insert.sql"));
        command.Parameters.AddWithValue("topic_keys", wanted.Keys.ToArray());
        command.Parameters.AddWithValue("topic_names", wanted.Values.ToArray());
        command.Parameters.AddWithValue("created_by", createdBy);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var made = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            made++;
        }

        return made;
    }

    private async Task<IReadOnlyList<TopicView>> SelectAsync(
        string? topicKey,
        string? after,
        int pageSize,
        CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topics_select.sql"));
        command.Parameters.Add(new("topic_key", NpgsqlDbType.Text) { Value = (object?)topicKey ?? DBNull.Value });
        command.Parameters.Add(new("after", NpgsqlDbType.Text) { Value = (object?)after ?? DBNull.Value });
        command.Parameters.AddWithValue("page_size", pageSize);
        var topics = new List<(string Key, TopicView View)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var view = new TopicView { TopicName = reader.GetString(1), CreatedAt = reader.GetFieldValue<DateTimeOffset>(2) };
                topics.Add((reader.GetString(0), view));
            }
        }

        var subscriptions = await SubscriptionsAsync([.. topics.Select(topic => topic.Key)], cancellationToken);
        return [.. topics.Select(topic => topic.View with { Subscriptions = [.. subscriptions[topic.Key]] })];
    }

    private async Task<ILookup<string, SubscriptionView>> SubscriptionsAsync(string[] topicKeys, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/subscriptions_select.sql"));
        command.Parameters.AddWithValue("topic_keys", topicKeys);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(string TopicKey, SubscriptionView View)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(1), new()
            {
                SubscriptionId = reader.GetString(0),
                TopicName = reader.GetString(2),
                Protocol = reader.GetString(3),
                Endpoint = reader.GetString(4),
                Binding = reader.GetString(5),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(6),
            }));
        }

        return found.ToLookup(subscription => subscription.TopicKey, subscription => subscription.View, StringComparer.Ordinal);
    }

    /// <summary>Null when there is no such topic, or the id was taken, or another caller made the same subscription at this moment.</summary>
    private async Task<StoredSubscription?> TrySubscribeAsync(
        string topicName,
        string queue,
        string binding,
        string createdBy,
        CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/subscriptions_insert.sql"));
        command.Parameters.AddWithValue("subscription_id", EntityId.New(EntityId.Subscription));
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(topicName));
        command.Parameters.AddWithValue("endpoint", queue);
        command.Parameters.AddWithValue("binding", binding);
        command.Parameters.AddWithValue("created_by", createdBy);
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return null;
            }

            var view = new SubscriptionView
            {
                SubscriptionId = reader.GetString(0),
                TopicName = reader.GetString(1),
                Protocol = "queue",
                Endpoint = queue,
                Binding = binding,
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(2),
            };
            return new(view, reader.GetBoolean(3));
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "subscriptions_pkey" })
        {
            return null;
        }
    }
}
