using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Subscriptions;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Topics;

/// <summary>What messages need to know of a topic.</summary>
/// <param name="Name">As it was made.</param>
/// <param name="MaxMessageBytes">Longest body it takes; null: it has no limit of its own.</param>
internal sealed record TopicFacts(string Name, int? MaxMessageBytes);

/// <summary>
/// The topics of PostgreSQL, which is the truth: the broker's exchanges follow. Names are
/// found without regard to case and kept as they were given. Takes valid names only (<see cref="TopicDocumentReader"/>).
/// </summary>
public sealed class TopicStore(NpgsqlDataSource dataSource, IOptions<NotificationOptions> options)
{
    /// <summary>The spelling that holds for each of <paramref name="names"/>: that of the topic; names that no topic has are left out.</summary>
    public async Task<IReadOnlyDictionary<string, string>> FindAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var existing = await SpellingAsync(dataSource, [.. ByKey(names).Keys], cancellationToken);
        return Spelled(names, existing);
    }

    /// <summary>
    /// Makes the topics that do not exist: all of them, or none when there would be more than <see cref="NotificationOptions.MaxTopics"/>. Returns the spelling that holds for each given name
    /// that is a topic's. Safe to repeat.
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
            await InsertAsync(wanted, createdBy, [], tencent: null, cancellationToken);
            existing = await SpellingAsync(dataSource, keys, cancellationToken);
        }

        return Spelled(names, existing);
    }

    /// <summary>True: another topic may be made.</summary>
    public async Task<bool> HasRoomAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topics_count.sql"));
        return (long)(await command.ExecuteScalarAsync(cancellationToken))! < options.Value.MaxTopics;
    }

    /// <summary>Makes a topic. False when one of that name exists, in whatever spelling, or there are as many as there may be.</summary>
    public Task<bool> CreateAsync(string name, string createdBy, CancellationToken cancellationToken) => CreateAsync(name, createdBy, [], tencent: null, cancellationToken);

    /// <summary>The same for one with labels, and with attributes in Tencent's words (JSON; null: none).</summary>
    public async Task<bool> CreateAsync(string name, string createdBy, IReadOnlyList<TagDocument> tags, string? tencent, CancellationToken cancellationToken) =>
        await InsertAsync(ByKey([name]), createdBy, tags, tencent, cancellationToken) == 1;

    /// <summary>
    /// Changes those of a topic's attributes in Tencent's words that <paramref name="changes"/> has (JSON); <paramref name="otherwise"/> holds for a topic without any. False when there is no such
    /// topic, or not the one that was made at <paramref name="createdAt"/>.
    /// </summary>
    public async Task<bool> ChangeAsync(string name, DateTimeOffset createdAt, string changes, string otherwise, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topics_change.sql"));
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(name));
        command.Parameters.AddWithValue("created_at", createdAt);
        command.Parameters.AddWithValue("tencent", NpgsqlDbType.Jsonb, changes);
        command.Parameters.AddWithValue("otherwise", NpgsqlDbType.Jsonb, otherwise);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>Deletes a topic and its subscriptions. Returns its name as it was made; null when there is none.</summary>
    public async Task<string?> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        string? deleted = null;
        foreach (var statement in (string[])["Topics/Sql/topics_lock.sql", "Subscriptions/Sql/subscriptions_lock.sql", "Topics/Sql/topics_delete.sql"])
        {
            await using var command = new NpgsqlCommand(SqlText.Load(statement), connection);
            command.Parameters.AddWithValue("topic_key", TopicKey.Of(name));
            deleted = await command.ExecuteScalarAsync(cancellationToken) as string;
        }

        await transaction.CommitAsync(cancellationToken);
        return deleted;
    }

    /// <summary>One topic with its subscriptions; null when there is none.</summary>
    public async Task<TopicView?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await SelectAsync(TopicKey.Of(name), after: null, pageSize: 1, cancellationToken)).SingleOrDefault();

    /// <summary>Up to <paramref name="pageSize"/> topics in the order of their names without case, beginning after the topic <paramref name="after"/>.</summary>
    public Task<IReadOnlyList<TopicView>> ListAsync(string? after, int pageSize, CancellationToken cancellationToken) =>
        SelectAsync(topicKey: null, after is null ? null : TopicKey.Of(after), pageSize, cancellationToken);

    internal static async Task<Dictionary<string, TopicFacts>> SpellingAsync(
        NpgsqlDataSource dataSource,
        string[] keys,
        CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topics_spelling.sql"));
        command.Parameters.AddWithValue("topic_keys", keys);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var topics = new Dictionary<string, TopicFacts>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            topics.Add(reader.GetString(0), new(reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetInt32(2)));
        }

        return topics;
    }

    private static Dictionary<string, string> Spelled(IEnumerable<string> names, Dictionary<string, TopicFacts> existing) => names
        .Distinct(StringComparer.Ordinal)
        .Where(name => existing.ContainsKey(TopicKey.Of(name)))
        .ToDictionary(name => name, name => existing[TopicKey.Of(name)].Name, StringComparer.Ordinal);

    private static Dictionary<string, string> ByKey(IEnumerable<string> names)
    {
        var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            wanted.TryAdd(TopicKey.Of(name), name);
        }

        return wanted;
    }

    private async Task<int> InsertAsync(Dictionary<string, string> wanted, string createdBy, IReadOnlyList<TagDocument> tags, string? tencent, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topics_insert.sql"));
        command.Parameters.AddWithValue("topic_keys", wanted.Keys.ToArray());
        command.Parameters.AddWithValue("topic_names", wanted.Values.ToArray());
        command.Parameters.AddWithValue("tags", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(tags, BatchPlaneJson.Options));
        command.Parameters.Add(new("tencent", NpgsqlDbType.Jsonb) { Value = (object?)tencent ?? DBNull.Value });
        command.Parameters.AddWithValue("created_by", createdBy);
        command.Parameters.AddWithValue("max_topics", options.Value.MaxTopics);
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
        await using var command = dataSource.CreateCommand(SqlText.Load("Topics/Sql/topics_select.sql"));
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

        var subscriptions = (await SubscriptionStore.SelectAsync(dataSource, [.. topics.Select(topic => topic.Key)], subscriptionId: null, cancellationToken))
            .ToLookup(subscription => subscription.TopicKey, subscription => subscription.View, StringComparer.Ordinal);
        return [.. topics.Select(topic => topic.View with { Subscriptions = [.. subscriptions[topic.Key]] })];
    }
}
