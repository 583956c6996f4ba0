using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Events that change no state. Those that come with a change of state have rows only where somebody asked for them.
public sealed partial class JobAggregate
{
    /// <summary>Most tasks that the reason of a blocked one names.</summary>
    private const int MaxNamedTasks = 10;

    /// <summary>Instances ended when a task's progress was last looked at; tasks that ended none since they were loaded are absent.</summary>
    private readonly Dictionary<TaskRecord, int> _seenEnds = [];

    /// <summary>Says that the job has not ended at its deadline; once. False when that is not so, or was said.</summary>
    public bool TellOverdue(DateTimeOffset now)
    {
        _now = now;
        if (Job.DueAt is not { } due || due > now)
        {
            return false;
        }

        Job.DueAt = null;
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.Job,
            State = EventCatalogue.Overdue,
            Reason = $"not ended at its deadline, {due.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}",
            Source = JournalSource.Engine,
            RunningAt = Job.RunningAt,
            OccurredAt = _now,
            Details = new JournalDetails
            {
                JobState = Job.State,
                Priority = Job.Priority,
                Deadline = due,
                TaskMetrics = TaskMetrics(),
                TaskInstanceMetrics = InstanceMetrics(),
            }.ToJson(),
        });
        return true;
    }

    /// <summary>Says why a task could run and does not; once for each kind of reason while it is so. False when that is not so, or was said, or nobody asked.</summary>
    /// <param name="taskId">The task.</param>
    /// <param name="kind">Kind of the reason.</param>
    /// <param name="reason">The reason, for people.</param>
    /// <param name="now">When.</param>
    public bool TellBlocked(long taskId, string kind, string reason, DateTimeOffset now)
    {
        _now = now;
        if (_tasksById.GetValueOrDefault(taskId) is not { State: RunState.Runnable, BlockedBy: { } told } task || told == kind)
        {
            return false;
        }

        task.BlockedBy = kind;
        task.IsDirty = true;
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.Task,
            State = EventCatalogue.Blocked,
            TaskNo = task.TaskNo,
            Reason = reason,
            Source = JournalSource.Engine,
            OccurredAt = _now,
            Details = new JournalDetails { State = task.State, TaskInstanceMetrics = task.InstanceMetrics }.ToJson(),
        });
        return true;
    }

    /// <summary>Says what a task waits for that was just laid out or retried.</summary>
    private void TellBlocked(TaskRecord task)
    {
        if (task.State != RunState.Pending || !Job.Interest.Has(EventCatalogue.TaskBlocked))
        {
            return;
        }

        string[] names = [.. task.DependsOn.Select(edge => _tasks[edge.TaskNo]).Where(other => !RunStates.IsFinal(other.State)).Select(other => $"'{other.TaskName}'")];
        var more = names.Length > MaxNamedTasks ? FormattableString.Invariant($" and {names.Length - MaxNamedTasks} more") : "";
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.Task,
            State = EventCatalogue.Blocked,
            TaskNo = task.TaskNo,
            Reason = $"waits for {(names.Length == 1 ? "task" : "tasks")} {string.Join(", ", names.Take(MaxNamedTasks))}{more}",
            Source = JournalSource.Engine,
            OccurredAt = _now,
        }, () => new MetricsDetails(null, task.InstanceMetrics));
    }

    /// <summary>Says how far a task has come, to the blocks whose percents or seconds are over.</summary>
    private void RollUp(TaskRecord task)
    {
        if (!Job.Interest.Has(EventCatalogue.TaskProgress))
        {
            return;
        }

        var before = _seenEnds.GetValueOrDefault(task, task.LoadedEnds);
        var due = task.ProgressDueAt <= _now ? SecondsOf(task, task.ProgressDueAt.Value) : (long?)null;
        _seenEnds[task] = task.FinishedCount;
        if (task.FinishedCount <= before && due is null)
        {
            return;
        }

        var audience = Job.Interest.RollUpMask(new(before, task.FinishedCount, task.InstanceCount), due, SecondsOf(task, _now));
        if (due is not null)
        {
            ScheduleRollUp(task);
        }

        if (audience != 0)
        {
            Append(new()
            {
                SubjectId = Job.JobId,
                Level = EventLevel.Task,
                State = EventCatalogue.Progress,
                TaskNo = task.TaskNo,
                Source = JournalSource.Engine,
                RunningAt = task.RunningAt,
                OccurredAt = _now,
                Audience = audience,
                Details = new JournalDetails { State = task.State, Percent = 100L * task.FinishedCount / task.InstanceCount, TaskInstanceMetrics = task.InstanceMetrics }.ToJson(),
            });
        }
    }

    /// <summary>Says how far the tasks have come of which that is due by time. Returns how many those were.</summary>
    public int TellProgress(DateTimeOffset now)
    {
        _now = now;
        var due = _tasks.Where(task => task.ProgressDueAt <= now).ToList();
        due.ForEach(RollUp);
        return due.Count;
    }

    /// <summary>Sets when somebody is to be told next how far a task that runs has come; what was missed is not made up for.</summary>
    private void ScheduleRollUp(TaskRecord task)
    {
        task.ProgressDueAt = Job.Interest.NextRollUp(SecondsOf(task, _now)) is { } seconds ? task.RunningAt + TimeSpan.FromSeconds(seconds) : null;
        task.IsDirty = true;
    }

    /// <summary>Whole seconds from the begin of a task to a time; 0 when it has not begun.</summary>
    private static long SecondsOf(TaskRecord task, DateTimeOffset time) => task.RunningAt is { } began ? (time - began).Ticks / TimeSpan.TicksPerSecond : 0;

    /// <summary>A retried task has come less far than before.</summary>
    private void ForgetProgress(TaskRecord task)
    {
        _seenEnds[task] = task.FinishedCount;
        task.ProgressDueAt = null;
    }
}
