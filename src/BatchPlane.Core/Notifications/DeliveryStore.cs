using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Notifications;

/// <summary>What became of a try to deliver an event: a row of <c>subscription_deliveries</c>.</summary>
/// <param name="SubscriptionId">Where to.</param>
/// <param name="SubjectId">Job, environment or test.</param>
/// <param name="Sequence">Sequence of the event.</param>
/// <param name="TopicName">Topic it came by.</param>
/// <param name="State">How it stands now.</param>
/// <param name="Tries">Tries made, this one included.</param>
/// <param name="Status">HTTP status or SMTP reply code; null: no answer.</param>
/// <param name="Reason">Why it failed; null: it did not.</param>
/// <param name="TriedAt">When.</param>
/// <param name="NextTryAt">When it is tried again; null: never.</param>
public sealed record DeliveryResult(
    string SubscriptionId,
    string SubjectId,
    long Sequence,
    string TopicName,
    DeliveryState State,
    int Tries,
    int? Status,
    string? Reason,
    DateTimeOffset TriedAt,
    DateTimeOffset? NextTryAt);

/// <summary>A subscription that fails.</summary>
/// <param name="SubscriptionId">Which.</param>
/// <param name="Since">First failure since the last success.</param>
public sealed record FailingSubscription(string SubscriptionId, DateTimeOffset Since);

/// <summary>What was found of an event at a subscription.</summary>
/// <param name="SubscriptionId">Which.</param>
/// <param name="State">How it stands.</param>
/// <param name="Status">HTTP status or SMTP reply code.</param>
/// <param name="Reason">Why it failed.</param>
public sealed record DeliveryFound(string SubscriptionId, DeliveryState State, int? Status, string? Reason);

/// <summary>Stores what became of deliveries, many at a time.</summary>
public sealed class DeliveryStore(NpgsqlDataSource dataSource)
{
    /// <summary>Stores results, in one transaction, and what they say of their subscriptions. Returns those that fail now. Safe to repeat.</summary>
    public async Task<IReadOnlyList<FailingSubscription>> StoreAsync(IReadOnlyList<DeliveryResult> results, CancellationToken cancellationToken)
    {
        // A statement may touch a row once; results come in the order of their tries.
        DeliveryResult[] latest = [.. results.GroupBy(result => (result.SubjectId, result.Sequence, result.SubscriptionId)).Select(group => group.Last())];
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand(SqlText.Load("Notifications/Sql/subscription_deliveries_upsert.sql"), connection))
        {
            AddColumns(command, latest);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        var failing = await NoteAsync(connection, results, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return failing;
    }

    /// <summary>What became of one event at the subscriptions that tried it.</summary>
    public async Task<IReadOnlyList<DeliveryFound>> FindAsync(string subjectId, long sequence, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/subscription_deliveries_select.sql"));
        command.Parameters.AddWithValue("subject_id", subjectId);
        command.Parameters.AddWithValue("sequence", sequence);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<DeliveryFound>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new(
                reader.GetString(0),
                WireName.Parse<DeliveryState>(reader.GetString(1)),
                reader.IsDBNull(2) ? null : reader.GetInt32(2),
                reader.IsDBNull(3) ? null : reader.GetString(3)));
        }

        return found;
    }

    /// <summary>Forgets deliveries that were last tried before the retention, at most <paramref name="limit"/>. Returns how many.</summary>
    public async Task<int> PruneAsync(int retentionDays, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/subscription_deliveries_prune.sql"));
        command.Parameters.AddWithValue("retention_days", retentionDays);
        command.Parameters.AddWithValue("limit", limit);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static void AddColumns(NpgsqlCommand command, DeliveryResult[] results)
    {
        void Add<T>(string name, Func<DeliveryResult, T> value) => command.Parameters.Add(new NpgsqlParameter<T[]>(name, Array.ConvertAll(results, result => value(result))));

        Add("subscription_ids", result => result.SubscriptionId);
        Add("subject_ids", result => result.SubjectId);
        Add("sequences", result => result.Sequence);
        Add("topic_names", result => result.TopicName);
        Add("states", result => WireName.Of(result.State));
        Add("tries", result => result.Tries);
        Add("statuses", result => result.Status);
        Add("reasons", result => result.Reason);
        Add("tried_ats", result => result.TriedAt);
        Add("next_try_ats", result => result.NextTryAt);
    }

    private static async Task<IReadOnlyList<FailingSubscription>> NoteAsync(NpgsqlConnection connection, IReadOnlyList<DeliveryResult> results, CancellationToken cancellationToken)
    {
        // What was held back or dropped was no try, and says nothing of the endpoint.
        var tried = results.Where(result => result.State is DeliveryState.Delivered or DeliveryState.Retrying or DeliveryState.Dead).ToList();
        if (tried.Count == 0)
        {
            return [];
        }

        var notes = tried.GroupBy(result => result.SubscriptionId, StringComparer.Ordinal).Select(Note.Of).OrderBy(note => note.SubscriptionId, StringComparer.Ordinal).ToArray();
        await using var command = new NpgsqlCommand(SqlText.Load("Notifications/Sql/subscriptions_note_results.sql"), connection);
        void Add<T>(string name, Func<Note, T> value) => command.Parameters.Add(new NpgsqlParameter<T[]>(name, Array.ConvertAll(notes, note => value(note))));
        Add("subscription_ids", note => note.SubscriptionId);
        Add("delivered_ats", note => note.DeliveredAt);
        Add("failed_ats", note => note.FailedAt);
        Add("statuses", note => note.Status);
        Add("reasons", note => note.Reason);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var failing = new List<FailingSubscription>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!reader.IsDBNull(1))
            {
                failing.Add(new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)));
            }
        }

        return failing;
    }

    private sealed record Note(string SubscriptionId, DateTimeOffset? DeliveredAt, DateTimeOffset? FailedAt, int? Status, string? Reason)
    {
        internal static Note Of(IGrouping<string, DeliveryResult> results)
        {
            var last = results.MaxBy(result => result.TriedAt)!;
            return new(
                results.Key,
                results.Where(result => result.State == DeliveryState.Delivered).Select(result => (DateTimeOffset?)result.TriedAt).Max(),
                results.Where(result => result.State != DeliveryState.Delivered).Select(result => (DateTimeOffset?)result.TriedAt).Max(),
                last.Status,
                last.Reason);
        }
    }
}
