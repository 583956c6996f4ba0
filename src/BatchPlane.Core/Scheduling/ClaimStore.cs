using System.Collections.Concurrent;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Scheduling;

/// <summary>Attempts of one job held by one incarnation of a node that is gone.</summary>
/// <param name="JobId">The job.</param>
/// <param name="NodeId">The node.</param>
/// <param name="NodeEpoch">Its epoch at the claim.</param>
/// <param name="HasLeft">True when the agent of that epoch left in order.</param>
/// <param name="Attempts">Task and index of each.</param>
public sealed record OrphanedAttempts(string JobId, string NodeId, long NodeEpoch, bool HasLeft, IReadOnlyList<(long TaskId, int Index)> Attempts);

/// <summary>The only class that runs Scheduling/Sql outside the transition path.</summary>
public sealed class ClaimStore(NpgsqlDataSource dataSource, JobSecrets secrets)
{
    /// <summary>Task details kept in memory at most; they never change, so that dropping them all now and then is harmless.</summary>
    private const int MaxCachedTasks = 10_000;

    /// <summary>Jobs looked at, however little room there is: what finds none now should not hold up the others for many passes.</summary>
    private const int MinJobs = 32;

    private readonly ConcurrentDictionary<long, TaskDetails> _tasks = new();

    /// <summary>
    /// Tasks of an environment with instances to claim that are not larger than <paramref name="largest"/>, best first. Where there are more
    /// than <paramref name="limit"/>, those that come first are not let hide the others: a few tasks of each job are taken, and of the jobs
    /// of the lowest priority the first ones and those behind the turn, about as many as there are slots of <paramref name="room"/>.
    /// </summary>
    public async Task<ClaimWindow> ClaimableAsync(string envId, ResourceAmounts largest, long room, JobTurn? turn, int limit, CancellationToken cancellationToken)
    {
        await using (var all = ClaimableCommand("Scheduling/Sql/task_select_claimable.sql", envId, largest, limit))
        {
            var tasks = await ReadClaimableAsync(all, cancellationToken);
            if (FillingLevels(tasks, room) is { } filling)
            {
                return new(await WithHeldByJobsAsync(envId, filling, cancellationToken), ResumeAt: null);
            }

            if (tasks.Count < limit)
            {
                return new(await WithHeldByJobsAsync(envId, Worthwhile(tasks), cancellationToken), ResumeAt: null);
            }
        }

        // No more jobs than there is room for can get something; going from job to job takes its time.
        var jobLimit = (int)Math.Clamp(room, Math.Min(MinJobs, Math.Max(1, limit / 2)), Math.Max(1, limit / 2));
        await using var command = ClaimableCommand("Scheduling/Sql/task_select_claimable_by_job.sql", envId, largest, limit);
        command.Parameters.AddWithValue("job_limit", jobLimit);
        command.Parameters.AddWithValue("turn_priority", turn?.Priority ?? -1);
        command.Parameters.AddWithValue("turn_job_no", turn?.JobNo ?? 0L);
        var window = await ReadClaimableAsync(command, cancellationToken);
        return new(await WithHeldByJobsAsync(envId, Worthwhile(window), cancellationToken), ResumeAt(window, turn, jobLimit));
    }

    /// <summary>
    /// What else there is to claim in an environment, of this priority or a higher one and not larger than <paramref name="largest"/>: what fits
    /// nowhere keeps nobody waiting. <paramref name="limit"/> tasks are looked at.
    /// </summary>
    public async Task<Rivals> RivalsAsync(string envId, ResourceAmounts largest, string jobId, int priority, int limit, CancellationToken cancellationToken)
    {
        await using var command = ClaimableCommand("Scheduling/Sql/task_select_rivals.sql", envId, largest, limit);
        command.Parameters.AddWithValue("job_id", jobId);
        command.Parameters.AddWithValue("priority", priority);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var jobs = new List<RivalJob>();
        var seen = 0L;
        while (await reader.ReadAsync(cancellationToken))
        {
            jobs.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2)));
            seen = reader.GetInt64(3);
        }

        return new(jobs, AndMore: seen == limit);
    }

    /// <summary>Grants as the agent gets them.</summary>
    public async Task<IReadOnlyList<ClaimGrant>> DescribeAsync(IReadOnlyList<Jobs.GrantedClaim> claims, CancellationToken cancellationToken)
    {
        var tasks = await DetailsAsync([.. claims.Select(claim => claim.TaskId).Distinct()], cancellationToken);
        return [.. claims.Select(claim => new ClaimGrant
        {
            ClaimId = claim.ClaimId,
            JobId = claim.JobId,
            TaskId = claim.TaskId,
            TaskName = tasks[claim.TaskId].Name,
            TaskInstanceNum = tasks[claim.TaskId].InstanceCount,
            Run = tasks[claim.TaskId].Run,
            Attempts = claim.Attempts,
        })];
    }

    /// <summary>What a node holds by claims older than <paramref name="grace"/> that are not among <paramref name="known"/>.</summary>
    public async Task<IReadOnlyList<ClaimGrant>> UnknownAsync(string nodeId, long nodeEpoch, IReadOnlyList<long> known, TimeSpan grace, CancellationToken cancellationToken)
    {
        var claims = new Dictionary<long, (string JobId, long TaskId, List<AttemptRange> Attempts)>();
        await using (var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/claim_select_unknown.sql")))
        {
            command.Parameters.AddWithValue("node_id", nodeId);
            command.Parameters.AddWithValue("node_epoch", nodeEpoch);
            command.Parameters.AddWithValue("known", known.ToArray());
            command.Parameters.AddWithValue("grace_seconds", grace.TotalSeconds);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                if (!claims.TryGetValue(reader.GetInt64(0), out var claim))
                {
                    claims[reader.GetInt64(0)] = claim = (reader.GetString(1), reader.GetInt64(2), []);
                }

                claim.Attempts.Add(new(reader.GetInt32(3), 1, reader.GetInt32(4)));
            }
        }

        return await DescribeAsync([.. claims.Select(pair => new Jobs.GrantedClaim(pair.Key, pair.Value.JobId, pair.Value.TaskId, pair.Value.Attempts))], cancellationToken);
    }

    /// <summary>Those of the attempts that the node runs, or has run, under this epoch; none when the epoch is not its current one.</summary>
    public async Task<IReadOnlySet<AttemptRef>> HeldAsync(string nodeId, long nodeEpoch, IReadOnlyList<AttemptRef> attempts, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/instance_select_held.sql"));
        command.Parameters.AddWithValue("node_id", nodeId);
        command.Parameters.AddWithValue("node_epoch", nodeEpoch);
        command.Parameters.AddWithValue("task_ids", attempts.Select(attempt => attempt.TaskId).ToArray());
        command.Parameters.AddWithValue("indexes", attempts.Select(attempt => attempt.Index).ToArray());
        command.Parameters.AddWithValue("attempts", attempts.Select(attempt => attempt.Attempt).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var held = new HashSet<AttemptRef>();
        while (await reader.ReadAsync(cancellationToken))
        {
            held.Add(new(reader.GetInt64(0), reader.GetInt32(1), reader.GetInt32(2)));
        }

        return held;
    }

    /// <summary>Those of the attempts that are neither held by a node nor kept for inspection: ended otherwise, followed by another one, or gone.</summary>
    public async Task<IReadOnlyList<KeptAttempt>> ReleasedAsync(IReadOnlyList<KeptAttempt> attempts, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/instance_select_released.sql"));
        command.Parameters.AddWithValue("job_ids", attempts.Select(attempt => attempt.JobId).ToArray());
        command.Parameters.AddWithValue("task_ids", attempts.Select(attempt => attempt.TaskId).ToArray());
        command.Parameters.AddWithValue("indexes", attempts.Select(attempt => attempt.Index).ToArray());
        command.Parameters.AddWithValue("attempts", attempts.Select(attempt => attempt.Attempt).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var released = new List<KeptAttempt>();
        while (await reader.ReadAsync(cancellationToken))
        {
            released.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt32(2), reader.GetInt32(3)));
        }

        return released;
    }

    /// <summary>All that the node may hold and has to end: claims of tasks that take no more, and single attempts.</summary>
    public async Task<TerminationOrders> TerminationsAsync(string nodeId, long nodeEpoch, CancellationToken cancellationToken)
    {
        await using var batch = dataSource.CreateBatch();
        foreach (var path in (ReadOnlySpan<string>)["Scheduling/Sql/claim_select_terminated.sql", "Scheduling/Sql/instance_select_terminated.sql"])
        {
            batch.BatchCommands.Add(new(SqlText.Load(path)) { Parameters = { new("node_id", nodeId), new("node_epoch", nodeEpoch) } });
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var claims = new List<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claims.Add(reader.GetInt64(0));
        }

        await reader.NextResultAsync(cancellationToken);
        var attempts = new List<AttemptRef>();
        while (await reader.ReadAsync(cancellationToken))
        {
            attempts.Add(new(reader.GetInt64(0), reader.GetInt32(1), reader.GetInt32(2)));
        }

        return new() { Claims = claims, Attempts = attempts };
    }

    /// <summary>Up to <paramref name="limit"/> attempts held by incarnations of nodes that are gone, by job and node.</summary>
    public async Task<IReadOnlyList<OrphanedAttempts>> OrphansAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/claim_select_orphans.sql"));
        command.Parameters.AddWithValue("attempt_limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(string NodeId, long Epoch, string JobId, long TaskId, int Index, bool HasLeft)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt32(4), reader.GetBoolean(5)));
        }

        return [.. rows
            .GroupBy(row => (row.JobId, row.NodeId, row.Epoch, row.HasLeft))
            .Select(group => new OrphanedAttempts(group.Key.JobId, group.Key.NodeId, group.Key.Epoch, group.Key.HasLeft, [.. group.Select(row => (row.TaskId, row.Index))]))];
    }

    /// <summary>Forgets claims older than <paramref name="grace"/> of which no attempt is held. Returns how many.</summary>
    public async Task<int> PruneAsync(TimeSpan grace, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/claim_prune.sql"));
        command.Parameters.AddWithValue("grace_seconds", grace.TotalSeconds);
        command.Parameters.AddWithValue("claim_limit", limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand ClaimableCommand(string path, string envId, ResourceAmounts largest, int limit)
    {
        var command = dataSource.CreateCommand(SqlText.Load(path));
        command.Parameters.AddWithValue("env_id", envId);
        command.Parameters.AddWithValue("max_slots", largest.Slots);
        command.Parameters.AddWithValue("max_cpu_millis", largest.CpuMillis);
        command.Parameters.AddWithValue("max_memory_mib", largest.MemoryMib);
        command.Parameters.AddWithValue("containers", largest.Containers);
        command.Parameters.AddWithValue("task_limit", limit);
        return command;
    }

    private static async Task<List<ClaimableTask>> ReadClaimableAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tasks = new List<ClaimableTask>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tasks.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt32(2), reader.GetInt32(3))
            {
                JobNo = reader.GetInt64(4),
                Needs = new(reader.GetInt32(5), reader.GetInt32(6), reader.GetInt32(7)) { Containers = reader.GetBoolean(9) },
                Held = reader.GetInt32(8),
            });
        }

        return tasks;
    }

    /// <summary>The tasks, where jobs of one priority share, with what all tasks of their job hold.</summary>
    private async Task<IReadOnlyList<ClaimableTask>> WithHeldByJobsAsync(string envId, List<ClaimableTask> tasks, CancellationToken cancellationToken)
    {
        string[] jobIds = [.. tasks
            .GroupBy(task => task.Priority, task => task.JobId)
            .Select(level => level.Distinct(StringComparer.Ordinal).ToList())
            .Where(jobs => jobs.Count > 1)
            .SelectMany(jobs => jobs)];
        if (jobIds.Length == 0)
        {
            return tasks;
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/task_select_held_of_jobs.sql"));
        command.Parameters.AddWithValue("job_ids", jobIds);
        command.Parameters.AddWithValue("env_id", envId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var held = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            held[reader.GetString(0)] = reader.GetInt64(1);
        }

        return [.. tasks.Select(task => held.TryGetValue(task.JobId, out var slots) ? task with { HeldByJob = slots } : task)];
    }

    /// <summary>The highest priorities alone, when their instances of one slot fill the room, so that nothing below them could get any; null when they do not.</summary>
    private static List<ClaimableTask>? FillingLevels(List<ClaimableTask> tasks, long room)
    {
        var filled = 0L;
        for (var n = 0; n < tasks.Count; n++)
        {
            if (filled >= room && tasks[n].Priority != tasks[n - 1].Priority)
            {
                return Worthwhile(tasks[..n]);
            }

            filled += tasks[n].Needs.IsOneSlot ? tasks[n].Claimable : 0;
        }

        return null;
    }

    private static List<ClaimableTask> Worthwhile(List<ClaimableTask> tasks) => tasks.FindAll(task => task.Claimable > 0);

    /// <summary>The last job from the turn on when as many as were asked for came; null: the jobs behind the turn were all there are.</summary>
    private static JobTurn? ResumeAt(List<ClaimableTask> window, JobTurn? turn, int jobLimit)
    {
        var priority = window.Count == 0 ? 0 : window.Min(task => task.Priority);
        var from = turn?.Priority == priority ? turn.JobNo : 0;
        var jobs = window.Where(task => task.Priority == priority && task.JobNo > from).Select(task => task.JobNo).Distinct().Order().Take(jobLimit).ToList();
        return jobs.Count == jobLimit ? new(priority, jobs[^1]) : null;
    }

    private async Task<Dictionary<long, TaskDetails>> DetailsAsync(long[] taskIds, CancellationToken cancellationToken)
    {
        var details = new Dictionary<long, TaskDetails>();
        foreach (var taskId in taskIds)
        {
            if (_tasks.TryGetValue(taskId, out var known))
            {
                details[taskId] = known;
            }
        }

        if (details.Count == taskIds.Length)
        {
            return details;
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("Scheduling/Sql/task_select_run.sql"));
        command.Parameters.AddWithValue("task_ids", taskIds.Where(taskId => !details.ContainsKey(taskId)).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var run = secrets.Open(JsonSerializer.Deserialize<RunSpec>(reader.GetString(3), BatchPlaneJson.Options)!);
            details[reader.GetInt64(0)] = new(reader.GetString(1), reader.GetInt32(2), run);
        }

        if (_tasks.Count > MaxCachedTasks)
        {
            _tasks.Clear();
        }

        foreach (var (taskId, task) in details)
        {
            _tasks[taskId] = task;
        }

        return details;
    }

    private sealed record TaskDetails(string Name, int InstanceCount, RunSpec Run);
}
