using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;

namespace BatchPlane.Core.Jobs;

// Deletion: the last thing that happens to a job.
public sealed partial class JobAggregate
{
    /// <summary>State of the journal's last entry of a deleted job; none that a job is in.</summary>
    internal const string DeletedEntry = "DELETED";

    /// <summary>Notes that the job is gone; <c>JobRemover</c> removes what there is of it. False when it has not ended, or is kept for inspection.</summary>
    public bool Delete(string source, DateTimeOffset now)
    {
        _now = now;
        if (Job.State is not (RunState.Succeed or RunState.Failed))
        {
            return false;
        }

        Job.DeletedAt = now;
        Append(new()
        {
            SubjectId = Job.JobId,
            Level = EventLevel.Job,
            State = DeletedEntry,
            Source = source,
            RunningAt = Job.RunningAt,
            OccurredAt = _now,
        });
        return true;
    }
}
