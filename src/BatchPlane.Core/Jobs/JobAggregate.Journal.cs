using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// The journal of what was decided.
public sealed partial class JobAggregate
{
    private void RecordTask(TaskRecord task, string source, bool keepsAlibabaWord = false)
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
            KeepsAlibabaWord = keepsAlibabaWord,
        }, () => new MetricsDetails(null, task.InstanceMetrics));
    }

    /// <summary>
    /// What happens to consecutive instances in the same way becomes one row: the begins of a run, and behind them its other events.
    /// Nothing of an instance is moved before what happened to it earlier, and nothing over an entry of a task or the job.
    /// </summary>
    /// <remarks>
    /// <paramref name="isOfAttempt"/> is false when its last attempt had ended before: the entry is no end of an attempt then. <paramref name="endsAttempt"/> is true
    /// when one ends with this entry; <paramref name="isReleased"/> when it had ended in failure, and the instance was kept.
    /// </remarks>
    private void RecordInstance(TaskRecord task, InstanceRecord instance, string source, bool endsAttempt = false, bool isOfAttempt = true, bool isReleased = false)
    {
        var isBegin = instance.State == RunState.Running;
        if (isBegin && _others.Count > 0 && !_begins.Covers(_others))
        {
            CloseSpans();
        }

        var span = isBegin ? _begins : _others;
        var facts = FactsOf(instance, source, endsAttempt, isOfAttempt, isReleased);
        if (!span.TryAdd(task, instance, facts, _now))
        {
            if (span.Count > 0)
            {
                CloseSpans();
            }

            span.Begin(Job.JobId, task, instance, facts, _now);
        }

        Job.LastSequence += span.AttemptEvent is { } told && Job.Interest.Has(told) ? 2 : 1;
        Job.IsDirty = true;
    }

    private InstanceFacts FactsOf(InstanceRecord instance, string source, bool endsAttempt, bool isOfAttempt, bool isReleased)
    {
        // Both counts begin anew with each life, and are one more already where the attempt that ends has failed or was lost.
        var tries = instance.FailureCount + instance.LostCount;
        var isFailure = instance.State is RunState.Failed or RunState.FailedInterrupted;
        var isAgain = instance.State == RunState.Runnable && instance.Cause != Cause.Returned;
        var progress = endsAttempt ? _progress.GetValueOrDefault((instance.TaskId, instance.Index)) : null;
        return new(
            isOfAttempt ? instance.Attempt : null,
            source,
            endsAttempt,
            RetryCount: isFailure && (endsAttempt || isReleased) ? tries - 1 : tries,
            RetryCountOfAttempt: isFailure || isAgain ? tries - 1 : tries,
            progress?.Attempt == instance.Attempt ? progress.Percent : null);
    }

    /// <summary>Puts the open rows into the journal. Their sequences are counted already.</summary>
    private void CloseSpans()
    {
        if (_begins.Count + _others.Count == 0)
        {
            return;
        }

        var rows = RowsOf(_begins).Concat(RowsOf(_others)).ToList();
        var sequence = Job.LastSequence - rows.Sum(row => row.Span) + 1;
        foreach (var row in rows)
        {
            Add(row, sequence);
            sequence += row.Span;
        }
    }

    /// <summary>What happened to the instances, and behind it the same told of their attempts, if somebody asked for that.</summary>
    private IEnumerable<JournalEntry> RowsOf(InstanceSpan span)
    {
        var attempt = span.AttemptEvent;
        if (span.Take() is not { } row)
        {
            yield break;
        }

        yield return row;
        if (attempt is not null && Job.Interest.Has(attempt))
        {
            yield return row with { State = attempt.State, Details = attempt == EventCatalogue.AttemptEnd ? span.EndDetails.ToJson() : row.Details };
        }
    }

    /// <summary>One row for consecutive instances that no node held.</summary>
    private void RecordUnclaimed(TaskRecord task, int first, int count, RunState state, Cause? cause, string? reason, string source) => Append(new()
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
    }, () => new MetricsDetails(TaskMetrics(), InstanceMetrics(), Job.Priority));

    private void Append(JournalEntry entry, Func<MetricsDetails>? details = null)
    {
        CloseSpans();
        Add(entry, Job.LastSequence + 1, details);
        Job.LastSequence += entry.Span;
        Job.IsDirty = true;
    }

    private void Add(JournalEntry entry, long sequence, Func<MetricsDetails>? details = null)
    {
        var notify = Job.Interest.MaskFor(entry);
        _journal.Add(entry with
        {
            Sequence = sequence,
            Notify = notify,
            Details = notify != 0 && details is not null ? JsonSerializer.Serialize(details(), BatchPlaneJson.Options) : entry.Details,
        });
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

    private sealed record MetricsDetails(RunMetrics? TaskMetrics, RunMetrics TaskInstanceMetrics, int? Priority = null);
}
