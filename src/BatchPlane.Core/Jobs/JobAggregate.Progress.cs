using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// What commands post from inside. It changes no state, but follows the same rules: taken only from the node that holds the attempt, in the
// order in which it was posted, and before the attempt's end.
public sealed partial class JobAggregate
{
    private readonly Dictionary<(long TaskId, int Index), ProgressRecord> _progress = [];

    /// <summary>Progress that was loaded or posted.</summary>
    public IReadOnlyCollection<ProgressRecord> Progress => _progress.Values;

    /// <summary>Gives the aggregate a stored row.</summary>
    internal void Load(ProgressRecord progress) => _progress[(progress.TaskId, progress.Index)] = progress;

    private void Post(TaskRecord task, InstanceRecord instance, AttemptProgress report, bool isLast, ProgressIntake intake)
    {
        var key = (instance.TaskId, instance.Index);
        var record = _progress.TryGetValue(key, out var stored) && stored.Attempt == instance.Attempt
            ? stored
            : new() { TaskId = instance.TaskId, Index = instance.Index, Attempt = instance.Attempt };
        if (report.Number <= record.Number)
        {
            return;
        }

        var posted = intake.Admit(report, record.EventCount);
        record.Number = report.Number;
        record.IsLive = !isLast;
        record.IsDirty = true;
        _progress[key] = record;
        foreach (var happened in posted.Events)
        {
            RecordPosting(task, instance, EventCatalogue.CustomEvent, new() { Name = happened.Name, Data = happened.Data });
        }

        TakeValues(task, instance, record, posted, isLast, intake);
        Count(record, posted, intake);
    }

    private void TakeValues(TaskRecord task, InstanceRecord instance, ProgressRecord record, AttemptProgress posted, bool isLast, ProgressIntake intake)
    {
        if ((posted.Percent, posted.Message) != (record.Percent, record.Message))
        {
            record.Percent = posted.Percent;
            record.Message = posted.Message;
            record.IsTold = false;
            intake.Posts++;
        }

        if (posted.PostedMsAgo is { } ago)
        {
            record.PostedAt = Ago(ago, instance.RunningAt ?? instance.LaunchedAt);
        }

        // Half the interval: what an agent sent in time may be together on its way.
        var isEarly = record.ToldAt is { } told && _now - told < TimeSpan.FromMilliseconds(intake.Terms.IntervalMs) / 2;
        if (!record.IsTold && (isLast || !isEarly))
        {
            RecordPosting(task, instance, EventCatalogue.Progress, new() { Percent = record.Percent, Message = record.Message });
            record.IsTold = true;
            record.ToldAt = _now;
        }
    }

    private static void Count(ProgressRecord record, AttemptProgress posted, ProgressIntake intake)
    {
        record.EventCount += posted.Events.Count;
        record.DroppedEvents += posted.DroppedEvents;
        record.BadLines += posted.BadLines;
        record.Problem = posted.Problem ?? record.Problem;
        intake.Events += posted.Events.Count;
        intake.DroppedEvents += posted.DroppedEvents;
        intake.BadLines += posted.BadLines;
    }

    /// <summary>Of an attempt under way; null: as its number says.</summary>
    private static int? RetryCountOf(InstanceRecord instance) =>
        instance.FailureCount + instance.LostCount is var tries && tries == AlibabaEvents.UsualRetryCount(EventCatalogue.Progress, instance.Attempt) ? null : tries;

    private void RecordPosting(TaskRecord task, InstanceRecord instance, string what, JournalDetails details)
    {
        var lineage = InstanceSpan.LineageOf(instance);
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.TaskInstance,
            State = what,
            TaskNo = task.TaskNo,
            InstanceIndex = instance.Index,
            Attempt = instance.Attempt,
            NodeId = instance.NodeId,
            Source = JournalSource.Agent,
            LaunchedAt = instance.LaunchedAt,
            RunningAt = instance.RunningAt,
            OccurredAt = _now,
            Details = (details with { ExecutionSource = lineage?.ExecutionSource, OriginalAttempt = lineage?.OriginalAttempt, RetryCount = RetryCountOf(instance) }).ToJson(),
        });
    }
}
