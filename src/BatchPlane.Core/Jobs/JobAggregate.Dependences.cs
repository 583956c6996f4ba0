using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Dependences: what follows for other tasks from what happens to one.
public sealed partial class JobAggregate
{
    private readonly Queue<Fact> _facts = new();
    private ILookup<int, (TaskRecord Task, DependenceCondition On)>? _dependents;
    private bool _isFollowing;

    /// <summary>What other tasks may wait for.</summary>
    private abstract record Fact(TaskRecord Task)
    {
        /// <summary>Its first instance runs.</summary>
        internal sealed record Started(TaskRecord Task) : Fact(Task);

        /// <summary>It ended.</summary>
        internal sealed record Ended(TaskRecord Task) : Fact(Task);

        /// <summary>One of its instances is SUCCEED.</summary>
        internal sealed record InstanceSucceeded(TaskRecord Task, int Index) : Fact(Task);

        /// <summary>Consecutive instances ended otherwise, for the same reason.</summary>
        internal sealed record InstancesFailed(TaskRecord Task, int First, int Count, RunState State, Cause Cause, string Reason) : Fact(Task);
    }

    private enum Prospect
    {
        Open,
        Met,
        Unmet,
    }

    /// <summary>True when instances of other tasks wait for instances of <paramref name="task"/> one by one.</summary>
    private bool IsAwaitedByIndex(TaskRecord task) =>
        _hasDependences && Dependents[task.TaskNo].Any(dependent => dependent.On == DependenceCondition.EachIndex);

    private ILookup<int, (TaskRecord Task, DependenceCondition On)> Dependents => _dependents ??=
        _tasks.SelectMany(task => task.DependsOn.Select(edge => (edge, task))).ToLookup(pair => pair.edge.TaskNo, pair => (pair.task, pair.edge.On));

    /// <summary>
    /// Draws the conclusions of a fact. Conclusions are facts again: those queue up behind it, so that no chain of tasks is too
    /// long for the stack. The job ends when the last conclusion is drawn.
    /// </summary>
    private void Follow(Fact fact, string source)
    {
        if (_hasDependences)
        {
            _facts.Enqueue(fact);
        }

        if (_isFollowing)
        {
            return;
        }

        _isFollowing = true;
        while (_facts.TryDequeue(out var next))
        {
            foreach (var (dependent, on) in Dependents[next.Task.TaskNo])
            {
                Conclude(next, dependent, on);
            }
        }

        _isFollowing = false;
        FinishJobIfDone(source);
    }

    private void Conclude(Fact fact, TaskRecord dependent, DependenceCondition on)
    {
        // What ends the job as a whole closes every task by itself.
        if (IsJobEnding || RunStates.IsFinal(dependent.State) || dependent.Closed)
        {
            return;
        }

        switch (fact)
        {
            case Fact.InstanceSucceeded one when on == DependenceCondition.EachIndex:
                ReleaseInstance(dependent, one.Index);
                break;
            case Fact.InstancesFailed some when on == DependenceCondition.EachIndex:
                SkipWaiting(dependent, some);
                break;
            case Fact.Started or Fact.Ended when dependent.State == RunState.Pending:
                Reconsider(dependent);
                break;
            default:
                break;
        }
    }

    /// <summary>Ends a task that can never run, lets one run that may.</summary>
    private void Reconsider(TaskRecord dependent)
    {
        var mayRun = dependent.ClaimableCount > 0;
        foreach (var edge in dependent.DependsOn)
        {
            var predecessor = _tasks[edge.TaskNo];
            switch (ProspectOf(edge.On, predecessor))
            {
                case Prospect.Unmet:
                    var cause = UnmetCause(edge.On, predecessor);
                    Close(dependent, cause, UnmetReason(predecessor, cause), JournalSource.Engine);
                    return;
                case Prospect.Open:
                    mayRun = false;
                    break;
                default:
                    break;
            }
        }

        if (mayRun)
        {
            Move(dependent, TaskEvent.DependencesMet);
            RecordTask(dependent, JournalSource.Engine, keepsAlibabaWord: true);
        }
    }

    private static Prospect ProspectOf(DependenceCondition on, TaskRecord predecessor)
    {
        // Instance by instance: seen to by ReleaseInstance and SkipWaiting.
        if (on == DependenceCondition.EachIndex)
        {
            return Prospect.Met;
        }

        if (on == DependenceCondition.Started && predecessor.RunningAt is not null)
        {
            return Prospect.Met;
        }

        if (!RunStates.IsFinal(predecessor.State))
        {
            return Prospect.Open;
        }

        var isMet = on switch
        {
            DependenceCondition.Succeed => predecessor.State == RunState.Succeed,
            DependenceCondition.PartlySucceed => predecessor.SucceedCount > 0,
            DependenceCondition.Finished => true,
            DependenceCondition.Failed => predecessor.State != RunState.Succeed && predecessor.Cause != Cause.NotNeeded,
            DependenceCondition.Started or DependenceCondition.EachIndex => false,
        };
        return isMet ? Prospect.Met : Prospect.Unmet;
    }

    /// <summary>A task that was there for the case of a failure is not needed when all went well, nor is what follows it; that fails no job.</summary>
    private static Cause UnmetCause(DependenceCondition on, TaskRecord predecessor) =>
        on == DependenceCondition.Failed || predecessor.Cause == Cause.NotNeeded ? Cause.NotNeeded : Cause.DependencyUnmet;

    /// <summary>Names the first cause: a task that itself ended for an unmet dependence passes its reason on.</summary>
    private static string UnmetReason(TaskRecord finished, Cause cause) =>
        finished.Cause == cause && finished.Reason is { } first
            ? first
            : $"task '{finished.TaskName}' ended {WireName.Of(finished.State)}{(finished.Reason is { } reason ? $": {reason}" : "")}";

    private void ReleaseInstance(TaskRecord dependent, int index)
    {
        var isAwaited = dependent.DependsOn.Any(edge => edge.On == DependenceCondition.EachIndex && !_tasks[edge.TaskNo].Succeeded.Contains(index));
        if (isAwaited || dependent.Waiting.Remove(index).Count == 0)
        {
            return;
        }

        dependent.Ready.Add(index);
        dependent.IsDirty = true;
        if (dependent.State == RunState.Pending)
        {
            Reconsider(dependent);
        }
    }

    private void SkipWaiting(TaskRecord dependent, Fact.InstancesFailed failed)
    {
        var cause = failed.Cause == Cause.NotNeeded ? Cause.NotNeeded : Cause.DependencyUnmet;
        var skipped = dependent.Waiting.Remove(failed.First, failed.Count);
        foreach (var (first, count) in skipped)
        {
            var reason = failed.Cause == cause
                ? failed.Reason
                : $"{InstancesText(first, count)} of task '{failed.Task.TaskName}' ended {WireName.Of(failed.State)}: {failed.Reason}";
            Skip(dependent, first, count, cause, reason, JournalSource.Engine);
        }

        if (skipped.Count > 0)
        {
            FinishTaskIfDone(dependent, JournalSource.Engine, cause);
        }
    }

    private static string InstancesText(int first, int count) => count == 1
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"instance {first}")
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"instances {first} to {first + count - 1}");
}
