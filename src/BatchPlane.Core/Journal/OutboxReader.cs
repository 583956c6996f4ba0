using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Database;
using BatchPlane.Core.Topics;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Journal;

/// <summary>
/// Reads the journal as an outbox, one shard at a time, and moves the shard's cursor.
/// </summary>
/// <remarks>
/// <para>
/// Rows are read in the order <c>(order_txid, event_no)</c>, and only those below the horizon
/// <c>pg_snapshot_xmin(pg_current_snapshot())</c>: the oldest transaction still in flight.
/// </para>
/// <para>
/// <b>No gaps.</b> <c>order_txid</c> is at least the id of the transaction that wrote the row. A row below the horizon was
/// therefore written by a transaction that has ended, and was visible or never will be. No row can still appear
/// behind a cursor that only ever moves below the horizon. A reader of "greater than the last <c>event_no</c>" has no such
/// promise: numbers are taken before the commit, and transactions commit in another order.
/// </para>
/// <para>
/// <b>Order per subject.</b> Whoever writes a row of a subject holds the lock of the subject's row, so its transactions follow
/// each other. But a transaction that began earlier (smaller id) may get the lock later. Hence <c>order_txid</c> is the greatest of the
/// writer's id and the subject's last <c>order_txid</c>: it never falls along the sequence of a subject. Where it is equal,
/// <c>event_no</c> decides, and that is taken under the same lock (the sequence caches nothing).
/// </para>
/// <para>
/// The price: one long writing transaction anywhere in the cluster holds the horizon, and everybody's events wait. Writers are short.
/// </para>
/// <para>
/// The cursor moves only under the epoch of the lease (<see cref="ShardLeases"/>): a dispatcher that was given up moves nothing.
/// </para>
/// </remarks>
public sealed class OutboxReader(NpgsqlDataSource dataSource)
{
    /// <summary>
    /// The next rows of a shard after <paramref name="position"/>, at most <paramref name="pageSize"/>. The offset of the position is
    /// not applied: the first row is returned whole.
    /// </summary>
    public async Task<OutboxPage> ReadAsync(short shard, OutboxPosition position, int pageSize, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);

        // Asked before the page: what is unsettled now is in the page or still unsettled after it, never neither.
        batch.BatchCommands.Add(new(SqlText.Load("Journal/Sql/events_unsettled.sql"))
        {
            Parameters = { new("shard", shard) },
        });
        batch.BatchCommands.Add(new(SqlText.Load("Journal/Sql/events_page.sql"))
        {
            Parameters =
            {
                new("shard", shard),
                new("cursor_txid", NpgsqlDbType.Xid8) { Value = position.TxId },
                new("cursor_event_no", position.EventNo),
                new("page_size", pageSize),
            },
        });
        batch.BatchCommands.Add(new(SqlText.Load("Journal/Sql/events_addressed.sql")));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var unsettled = await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0);
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(ReadRow(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(rows, Full: rows.Count == pageSize, unsettled) { Addressed = new(reader.GetInt64(0), reader.GetInt64(1)) };
    }

    /// <summary>
    /// Moves the cursor over what is confirmed and, in the same transaction, notes the messages that did not simply arrive. Returns the cursor: at <paramref name="position"/>,
    /// or further when a move whose answer was lost had happened. Null, and nothing written, when the shard was taken over.
    /// </summary>
    public async Task<OutboxPosition?> MoveAsync(
        short shard,
        long epoch,
        OutboxPosition position,
        IReadOnlyCollection<DeliveryException> exceptions,
        CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (exceptions.Count == 0)
        {
            return await MoveCursorAsync(connection, shard, epoch, position, cancellationToken);
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await MoveCursorAsync(connection, shard, epoch, position, cancellationToken) is not { } moved)
        {
            return null;
        }

        await NoteAsync(connection, exceptions, redeliveredAt: null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return moved;
    }

    /// <summary>One event by its id; null when the journal does not have it, or not any more.</summary>
    public async Task<JournalEvent?> FindAsync(string subjectId, long sequence, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Journal/Sql/event_select.sql"));
        command.Parameters.AddWithValue("subject_id", subjectId);
        command.Parameters.AddWithValue("sequence", sequence);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) && ReadRow(reader) is var row && sequence < row.Sequence + row.Span
            ? new JournalEvent(row, (int)(sequence - row.Sequence))
            : null;
    }

    private static async Task<OutboxPosition?> MoveCursorAsync(
        NpgsqlConnection connection,
        short shard,
        long epoch,
        OutboxPosition position,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Journal/Sql/dispatcher_shards_move.sql"), connection)
        {
            Parameters =
            {
                new("shard", shard),
                new("epoch", epoch),
                new("txid", NpgsqlDbType.Xid8) { Value = position.TxId },
                new("event_no", position.EventNo),
                new("offset", position.Offset),
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new(reader.GetFieldValue<ulong>(0), reader.GetInt64(1), reader.GetInt32(2)) : null;
    }

    internal static async Task NoteAsync(
        NpgsqlConnection connection,
        IReadOnlyCollection<DeliveryException> exceptions,
        DateTimeOffset? redeliveredAt,
        CancellationToken cancellationToken)
    {
        if (exceptions.Any(exception => exception.SubscriptionId is not null))
        {
            await NoteCopiesAsync(connection, [.. exceptions.Where(exception => exception.SubscriptionId is not null)], redeliveredAt, cancellationToken);
        }

        // One statement may touch a row once: a message that was sent again after a fault appears twice.
        DeliveryException[] latest = [.. exceptions
            .Where(exception => exception.SubscriptionId is null)
            .GroupBy(exception => (exception.SubjectId, exception.Sequence, Topic: TopicKey.Of(exception.TopicName)))
            .Select(group => group.Last())];
        await using var command = new NpgsqlCommand(SqlText.Load("Journal/Sql/delivery_exceptions_upsert.sql"), connection)
        {
            Parameters =
            {
                new("subject_ids", latest.Select(exception => exception.SubjectId).ToArray()),
                new("sequences", latest.Select(exception => exception.Sequence).ToArray()),
                new("topic_keys", latest.Select(exception => TopicKey.Of(exception.TopicName)).ToArray()),
                new("topic_names", latest.Select(exception => exception.TopicName).ToArray()),
                new("states", latest.Select(exception => exception.Outcome == DeliveryOutcome.Unrouted ? "unrouted" : "failed").ToArray()),
                new("reasons", latest.Select(exception => exception.Reason).ToArray()),
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Copies that did not get into the queues of their subscriptions are given up, and may be asked for again.</summary>
    private static async Task NoteCopiesAsync(NpgsqlConnection connection, IReadOnlyCollection<DeliveryException> exceptions, DateTimeOffset? redeliveredAt, CancellationToken cancellationToken)
    {
        DeliveryException[] latest = [.. exceptions.GroupBy(exception => (exception.SubjectId, exception.Sequence, exception.SubscriptionId)).Select(group => group.Last())];
        await using var command = new NpgsqlCommand(SqlText.Load("Subscriptions/Sql/subscription_deliveries_upsert.sql"), connection)
        {
            Parameters =
            {
                new("subscription_ids", latest.Select(exception => exception.SubscriptionId!).ToArray()),
                new("subject_ids", latest.Select(exception => exception.SubjectId).ToArray()),
                new("sequences", latest.Select(exception => exception.Sequence).ToArray()),
                new("topic_names", latest.Select(exception => exception.TopicName).ToArray()),
                new("redelivered_ats", latest.Select(_ => redeliveredAt?.ToUnixTimeMilliseconds() ?? 0).ToArray()),
                new("states", latest.Select(_ => WireName.Of(DeliveryState.Dead)).ToArray()),
                new("tries", latest.Select(_ => 1).ToArray()),
                new("statuses", latest.Select(_ => (int?)null).ToArray()),
                new("reasons", latest.Select(exception => exception.Reason).ToArray()),
                new("next_try_ats", latest.Select(_ => (DateTimeOffset?)null).ToArray()),
                new("only_existing", true),
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static OutboxRow ReadRow(NpgsqlDataReader reader) => new()
    {
        OrderTxId = reader.GetFieldValue<ulong>(0),
        EventNo = reader.GetInt64(1),
        SubjectId = reader.GetString(2),
        Sequence = reader.GetInt64(3),
        Span = reader.GetInt32(4),
        Level = EventCatalogue.ParseLevel(reader.GetString(5)),
        State = reader.GetString(6),
        TaskNo = reader.IsDBNull(7) ? null : reader.GetInt32(7),
        InstanceIndex = reader.IsDBNull(8) ? null : reader.GetInt32(8),
        NodeId = reader.IsDBNull(9) ? null : reader.GetString(9),
        ExitCode = reader.IsDBNull(10) ? null : reader.GetInt32(10),
        Reason = reader.IsDBNull(11) ? null : reader.GetString(11),
        LaunchedAt = reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12),
        RunningAt = reader.IsDBNull(13) ? null : reader.GetFieldValue<DateTimeOffset>(13),
        RunningOffsets = reader.IsDBNull(14) ? null : reader.GetFieldValue<int[]>(14),
        OccurredAt = reader.GetFieldValue<DateTimeOffset>(15),
        Notify = reader.GetInt32(16),
        Details = reader.IsDBNull(17) ? null : JournalDetails.Parse(reader.GetString(17)),
        Attempt = reader.IsDBNull(18) ? null : reader.GetInt32(18),
        Cause = reader.IsDBNull(19) ? null : WireName.Parse<Cause>(reader.GetString(19)),
    };
}
