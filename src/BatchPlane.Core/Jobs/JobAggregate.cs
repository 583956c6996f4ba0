using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// Decides everything that happens to one job: a pure, in-memory model of the job, its tasks and those of its instances
/// that a batch of commands touches. Commands change the records and add journal entries; <see cref="TransitionWriter"/>
/// loads the records under the job's row lock before, and stores them after. No clock, no I/O, no random here: times come in.
/// </summary>
/// <remarks>
/// Every state is set by <see cref="Move(TaskRecord, TaskEvent)"/> and its siblings, through the transition tables. Instances
/// that were never claimed have no record; they follow their task. What is deliberately not done: instances' STARTING is
/// not journalled (the RUNNING entry carries the time of the claim), and tasks and jobs never step back from RUNNING when
/// all running instances end before others begin.
/// </remarks>
public sealed partial class JobAggregate
{
    private readonly TaskRecord[] _tasks;
    private readonly Dictionary<long, TaskRecord> _tasksById;
    private readonly Dictionary<(long TaskId, int Index), InstanceRecord> _instances = [];
    private readonly List<JournalEntry> _journal = [];
    private readonly InstanceSpan _begins = new();
    private readonly InstanceSpan _others = new();
    private readonly List<FreshRun> _fresh = [];
    private readonly EngineLimits _limits;
    private readonly bool _hasDependences;
    private DateTimeOffset _now;

    /// <summary>A job with all its tasks in the order of their numbers and the instances and delays the coming commands touch.</summary>
    /// <param name="job">Its row.</param>
    /// <param name="tasks">All of them.</param>
    /// <param name="instances">Those that the commands are about.</param>
    /// <param name="limits">What the engine allows.</param>
    /// <param name="delays">Waits of instances that the commands may end.</param>
    /// <param name="kept">Indexes of the rows that are FAILED_INTERRUPTED as stored, by task, where a command ends tasks; null: none.</param>
    public JobAggregate(
        JobRecord job,
        IReadOnlyList<TaskRecord> tasks,
        IEnumerable<InstanceRecord> instances,
        EngineLimits limits,
        IEnumerable<InstanceDelay>? delays = null,
        IReadOnlyDictionary<long, IndexSet>? kept = null)
    {
        _kept = kept ?? new Dictionary<long, IndexSet>();
        Job = job;
        _tasks = [.. tasks];
        _tasksById = _tasks.ToDictionary(task => task.TaskId);
        _limits = limits;
        _hasDependences = Array.Exists(_tasks, task => task.DependsOn.Count > 0);
        foreach (var instance in instances)
        {
            _instances[(instance.TaskId, instance.Index)] = instance;
        }

        foreach (var delay in delays ?? [])
        {
            _dueAt[(delay.TaskId, delay.Index)] = delay.DueAt;
        }
    }

    /// <summary>The job's row.</summary>
    public JobRecord Job { get; }

    /// <summary>The job's tasks in order.</summary>
    public IReadOnlyList<TaskRecord> Tasks => _tasks;

    /// <summary>Instances loaded or claimed, except those of <see cref="Fresh"/>.</summary>
    public IReadOnlyCollection<InstanceRecord> Instances => _instances.Values;

    /// <summary>Instances claimed for the first time to which nothing else has happened: they have no record until something does.</summary>
    internal IReadOnlyList<FreshRun> Fresh => _fresh;

    /// <summary>What happened, in sequence. What happens to instances after a look at it goes into rows of its own.</summary>
    public IReadOnlyList<JournalEntry> Journal
    {
        get
        {
            CloseSpans();
            return _journal;
        }
    }

    /// <summary>True while a node may claim instances of <paramref name="task"/>.</summary>
    public static bool IsClaimable(TaskRecord task) =>
        ClaimableCount(task) > 0;

    /// <summary>Instances of <paramref name="task"/> that nodes may claim now, its ceiling considered.</summary>
    public static int ClaimableCount(TaskRecord task) =>
        RunStates.IsSchedulable(task.State)
            ? Math.Max(0, Math.Min(task.ClaimableCount, (task.MaxConcurrentNum ?? int.MaxValue) - task.StartingCount - task.RunningCount))
            : 0;

    /// <summary>Lays the job out: the first thing that happens to it.</summary>
    public void Expand(string source, DateTimeOffset now)
    {
        _now = now;
        Job.IsDirty = true;
        Job.DueAt = Job.Deadline;
        Record(EventLevel.Job, Job.State, source);
        MoveJob(JobEvent.Expanded, source);
        foreach (var task in _tasks)
        {
            if (task.DependsOn.Any(edge => edge.On == DependenceCondition.EachIndex))
            {
                task.Waiting.Add(0, task.InstanceCount);
                task.NextIndex = task.InstanceCount;
            }

            task.BlockedBy = Job.Interest.Has(EventCatalogue.TaskBlocked) ? "" : null;
            Move(task, task.DependsOn.Count > 0 ? TaskEvent.ExpandedWaiting : TaskEvent.ExpandedReady);
            RecordTask(task, JournalSource.Engine);
            TellBlocked(task);
            if (Job.Interest.Has(AlibabaEvents.InstanceWaiting))
            {
                // Instances have no rows before they are claimed, and no other format tells that they wait.
                RecordUnclaimed(task, 0, task.InstanceCount, task.State, cause: null, reason: null, JournalSource.Engine);
            }
        }
    }

    /// <summary>An instance that was loaded or claimed; null for others.</summary>
    internal InstanceRecord? Find(long taskId, int index)
    {
        if (!_instances.ContainsKey((taskId, index)) && _fresh.Find(run => run.Contains(taskId, index)) is { } fresh)
        {
            _fresh.Remove(fresh);
            foreach (var instance in fresh.ToRecords())
            {
                _instances.Add((taskId, instance.Index), instance);
            }
        }

        return _instances.GetValueOrDefault((taskId, index));
    }

    private static void Move(InstanceRecord instance, InstanceEvent on)
    {
        instance.State = InstanceLifecycle.Table.Next(instance.State, on);
        instance.IsDirty = true;
    }

    private static void Move(TaskRecord task, TaskEvent on)
    {
        task.State = TaskLifecycle.Table.Next(task.State, on);
        task.BlockedBy = task.BlockedBy is null ? null : "";
        task.IsDirty = true;
    }

    private void MoveJob(JobEvent on, string source)
    {
        Job.State = JobLifecycle.Table.Next(Job.State, on);
        Job.IsDirty = true;
        Record(EventLevel.Job, Job.State, source);
    }
}
