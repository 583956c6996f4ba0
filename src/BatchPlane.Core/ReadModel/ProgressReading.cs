using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Progress as callers see it: of instances what they posted, of tasks and jobs what follows from it.</summary>
internal static class ProgressReading
{
    private const string Running = "RUNNING";

    /// <summary>Sum of the percentages of the running instances of each task that posted one. Looks at rows of running attempts only.</summary>
    internal static async Task<Dictionary<long, double>> InFlightAsync(ReadContext context, string[] jobIds, CancellationToken cancellationToken)
    {
        var sums =
            from task in context.Tasks
            where jobIds.Contains(task.JobId) && task.RunningCount > 0
            join posted in context.Progress on task.TaskId equals posted.TaskId
            join instance in context.Instances
                on new { posted.TaskId, posted.InstanceIndex, posted.Attempt } equals new { instance.TaskId, instance.InstanceIndex, instance.Attempt }
            where posted.Live && posted.Percent != null && instance.State == Running
            group posted.Percent!.Value by posted.TaskId into percents
            select new { TaskId = percents.Key, Sum = percents.Sum() };
        return await sums.ToDictionaryAsync(row => row.TaskId, row => row.Sum, cancellationToken);
    }

    /// <summary>How far instances in these states are, with the percentages of the running ones summed up.</summary>
    internal static RunProgress Of(RunMetrics metrics, double inFlight)
    {
        var ended = metrics.SucceedCount + metrics.FailedCount + metrics.FailedInterruptedCount;
        var all = ended + metrics.SubmittedCount + metrics.PendingCount + metrics.RunnableCount + metrics.StartingCount + metrics.RunningCount;
        return all == ended
            ? new(all == 0 ? 0 : 100)
            : new(Math.Min(99.99, Math.Floor(((100.0 * ended) + inFlight) / all * 100) / 100));
    }

    /// <summary>What an instance posted; null when it was an earlier attempt of it.</summary>
    internal static InstanceProgress? Of(TaskInstanceRow instance, InstanceProgressRow? posted) => posted?.Attempt != instance.Attempt
        ? null
        : new()
        {
            Percent = posted.Percent,
            Message = posted.Message,
            At = posted.PostedAt,
            EventCount = posted.EventCount,
            DroppedEventCount = posted.DroppedEvents,
            BadLineCount = posted.BadLines,
            Problem = posted.Problem,
        };
}
