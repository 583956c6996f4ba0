using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

// Retries by users: another life of a job that failed.
public sealed partial class JobAggregate
{
    private readonly List<RetriedInstances> _retried = [];
    private readonly List<SkippedInstances> _unskipped = [];

    /// <summary>Instances that are tried again without having been loaded.</summary>
    internal IReadOnlyList<RetriedInstances> RetriedRows => _retried;

    /// <summary>Stored skips that hold no more, or not as a whole: what is left of them is in <see cref="Skipped"/>.</summary>
    internal IReadOnlyList<SkippedInstances> Unskipped => _unskipped;

    /// <summary>
    /// Begins another life of a job that failed. Failed instances get new attempts with fresh counts; what ended only because of them waits again;
    /// whatever succeeded stays as it is. An instance whose dependences can still not be met is not tried.
    /// </summary>
    /// <param name="selection">Which failed instances; null: all.</param>
    /// <param name="ends">How the instances of the tasks ended, by task, as stored. What was loaded counts before it.</param>
    /// <param name="newEnvId">Makes the ids of environments that tasks need anew.</param>
    /// <param name="source">Journal source of the caller.</param>
    /// <param name="now">Time of the transaction.</param>
    internal RetryOutcome Retry(RetrySelection? selection, IReadOnlyDictionary<long, TaskEnds> ends, Func<string> newEnvId, string source, DateTimeOffset now)
    {
        _now = now;

        if (Job.DeletedAt is not null)
        {
            return new RetryOutcome.NotFound();
        }

        // What ended in this very transaction is not in what was stored before it: whoever asked did not know of it either.
        if (!JobLifecycle.Table.Allows(Job.State, JobEvent.Retried) || Job.FinishedAt == now)
        {
            return new RetryOutcome.NotFailed(Job.State);
        }

        if (selection?.Refuse(_tasks) is { } refusal)
        {
            return refusal;
        }

        var revivals = PlanRevivals(selection, ends);
        if (revivals.Count == 0)
        {
            return new RetryOutcome.NothingToRetry();
        }

        Job.RetriedAt = now;
        Job.RunningAt = Job.FinishedAt = Job.TerminateRequestedAt = null;
        Job.Reason = Job.TerminateRequestedBy = Job.TerminateReason = Job.CloseReason = null;
        Job.CloseCause = null;
        Job.DueAt = Job.Deadline > now ? Job.Deadline : null;
        Job.Cause = Cause.Retried;
        MoveJob(JobEvent.Retried, source);
        Job.Cause = null;
        foreach (var revival in revivals)
        {
            // That of a FAILED task is going or gone, and one that could make no node would make none again. What else is kept for inspection keeps its environment.
            revival.Task.NewEnvId = revival.Task is { OwnsEnv: true, State: RunState.Failed } or { OwnsEnv: true, CloseCause: Cause.NodeCreationFailed } ? newEnvId() : null;
            Revive(revival, source);
        }

        return new RetryOutcome.Accepted(revivals.Sum(revival => (long)revival.Count));
    }

    /// <summary>Predecessors first: what is tried again of them decides what may be tried again of their dependents.</summary>
    private List<Revival> PlanRevivals(RetrySelection? selection, IReadOnlyDictionary<long, TaskEnds> ends)
    {
        var revivals = new Dictionary<int, Revival>();
        foreach (var task in PredecessorsFirst())
        {
            if (task.State != RunState.Succeed && Plan(task, selection, WithLoaded(task, ends.GetValueOrDefault(task.TaskId) ?? new()), revivals) is { Count: > 0 } revival)
            {
                revivals.Add(task.TaskNo, revival);
            }
        }

        return [.. revivals.Values];
    }

    private List<TaskRecord> PredecessorsFirst()
    {
        var open = _tasks.Select(task => task.DependsOn.Count).ToArray();
        var ordered = _tasks.Where(task => task.DependsOn.Count == 0).ToList();
        for (var n = 0; n < ordered.Count; n++)
        {
            ordered.AddRange(Dependents[ordered[n].TaskNo].Where(dependent => --open[dependent.Task.TaskNo] == 0).Select(dependent => dependent.Task));
        }

        return ordered;
    }

    /// <summary>What was loaded may differ from what is stored, and so may what was released under this lock.</summary>
    private TaskEnds WithLoaded(TaskRecord task, TaskEnds ends)
    {
        foreach (var released in _closed.Where(run => run.TaskId == task.TaskId && run.From == RunState.FailedInterrupted))
        {
            foreach (var (first, count) in ends.Interrupted.Remove(released.First, released.Count))
            {
                ends.Failed.Include(first, count);
            }
        }

        foreach (var instance in _instances.Values.Where(instance => instance.TaskId == task.TaskId))
        {
            ends.Remove(instance.Index);
            if (instance.State == RunState.FailedInterrupted)
            {
                ends.Interrupted.Add(instance.Index);
            }
            else if (instance.State == RunState.Failed)
            {
                (TaskEnds.IsConsequence(instance.Cause!.Value) ? ends.FailedWithOthers : ends.Failed).Add(instance.Index);
            }
        }

        return ends;
    }

    /// <summary>What of a task is tried again: its own failures that were selected, and what failed because of others, unless its dependences are unmet as before.</summary>
    private Revival? Plan(TaskRecord task, RetrySelection? selection, TaskEnds ends, Dictionary<int, Revival> earlier)
    {
        var revival = new Revival(task);
        var isNotNeeded = false;
        foreach (var edge in task.DependsOn.Where(edge => edge.On != DependenceCondition.EachIndex))
        {
            var predecessor = _tasks[edge.TaskNo];
            if (earlier.ContainsKey(edge.TaskNo))
            {
                revival.Waits = true;
            }
            else if (ProspectOf(edge.On, predecessor) == Prospect.Unmet)
            {
                if (UnmetCause(edge.On, predecessor) != Cause.NotNeeded)
                {
                    return null;
                }

                isNotNeeded = true;
            }
        }

        // It failed for another reason than not being needed. When that reason goes, it waits again, and ends as not needed.
        if (isNotNeeded && !(revival.Waits && task.Cause == Cause.DependencyUnmet))
        {
            return null;
        }

        var selected = selection is null ? RetrySelection.Everything : selection.Of(task.TaskName);
        foreach (var (first, count) in Possible(task, ends.Failed.Ranges, selected, earlier).Concat(Possible(task, ends.FailedWithOthers.Ranges, RetrySelection.Everything, earlier)))
        {
            revival.Failed.Add(first, count);
        }

        foreach (var (first, count) in Possible(task, ends.Interrupted.Ranges, selected, earlier))
        {
            revival.Interrupted.Add(first, count);
        }

        foreach (var skip in ends.Skips)
        {
            var possible = Possible(task, [(skip.First, skip.Count)], TaskEnds.IsConsequence(skip.Cause) ? RetrySelection.Everything : selected, earlier);
            foreach (var (first, count) in possible)
            {
                revival.Rowless.Add(first, count);
            }

            if (possible.Count > 0)
            {
                revival.Skips.Add((skip, possible));
            }
        }

        return revival;
    }

    /// <summary>Those of the instances that are wanted and whose likes in the tasks they wait for are SUCCEED or tried again.</summary>
    private IReadOnlyList<(int First, int Count)> Possible(
        TaskRecord task,
        IReadOnlyList<(int First, int Count)> ranges,
        IndexSet wanted,
        Dictionary<int, Revival> earlier)
    {
        ranges = [.. ranges.SelectMany(range => wanted.Within(range.First, range.Count))];
        foreach (var predecessor in AwaitedByIndex(task))
        {
            var again = earlier.GetValueOrDefault(predecessor.TaskNo);
            ranges = [.. ranges.SelectMany(range => predecessor.Succeeded.Within(range.First, range.Count)
                .Concat(again?.Within(range.First, range.Count) ?? [])
                .OrderBy(part => part.First))];
        }

        return ranges;
    }

    private IEnumerable<TaskRecord> AwaitedByIndex(TaskRecord task) =>
        task.DependsOn.Where(edge => edge.On == DependenceCondition.EachIndex).Select(edge => _tasks[edge.TaskNo]);

    private void Revive(Revival revival, string source)
    {
        var task = revival.Task;
        task.FailedCount -= revival.Failed.Count + revival.Rowless.Count;
        task.InterruptedCount -= revival.Interrupted.Count;
        ReviveRowless(revival);
        foreach (var (first, count) in revival.Failed.Ranges.Concat(revival.Interrupted.Ranges))
        {
            task.Requeued.Add(first, count);
            ReviveRows(task, first, count);
        }

        task.CloseCause = null;
        task.CloseReason = null;
        task.RunningAt = task.FinishedAt = null;
        task.Reason = task.FailedCount + task.InterruptedCount > 0 ? task.Reason : null;
        task.Cause = Cause.Retried;
        Move(task, revival.Waits || task.ClaimableCount == 0 ? TaskEvent.RetriedWaiting : TaskEvent.RetriedReady);
        ForgetProgress(task);
        RecordTask(task, source);
        task.Cause = null;
        TellBlocked(task);
        RecordRetried(revival, source);
    }

    /// <summary>Instances without a row may be claimed again, or wait again for their likes in other tasks.</summary>
    private void ReviveRowless(Revival revival)
    {
        var task = revival.Task;
        foreach (var (first, count) in revival.Rowless.Ranges)
        {
            task.Skipped.Remove(first, count);
            var ready = new IndexSet();
            ready.Add(first, count);
            foreach (var predecessor in AwaitedByIndex(task))
            {
                ready = ready.Intersect(predecessor.Succeeded);
            }

            var waiting = new IndexSet();
            waiting.Add(first, count);
            foreach (var part in ready.Ranges)
            {
                task.Ready.Add(part.First, part.Count);
                waiting.Remove(part.First, part.Count);
            }

            foreach (var part in waiting.Ranges)
            {
                task.Waiting.Add(part.First, part.Count);
            }
        }

        foreach (var (skip, parts) in revival.Skips)
        {
            Unskip(skip, parts);
        }
    }

    private void Unskip(SkippedInstances skip, IReadOnlyList<(int First, int Count)> parts)
    {
        if (!_skipped.Remove(skip))
        {
            _unskipped.Add(skip);
        }

        var left = new IndexSet();
        left.Add(skip.First, skip.Count);
        foreach (var (first, count) in parts)
        {
            left.Remove(first, count);
        }

        _skipped.AddRange(left.Ranges.Select(part => skip with { First = part.First, Count = part.Count }));
    }

    /// <summary>Instances with rows: those that are loaded one by one, the others together, by what the statement that stores it finds.</summary>
    private void ReviveRows(TaskRecord task, int first, int count)
    {
        var begin = first;
        for (var index = first; index < first + count; index++)
        {
            if (_instances.TryGetValue((task.TaskId, index), out var instance))
            {
                Together(begin, index - begin);
                begin = index + 1;
                Move(instance, InstanceEvent.Retried);
                instance.FailureCount = instance.LostCount = 0;
                instance.FailoverOf = null;
                instance.ExecutionSource = ExecutionSources.Manual;
                instance.HasBegunBefore = false;
                instance.ExitCode = null;
                instance.Cause = null;
                instance.Reason = null;
                instance.RunningAt = instance.FinishedAt = null;
            }
        }

        Together(begin, first + count - begin);

        void Together(int from, int length)
        {
            if (length > 0)
            {
                _retried.Add(new(task.TaskId, from, length));
            }
        }
    }

    /// <summary>One journal row for each run of instances that begin anew.</summary>
    private void RecordRetried(Revival revival, string source)
    {
        var task = revival.Task;
        void Record(IReadOnlyList<(int First, int Count)> ranges, RunState state)
        {
            foreach (var (first, count) in ranges)
            {
                RecordUnclaimed(task, first, count, state, Cause.Retried, null, source);
            }
        }

        // Those with rows wait for nothing but, in a task that waits, what it waits for.
        var isWaiting = task.State == RunState.Pending;
        var again = isWaiting ? InstanceEvent.RetriedWaiting : InstanceEvent.Retried;
        Record(revival.Failed.Ranges, InstanceLifecycle.Table.Next(RunState.Failed, again));
        Record(revival.Interrupted.Ranges, InstanceLifecycle.Table.Next(RunState.FailedInterrupted, again));
        var waits = InstanceLifecycle.Table.Next(RunState.Failed, InstanceEvent.RetriedWaiting);
        if (isWaiting)
        {
            Record(revival.Rowless.Ranges, waits);
            return;
        }

        Record(revival.Rowless.Intersect(task.Ready).Ranges, InstanceLifecycle.Table.Next(RunState.Failed, InstanceEvent.Retried));
        Record(revival.Rowless.Intersect(task.Waiting).Ranges, waits);
    }

    /// <summary>What of a task is tried again.</summary>
    private sealed class Revival(TaskRecord task)
    {
        internal TaskRecord Task { get; } = task;

        /// <summary>Instances with rows that are FAILED.</summary>
        internal IndexSet Failed { get; } = new();

        /// <summary>Instances with rows that are kept for inspection.</summary>
        internal IndexSet Interrupted { get; } = new();

        /// <summary>Instances without rows.</summary>
        internal IndexSet Rowless { get; } = new();

        /// <summary>Stored skips, and what of each is tried again.</summary>
        internal List<(SkippedInstances Skip, IReadOnlyList<(int First, int Count)> Parts)> Skips { get; } = [];

        /// <summary>True when a task it waits for is tried again as well.</summary>
        internal bool Waits { get; set; }

        internal int Count => Failed.Count + Interrupted.Count + Rowless.Count;

        internal IEnumerable<(int First, int Count)> Within(int first, int count) =>
            Failed.Within(first, count).Concat(Interrupted.Within(first, count)).Concat(Rowless.Within(first, count));
    }
}

/// <summary>Consecutive instances, with rows that were not loaded, that are tried again.</summary>
internal sealed record RetriedInstances(long TaskId, int First, int Count);

/// <summary>How those instances of a task that has ended ended which did not succeed.</summary>
internal sealed class TaskEnds
{
    /// <summary>With rows, FAILED by themselves.</summary>
    internal IndexSet Failed { get; } = new();

    /// <summary>With rows, FAILED because of other tasks.</summary>
    internal IndexSet FailedWithOthers { get; } = new();

    /// <summary>With rows, FAILED_INTERRUPTED.</summary>
    internal IndexSet Interrupted { get; } = new();

    /// <summary>Without rows.</summary>
    internal List<SkippedInstances> Skips { get; } = [];

    /// <summary>True for causes that lie in other tasks.</summary>
    internal static bool IsConsequence(Cause cause) => cause is Cause.DependencyUnmet or Cause.NotNeeded;

    internal void Remove(int index)
    {
        Failed.Remove(index);
        FailedWithOthers.Remove(index);
        Interrupted.Remove(index);
    }
}
