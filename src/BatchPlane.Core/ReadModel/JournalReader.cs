using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Subscriptions;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>Where the journal begins, how far it is settled, and between which places two times lie.</summary>
/// <param name="Begin">Behind it nothing is missing.</param>
/// <param name="Settled">Behind it rows may still appear, before it none.</param>
/// <param name="Since">Nothing since the time lies before it; null: not known.</param>
/// <param name="UntilTxId">Nothing before the time has this transaction id or a greater one; null: not known.</param>
internal sealed record JournalBounds(JournalPosition Begin, JournalPosition Settled, JournalPosition? Since, ulong? UntilTxId);

/// <summary>An instance of a job.</summary>
internal readonly record struct InstancePlace(int TaskNo, int Index);

/// <summary>Which rows of the journal are gone over: those of these jobs and environments, or of the one job those about the attempts of an instance.</summary>
/// <param name="SubjectIds">Them.</param>
/// <param name="Instance">Null: all rows.</param>
/// <param name="IsLookedUp">True when it has the jobs that were there at a moment: one of the same name that comes later is not among them.</param>
internal sealed record JournalScope(IReadOnlyList<string> SubjectIds, InstancePlace? Instance = null, bool IsLookedUp = false)
{
    /// <summary>
    /// Only rows with a smaller transaction id are to be gone over. In jobs that were looked up no further than was settled before that (<paramref name="bounds"/>): of jobs that came since rows are settled meanwhile,
    /// and who goes on behind those of the others would never get them.
    /// </summary>
    internal static ulong? BelowOf(JournalScope? scope, JournalBounds bounds) =>
        scope is { IsLookedUp: true } ? Math.Min(bounds.UntilTxId ?? ulong.MaxValue, bounds.Settled.TxId) : bounds.UntilTxId;

    /// <summary>How the names of its statements end.</summary>
    internal string Suffix => Instance is not null ? "_of_instance" : SubjectIds.Count == 1 ? "_of_subject" : "_of_subjects";
}

/// <summary>The statements that read the journal in its order, over all subjects, of one or of some. Only what is settled is read: see <see cref="OutboxReader"/>.</summary>
public sealed class JournalReader(NpgsqlDataSource dataSource)
{
    private static readonly string SubscriptionLevel = EventCatalogue.WireName(EventLevel.Subscription);

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
        JournalScope? scope,
        JournalPosition from,
        bool backwards,
        ulong? belowTxId,
        int limit,
        CancellationToken cancellationToken)
    {
        var direction = backwards ? "backward" : "forward";
        await using var command = dataSource.CreateCommand(SqlText.Load($"ReadModel/Sql/journal_{direction}{scope?.Suffix}.sql"));
        AddPlace(command, from, belowTxId, limit);
        if (scope?.Instance is { } instance)
        {
            AddInstance(command, scope.SubjectIds[0], instance);
        }
        else if (scope is { SubjectIds: [var one] })
        {
            command.Parameters.Add(new("subject_id", one));
        }
        else if (scope is not null)
        {
            command.Parameters.Add(new("subject_ids", scope.SubjectIds.ToArray()));
        }

        return await RowsAsync(command, cancellationToken);
    }

    /// <summary>
    /// At most <paramref name="limit"/> rows about one attempt of an instance, or (null) those that may end one of its attempts, in sequence: whatever is committed, settled or not.
    /// </summary>
    internal async Task<List<EventRow>> ReadAttemptsAsync(string jobId, InstancePlace instance, int? attempt, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/journal_attempts_of_instance.sql"));
        AddInstance(command, jobId, instance);
        command.Parameters.Add(new("attempt", NpgsqlDbType.Integer) { Value = attempt ?? (object)DBNull.Value });
        command.Parameters.AddWithValue("row_limit", limit);
        return await RowsAsync(command, cancellationToken);
    }

    /// <summary>
    /// What of the journal has to be gone over for a filter, as far as an index tells: all of it (null), or some subjects. Jobs of a name or an environment are looked up while their journals have fewer than
    /// <paramref name="limit"/> rows together, and no more than so many jobs have to be looked at; more are found sooner on the way through the whole.
    /// </summary>
    internal async Task<JournalScope?> ScopeAsync(JournalFilter filter, JournalPosition from, int limit, CancellationToken cancellationToken)
    {
        if (filter.SubjectId is { } subjectId)
        {
            // Rows without an attempt are not in the index by instance.
            var isOfAttempts = filter.Results is not null || filter.Attempt is not null;
            return isOfAttempts && filter is { TaskNo: { } taskNo, InstanceIndex: { } index } ? new([subjectId], new(taskNo, index)) : new([subjectId]);
        }

        if (filter is { JobName: null, EnvId: null })
        {
            return null;
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/journal_subjects.sql"));
        command.Parameters.Add(Word("job_name", filter.JobName is { IsPrefix: false } exact ? exact.Text : null));
        command.Parameters.Add(Word("job_name_pattern", filter.JobName is { IsPrefix: true } prefix ? ListFilters.BeginsWith(prefix.Text) : null));
        command.Parameters.Add(Word("env_id", filter.EnvId));
        command.Parameters.Add(Word("env_label", filter.EnvId is { } envId ? JobLabels.OfEnvironment(envId) : null));
        command.Parameters.Add(new("from_txid", NpgsqlDbType.Xid8) { Value = from.TxId });
        command.Parameters.Add(Time("until", filter.Until));
        command.Parameters.AddWithValue("row_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var subjects = reader.GetFieldValue<string[]>(0);
        return reader.GetBoolean(2) && (subjects.Length <= 1 || reader.GetInt32(1) < limit) ? new(subjects, IsLookedUp: true) : null;
    }

    /// <summary>Names of the subjects and tasks of these rows. A removed job has its own name and none of tasks; a removed environment is absent.</summary>
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

            if (!reader.IsDBNull(1))
            {
                ofTasks[reader.GetInt32(1)] = reader.GetString(2);
            }
            else if (reader.IsDBNull(3))
            {
                found.Add(subjectId, SubjectNames.None with { Name = reader.GetString(2), Tracing = TracingOf(reader) });
            }
            else
            {
                var job = reader.IsDBNull(4)
                    ? null
                    : new ListenerJob(reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(4), Instant(reader, 5), Text(reader, 6), TracingOf(reader));
                found.Add(subjectId, new(SubjectNames.BlocksOf(reader.GetString(3)), ofTasks, reader.GetString(2), job, job?.Tracing ?? TracingMode.Full));
            }
        }

        foreach (var row in rows.Where(row => row.Level == SubscriptionLevel))
        {
            found[row.SubjectId] = SubjectNames.None with { Blocks = SubscriptionEvents.NotificationsOf(row.Details is { } details ? JournalDetails.Parse(details) : null) };
        }

        return await WithNodesAsync(rows, found, cancellationToken);
    }

    /// <summary>Names of those of the rows of which the filter has to know them; none when it needs none.</summary>
    internal async Task<IReadOnlyDictionary<string, SubjectNames>> NamesForAsync(JournalFilter filter, IReadOnlyCollection<EventRow> rows, CancellationToken cancellationToken) =>
        await NamesAsync(filter.NeedsNames ? [.. rows.Where(filter.Matches)] : [], cancellationToken);

    /// <summary>Adds to the names of each subject where the nodes are; those that have no names get that alone.</summary>
    private async Task<IReadOnlyDictionary<string, SubjectNames>> WithNodesAsync(IReadOnlyCollection<EventRow> rows, Dictionary<string, SubjectNames> found, CancellationToken cancellationToken)
    {
        string[] ids = [.. rows.Select(row => row.NodeId).OfType<string>().Distinct(StringComparer.Ordinal)];
        if (ids.Length == 0)
        {
            return found;
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/journal_nodes.sql"));
        command.Parameters.AddWithValue("node_ids", ids);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var nodes = new Dictionary<string, NodeNames>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            nodes.Add(reader.GetString(0), new(reader.GetString(1), Text(reader, 2), Text(reader, 3)));
        }

        foreach (var subjectId in rows.Select(row => row.SubjectId).Distinct(StringComparer.Ordinal))
        {
            found[subjectId] = found.GetValueOrDefault(subjectId, SubjectNames.None) with { Nodes = nodes };
        }

        return found;
    }

    private static TracingMode TracingOf(NpgsqlDataReader reader) => WireName.Parse<TracingMode>(reader.GetString(7));

    private static void AddPlace(NpgsqlCommand command, JournalPosition from, ulong? belowTxId, int limit)
    {
        command.Parameters.Add(new("txid", NpgsqlDbType.Xid8) { Value = from.TxId });
        command.Parameters.Add(new("event_no", from.EventNo));
        command.Parameters.Add(new("below_txid", NpgsqlDbType.Xid8) { Value = belowTxId ?? ulong.MaxValue });
        command.Parameters.Add(new("row_limit", limit));
    }

    private static void AddInstance(NpgsqlCommand command, string jobId, InstancePlace instance)
    {
        command.Parameters.AddWithValue("subject_id", jobId);
        command.Parameters.AddWithValue("task_no", instance.TaskNo);
        command.Parameters.AddWithValue("instance_index", instance.Index);
        command.Parameters.AddWithValue("max_span", InstanceSpan.MaxLength);
    }

    private static async Task<List<EventRow>> RowsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<EventRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(ReadRow(reader));
        }

        return rows;
    }

    private static NpgsqlParameter Word(string name, string? value) => new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };

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
