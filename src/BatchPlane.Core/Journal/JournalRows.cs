using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Database;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Journal;

/// <summary>Turns journal entries into the one statement that appends them.</summary>
internal static class JournalRows
{
    /// <summary>Appends entries in order; each with its subject's <c>journal_txid</c> as loaded.</summary>
    internal static NpgsqlBatchCommand Insert(IReadOnlyList<(JournalEntry Entry, ulong SubjectTxid)> rows)
    {
        T[] Column<T>(Func<JournalEntry, T> value)
        {
            var column = new T[rows.Count];
            for (var n = 0; n < column.Length; n++)
            {
                column[n] = value(rows[n].Entry);
            }

            return column;
        }

        var command = new NpgsqlBatchCommand(SqlText.Load("Journal/Sql/event_insert.sql"));
        command.Parameters.Add(new NpgsqlParameter("subject_txids", NpgsqlDbType.Array | NpgsqlDbType.Xid8) { Value = rows.Select(row => row.SubjectTxid).ToArray() });
        command.Parameters.Add(new NpgsqlParameter<short[]>("shards", Column(entry => DispatcherShard.Of(entry.SubjectId))));
        command.Parameters.Add(new NpgsqlParameter<string[]>("subject_ids", Column(entry => entry.SubjectId)));
        command.Parameters.Add(new NpgsqlParameter<long[]>("sequences", Column(entry => entry.Sequence)));
        command.Parameters.Add(new NpgsqlParameter<int[]>("spans", Column(entry => entry.Span)));
        command.Parameters.Add(new NpgsqlParameter<string[]>("levels", Column(entry => EventCatalogue.WireName(entry.Level))));
        command.Parameters.Add(new NpgsqlParameter<string[]>("states", Column(entry => entry.State)));
        command.Parameters.Add(new NpgsqlParameter<int?[]>("task_nos", Column(entry => entry.TaskNo)));
        command.Parameters.Add(new NpgsqlParameter<int?[]>("instance_indexes", Column(entry => entry.InstanceIndex)));
        command.Parameters.Add(new NpgsqlParameter<int?[]>("attempts", Column(entry => entry.Attempt)));
        command.Parameters.Add(new NpgsqlParameter<string?[]>("node_ids", Column(entry => entry.NodeId)));
        command.Parameters.Add(new NpgsqlParameter<int?[]>("exit_codes", Column(entry => entry.ExitCode)));
        command.Parameters.Add(new NpgsqlParameter<string?[]>("causes", Column(entry => entry.Cause is { } cause ? WireName.Of(cause) : null)));
        command.Parameters.Add(new NpgsqlParameter<string?[]>("reasons", Column(entry => entry.Reason)));
        command.Parameters.Add(new NpgsqlParameter<string[]>("sources", Column(entry => entry.Source)));
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset?[]>("launched_ats", Column(entry => entry.LaunchedAt)));
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset?[]>("running_ats", Column(entry => entry.RunningAt)));
        command.Parameters.Add(new NpgsqlParameter<string?[]>("running_offsets", Column(entry => entry.RunningOffsets is { } offsets ? "{" + string.Join(',', offsets) + "}" : null)));
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset[]>("occurred_ats", Column(entry => entry.OccurredAt)));
        command.Parameters.Add(new NpgsqlParameter<int[]>("notifies", Column(entry => entry.Notify)));
        command.Parameters.Add(new NpgsqlParameter<string?[]>("details", Column(entry => entry.Details)));
        return command;
    }
}
