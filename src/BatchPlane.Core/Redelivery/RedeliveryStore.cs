using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Topics;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Redelivery;

/// <summary>Wishes that events are delivered again, and how far each shard is with them.</summary>
public sealed class RedeliveryStore(NpgsqlDataSource dataSource)
{
    /// <summary>Stores a wish, unless <paramref name="maxOpen"/> are open.</summary>
    public async Task<RedeliveryOutcome> CreateAsync(RedeliveryWish wish, IdempotencyKey? key, int maxOpen, CancellationToken cancellationToken)
    {
        var id = EntityId.New(EntityId.Redelivery);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (key is not null && (await IdempotencyStore.TakeAsync(connection, [(key, id)], cancellationToken)).Values.SingleOrDefault() is { } earlier)
        {
            return earlier.BodyHash.AsSpan().SequenceEqual(key.BodyHash) && await FindAsync(earlier.ResourceId, cancellationToken) is { } made
                ? new RedeliveryOutcome.Accepted(made)
                : new RedeliveryOutcome.KeyReused();
        }

        await using var command = new NpgsqlCommand(SqlText.Load("Redelivery/Sql/redelivery_insert.sql"), connection);
        command.Parameters.AddWithValue("redelivery_id", id);
        command.Parameters.Add(Text("subject_id", wish.Events?.SubjectId));
        command.Parameters.Add(new("first_sequence", NpgsqlDbType.Bigint) { Value = wish.Events is { } from ? from.First : DBNull.Value });
        command.Parameters.Add(new("last_sequence", NpgsqlDbType.Bigint) { Value = wish.Events is { } to ? to.Last : DBNull.Value });
        command.Parameters.Add(Text("topic_key", wish.TopicName is { } topic ? TopicKey.Of(topic) : null));
        command.Parameters.Add(Time("since", wish.Since));
        command.Parameters.Add(Time("until", wish.Until));
        command.Parameters.Add(Text("only_state", wish.OnlyState));
        command.Parameters.Add(Text("subscription_id", wish.SubscriptionId));
        command.Parameters.Add(new("shard", NpgsqlDbType.Smallint) { Value = wish.Events is { } events ? DispatcherShard.Of(events.SubjectId) : DBNull.Value });
        command.Parameters.AddWithValue("created_by", wish.CreatedBy);
        command.Parameters.AddWithValue("max_open", maxOpen);
        if ((int)(await command.ExecuteScalarAsync(cancellationToken))! == 0)
        {
            return new RedeliveryOutcome.TooMany();
        }

        await transaction.CommitAsync(cancellationToken);
        return new RedeliveryOutcome.Accepted((await FindAsync(id, cancellationToken))!);
    }

    /// <summary>Withdraws a wish; one that ended stays as it is. Null when there is none.</summary>
    public async Task<RedeliveryView?> CancelAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Redelivery/Sql/redelivery_cancel.sql"));
        command.Parameters.AddWithValue("redelivery_id", id);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return await FindAsync(id, cancellationToken);
    }

    /// <summary>One; null when there is none (any more).</summary>
    public async Task<RedeliveryView?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await SelectAsync(id, null, 1, cancellationToken)).SingleOrDefault();

    /// <summary>At most <paramref name="limit"/>, the newest first, behind the given place.</summary>
    public Task<IReadOnlyList<RedeliveryView>> ListAsync((DateTimeOffset Time, string Id)? after, int limit, CancellationToken cancellationToken) =>
        SelectAsync(null, after, limit, cancellationToken);

    /// <summary>What a shard has to do next; null: nothing.</summary>
    public async Task<RedeliveryWork?> NextAsync(short shard, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Redelivery/Sql/redelivery_next.sql"));
        command.Parameters.AddWithValue("shard", shard);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(
                reader.GetString(0),
                reader.IsDBNull(1) ? null : new(reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3)),
                reader.IsDBNull(4) ? null : reader.GetString(4),
                Instant(reader, 5),
                Instant(reader, 6),
                reader.IsDBNull(7) ? null : reader.GetString(7),
                reader.IsDBNull(13) ? null : new(reader.GetString(13), reader.IsDBNull(14) ? null : reader.GetString(14), reader.IsDBNull(15) ? null : reader.GetFieldValue<string[]>(15), reader.IsDBNull(17) ? null : JsonSerializer.Deserialize<EventFilterDocument>(reader.GetString(17), BatchPlaneJson.Options), reader.GetBoolean(18)),
                reader.GetFieldValue<DateTimeOffset>(16),
                new(reader.GetFieldValue<ulong>(8), reader.GetInt64(9), reader.GetInt32(10)),
                JournalPosition.Behind(reader.GetFieldValue<ulong>(11), reader.GetInt64(12)))
            : null;
    }

    /// <summary>The next rows to look at, that at the cursor included unless it is finished: then the cursor lies <see cref="JournalPosition.Behind"/> it.</summary>
    public async Task<IReadOnlyList<OutboxRow>> PageAsync(short shard, RedeliveryWork work, int limit, CancellationToken cancellationToken)
    {
        var name = work.Events is null ? "redelivery_page" : "redelivery_page_of_subject";
        await using var command = dataSource.CreateCommand(SqlText.Load($"Redelivery/Sql/{name}.sql"));
        command.Parameters.Add(new("txid", NpgsqlDbType.Xid8) { Value = work.Cursor.TxId });
        command.Parameters.AddWithValue("event_no", work.Cursor.Count == int.MaxValue ? work.Cursor.EventNo + 1 : work.Cursor.EventNo);
        command.Parameters.Add(new("end_txid", NpgsqlDbType.Xid8) { Value = work.End.TxId });
        command.Parameters.AddWithValue("end_event_no", work.End.EventNo);
        command.Parameters.AddWithValue("row_limit", limit);
        if (work.Events is { } events)
        {
            command.Parameters.AddWithValue("subject_id", events.SubjectId);
            command.Parameters.AddWithValue("first_sequence", events.First);
            command.Parameters.AddWithValue("last_sequence", events.Last);
        }
        else
        {
            command.Parameters.AddWithValue("shard", shard);
            command.Parameters.Add(Time("since", work.Since));
            command.Parameters.Add(Time("until", work.Until));
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(OutboxReader.ReadRow(reader));
        }

        return rows;
    }

    /// <summary>
    /// Messages about rows, behind the cursor, that are as the wish says: of so many of the rows, in their order, as hardly have more than <paramref name="limit"/> events, and little more
    /// than that many messages.
    /// </summary>
    public Task<RedeliveryFinds<MessageKey>> ExceptionsAsync(RedeliveryWork work, IReadOnlyList<OutboxRow> rows, int limit, CancellationToken cancellationToken) => FindAsync(
        "redelivery_exceptions",
        work,
        rows,
        limit,
        Text("state", work.OnlyState),
        reader => new MessageKey(reader.GetString(0), reader.GetInt64(1), reader.GetString(2)),
        cancellationToken);

    /// <summary>Deliveries of rows, behind the cursor, that were given up, of all subscriptions or of one. As many as of <see cref="ExceptionsAsync"/>.</summary>
    public Task<RedeliveryFinds<DeadLetter>> DeadLettersAsync(RedeliveryWork work, IReadOnlyList<OutboxRow> rows, int limit, CancellationToken cancellationToken) => FindAsync(
        "redelivery_dead_letters",
        work,
        rows,
        limit,
        Text("subscription_id", work.Subscription?.SubscriptionId),
        reader => new DeadLetter(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetFieldValue<DateTimeOffset>(4), reader.GetBoolean(5)),
        cancellationToken);

    private async Task<RedeliveryFinds<T>> FindAsync<T>(
        string name,
        RedeliveryWork work,
        IReadOnlyList<OutboxRow> rows,
        int limit,
        NpgsqlParameter which,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken)
    {
        var taken = new List<OutboxRow>();
        for (var events = 0L; taken.Count < rows.Count && events < limit; events += taken[^1].Span)
        {
            taken.Add(rows[taken.Count]);
        }

        await using var command = dataSource.CreateCommand(SqlText.Load($"Redelivery/Sql/{name}.sql"));
        command.Parameters.AddWithValue("subject_ids", taken.Select(row => row.SubjectId).ToArray());
        command.Parameters.AddWithValue("firsts", taken.Select(row => row.Sequence + work.Cursor.CountOf(row.OrderTxId, row.EventNo)).ToArray());
        command.Parameters.AddWithValue("lasts", taken.Select(row => row.Sequence + row.Span - 1).ToArray());
        command.Parameters.Add(Text("topic_key", work.TopicKey));
        command.Parameters.Add(which);
        command.Parameters.AddWithValue("row_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(read(reader));
        }

        return new(taken, found, IsCut: found.Count >= limit);
    }

    /// <summary>
    /// Stores a step: the cursor, the counts, and what became of each message, in one transaction. False, and nothing stored, when the wish was withdrawn or the shard
    /// was taken over.
    /// </summary>
    public async Task<bool> MoveAsync(RedeliveryWork work, short shard, long epoch, RedeliveryStep step, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var open = new NpgsqlCommand(SqlText.Load("Redelivery/Sql/redelivery_lock.sql"), connection) { Parameters = { new("redelivery_id", work.RedeliveryId) } };
        if (await open.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return false;
        }

        // A copy that did not get into its queue is no message of a topic that no queue is bound for.
        var unrouted = step.Exceptions.Count(exception => exception is { SubscriptionId: null, Outcome: DeliveryOutcome.Unrouted });
        await using var move = new NpgsqlCommand(SqlText.Load("Redelivery/Sql/redelivery_move.sql"), connection);
        move.Parameters.AddWithValue("redelivery_id", work.RedeliveryId);
        move.Parameters.AddWithValue("shard", shard);
        move.Parameters.AddWithValue("epoch", epoch);
        move.Parameters.Add(new("txid", NpgsqlDbType.Xid8) { Value = step.Cursor.TxId });
        move.Parameters.AddWithValue("event_no", step.Cursor.EventNo);
        move.Parameters.AddWithValue("count", step.Cursor.Count);
        move.Parameters.AddWithValue("sent", (long)step.Arrived.Count + unrouted + step.Requeued);
        move.Parameters.AddWithValue("unrouted", (long)unrouted);
        move.Parameters.AddWithValue("failed", (long)step.Exceptions.Count - unrouted + step.LeftOut);
        move.Parameters.AddWithValue("skipped", step.Skipped + step.PassedOver);
        move.Parameters.AddWithValue("is_done", step.IsDone);
        move.Parameters.AddWithValue("subject_ids", step.Arrived.Select(message => message.SubjectId).ToArray());
        move.Parameters.AddWithValue("sequences", step.Arrived.Select(message => message.Sequence).ToArray());
        move.Parameters.AddWithValue("topic_keys", step.Arrived.Select(message => message.TopicKey).ToArray());
        if ((int)(await move.ExecuteScalarAsync(cancellationToken))! == 0)
        {
            return false;
        }

        if (step.Exceptions.Count > 0)
        {
            await OutboxReader.NoteAsync(connection, step.Exceptions, work.CreatedAt, cancellationToken);
        }

        if (step.Copied.Count > 0)
        {
            await using var copied = new NpgsqlCommand(SqlText.Load("Redelivery/Sql/redelivery_copied.sql"), connection);
            copied.Parameters.AddWithValue("subscription_ids", step.Copied.Select(copy => copy.SubscriptionId).ToArray());
            copied.Parameters.AddWithValue("subject_ids", step.Copied.Select(copy => copy.SubjectId).ToArray());
            copied.Parameters.AddWithValue("sequences", step.Copied.Select(copy => copy.Sequence).ToArray());
            await copied.ExecuteNonQueryAsync(cancellationToken);
        }

        if (step.Revived.Count > 0)
        {
            await ReviveAsync(connection, step.Revived, cancellationToken);
        }

        if (step.IsDone)
        {
            await using var finish = new NpgsqlCommand(SqlText.Load("Redelivery/Sql/redelivery_finish.sql"), connection) { Parameters = { new("redelivery_id", work.RedeliveryId) } };
            await finish.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static async Task ReviveAsync(NpgsqlConnection connection, IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Redelivery/Sql/redelivery_revive.sql"), connection);
        command.Parameters.AddWithValue("subscription_ids", letters.Select(letter => letter.SubscriptionId).ToArray());
        command.Parameters.AddWithValue("subject_ids", letters.Select(letter => letter.SubjectId).ToArray());
        command.Parameters.AddWithValue("sequences", letters.Select(letter => letter.Sequence).ToArray());
        command.Parameters.AddWithValue("tried_ats", letters.Select(letter => letter.LastTriedAt).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<RedeliveryView>> SelectAsync(string? id, (DateTimeOffset Time, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Redelivery/Sql/redeliveries_select.sql"));
        command.Parameters.Add(Text("redelivery_id", id));
        command.Parameters.Add(Time("before", after?.Time));
        command.Parameters.Add(Text("before_id", after?.Id));
        command.Parameters.AddWithValue("row_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<RedeliveryView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(ReadView(reader));
        }

        return found;
    }

    private static RedeliveryView ReadView(NpgsqlDataReader reader)
    {
        var finishedAt = Instant(reader, 11);
        return new()
        {
            RedeliveryId = reader.GetString(0),
            State = reader.IsDBNull(10) ? finishedAt is null ? "running" : "done" : "cancelled",
            SubjectId = reader.IsDBNull(1) ? null : reader.GetString(1),
            FirstSequence = reader.IsDBNull(2) ? null : reader.GetInt64(2),
            LastSequence = reader.IsDBNull(3) ? null : reader.GetInt64(3),
            TopicName = reader.IsDBNull(4) ? null : reader.GetString(4),
            Since = Instant(reader, 5),
            Until = Instant(reader, 6),
            Only = reader.IsDBNull(7) ? "all" : reader.GetString(7),
            CreatedBy = reader.GetString(8),
            CreatedAt = reader.GetFieldValue<DateTimeOffset>(9),
            FinishedAt = finishedAt,
            Sent = reader.GetInt64(12),
            Unrouted = reader.GetInt64(13),
            Failed = reader.GetInt64(14),
            SubscriptionId = reader.IsDBNull(15) ? null : reader.GetString(15),
            Skipped = reader.GetInt64(16),
        };
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static NpgsqlParameter Text(string name, string? value) => new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };

    private static NpgsqlParameter Time(string name, DateTimeOffset? value) =>
        new(name, NpgsqlDbType.TimestampTz) { Value = value is { } time ? time.ToUniversalTime() : DBNull.Value };
}
