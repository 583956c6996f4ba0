using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Jobs;

/// <summary>Between the records of the transition path and the columns of its statements.</summary>
internal static class JobRows
{
    internal static NpgsqlBatchCommand Command(string path, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(SqlText.Load(path));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    internal static JobRecord ReadJob(NpgsqlDataReader row) => new()
    {
        JobId = row.GetString(0),
        State = WireName.Parse<RunState>(row.GetString(1)),
        Cause = WireName.ParseNullable<Cause>(Text(row, 2)),
        Reason = Text(row, 3),
        Interest = NotificationInterest.FromColumn(row.GetFieldValue<int[]>(4)),
        LastSequence = row.GetInt64(5),
        LoadedSequence = row.GetInt64(5),
        JournalTxid = row.GetFieldValue<ulong>(6),
        TerminateRequestedAt = Time(row, 7),
        TerminateRequestedBy = Text(row, 8),
        TerminateReason = Text(row, 9),
        CloseCause = WireName.ParseNullable<Cause>(Text(row, 10)),
        CloseReason = Text(row, 11),
        TimeLimit = Number(row, 12),
        ExpiresAt = Time(row, 13),
        RunningAt = Time(row, 14),
        FinishedAt = Time(row, 15),
        RetriedAt = Time(row, 16),
        Priority = row.GetInt32(17),
        Deadline = Time(row, 18),
        DueAt = Time(row, 19),
    };

    internal static TaskRecord ReadTask(NpgsqlDataReader row) => new()
    {
        TaskId = row.GetInt64(1),
        TaskNo = row.GetInt32(2),
        TaskName = row.GetString(3),
        State = WireName.Parse<RunState>(row.GetString(4)),
        Cause = WireName.ParseNullable<Cause>(Text(row, 5)),
        Reason = Text(row, 6),
        DependsOn = Edges(row.GetFieldValue<int[]>(7), row.GetFieldValue<string[]>(8)),
        InstanceCount = row.GetInt32(9),
        NextIndex = row.GetInt32(10),
        Requeued = Indexes(row, 11),
        Ready = Indexes(row, 12),
        Waiting = Indexes(row, 13),
        Skipped = Indexes(row, 14),
        Succeeded = Indexes(row, 15),
        CloseCause = WireName.ParseNullable<Cause>(Text(row, 16)),
        CloseReason = Text(row, 17),
        StartingCount = row.GetInt32(18),
        RunningCount = row.GetInt32(19),
        SucceedCount = row.GetInt32(20),
        FailedCount = row.GetInt32(21),
        InterruptedCount = row.GetInt32(22),
        MaxRetryCount = row.GetInt32(23),
        MaxConcurrentNum = Number(row, 24),
        FailedAction = WireName.Parse<FailedAction>(row.GetString(25)),
        RunningAt = Time(row, 26),
        FinishedAt = Time(row, 27),
        Delayed = Indexes(row, 28),
        Retries = RetryPolicy.FromColumn(Text(row, 29)),
        MaxFailedNum = Number(row, 30),
        TimeLimit = Number(row, 31),
        ExpiresAt = Time(row, 32),
        EnvId = row.GetString(33),
        OwnsEnv = row.GetBoolean(34),
        ProgressDueAt = Time(row, 35),
        BlockedBy = Text(row, 36),
        LoadedEnds = row.GetInt32(20) + row.GetInt32(21) + row.GetInt32(22),
    };

    internal static InstanceRecord ReadInstance(NpgsqlDataReader row)
    {
        var state = WireName.Parse<RunState>(row.GetString(2));
        return new()
        {
            TaskId = row.GetInt64(0),
            Index = row.GetInt32(1),
            State = state,
            LoadedState = state,
            Attempt = row.GetInt32(3),
            LoadedAttempt = row.GetInt32(3),
            FailureCount = row.GetInt32(4),
            LostCount = row.GetInt32(5),
            NodeId = row.GetString(6),
            NodeEpoch = row.GetInt64(7),
            ExitCode = Number(row, 8),
            Cause = WireName.ParseNullable<Cause>(Text(row, 9)),
            Reason = Text(row, 10),
            LaunchedAt = row.GetFieldValue<DateTimeOffset>(11),
            RunningAt = Time(row, 12),
            FinishedAt = Time(row, 13),
            TerminateReason = Text(row, 14),
            FailoverOf = Number(row, 15),
            ExecutionSource = Text(row, 16),
            HasBegunBefore = row.GetBoolean(17),
        };
    }

    internal static InstanceDelay ReadDelay(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetInt32(2), row.GetFieldValue<DateTimeOffset>(3));

    internal static NpgsqlBatchCommand InsertJobs(JobChanges changes)
    {
        var jobs = changes.NewJobs;
        return Command(
            "Jobs/Sql/job_insert.sql",
            Column("job_ids", jobs, job => job.Job.JobId),
            Column("job_names", jobs, job => job.Document.JobName),
            Column("job_descriptions", jobs, job => job.Document.JobDescription),
            Column("priorities", jobs, job => job.Document.Priority),
            Column("states", jobs, job => WireName.Of(job.Job.State)),
            Column("documents", jobs, job => JsonSerializer.Serialize(JobSecrets.Mask(job.Document), BatchPlaneJson.Options)),
            Column("notifications", jobs, job => JsonSerializer.Serialize(job.Document.Notifications, BatchPlaneJson.Options)),
            Column("interests", jobs, job => ArrayText(job.Job.Interest.ToColumn())),
            Column("tags", jobs, job => JsonSerializer.Serialize(job.Document.Tags, BatchPlaneJson.Options)),
            Column("labels", jobs, job => JobLabels.ToColumn(job.Document.Tags, job.EnvIds, job.Tencent?.Zone)),
            Column("submitted_bys", jobs, job => job.SubmittedBy),
            Column("tencents", jobs, job => job.Tencent?.Json),
            Column("regions", jobs, job => job.Tencent?.Region),
            Column("traceparents", jobs, job => job.Traceparent),
            Column("tracings", jobs, job => WireName.Of(job.Document.Tracing)),
            Column("last_sequences", jobs, job => job.Job.LastSequence),
            Column("time_limits", jobs, job => job.Job.TimeLimit),
            Column("deadlines", jobs, job => job.Job.Deadline),
            new NpgsqlParameter<DateTimeOffset>("now", changes.Now));
    }

    internal static NpgsqlBatchCommand InsertTasks(JobChanges changes)
    {
        var tasks = changes.NewJobs.SelectMany(job => job.Tasks.Select(task => (Job: job, Task: task))).ToList();
        return Command(
            "Jobs/Sql/task_insert.sql",
            Column("task_ids", tasks, row => row.Task.Record.TaskId),
            Column("job_ids", tasks, row => row.Job.Job.JobId),
            Column("task_nos", tasks, row => row.Task.Record.TaskNo),
            Column("task_names", tasks, row => row.Task.Record.TaskName),
            Column("env_ids", tasks, row => row.Task.Record.EnvId),
            Column("owns_envs", tasks, row => row.Task.Record.OwnsEnv),
            Column("priorities", tasks, row => row.Job.Document.Priority),
            Column("job_nos", tasks, row => row.Job.Tasks[0].Record.TaskId),
            Column("slots", tasks, row => row.Task.Needs.Slots),
            Column("cpu_millis", tasks, row => row.Task.Needs.CpuMillis),
            Column("memory_mibs", tasks, row => row.Task.Needs.MemoryMib),
            Column("needs_containers", tasks, row => row.Task.Needs.Containers),
            Column("states", tasks, row => WireName.Of(row.Task.Record.State)),
            Column("depends_ons", tasks, row => ArrayText(row.Task.Record.DependsOn.Select(edge => edge.TaskNo.ToString(CultureInfo.InvariantCulture)))),
            Column("depends_whens", tasks, row => ArrayText(row.Task.Record.DependsOn.Select(edge => WireName.Of(edge.On)))),
            Column("instance_counts", tasks, row => row.Task.Record.InstanceCount),
            Column("next_indexes", tasks, row => row.Task.Record.NextIndex),
            Column("waitings", tasks, row => MultirangeText(row.Task.Record.Waiting.Ranges)),
            Column("waiting_counts", tasks, row => row.Task.Record.Waiting.Count),
            Column("claimable_counts", tasks, row => JobAggregate.ClaimableCount(row.Task.Record)),
            Column("max_retry_counts", tasks, row => row.Task.Record.MaxRetryCount),
            Column("retry_policies", tasks, row => row.Task.Record.Retries.ToColumn()),
            Column("max_failed_nums", tasks, row => row.Task.Record.MaxFailedNum),
            Column("time_limits", tasks, row => row.Task.Record.TimeLimit),
            Column("max_concurrent_nums", tasks, row => row.Task.Record.MaxConcurrentNum),
            Column("failed_actions", tasks, row => WireName.Of(row.Task.Record.FailedAction)),
            Column("blocked_bys", tasks, row => row.Task.Record.BlockedBy),
            Column("runs", tasks, row => row.Task.Run));
    }

    internal static NpgsqlBatchCommand InsertEnvironments(IReadOnlyList<TaskEnvironment> environments, DateTimeOffset now) => Command(
        "Environments/Sql/task_environment_insert.sql",
        Column("env_ids", environments, one => one.Record.EnvId),
        Column("env_names", environments, one => one.Record.EnvName),
        Column("states", environments, one => WireName.Of(one.Record.State)),
        Column("providers", environments, one => WireName.Of(one.Record.Provider)),
        Column("max_node_counts", environments, one => one.Settings.MaxComputeNodeCount),
        Column("idle_secondses", environments, one => one.Settings.IdleSeconds),
        Column("max_retry_counts", environments, one => one.MaxRetryCount),
        Column("slots_per_nodes", environments, one => one.Settings.SlotsPerNode),
        Column("cpu_per_nodes", environments, one => one.Settings.CpuPerNode),
        Column("memory_mib_per_nodes", environments, one => one.Settings.MemoryMibPerNode),
        Column("provider_settingses", environments, one => one.ProviderSettings),
        Column("created_bys", environments, one => one.CreatedBy),
        Column("job_ids", environments, one => one.Record.JobId!),
        Column("task_ids", environments, one => one.Task.TaskId),
        Column("task_nos", environments, one => one.Task.TaskNo),
        Column("keeps_tryings", environments, one => one.KeepsTrying),
        Column("last_sequences", environments, one => one.Record.LastSequence),
        new NpgsqlParameter<DateTimeOffset>("now", now));

    internal static NpgsqlBatchCommand RenewEnvironments(IReadOnlyList<(TaskRecord Task, JournalEntry Opened)> renewed, DateTimeOffset now) => Command(
        "Environments/Sql/renewed_environment_insert.sql",
        Column("env_ids", renewed, one => one.Task.EnvId),
        Column("new_env_ids", renewed, one => one.Task.NewEnvId!),
        Column("states", renewed, one => one.Opened.State),
        Column("last_sequences", renewed, one => one.Opened.Sequence),
        new NpgsqlParameter<DateTimeOffset>("now", now));

    internal static NpgsqlBatchCommand RenewTasks(IReadOnlyList<(TaskRecord Task, JournalEntry Opened)> renewed) => Command(
        "Jobs/Sql/task_renew_environment.sql",
        Column("task_ids", renewed, one => one.Task.TaskId),
        Column("new_env_ids", renewed, one => one.Task.NewEnvId!));

    internal static NpgsqlBatchCommand ApplyJobs(IReadOnlyList<JobRecord> jobs) => Command(
        "Jobs/Sql/job_apply_transition.sql",
        Column("job_ids", jobs, job => job.JobId),
        Column("loaded_sequences", jobs, job => job.LoadedSequence),
        Column("states", jobs, job => WireName.Of(job.State)),
        Column("causes", jobs, job => Name(job.Cause)),
        Column("reasons", jobs, job => job.Reason),
        Column("last_sequences", jobs, job => job.LastSequence),
        Column("terminate_requested_ats", jobs, job => job.TerminateRequestedAt),
        Column("terminate_requested_bys", jobs, job => job.TerminateRequestedBy),
        Column("terminate_reasons", jobs, job => job.TerminateReason),
        Column("close_causes", jobs, job => Name(job.CloseCause)),
        Column("close_reasons", jobs, job => job.CloseReason),
        Column("expires_ats", jobs, job => job.ExpiresAt),
        Column("due_ats", jobs, job => job.DueAt),
        Column("running_ats", jobs, job => job.RunningAt),
        Column("finished_ats", jobs, job => job.FinishedAt),
        Column("retried_ats", jobs, job => job.RetriedAt));

    internal static NpgsqlBatchCommand DeleteJobs(IReadOnlyList<JobRecord> jobs) => Command(
        "Jobs/Sql/job_delete.sql",
        Column("job_ids", jobs, job => job.JobId),
        Column("deleted_ats", jobs, job => job.DeletedAt));

    /// <summary>Changes the priority of jobs, and that of their tasks.</summary>
    internal static NpgsqlBatchCommand ChangePriorities(string path, IReadOnlyList<JobRecord> jobs) => Command(
        path,
        Column("job_ids", jobs, job => job.JobId),
        Column("priorities", jobs, job => job.Priority));

    internal static NpgsqlBatchCommand ApplyTasks(IReadOnlyList<TaskRecord> tasks) => Command(
        "Jobs/Sql/task_apply_transition.sql",
        Column("task_ids", tasks, task => task.TaskId),
        Column("states", tasks, task => WireName.Of(task.State)),
        Column("causes", tasks, task => Name(task.Cause)),
        Column("reasons", tasks, task => task.Reason),
        Column("next_indexes", tasks, task => task.NextIndex),
        Column("requeueds", tasks, task => MultirangeText(task.Requeued.Ranges)),
        Column("delayeds", tasks, task => MultirangeText(task.Delayed.Ranges)),
        Column("readys", tasks, task => MultirangeText(task.Ready.Ranges)),
        Column("waitings", tasks, task => MultirangeText(task.Waiting.Ranges)),
        Column("waiting_counts", tasks, task => task.Waiting.Count),
        Column("skippeds", tasks, task => MultirangeText(task.Skipped.Ranges)),
        Column("succeededs", tasks, task => MultirangeText(task.Succeeded.Ranges)),
        Column("close_causes", tasks, task => Name(task.CloseCause)),
        Column("close_reasons", tasks, task => task.CloseReason),
        Column("claimable_counts", tasks, JobAggregate.ClaimableCount),
        Column("starting_counts", tasks, task => task.StartingCount),
        Column("running_counts", tasks, task => task.RunningCount),
        Column("succeed_counts", tasks, task => task.SucceedCount),
        Column("failed_counts", tasks, task => task.FailedCount),
        Column("interrupted_counts", tasks, task => task.InterruptedCount),
        Column("expires_ats", tasks, task => task.ExpiresAt),
        Column("progress_due_ats", tasks, task => task.ProgressDueAt),
        Column("blocked_bys", tasks, task => task.BlockedBy),
        Column("running_ats", tasks, task => task.RunningAt),
        Column("finished_ats", tasks, task => task.FinishedAt));

    internal static NpgsqlBatchCommand InsertSkips(IReadOnlyList<SkippedInstances> skips) => Command(
        "Jobs/Sql/task_skip_insert.sql",
        Column("task_ids", skips, skip => skip.TaskId),
        Column("first_indexes", skips, skip => skip.First),
        Column("instance_counts", skips, skip => skip.Count),
        Column("causes", skips, skip => WireName.Of(skip.Cause)),
        Column("reasons", skips, skip => skip.Reason),
        Column("ended_ats", skips, skip => skip.EndedAt));

    internal static NpgsqlBatchCommand InsertDelays(IReadOnlyList<InstanceDelay> delays) => Command(
        "Jobs/Sql/retry_delay_insert.sql",
        Column("job_ids", delays, delay => delay.JobId),
        Column("task_ids", delays, delay => delay.TaskId),
        Column("indexes", delays, delay => delay.Index),
        Column("due_ats", delays, delay => delay.DueAt));

    internal static NpgsqlBatchCommand DeleteDelays(IReadOnlyList<(long TaskId, int First, int Count)> ranges) => Command(
        "Jobs/Sql/retry_delay_delete.sql",
        Column("task_ids", ranges, range => range.TaskId),
        Column("first_indexes", ranges, range => range.First),
        Column("instance_counts", ranges, range => range.Count));

    internal static NpgsqlBatchCommand DeleteSkips(IReadOnlyList<SkippedInstances> skips) => Command(
        "Jobs/Sql/task_skip_delete.sql",
        Column("task_ids", skips, skip => skip.TaskId),
        Column("first_indexes", skips, skip => skip.First));

    internal static SkippedInstances ReadSkip(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        row.GetInt32(1),
        row.GetInt32(2),
        WireName.Parse<Cause>(row.GetString(3)),
        row.GetString(4),
        row.GetFieldValue<DateTimeOffset>(5));

    /// <summary>Instances that ended in the same way, added to the ends of their task.</summary>
    internal static void ReadEnds(NpgsqlDataReader row, Func<long, TaskEnds> endsOf)
    {
        var ends = endsOf(row.GetInt64(0));
        var isInterrupted = WireName.Parse<RunState>(row.GetString(1)) == RunState.FailedInterrupted;
        var set = isInterrupted ? ends.Interrupted : row.GetBoolean(2) ? ends.FailedWithOthers : ends.Failed;
        set.Include(Indexes(row, 3));
    }

    /// <summary>Has ended instances wait for another attempt that were not loaded.</summary>
    internal static NpgsqlBatchCommand RetryInstances(IReadOnlyList<RetriedInstances> retried) => Command(
        "Jobs/Sql/instance_retry_apply_transition.sql",
        Column("task_ids", retried, range => range.TaskId),
        Column("first_indexes", retried, range => range.First),
        Column("instance_counts", retried, range => range.Count));

    /// <summary>Ends requeued or kept instances that were not loaded.</summary>
    internal static NpgsqlBatchCommand CloseInstances(IReadOnlyList<ClosedInstances> closed) => Command(
        "Jobs/Sql/instance_close_apply_transition.sql",
        Column("task_ids", closed, range => range.TaskId),
        Column("first_indexes", closed, range => range.First),
        Column("instance_counts", closed, range => range.Count),
        Column("states", closed, range => WireName.Of(range.From)),
        Column("causes", closed, range => WireName.Of(range.Cause)),
        Column("reasons", closed, range => range.Reason),
        Column("finished_ats", closed, range => range.EndedAt));

    internal static NpgsqlBatchCommand ClaimInstances(IReadOnlyList<FreshRun> runs) => Command(
        "Jobs/Sql/instance_claim.sql",
        Column("task_ids", runs, run => run.TaskId),
        Column("firsts", runs, run => run.FirstIndex),
        Column("counts", runs, run => run.Count),
        Column("node_ids", runs, run => run.NodeId),
        Column("node_epochs", runs, run => run.NodeEpoch),
        Column("launched_ats", runs, run => run.LaunchedAt),
        new NpgsqlParameter<string>("state", WireName.Of(FreshRun.State)));

    internal static NpgsqlBatchCommand SucceedInstances(IReadOnlyList<SucceededRun> runs) => Command(
        "Jobs/Sql/instance_succeed_apply_transition.sql",
        Column("task_ids", runs, run => run.TaskId),
        Column("firsts", runs, run => run.FirstIndex),
        Column("counts", runs, run => run.Count),
        Column("attempts", runs, run => run.Attempt),
        Column("running_ats", runs, run => run.RunningAt),
        Column("finished_ats", runs, run => run.FinishedAt));

    /// <summary>Inserts (not guarded) or updates (guarded by state and attempt as loaded) instance rows.</summary>
    internal static NpgsqlBatchCommand Instances(string path, IReadOnlyList<InstanceRecord> instances, bool guarded)
    {
        var command = Command(
            path,
            Column("task_ids", instances, instance => instance.TaskId),
            Column("indexes", instances, instance => instance.Index),
            Column("states", instances, instance => WireName.Of(instance.State)),
            Column("attempts", instances, instance => instance.Attempt),
            Column("failure_counts", instances, instance => instance.FailureCount),
            Column("lost_counts", instances, instance => instance.LostCount),
            Column("node_ids", instances, instance => instance.NodeId),
            Column("node_epochs", instances, instance => instance.NodeEpoch),
            Column("exit_codes", instances, instance => instance.ExitCode),
            Column("causes", instances, instance => Name(instance.Cause)),
            Column("reasons", instances, instance => instance.Reason),
            Column("launched_ats", instances, instance => instance.LaunchedAt),
            Column("running_ats", instances, instance => instance.RunningAt),
            Column("finished_ats", instances, instance => instance.FinishedAt),
            Column("failovers_of", instances, instance => instance.FailoverOf),
            Column("execution_sources", instances, instance => instance.ExecutionSource),
            Column("begun_befores", instances, instance => instance.HasBegunBefore));
        if (guarded)
        {
            command.Parameters.Add(Column("loaded_states", instances, instance => WireName.Of(instance.LoadedState)));
            command.Parameters.Add(Column("loaded_attempts", instances, instance => instance.LoadedAttempt));
        }

        return command;
    }

    /// <summary>Notes the wish that instances end which nodes hold.</summary>
    internal static NpgsqlBatchCommand RequestTerminations(IReadOnlyList<InstanceRecord> instances) => Command(
        "Jobs/Sql/instance_request_termination.sql",
        Column("task_ids", instances, instance => instance.TaskId),
        Column("indexes", instances, instance => instance.Index),
        Column("terminate_reasons", instances, instance => instance.TerminateReason));

    internal static NpgsqlBatchCommand InsertClaims(IReadOnlyList<NewClaim> claims, DateTimeOffset now) => Command(
        "Scheduling/Sql/claim_insert.sql",
        Column("claim_ids", claims, claim => claim.ClaimId),
        Column("node_ids", claims, claim => claim.NodeId),
        Column("node_epochs", claims, claim => claim.NodeEpoch),
        Column("job_ids", claims, claim => claim.JobId),
        Column("task_ids", claims, claim => claim.TaskId),
        Column("indexes", claims, claim => MultirangeText(claim.Attempts.Select(range => (range.FirstIndex, range.Count)))),
        new NpgsqlParameter<DateTimeOffset>("now", now));

    private static NpgsqlParameter<TColumn[]> Column<TRow, TColumn>(string name, IReadOnlyList<TRow> rows, Func<TRow, TColumn> value)
    {
        var column = new TColumn[rows.Count];
        for (var n = 0; n < column.Length; n++)
        {
            column[n] = value(rows[n]);
        }

        return new(name, column);
    }

    private static string MultirangeText(IEnumerable<(int First, int Count)> ranges) =>
        "{" + string.Join(',', ranges.Select(range => string.Create(CultureInfo.InvariantCulture, $"[{range.First},{range.First + range.Count})"))) + "}";

    private static string ArrayText<T>(IEnumerable<T> elements) => "{" + string.Join(',', elements) + "}";

    private static TaskEdge[] Edges(int[] taskNos, string[] conditions) =>
        [.. taskNos.Zip(conditions, (taskNo, on) => new TaskEdge(taskNo, WireName.Parse<DependenceCondition>(on)))];

    internal static IndexSet Indexes(NpgsqlDataReader row, int column)
    {
        var set = new IndexSet();
        foreach (var range in row.GetFieldValue<NpgsqlRange<int>[]>(column))
        {
            // PostgreSQL gives integer ranges in the form [first, end).
            set.Add(range.LowerBound, range.UpperBound - range.LowerBound);
        }

        return set;
    }

    private static string? Name(Cause? cause) => cause is { } given ? WireName.Of(given) : null;

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static int? Number(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
