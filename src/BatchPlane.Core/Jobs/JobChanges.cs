using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

/// <summary>A claim about to be stored.</summary>
internal sealed record NewClaim(long ClaimId, string NodeId, long NodeEpoch, string JobId, long TaskId, IReadOnlyList<AttemptRange> Attempts);

/// <summary>What a batch decided, ready to be stored.</summary>
internal sealed class JobChanges
{
    internal required DateTimeOffset Now { get; init; }

    internal List<NewJob> NewJobs { get; } = [];

    internal List<JobRecord> Jobs { get; } = [];

    /// <summary>Jobs that are gone.</summary>
    internal List<JobRecord> Deleted { get; } = [];

    /// <summary>Jobs whose priority changed, and that of their tasks with it.</summary>
    internal List<JobRecord> Priorities { get; } = [];

    internal List<TaskRecord> Tasks { get; } = [];

    /// <summary>Environments that are made for tasks of new jobs.</summary>
    internal List<TaskEnvironment> Environments { get; } = [];

    /// <summary>Tasks whose new life has an environment of its own, and the last entry of its journal so far.</summary>
    internal List<(TaskRecord Task, JournalEntry Opened)> Renewed { get; } = [];

    internal List<FreshRun> Fresh { get; } = [];

    internal List<InstanceRecord> NewInstances { get; } = [];

    internal List<InstanceRecord> Instances { get; } = [];

    /// <summary>Instances whose end was wished and which nodes hold.</summary>
    internal List<InstanceRecord> Terminations { get; } = [];

    /// <summary>Requeued or kept instances that ended with their task and were not loaded.</summary>
    internal List<ClosedInstances> ClosedInstances { get; } = [];

    /// <summary>Ended instances that wait again and were not loaded.</summary>
    internal List<RetriedInstances> RetriedInstances { get; } = [];

    /// <summary>Skips that are forgotten, before those of <see cref="Skips"/> are written.</summary>
    internal List<SkippedInstances> Unskipped { get; } = [];

    internal List<SkippedInstances> Skips { get; } = [];

    internal List<ProgressRecord> Progress { get; } = [];

    internal List<UsageRecord> Usage { get; } = [];

    internal List<InstanceDelay> NewDelays { get; } = [];

    internal List<(long TaskId, int First, int Count)> EndedDelays { get; } = [];

    internal List<NewClaim> Claims { get; } = [];

    internal List<(JournalEntry Entry, ulong SubjectTxid)> Journal { get; } = [];

    /// <summary>True when nodes have to be told to end what they hold.</summary>
    internal bool HasOrders { get; private set; }

    /// <summary>True when rows are only added, all of new jobs: there is nothing that somebody else could have changed.</summary>
    internal bool AreNewJobsOnly => NewJobs.Count > 0
        && Journal.Count > 0
        && (Jobs.Count | Deleted.Count | Priorities.Count | Tasks.Count | Renewed.Count | Fresh.Count | NewInstances.Count | Instances.Count | Terminations.Count
            | ClosedInstances.Count | RetriedInstances.Count | Unskipped.Count | Skips.Count | Progress.Count | NewDelays.Count | EndedDelays.Count | Claims.Count) == 0;

    /// <summary>Takes everything that differs from what was loaded.</summary>
    internal void Add(JobAggregate aggregate)
    {
        if (aggregate.Job.IsDirty)
        {
            Jobs.Add(aggregate.Job);
        }

        if (aggregate.Job.DeletedAt is not null)
        {
            Deleted.Add(aggregate.Job);
        }

        if (aggregate.Job.IsPriorityNew)
        {
            Priorities.Add(aggregate.Job);
        }

        foreach (var task in aggregate.Tasks.Where(task => task.IsDirty))
        {
            Tasks.Add(task);
            if (task.NewEnvId is not null)
            {
                var opening = TaskEnvironment.OpenNew(task, aggregate.Job.JobId, Now);
                Renewed.Add((task, opening[^1]));
                Journal.AddRange(opening.Select(entry => (entry, 0UL)));
            }
        }

        Fresh.AddRange(aggregate.Fresh);
        foreach (var instance in aggregate.Instances.Where(instance => instance.IsDirty))
        {
            (instance.IsNew ? NewInstances : Instances).Add(instance);
        }

        Terminations.AddRange(aggregate.Instances.Where(instance => instance.IsTerminationNew));
        ClosedInstances.AddRange(aggregate.ClosedRows);
        RetriedInstances.AddRange(aggregate.RetriedRows);
        Unskipped.AddRange(aggregate.Unskipped);
        Skips.AddRange(aggregate.Skipped);
        Progress.AddRange(aggregate.Progress.Where(progress => progress.IsDirty));
        Usage.AddRange(aggregate.Usage);
        NewDelays.AddRange(aggregate.NewDelays);
        EndedDelays.AddRange(aggregate.EndedDelays);
        HasOrders |= aggregate.HasOrders;
        AddJournal(aggregate);
    }

    /// <summary>Takes a new job, decided as <paramref name="aggregate"/>, with the environments that are made for its tasks.</summary>
    internal void Add(NewJob job, JobAggregate aggregate)
    {
        NewJobs.Add(job);
        AddJournal(aggregate);
        foreach (var environment in job.Environments)
        {
            Journal.AddRange(environment.Open(Now).Select(entry => (entry, 0UL)));
            Environments.Add(environment);
        }
    }

    /// <summary>Takes the journal of an aggregate; of a new one, everything else is in <see cref="NewJobs"/>.</summary>
    private void AddJournal(JobAggregate aggregate) =>
        Journal.AddRange(aggregate.Journal.Select(entry => (entry, aggregate.Job.JournalTxid)));
}
