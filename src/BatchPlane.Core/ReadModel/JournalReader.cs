using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>Where the journal begins, how far it is settled, and between which places two times lie.</summary>
/// <param name="Begin">Behind it nothing is missing.</param>
/// <param name="Settled">Behind it rows may still appear, before it none.</param>
/// <param name="Since">Nothing since the time lies before it; null: not known.</param>
/// <param name="UntilTxId">Nothing before the time has this transaction id or a greater one; null: not known.</param>
internal sealed record JournalBounds(JournalPosition Begin, JournalPosition Settled, JournalPosition? Since, ulong? UntilTxId);

/// <summary>The statements that read the journal in its order, over all subjects or of one. Only what is settled is read: see <see cref="OutboxReader"/>.</summary>
public sealed class JournalReader(NpgsqlDataSource dataSource)
{
    internal async Task<JournalBounds> BoundsAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/journal_bounds.sql"));
        command.Parameters.Add(Time("since", since));
        command.Parameters.Add(Time("until", until));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(
            JournalPosition.Behind(reader.GetFieldValue<ulong>(0), reader.GetInt64(1)),
            JournalPosition.Before(reader.GetFieldValue<ulong>(2)),
            reader.IsDBNull(3) ? null : JournalPosition.Before(reader.GetFieldValue<ulong>(3)),
            reader.IsDBNull(4) ? null : reader.GetFieldValue<ulong>(4));
    }

    /// <summary>At most <paramref name="limit"/> rows from that of <paramref name="from"/> on, itself included, onwards or backwards.</summary>
    internal async Task<List<EventRow>> ReadAsync(
        string? subjectId,
        JournalPosition from,
        bool backwards,
        ulong? belowTxId,
        int limit,
        CancellationToken cancellationToken)
    {
        var name = (subjectId, backwards) switch
        {
            (null, false) => "journal_forward",
            (null, true) => "journal_backward",
            (_, false) => "journal_forward_of_subject",
            (_, true) => "journal_backward_of_subject",
        };
        await using var command = dataSource.CreateCommand(SqlText.Load($"ReadModel/Sql/{name}.sql"));
        command.Parameters.Add(new("txid", NpgsqlDbType.Xid8) { Value = from.TxId });
        command.Parameters.Add(new("event_no", from.EventNo));
        command.Parameters.Add(new("below_txid", NpgsqlDbType.Xid8) { Value = belowTxId is { } below ? below : DBNull.Value });
        command.Parameters.Add(new("row_limit", limit));
        if (subjectId is not null)
        {
            command.Parameters.Add(new("subject_id", subjectId));
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<EventRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(ReadRow(reader));
        }

        return rows;
    }

    /// <summary>Names of the subjects and tasks of these rows; absent where the subject was removed; a removed job of which listeners are not told everything has that.</summary>
    internal async Task<IReadOnlyDictionary<string, SubjectNames>> NamesAsync(IReadOnlyCollection<EventRow> rows, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, SubjectNames>(StringComparer.Ordinal);
        if (rows.Count == 0)
        {
            return found;
        }

        var tasks = rows.Where(row => row.TaskNo is not null).Select(row => (row.SubjectId, TaskNo: row.TaskNo!.Value)).Distinct().ToArray();
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/journal_names.sql"));
        command.Parameters.AddWithValue("subject_ids", rows.Select(row => row.SubjectId).Distinct(StringComparer.Ordinal).ToArray());
        command.Parameters.AddWithValue("job_ids", tasks.Select(task => task.SubjectId).ToArray());
        command.Parameters.AddWithValue("task_nos", tasks.Select(task => task.TaskNo).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new Dictionary<string, Dictionary<int, string>>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            var subjectId = reader.GetString(0);
            if (!names.TryGetValue(subjectId, out var ofTasks))
            {
                names.Add(subjectId, ofTasks = []);
            }

            if (reader.IsDBNull(2))
            {
                found.Add(subjectId, SubjectNames.None with { Tracing = TracingOf(reader) });
            }
            else if (reader.IsDBNull(1))
            {
                var job = reader.IsDBNull(4)
                    ? null
                    : new ListenerJob(reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(4), Instant(reader, 5), Text(reader, 6), TracingOf(reader));
                found.Add(subjectId, new(SubjectNames.BlocksOf(reader.GetString(3)), ofTasks, reader.GetString(2), job, job?.Tracing ?? TracingMode.Full));
            }
            else
            {
                ofTasks[reader.GetInt32(1)] = reader.GetString(2);
            }
        }

        return found;
    }

    private static TracingMode TracingOf(NpgsqlDataReader reader) => WireName.Parse<TracingMode>(reader.GetString(7));

    private static NpgsqlParameter Time(string name, DateTimeOffset? value) =>
        new(name, NpgsqlDbType.TimestampTz) { Value = value is { } time ? time.ToUniversalTime() : DBNull.Value };

    private static EventRow ReadRow(NpgsqlDataReader reader) => new()
    {
        OrderTxid = reader.GetFieldValue<ulong>(0),
        EventNo = reader.GetInt64(1),
        SubjectId = reader.GetString(2),
        Sequence = reader.GetInt64(3),
        Span = reader.GetInt32(4),
        Level = reader.GetString(5),
        State = reader.GetString(6),
        TaskNo = Number(reader, 7),
        InstanceIndex = Number(reader, 8),
        Attempt = Number(reader, 9),
        NodeId = Text(reader, 10),
        ExitCode = Number(reader, 11),
        Cause = Text(reader, 12),
        Reason = Text(reader, 13),
        Source = reader.GetString(14),
        LaunchedAt = Instant(reader, 15),
        RunningAt = Instant(reader, 16),
        RunningOffsets = reader.IsDBNull(17) ? null : reader.GetFieldValue<int[]>(17),
        OccurredAt = reader.GetFieldValue<DateTimeOffset>(18),
        Notify = reader.GetInt32(19),
        Details = Text(reader, 20),
    };

    private static int? Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
