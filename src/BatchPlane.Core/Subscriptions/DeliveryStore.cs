using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Subscriptions;

/// <summary>What became of a try to deliver an event: a row of <c>subscription_deliveries</c>.</summary>
/// <param name="SubscriptionId">Where to.</param>
/// <param name="SubjectId">Job, environment or test.</param>
/// <param name="Sequence">Sequence of the event.</param>
/// <param name="TopicName">Topic it came by.</param>
/// <param name="RedeliveredAt">The redelivery that it belongs to, by the time when that was asked for, in milliseconds since 1970; 0: none.</param>
/// <param name="State">How it stands now.</param>
/// <param name="Tries">Tries made, this one included.</param>
/// <param name="Status">HTTP status or SMTP reply code; null: no answer.</param>
/// <param name="Reason">Why it failed; null: it did not.</param>
/// <param name="NextTryAt">When it is tried again; null: never.</param>
public sealed record DeliveryResult(
    string SubscriptionId,
    string SubjectId,
    long Sequence,
    string TopicName,
    long RedeliveredAt,
    DeliveryState State,
    int Tries,
    int? Status,
    string? Reason,
    DateTimeOffset? NextTryAt);

/// <summary>A subscription that fails.</summary>
/// <param name="SubscriptionId">Which.</param>
/// <param name="Since">First failure since the last success.</param>
/// <param name="RecentFailures">Failures within a day, those before a pause of a day not counted.</param>
public sealed record FailingSubscription(string SubscriptionId, DateTimeOffset Since, int RecentFailures);

/// <summary>What was found of an event at a subscription.</summary>
/// <param name="SubscriptionId">Which.</param>
/// <param name="State">How it stands.</param>
/// <param name="Status">HTTP status or SMTP reply code.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="RedeliveredAt">As <see cref="DeliveryResult"/>.</param>
/// <param name="Tries">Tries made.</param>
/// <param name="NextTryAt">When it is tried again; null: never.</param>
public sealed record DeliveryFound(string SubscriptionId, DeliveryState State, int? Status, string? Reason, long RedeliveredAt, int Tries, DateTimeOffset? NextTryAt);

/// <summary>Stores what became of deliveries, many at a time.</summary>
public sealed class DeliveryStore(NpgsqlDataSource dataSource)
{
    /// <summary>Stores results, in one transaction, and what they say of their subscriptions. Returns those that fail now. Safe to repeat.</summary>
    public async Task<IReadOnlyList<FailingSubscription>> StoreAsync(IReadOnlyList<DeliveryResult> results, CancellationToken cancellationToken)
    {
        // A statement may touch a row once. Of several results the same one holds as if each had been stored by itself.
        DeliveryResult[] latest = [.. results.GroupBy(result => (result.SubjectId, result.Sequence, result.SubscriptionId)).Select(group => group.MaxBy(result => (result.RedeliveredAt, result.State == DeliveryState.Delivered, result.Tries))!)];
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand(SqlText.Load("Subscriptions/Sql/subscription_deliveries_upsert.sql"), connection))
        {
            AddColumns(command, latest);
            command.Parameters.AddWithValue("only_existing", false);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        var failing = await NoteAsync(connection, results, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return failing;
    }

    /// <summary>What became of one event at the subscriptions that tried it.</summary>
    public async Task<IReadOnlyList<DeliveryFound>> FindAsync(string subjectId, long sequence, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscription_deliveries_select.sql"));
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
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetInt64(4),
                reader.GetInt32(5),
                reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return found;
    }

    /// <summary>Forgets deliveries that were last tried before the retention, at most <paramref name="limit"/>. Returns how many.</summary>
    public async Task<int> PruneAsync(int retentionDays, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscription_deliveries_prune.sql"));
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
        Add("redelivered_ats", result => result.RedeliveredAt);
        Add("states", result => WireName.Of(result.State));
        Add("tries", result => result.Tries);
        Add("statuses", result => result.Status);
        Add("reasons", result => result.Reason);
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
        await using var command = new NpgsqlCommand(SqlText.Load("Subscriptions/Sql/subscriptions_note_results.sql"), connection);
        void Add<T>(string name, Func<Note, T> value) => command.Parameters.Add(new NpgsqlParameter<T[]>(name, Array.ConvertAll(notes, note => value(note))));
        Add("subscription_ids", note => note.SubscriptionId);
        Add("delivered", note => note.Delivered);
        Add("failed", note => note.Failed);
        Add("fails", note => note.Fails);
        Add("statuses", note => note.Status);
        Add("reasons", note => note.Reason);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var failing = new List<FailingSubscription>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!reader.IsDBNull(1))
            {
                failing.Add(new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt32(2)));
            }
        }

        return failing;
    }

    private sealed record Note(string SubscriptionId, int Delivered, int Failed, bool Fails, int? Status, string? Reason)
    {
        /// <summary>Results come in the order in which their tries ended.</summary>
        internal static Note Of(IGrouping<string, DeliveryResult> results)
        {
            var delivered = results.Count(result => result.State == DeliveryState.Delivered);
            var last = results.Last();
            return new(results.Key, delivered, results.Count() - delivered, last.State != DeliveryState.Delivered, last.Status, last.Reason);
        }
    }
}
