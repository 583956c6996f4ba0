using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Jobs;

// Priority: the one thing of a job that users may change while it lives.
public sealed partial class JobAggregate
{
    /// <summary>
    /// Changes how soon what the job still has to do is claimed. What nodes hold already stays there. The same priority again changes nothing and is
    /// no event. False when the job has ended.
    /// </summary>
    public bool ChangePriority(int priority, string source, DateTimeOffset now)
    {
        _now = now;
        if (RunStates.IsFinal(Job.State))
        {
            return false;
        }

        if (priority == Job.Priority)
        {
            return true;
        }

        var before = Job.Priority;
        Job.Priority = priority;
        Job.IsPriorityNew = true;
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.Job,
            State = EventCatalogue.PriorityChanged,
            Reason = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"priority changed from {before} to {priority}"),
            Source = source,
            RunningAt = Job.RunningAt,
            OccurredAt = _now,
            Details = new JournalDetails
            {
                JobState = Job.State,
                Priority = priority,
                From = before,
                To = priority,
                TaskMetrics = TaskMetrics(),
                TaskInstanceMetrics = InstanceMetrics(),
            }.ToJson(),
        });
        return true;
    }
}
