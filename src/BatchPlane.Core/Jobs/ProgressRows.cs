using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>Between <see cref="ProgressRecord"/> and the columns of <c>instance_progress</c>.</summary>
internal static class ProgressRows
{
    internal static NpgsqlBatchCommand Select(IReadOnlyCollection<(long TaskId, int Index)> keys) => JobRows.Command(
        "Jobs/Sql/instance_progress_select.sql",
        new NpgsqlParameter<long[]>("task_ids", [.. keys.Select(key => key.TaskId)]),
        new NpgsqlParameter<int[]>("indexes", [.. keys.Select(key => key.Index)]));

    internal static ProgressRecord Read(NpgsqlDataReader row) => new()
    {
        TaskId = row.GetInt64(0),
        Index = row.GetInt32(1),
        Attempt = row.GetInt32(2),
        Number = row.GetInt32(3),
        Percent = row.IsDBNull(4) ? null : row.GetDouble(4),
        Message = row.IsDBNull(5) ? null : row.GetString(5),
        PostedAt = row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6),
        ToldAt = row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7),
        IsTold = row.GetBoolean(8),
        IsLive = row.GetBoolean(9),
        EventCount = row.GetInt32(10),
        DroppedEvents = row.GetInt64(11),
        BadLines = row.GetInt64(12),
        Problem = row.IsDBNull(13) ? null : row.GetString(13),
    };

    internal static NpgsqlBatchCommand Upsert(IReadOnlyList<ProgressRecord> rows) => JobRows.Command(
        "Jobs/Sql/instance_progress_upsert.sql",
        Column("task_ids", rows, row => row.TaskId),
        Column("indexes", rows, row => row.Index),
        Column("attempts", rows, row => row.Attempt),
        Column("numbers", rows, row => row.Number),
        Column("percents", rows, row => row.Percent),
        Column("messages", rows, row => row.Message),
        Column("posted_ats", rows, row => row.PostedAt),
        Column("told_ats", rows, row => row.ToldAt),
        Column("is_tolds", rows, row => row.IsTold),
        Column("lives", rows, row => row.IsLive),
        Column("event_counts", rows, row => row.EventCount),
        Column("dropped_events", rows, row => row.DroppedEvents),
        Column("bad_lines", rows, row => row.BadLines),
        Column("problems", rows, row => row.Problem));

    private static NpgsqlParameter<T[]> Column<T>(string name, IReadOnlyList<ProgressRecord> rows, Func<ProgressRecord, T> value) =>
        new(name, [.. rows.Select(value)]);
}
