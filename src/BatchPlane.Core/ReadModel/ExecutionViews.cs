using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;

namespace BatchPlane.Core.ReadModel;

/// <summary>Rows of the journal that end attempts, as executions.</summary>
internal static class ExecutionViews
{
    private const string InstanceLevel = "task_instance";

    /// <summary>Causes of attempts that others ended.</summary>
    internal static readonly Cause[] Killed = [Cause.Terminated, Cause.TimeLimit, Cause.TooManyFailures, Cause.DependencyUnmet, Cause.NotNeeded, Cause.InstanceFailed, Cause.TaskFailed];

    /// <summary>How the attempts of a row ended, one of <see cref="ExecutionResults"/>; null when the row ends none.</summary>
    internal static string? ResultOf(EventRow row)
    {
        // An end that is told as one of an attempt besides has the row of its instance before it.
        if (row.Level != InstanceLevel || row.State is EventCatalogue.AttemptStarted or EventCatalogue.AttemptEnded || row.Attempt is null || row.LaunchedAt is null || WireName.ParseNullable<Cause>(row.Cause) is not { } cause)
        {
            return null;
        }

        return row.State == WireName.Of(RunState.Succeed) ? ExecutionResults.Success
            : cause == Cause.NodeLost ? ExecutionResults.Lost
            : cause is Cause.Returned or Cause.NodeDrained ? ExecutionResults.Returned
            : Killed.Contains(cause) ? ExecutionResults.Killed
            : ExecutionResults.Failure;
    }

    /// <summary>An attempt that ended.</summary>
    internal static ExecutionView ToView(EventRow row, int offset, SubjectNames names)
    {
        var attempt = row.Attempt!.Value;
        var (source, original) = EventViews.LineageOf(row);
        var index = row.InstanceIndex!.Value + offset;
        var task = names.TaskName(row.TaskNo);
        var result = ResultOf(row)!;
        var node = names.NodeOf(row);
        return new ExecutionView
        {
            ExecutionId = IdOf(row.SubjectId, row.TaskNo!.Value, index, attempt),
            JobId = row.SubjectId,
            JobName = names.Name,
            TaskName = task,
            TaskInstanceIndex = index,
            Attempt = attempt,
            ExecutionSource = source!,
            PreviousAttempt = attempt > 1 ? attempt - 1 : null,
            OriginalAttempt = original,
            Result = result,
            ComputeNodeId = row.NodeId,
            EnvId = node?.EnvId,
            HostName = node?.HostName,
            HostAddress = node?.Address,
            LaunchedAt = row.LaunchedAt,
            StartTime = EventViews.RunningAt(row, offset),
            CompleteTime = row.OccurredAt,
            ExitCode = row.ExitCode,
            Cause = WireName.ParseNullable<Cause>(row.Cause),
            FailureCause = row.Reason,
            EventId = string.Create(CultureInfo.InvariantCulture, $"{row.SubjectId}:{row.Sequence + offset}"),
        };
    }

    /// <summary>Made of what stays when the job is removed: the task's number, not its name.</summary>
    internal static string IdOf(string jobId, int taskNo, int index, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{jobId}/{taskNo}/{index}/{attempt}");
}
