using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Jobs;

// The journal of what was decided.
public sealed partial class JobAggregate
{
    private void RecordTask(TaskRecord task, string source)
    {
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.Task,
            State = WireName.Of(task.State),
            TaskNo = task.TaskNo,
            Cause = task.Cause,
            Reason = RunStates.IsFinal(task.State) ? task.Reason : null,
            Source = source,
            RunningAt = task.RunningAt,
            OccurredAt = _now,
        }, () => new MetricsDetails(null, task.InstanceMetrics));
    }

    private void RecordInstance(TaskRecord task, InstanceRecord instance, string source) => Append(new()
    {
        SubjectId = Job.JobId,
        Level = EventLevel.TaskInstance,
        State = WireName.Of(instance.State),
        TaskNo = task.TaskNo,
        InstanceIndex = instance.Index,
        Attempt = instance.Attempt,
        NodeId = instance.NodeId,
        ExitCode = instance.ExitCode,
        Cause = instance.Cause,
        Reason = instance.Reason,
        Source = source,
        LaunchedAt = instance.LaunchedAt,
        RunningAt = instance.RunningAt,
        OccurredAt = _now,
    });

    /// <summary>One row for consecutive instances that no node held.</summary>
    private void RecordUnclaimed(TaskRecord task, int first, int count, RunState state, Cause cause, string reason, string source) => Append(new()
    {
        SubjectId = Job.JobId,
        Span = count,
        Level = EventLevel.TaskInstance,
        State = WireName.Of(state),
        TaskNo = task.TaskNo,
        InstanceIndex = first,
        Cause = cause,
        Reason = reason,
        Source = source,
        OccurredAt = _now,
    });

    private void Record(EventLevel level, RunState state, string source) => Append(new()
    {
        SubjectId = Job.JobId,
        Level = level,
        State = WireName.Of(state),
        Cause = Job.Cause,
        Reason = Job.Reason,
        Source = source,
        RunningAt = Job.RunningAt,
        OccurredAt = _now,
    }, () => new MetricsDetails(TaskMetrics(), InstanceMetrics()));

    private void Append(JournalEntry entry, Func<MetricsDetails>? details = null)
    {
        var notify = Job.Interest.MaskFor(entry.Level, entry.State);
        _journal.Add(entry with
        {
            Sequence = Job.LastSequence + 1,
            Notify = notify,
            Details = notify != 0 && details is not null ? JsonSerializer.Serialize(details(), BatchPlaneJson.Options) : null,
        });
        Job.LastSequence += entry.Span;
        Job.IsDirty = true;
    }

    private RunMetrics TaskMetrics()
    {
        long In(RunState state) => _tasks.LongCount(task => task.State == state);
        return new()
        {
            SubmittedCount = In(RunState.Submitted),
            PendingCount = In(RunState.Pending),
            RunnableCount = In(RunState.Runnable),
            StartingCount = In(RunState.Starting),
            RunningCount = In(RunState.Running),
            SucceedCount = In(RunState.Succeed),
            FailedCount = In(RunState.Failed),
            FailedInterruptedCount = In(RunState.FailedInterrupted),
        };
    }

    private RunMetrics InstanceMetrics() => RunMetricsSum.Of(_tasks.Select(task => task.InstanceMetrics));

    private sealed record MetricsDetails(RunMetrics? TaskMetrics, RunMetrics TaskInstanceMetrics);
}
