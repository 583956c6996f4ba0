using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Time: instances that wait for their next attempt, and limits of tasks and of the job.
public sealed partial class JobAggregate
{
    private readonly Dictionary<(long TaskId, int Index), DateTimeOffset> _dueAt = [];
    private readonly HashSet<(long TaskId, int Index)> _newDelays = [];
    private readonly List<(long TaskId, int First, int Count)> _endedDelays = [];

    /// <summary>Waits that began and last.</summary>
    internal IEnumerable<InstanceDelay> NewDelays => _newDelays.Select(key => new InstanceDelay(Job.JobId, key.TaskId, key.Index, _dueAt[key]));

    /// <summary>Waits that ended, of which there are rows, as consecutive instances.</summary>
    internal IReadOnlyList<(long TaskId, int First, int Count)> EndedDelays => _endedDelays;

    /// <summary>True once the job as a whole is to end.</summary>
    private bool IsJobEnding => Job.TerminateRequestedAt is not null || Job.CloseCause is not null;

    /// <summary>Lets an instance be claimed again whose wait is over. False when it does not wait (any more), or is to wait longer.</summary>
    public bool ReleaseDelayed(long taskId, int index, DateTimeOffset now)
    {
        _now = now;
        if (!_tasksById.TryGetValue(taskId, out var task)
            || !_dueAt.TryGetValue((taskId, index), out var dueAt)
            || dueAt > now
            || task.Delayed.Remove(index).Count == 0)
        {
            return false;
        }

        ForgetDelays(taskId, index, 1);
        task.Requeued.Add(index);
        task.IsDirty = true;
        return true;
    }

    /// <summary>Ends the tasks, or the whole job, whose time limit has passed; what nodes hold ends when they report. How many tasks were closed.</summary>
    public int CloseOverdue(DateTimeOffset now)
    {
        _now = now;
        var isJobOverdue = Job.ExpiresAt <= now;
        if (isJobOverdue)
        {
            Job.ExpiresAt = null;
            Job.CloseCause = Cause.TimeLimit;
            Job.CloseReason = TimeLimitText("job", Job.TimeLimit);
            Job.IsDirty = true;
        }

        // Looked at one by one: closing one may end others.
        var closed = 0;
        foreach (var task in _tasks.Where(task => !RunStates.IsFinal(task.State) && !task.Closed && (isJobOverdue || task.ExpiresAt <= now)))
        {
            Close(task, Cause.TimeLimit, isJobOverdue ? Job.CloseReason! : TimeLimitText("task", task.TimeLimit), JournalSource.Engine);
            closed++;
        }

        return closed;
    }

    /// <summary>Ends a task of which as many instances failed as it says, unless that was the last one anyway. True when it did.</summary>
    private bool CloseAfterTooManyFailures(TaskRecord task)
    {
        if (task.Closed || task.MaxFailedNum is not { } most || task.OwnFailureCount < most || task.FinishedCount == task.InstanceCount)
        {
            return false;
        }

        var reason = string.Create(
            CultureInfo.InvariantCulture,
            $"{task.OwnFailureCount} {(task.OwnFailureCount == 1 ? "instance" : "instances")} failed, as many as max_failed_num allows; the first: {task.Reason}");
        task.Reason = reason;
        Close(task, Cause.TooManyFailures, reason, JournalSource.Engine);
        return true;
    }

    private void Delay(TaskRecord task, int index, DateTimeOffset dueAt)
    {
        task.Delayed.Add(index);
        _dueAt[(task.TaskId, index)] = dueAt;
        _newDelays.Add((task.TaskId, index));
    }

    /// <summary>Waits that began under this lock have no row yet; the others' rows go, run by run.</summary>
    private void ForgetDelays(long taskId, int first, int count)
    {
        for (var index = first; index < first + count; index++)
        {
            _dueAt.Remove((taskId, index));
            if (_newDelays.Remove((taskId, index)))
            {
                continue;
            }

            if (_endedDelays.Count > 0 && _endedDelays[^1] is var last && last.TaskId == taskId && last.First + last.Count == index)
            {
                _endedDelays[^1] = last with { Count = last.Count + 1 };
            }
            else
            {
                _endedDelays.Add((taskId, index, 1));
            }
        }
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is { } given ? TimeSpan.FromSeconds(given) : null;

    private static string TimeLimitText(string what, int? seconds) =>
        string.Create(CultureInfo.InvariantCulture, $"the {what}'s time limit of {seconds} s has passed");
}

/// <summary>An instance that waits for its next attempt: a row of <c>retry_delays</c>.</summary>
/// <param name="JobId">Its job.</param>
/// <param name="TaskId">Its task.</param>
/// <param name="Index">Its index.</param>
/// <param name="DueAt">When the wait is over.</param>
public sealed record InstanceDelay(string JobId, long TaskId, int Index, DateTimeOffset DueAt);
