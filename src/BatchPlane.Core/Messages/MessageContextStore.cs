using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using Npgsql;

namespace BatchPlane.Core.Messages;

/// <summary>
/// Reads what messages need to know of jobs, environments, subscriptions and nodes. Jobs are kept for a short while: what messages use of
/// them does not change, except the limit of a topic, and the spelling of one that was deleted and made again.
/// </summary>
/// <remarks>One for each shard; not safe for use by two threads at once.</remarks>
public sealed class MessageContextStore(NpgsqlDataSource dataSource, TimeProvider time)
{
    private const int MaxKept = 1_000;
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, SubjectContext> _jobs = new(StringComparer.Ordinal);
    private long _keptSince;

    /// <summary>Contexts of everything that <paramref name="rows"/> name; absent where it does not exist.</summary>
    public async Task<MessageContexts> LoadAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        ForgetOld();
        var ofSubscriptions = rows.Where(row => row.Level == EventLevel.Subscription).ToList();
        var subjectIds = rows.Where(row => row.Level != EventLevel.Subscription).Select(row => row.SubjectId).Distinct(StringComparer.Ordinal).ToLookup(IsJob);
        string[] jobIds = [.. subjectIds[true].Where(id => !_jobs.ContainsKey(id))];
        string[] envIds = [.. subjectIds[false]];
        string[] nodeIds = [.. rows.Select(row => row.NodeId).OfType<string>().Distinct(StringComparer.Ordinal)];

        var jobs = jobIds.Length == 0 ? [] : await JobsAsync(jobIds, cancellationToken);
        var environments = envIds.Length == 0 ? [] : await EnvironmentsAsync(envIds, cancellationToken);
        var nodes = nodeIds.Length == 0 ? [] : await NodesAsync(nodeIds, cancellationToken);
        foreach (var job in await WithExistingTopicsAsync(jobs, cancellationToken))
        {
            _jobs[job.SubjectId] = job;
        }

        var subjects = (await WithExistingTopicsAsync(environments, cancellationToken)).ToDictionary(env => env.SubjectId, StringComparer.Ordinal);
        foreach (var id in subjectIds[true])
        {
            if (_jobs.TryGetValue(id, out var job))
            {
                subjects.Add(id, job);
            }
        }

        foreach (var subscription in await WithExistingTopicsAsync(SubscriptionEvents.ContextsOf(ofSubscriptions), cancellationToken))
        {
            subjects.Add(subscription.SubjectId, subscription);
        }

        return new(subjects, nodes);
    }

    private static bool IsJob(string subjectId) => subjectId.StartsWith(EntityId.Job, StringComparison.Ordinal);

    private void ForgetOld()
    {
        if (_jobs.Count > MaxKept || time.GetElapsedTime(_keptSince) > KeptFor)
        {
            _jobs.Clear();
            _keptSince = time.GetTimestamp();
        }
    }

    private async Task<List<SubjectContext>> JobsAsync(string[] jobIds, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Messages/Sql/jobs_message_context.sql"));
        command.Parameters.AddWithValue("job_ids", jobIds);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var jobs = new List<SubjectContext>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var taskNos = reader.GetFieldValue<int[]>(6);
            var taskNames = reader.GetFieldValue<string[]>(7);
            jobs.Add(new()
            {
                SubjectId = reader.GetString(0),
                Name = reader.GetString(1),
                Priority = reader.GetInt32(2),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(3),
                Notifications = ParseNotifications(reader.GetString(4)),
                Traceparent = reader.IsDBNull(5) ? null : reader.GetString(5),
                TaskNames = taskNos.Zip(taskNames).ToDictionary(),
                Redirects = RedirectsOf(taskNos, reader.GetFieldValue<string?[]>(8)),
                Labels = ParseLabels(reader.GetString(9)),
                Region = reader.IsDBNull(10) ? null : reader.GetString(10),
            });
        }

        return jobs;
    }

    private async Task<List<SubjectContext>> EnvironmentsAsync(string[] envIds, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Messages/Sql/environments_message_context.sql"));
        command.Parameters.AddWithValue("env_ids", envIds);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var environments = new List<SubjectContext>();
        while (await reader.ReadAsync(cancellationToken))
        {
            environments.Add(new()
            {
                SubjectId = reader.GetString(0),
                Name = reader.GetString(1),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(2),
                Notifications = ParseNotifications(reader.GetString(3)),
                Traceparent = reader.IsDBNull(4) ? null : reader.GetString(4),
                Labels = ParseLabels(reader.GetString(5)),
                Region = reader.IsDBNull(6) ? null : reader.GetString(6),
            });
        }

        return environments;
    }

    private async Task<Dictionary<string, NodeFacts>> NodesAsync(string[] nodeIds, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Messages/Sql/nodes_message_context.sql"));
        command.Parameters.AddWithValue("node_ids", nodeIds);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var nodes = new Dictionary<string, NodeFacts>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            nodes.Add(
                reader.GetString(0),
                new(
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetInt32(4),
                    reader.GetInt32(5),
                    reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return nodes;
    }

    /// <summary>Topics are the same whatever their case, exchanges are not: messages go to the exchange as the topic was made.</summary>
    private async Task<IEnumerable<SubjectContext>> WithExistingTopicsAsync(
        List<SubjectContext> subjects,
        CancellationToken cancellationToken)
    {
        string[] keys = [.. subjects
            .SelectMany(subject => subject.Notifications)
            .SelectMany(notification => notification.Topics)
            .Select(TopicKey.Of)
            .Distinct(StringComparer.Ordinal)];
        if (keys.Length == 0)
        {
            return subjects;
        }

        var topics = await TopicStore.SpellingAsync(dataSource, keys, cancellationToken);
        var limits = topics.Where(topic => topic.Value.MaxMessageBytes is not null).ToDictionary(topic => topic.Key, topic => topic.Value.MaxMessageBytes!.Value, StringComparer.Ordinal);
        return subjects.Select(subject => subject with
        {
            MissingTopics = subject.Notifications.SelectMany(notification => notification.Topics).Where(name => !topics.ContainsKey(TopicKey.Of(name))).ToHashSet(StringComparer.Ordinal),
            TopicLimits = limits,
            Notifications = [.. subject.Notifications.Select(notification => notification.Respelled(name => topics.GetValueOrDefault(TopicKey.Of(name))?.Name ?? name))],
        });
    }

    private static Dictionary<int, RedirectInfoDocument> RedirectsOf(int[] taskNos, string?[] redirects) =>
        taskNos.Zip(redirects)
            .Where(task => task.Second is not null)
            .ToDictionary(task => task.First, task => JsonSerializer.Deserialize<RedirectInfoDocument>(task.Second!, BatchPlaneJson.Options)!);

    private static IReadOnlyList<NotificationDocument> ParseNotifications(string json) =>
        JsonSerializer.Deserialize<IReadOnlyList<NotificationDocument>>(json, BatchPlaneJson.Options) ?? [];

    private static IReadOnlyList<TagDocument> ParseLabels(string json) => JsonSerializer.Deserialize<IReadOnlyList<TagDocument>>(json, BatchPlaneJson.Options) ?? [];
}
