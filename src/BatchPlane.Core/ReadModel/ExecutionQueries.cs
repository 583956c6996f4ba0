using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>Place of an attempt that runs among all of them: the order of their claims.</summary>
/// <param name="ClaimId">Its claim.</param>
/// <param name="Index">Its instance.</param>
public readonly record struct RunningPlace(long ClaimId, int Index);

/// <summary>An attempt that a node holds.</summary>
/// <param name="View">It.</param>
/// <param name="TaskNo">Number of its task in the job.</param>
/// <param name="Place">Where it is among all that run.</param>
public sealed record RunningAttempt(ExecutionView View, int TaskNo, RunningPlace Place);

/// <summary>Attempts that nodes hold now, and single attempts. Those that ended are in the journal: <see cref="JournalQueries.ExecutionsAsync"/>.</summary>
public sealed class ExecutionQueries(NpgsqlDataSource dataSource, JournalReader reader, IOptions<JournalOptions> options)
{
    /// <summary>
    /// At most <paramref name="limit"/> of those that run and match, behind the given place. Of the filter hold what is about attempts; one that runs has not ended before any time, and has no failure cause.
    /// </summary>
    public async Task<IReadOnlyList<RunningAttempt>> RunningAsync(JournalFilter filter, RunningPlace after, int limit, CancellationToken cancellationToken)
    {
        if (filter.Until is not null || filter.Text is not null)
        {
            return [];
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("ReadModel/Sql/executions_running.sql"));
        Add("job_id", NpgsqlDbType.Text, filter.SubjectId);
        Add("job_name", NpgsqlDbType.Text, filter.JobName is { IsPrefix: false } exact ? exact.Text : null);
        Add("job_name_pattern", NpgsqlDbType.Text, filter.JobName is { IsPrefix: true } prefix ? ListFilters.BeginsWith(prefix.Text) : null);
        Add("env_id", NpgsqlDbType.Text, filter.EnvId);
        Add("task_no", NpgsqlDbType.Integer, filter.TaskNo);
        Add("instance_index", NpgsqlDbType.Integer, filter.InstanceIndex);
        Add("attempt", NpgsqlDbType.Integer, filter.Attempt);
        Add("node_id", NpgsqlDbType.Text, filter.NodeId);
        Add("host", NpgsqlDbType.Text, filter.Host);
        Add("execution_sources", NpgsqlDbType.Array | NpgsqlDbType.Text, filter.ExecutionSources.Count > 0 ? filter.ExecutionSources.ToArray() : null);
        Add("started_since", NpgsqlDbType.TimestampTz, filter.StartedSince?.ToUniversalTime());
        Add("started_until", NpgsqlDbType.TimestampTz, filter.StartedUntil?.ToUniversalTime());
        Add("claim_id", NpgsqlDbType.Bigint, after.ClaimId);
        Add("after_index", NpgsqlDbType.Integer, after.Index);
        Add("row_limit", NpgsqlDbType.Integer, limit);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var running = new List<RunningAttempt>();
        while (await rows.ReadAsync(cancellationToken))
        {
            running.Add(new(Read(rows), rows.GetInt32(11), new(rows.GetInt64(0), rows.GetInt32(4))));
        }

        return running;

        void Add(string name, NpgsqlDbType type, object? value) => command.Parameters.Add(new(name, type) { Value = value ?? DBNull.Value });
    }

    /// <summary>
    /// One attempt with what happened to it and the other attempts of its instance; null when there is none, or none any more. Whatever is committed counts: it need not be settled, as it has to be for lists.
    /// At most <see cref="JournalOptions.ScanRows"/> rows of the attempt, the oldest first, and as many ends are read; its end is there in any case.
    /// </summary>
    public async Task<ExecutionDetails?> FindAsync(string jobId, int taskNo, int index, int attempt, CancellationToken cancellationToken)
    {
        // In this order: what is not found to run any more has its end in the journal.
        var running = await RunningAsync(new() { SubjectId = jobId, TaskNo = taskNo, InstanceIndex = index }, default, 1, cancellationToken);
        var ends = await reader.ReadAttemptsAsync(jobId, new(taskNo, index), null, options.Value.ScanRows, cancellationToken);
        var rows = await reader.ReadAttemptsAsync(jobId, new(taskNo, index), attempt, options.Value.ScanRows, cancellationToken);
        rows.AddRange(ends.Where(end => end.Attempt == attempt && rows.TrueForAll(row => row.EventNo != end.EventNo)).ToList());
        var names = (await reader.NamesAsync([.. ends, .. rows], cancellationToken)).GetValueOrDefault(jobId, SubjectNames.None);
        var ended = ends.Where(row => ExecutionViews.ResultOf(row) is not null).Select(row => ExecutionViews.ToView(row, OffsetOf(row), names)).ToList();
        List<ExecutionView> chain = [.. ended, .. running.Select(one => one.View).Where(one => ended.TrueForAll(other => other.Attempt != one.Attempt))];
        return chain.Find(one => one.Attempt == attempt) is { } execution
            ? new(execution, [.. rows.Select(row => EventViews.ToView(row, OffsetOf(row), names))], [.. chain.OrderBy(one => one.Attempt)])
            : null;

        int OffsetOf(EventRow row) => index - row.InstanceIndex!.Value;
    }

    private static ExecutionView Read(NpgsqlDataReader reader)
    {
        var attempt = reader.GetInt32(5);
        int? original = reader.IsDBNull(6) ? null : reader.GetInt32(6);
        return new ExecutionView
        {
            ExecutionId = ExecutionViews.IdOf(reader.GetString(1), reader.GetInt32(11), reader.GetInt32(4), attempt),
            JobId = reader.GetString(1),
            JobName = reader.GetString(2),
            TaskName = reader.GetString(3),
            TaskInstanceIndex = reader.GetInt32(4),
            Attempt = attempt,
            ExecutionSource = ExecutionSources.Of(attempt, original, reader.IsDBNull(10) ? null : reader.GetString(10)),
            PreviousAttempt = attempt > 1 ? attempt - 1 : null,
            OriginalAttempt = original,
            Result = ExecutionResults.Running,
            ComputeNodeId = reader.GetString(7),
            EnvId = reader.IsDBNull(12) ? null : reader.GetString(12),
            HostName = reader.IsDBNull(13) ? null : reader.GetString(13),
            HostAddress = reader.IsDBNull(14) ? null : reader.GetString(14),
            LaunchedAt = reader.GetFieldValue<DateTimeOffset>(8),
            StartTime = reader.IsDBNull(9) ? null : reader.GetFieldValue<DateTimeOffset>(9),
        };
    }
}
