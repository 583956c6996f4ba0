using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// The only class that runs Jobs/Sql of the transition path: loads aggregates under the jobs' row locks in one round trip
/// and stores what was decided in another.
/// </summary>
internal sealed class JobStore(EngineLimits limits)
{
    /// <summary>How long a statement may take that is about all instances of a task, however many.</summary>
    private const int BulkTimeoutSeconds = 600;

    internal async Task<LockedJobs> LoadAsync(NpgsqlConnection connection, JobLoad load, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        AddLoads(batch, load);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);

        var ends = new Dictionary<long, TaskEnds>();
        TaskEnds EndsOf(long taskId) => ends.TryGetValue(taskId, out var known) ? known : ends[taskId] = new();
        var nodes = new Dictionary<string, (long, NodeState)>(StringComparer.Ordinal);
        var jobs = new List<JobRecord>();
        var tasks = new List<(string JobId, TaskRecord Task)>();
        var instances = new List<InstanceRecord>();
        var progress = new List<ProgressRecord>();
        var envIds = new HashSet<string>(StringComparer.Ordinal);
        if (load.EnvIds.Count > 0)
        {
            await ReadAsync(reader, row => envIds.Add(row.GetString(0)), cancellationToken);
        }

        if (load.NodeIds.Count > 0)
        {
            await ReadAsync(reader, row => nodes.Add(row.GetString(0), (row.GetInt64(1), WireName.Parse<NodeState>(row.GetString(2)))), cancellationToken);
        }

        if (load.JobIds.Count > 0)
        {
            await ReadAsync(reader, row => jobs.Add(JobRows.ReadJob(row)), cancellationToken);
            await ReadAsync(reader, row => tasks.Add((row.GetString(0), JobRows.ReadTask(row))), cancellationToken);
        }

        for (var set = 0; set < InstanceSets(load); set++)
        {
            await ReadAsync(reader, row => instances.Add(JobRows.ReadInstance(row)), cancellationToken);
        }

        var kept = new Dictionary<long, IndexSet>();
        if (load.TerminatedJobIds.Count > 0)
        {
            await ReadAsync(reader, row => kept.Add(row.GetInt64(0), JobRows.Indexes(row, 1)), cancellationToken);
        }

        if (load.Progress.Count > 0)
        {
            await ReadAsync(reader, row => progress.Add(ProgressRows.Read(row)), cancellationToken);
        }

        var delays = new List<InstanceDelay>();
        if (load.Delays.Count > 0)
        {
            await ReadAsync(reader, row => delays.Add(JobRows.ReadDelay(row)), cancellationToken);
        }

        if (load.RetriedJobIds.Count > 0)
        {
            await ReadAsync(reader, row => JobRows.ReadEnds(row, EndsOf), cancellationToken);
            await ReadAsync(reader, row => EndsOf(row.GetInt64(0)).Skips.Add(JobRows.ReadSkip(row)), cancellationToken);
        }

        await reader.ReadAsync(cancellationToken);
        var now = reader.GetFieldValue<DateTimeOffset>(0);
        return new() { Now = now, OpenEnvIds = envIds, Nodes = nodes, Jobs = Assemble(jobs, tasks, instances, progress, delays, kept), Ends = ends };
    }

    /// <summary>Stores what was decided, and commits in the same round trip where <paramref name="commits"/> says so: then rows may only be added.</summary>
    internal static async Task StoreAsync(NpgsqlConnection connection, JobChanges changes, bool commits, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        var expected = new List<(string What, ulong Rows)?>();
        void Add(NpgsqlBatchCommand command, string what, int rows)
        {
            batch.BatchCommands.Add(command);
            expected.Add((what, (ulong)rows));
        }

        if (changes.NewJobs.Count > 0)
        {
            Add(JobRows.InsertJobs(changes), "jobs", changes.NewJobs.Count);
            Add(JobRows.InsertTasks(changes), "tasks", changes.NewJobs.Sum(job => job.Tasks.Count));
        }

        if (changes.Environments.Count > 0)
        {
            Add(JobRows.InsertEnvironments(changes.Environments, changes.Now), "environments", changes.Environments.Count);
        }

        if (changes.Jobs.Count > 0)
        {
            Add(JobRows.ApplyJobs(changes.Jobs), "jobs", changes.Jobs.Count);
        }

        if (changes.Tasks.Count > 0)
        {
            Add(JobRows.ApplyTasks(changes.Tasks), "tasks", changes.Tasks.Count);
        }

        if (changes.Renewed.Count > 0)
        {
            Add(JobRows.RenewEnvironments(changes.Renewed, changes.Now), "environments", changes.Renewed.Count);
            Add(JobRows.RenewTasks(changes.Renewed), "tasks", changes.Renewed.Count);
        }

        if (changes.Deleted.Count > 0)
        {
            Add(JobRows.DeleteJobs(changes.Deleted), "jobs", changes.Deleted.Count);
        }

        if (changes.Priorities.Count > 0)
        {
            Add(JobRows.ChangePriorities("Jobs/Sql/job_change_priority.sql", changes.Priorities), "jobs", changes.Priorities.Count);
            batch.BatchCommands.Add(JobRows.ChangePriorities("Jobs/Sql/task_change_priority.sql", changes.Priorities));
            expected.Add(null);
        }

        if (changes.Fresh.Count > 0)
        {
            Add(JobRows.ClaimInstances(changes.Fresh), "task_instances", changes.Fresh.Sum(run => run.Count));
        }

        if (changes.NewInstances.Count > 0)
        {
            Add(JobRows.Instances("Jobs/Sql/instance_insert.sql", changes.NewInstances, guarded: false), "task_instances", changes.NewInstances.Count);
        }

        var (succeeded, others) = SucceededRun.Split(changes.Instances);
        if (succeeded.Count > 0)
        {
            Add(JobRows.SucceedInstances(succeeded), "task_instances", succeeded.Sum(run => run.Count));
        }

        if (others.Count > 0)
        {
            Add(JobRows.Instances("Jobs/Sql/instance_apply_transition.sql", others, guarded: true), "task_instances", others.Count);
        }

        if (changes.Terminations.Count > 0)
        {
            Add(JobRows.RequestTerminations(changes.Terminations), "task_instances", changes.Terminations.Count);
        }

        if (changes.ClosedInstances.Count > 0)
        {
            batch.Timeout = BulkTimeoutSeconds;
            Add(JobRows.CloseInstances(changes.ClosedInstances), "task_instances", changes.ClosedInstances.Sum(range => range.Count));
        }

        // First those that ended: an instance may wait again at once.
        if (changes.EndedDelays.Count > 0)
        {
            Add(JobRows.DeleteDelays(changes.EndedDelays), "retry_delays", changes.EndedDelays.Sum(range => range.Count));
        }

        if (changes.NewDelays.Count > 0)
        {
            Add(JobRows.InsertDelays(changes.NewDelays), "retry_delays", changes.NewDelays.Count);
        }

        if (changes.RetriedInstances.Count > 0)
        {
            batch.Timeout = BulkTimeoutSeconds;
            Add(JobRows.RetryInstances(changes.RetriedInstances), "task_instances", changes.RetriedInstances.Sum(range => range.Count));
        }

        if (changes.Unskipped.Count > 0)
        {
            Add(JobRows.DeleteSkips(changes.Unskipped), "task_skips", changes.Unskipped.Count);
        }

        if (changes.Skips.Count > 0)
        {
            Add(JobRows.InsertSkips(changes.Skips), "task_skips", changes.Skips.Count);
        }

        if (changes.Progress.Count > 0)
        {
            Add(ProgressRows.Upsert(changes.Progress), "instance_progress", changes.Progress.Count);
        }

        if (changes.Usage.Count > 0)
        {
            Add(UsageRecord.Upsert(changes.Usage), "attempt_usage", changes.Usage.Count);
        }

        if (changes.Claims.Count > 0)
        {
            Add(JobRows.InsertClaims(changes.Claims, changes.Now), "claims", changes.Claims.Count);
        }

        if (changes.Journal.Count > 0)
        {
            Add(JournalRows.Insert(changes.Journal), "events", changes.Journal.Count);
        }

        if (commits)
        {
            batch.BatchCommands.Add(new(SqlText.Load("Database/Sql/commit.sql")));
            expected.Add(null);
        }

        if (batch.BatchCommands.Count == 0)
        {
            return;
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        for (var n = 0; n < expected.Count; n++)
        {
            if (expected[n] is { } wanted && batch.BatchCommands[n].Rows != wanted.Rows)
            {
                throw new InvalidOperationException(
                    $"{wanted.What}: {batch.BatchCommands[n].Rows} rows written where {wanted.Rows} were decided. Something changed them without the job's lock.");
            }
        }
    }

    /// <summary>Those of the environments that take jobs, held until the end of the transaction.</summary>
    internal static async Task<HashSet<string>> ShareEnvironmentsAsync(NpgsqlConnection connection, IEnumerable<string> envIds, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Environments/Sql/environment_share.sql"), connection);
        command.Parameters.Add(new NpgsqlParameter<string[]>("env_ids", [.. envIds.Distinct()]));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new HashSet<string>(StringComparer.Ordinal);
        await ReadAsync(reader, row => found.Add(row.GetString(0)), cancellationToken);
        return found;
    }

    /// <summary>Those of the jobs that are stored.</summary>
    internal static async Task<HashSet<string>> FindStoredAsync(NpgsqlConnection connection, IEnumerable<string> jobIds, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Jobs/Sql/job_select_stored.sql"), connection);
        command.Parameters.Add(new NpgsqlParameter<string[]>("job_ids", [.. jobIds]));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new HashSet<string>(StringComparer.Ordinal);
        await ReadAsync(reader, row => found.Add(row.GetString(0)), cancellationToken);
        return found;
    }

    private static int InstanceSets(JobLoad load) =>
        (load.Instances.Count > 0 ? 1 : 0) + (load.RequeuedLimits.Count > 0 ? 1 : 0);

    /// <summary>Locks are taken in this order by everybody: environments, idempotency keys, nodes, jobs; of each kind in the order of ids.</summary>
    private static void AddLoads(NpgsqlBatch batch, JobLoad load)
    {
        if (load.EnvIds.Count > 0)
        {
            batch.BatchCommands.Add(JobRows.Command("Environments/Sql/environment_share.sql", new NpgsqlParameter<string[]>("env_ids", [.. load.EnvIds])));
        }

        if (load.NodeIds.Count > 0)
        {
            batch.BatchCommands.Add(JobRows.Command("Environments/Sql/node_lock.sql", new NpgsqlParameter<string[]>("node_ids", [.. load.NodeIds])));
        }

        if (load.JobIds.Count > 0)
        {
            string[] jobIds = [.. load.JobIds];
            batch.BatchCommands.Add(JobRows.Command("Jobs/Sql/job_lock.sql", new NpgsqlParameter<string[]>("job_ids", jobIds)));
            batch.BatchCommands.Add(JobRows.Command("Jobs/Sql/task_select.sql", new NpgsqlParameter<string[]>("job_ids", jobIds)));
        }

        if (load.Instances.Count > 0)
        {
            batch.BatchCommands.Add(JobRows.Command(
                "Jobs/Sql/instance_select.sql",
                new NpgsqlParameter<long[]>("task_ids", [.. load.Instances.Select(run => run.TaskId)]),
                new NpgsqlParameter<int[]>("firsts", [.. load.Instances.Select(run => run.First)]),
                new NpgsqlParameter<int[]>("counts", [.. load.Instances.Select(run => run.Count)])));
        }

        if (load.RequeuedLimits.Count > 0)
        {
            batch.BatchCommands.Add(JobRows.Command(
                "Jobs/Sql/instance_select_requeued.sql",
                new NpgsqlParameter<long[]>("task_ids", [.. load.RequeuedLimits.Keys]),
                new NpgsqlParameter<int[]>("limits", [.. load.RequeuedLimits.Values])));
        }

        if (load.TerminatedJobIds.Count > 0)
        {
            batch.Timeout = BulkTimeoutSeconds;
            batch.BatchCommands.Add(JobRows.Command(
                "Jobs/Sql/instance_select_for_termination.sql",
                new NpgsqlParameter<string[]>("job_ids", [.. load.TerminatedJobIds])));
        }

        if (load.Progress.Count > 0)
        {
            batch.BatchCommands.Add(ProgressRows.Select(load.Progress));
        }

        if (load.Delays.Count > 0)
        {
            batch.BatchCommands.Add(JobRows.Command(
                "Jobs/Sql/retry_delay_select.sql",
                new NpgsqlParameter<long[]>("task_ids", [.. load.Delays.Select(key => key.TaskId)]),
                new NpgsqlParameter<int[]>("indexes", [.. load.Delays.Select(key => key.Index)])));
        }

        if (load.RetriedJobIds.Count > 0)
        {
            string[] retried = [.. load.RetriedJobIds];
            batch.Timeout = BulkTimeoutSeconds;
            batch.BatchCommands.Add(JobRows.Command("Jobs/Sql/instance_select_ended.sql", new NpgsqlParameter<string[]>("job_ids", retried)));
            batch.BatchCommands.Add(JobRows.Command("Jobs/Sql/task_skip_select.sql", new NpgsqlParameter<string[]>("job_ids", retried)));
        }

        batch.BatchCommands.Add(JobRows.Command("Jobs/Sql/clock.sql"));
    }

    private Dictionary<string, JobAggregate> Assemble(
        List<JobRecord> jobs,
        List<(string JobId, TaskRecord Task)> tasks,
        List<InstanceRecord> instances,
        List<ProgressRecord> progress,
        List<InstanceDelay> delays,
        Dictionary<long, IndexSet> kept)
    {
        var tasksByJob = tasks.ToLookup(pair => pair.JobId, pair => pair.Task, StringComparer.Ordinal);
        var jobByTask = tasks.ToDictionary(pair => pair.Task.TaskId, pair => pair.JobId);
        var instancesByJob = instances.ToLookup(instance => jobByTask.GetValueOrDefault(instance.TaskId) ?? "", StringComparer.Ordinal);
        var delaysByJob = delays.ToLookup(delay => delay.JobId, StringComparer.Ordinal);
        var aggregates = jobs.ToDictionary(
            job => job.JobId,
            job => new JobAggregate(job, [.. tasksByJob[job.JobId]], instancesByJob[job.JobId], limits, delaysByJob[job.JobId], kept),
            StringComparer.Ordinal);
        foreach (var posted in progress.Where(posted => jobByTask.ContainsKey(posted.TaskId)))
        {
            aggregates[jobByTask[posted.TaskId]].Load(posted);
        }

        return aggregates;
    }

    private static async Task ReadAsync(NpgsqlDataReader reader, Action<NpgsqlDataReader> onRow, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            onRow(reader);
        }

        await reader.NextResultAsync(cancellationToken);
    }
}
