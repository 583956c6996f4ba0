using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;

namespace BatchPlane.Core.Jobs;

/// <summary>Something a caller wants done to jobs; waits in <see cref="TransitionWriter"/> for the next transaction.</summary>
public abstract class WriteRequest
{
    /// <summary>Attempts it is about: what a transaction's size is counted in.</summary>
    internal abstract int Weight { get; }

    /// <summary>Job ids to lock; empty when none exist yet.</summary>
    internal virtual IEnumerable<string> JobIds => [];

    /// <summary>Tells the caller that the transaction committed: the result may be used. The caller goes on within this call.</summary>
    internal abstract void Complete();

    /// <summary>True once the caller is told something, or about to be.</summary>
    internal bool IsTold { get; set; }

    /// <summary>Tells the caller that nothing was stored. The caller goes on within this call.</summary>
    internal abstract void Fail(Exception exception);

    /// <summary>Forgets a result that was decided in a transaction that did not commit, or perhaps not (<paramref name="keepIds"/>).</summary>
    internal abstract void Reset(bool keepIds);
}

/// <summary>A request with a result of type <typeparamref name="TResult"/>, available after the commit.</summary>
public abstract class WriteRequest<TResult> : WriteRequest
    where TResult : class
{
    // Its callers go on within Complete and Fail, on the thread that tells them.
    private readonly TaskCompletionSource<TResult> _done = new();

    /// <summary>Ends after the commit.</summary>
    internal Task<TResult> Completion => _done.Task;

    /// <summary>The result decided by the transaction; null while there is none.</summary>
    internal TResult? Result { get; set; }

    internal override void Complete() => _done.TrySetResult(Result
        ?? throw new InvalidOperationException($"{GetType().Name} was committed without a result."));

    internal override void Fail(Exception exception) => _done.TrySetException(exception);

    internal override void Reset(bool keepIds) => Result = null;
}

/// <summary>Stores a new job.</summary>
public sealed class SubmitRequest(NewJob job, IdempotencyKey? idempotencyKey) : WriteRequest<SubmitOutcome>
{
    internal NewJob Job { get; private set; } = job;

    internal IdempotencyKey? IdempotencyKey { get; } = idempotencyKey;

    /// <summary>Makes the id of the next try when the last one was taken.</summary>
    internal Func<string> NewJobId { get; init; } = static () => EntityId.New(EntityId.Job);

    internal override int Weight => Job.Tasks.Count;

    /// <summary>Expanding changed the records: fresh ones, and unless the first may be stored after all under another id, which also answers an id that was taken.</summary>
    internal override void Reset(bool keepIds)
    {
        base.Reset(keepIds);
        Job = Job.WithFreshRecords(keepIds ? Job.Job.JobId : NewJobId());
    }
}

/// <summary>What became of a submit.</summary>
public abstract record SubmitOutcome
{
    private SubmitOutcome()
    {
    }

    /// <summary>Stored now, or by an earlier request with the same key and body.</summary>
    /// <param name="JobId">The job.</param>
    public sealed record Submitted(string JobId) : SubmitOutcome;

    /// <summary>The key was used with another body; nothing is stored.</summary>
    public sealed record KeyReused : SubmitOutcome;

    /// <summary>These environments do not exist or take no job; nothing is stored.</summary>
    /// <param name="EnvIds">One or more.</param>
    public sealed record EnvironmentsMissing(IReadOnlyList<string> EnvIds) : SubmitOutcome;
}

/// <summary>Claims instances for one node.</summary>
public sealed class ClaimRequest(string nodeId, long nodeEpoch, IReadOnlyList<TaskClaim> tasks) : WriteRequest<ClaimOutcome>
{
    internal string NodeId { get; } = nodeId;

    internal long NodeEpoch { get; } = nodeEpoch;

    internal IReadOnlyList<TaskClaim> Tasks { get; } = tasks;

    internal override int Weight => Tasks.Sum(task => task.Limit);

    internal override IEnumerable<string> JobIds => Tasks.Select(task => task.JobId);
}

/// <summary>How many instances of a task to claim at most.</summary>
/// <param name="JobId">The job.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Limit">At least 1.</param>
public sealed record TaskClaim(string JobId, long TaskId, int Limit);

/// <summary>What a claim was granted.</summary>
/// <param name="Claims">Empty when others were faster, the tasks ended meanwhile, or the node may not claim.</param>
/// <param name="Fenced">True when the epoch is not the node's current one.</param>
public sealed record ClaimOutcome(IReadOnlyList<GrantedClaim> Claims, bool Fenced);

/// <summary>Instances of one task granted in one transaction.</summary>
/// <param name="ClaimId">Id of the claim.</param>
/// <param name="JobId">The job.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Attempts">One or more runs of consecutive indexes.</param>
public sealed record GrantedClaim(long ClaimId, string JobId, long TaskId, IReadOnlyList<AttemptRange> Attempts);

/// <summary>Takes a node's report.</summary>
public sealed class NodeReport(string nodeId, ReportRequest report, ProgressTerms? progress = null) : WriteRequest<ReportOutcome>
{
    /// <summary>What was taken of the progress in it; to be read after the commit.</summary>
    public ProgressIntake Progress { get; } = new(progress ?? new());

    internal string NodeId { get; } = nodeId;

    internal ReportRequest Report { get; } = report;

    /// <summary>The report with attempts in the order of their indexes: what happened to neighbours is stored together.</summary>
    internal IReadOnlyList<TaskReport> Tasks { get; } =
        [.. report.Tasks.Select(task => task with { Attempts = [.. task.Attempts.OrderBy(attempt => attempt.Index)] })];

    internal override int Weight => Report.Tasks.Sum(task => task.Attempts.Sum(attempt => 1 + (attempt.Progress?.Events.Count ?? 0)));

    internal override IEnumerable<string> JobIds => Report.Tasks.Select(task => task.JobId);

    internal override void Reset(bool keepIds)
    {
        base.Reset(keepIds);
        Progress.Reset();
    }
}

/// <summary>What became of a report.</summary>
/// <param name="Refused">Attempts the node does not hold.</param>
/// <param name="Fenced">True when the epoch is not the node's: nothing was taken.</param>
public sealed record ReportOutcome(IReadOnlyList<AttemptRef> Refused, bool Fenced);

/// <summary>Asks for the end of a job.</summary>
public sealed class TerminateJobCommand(string jobId, string source, string? reason) : WriteRequest<TerminateOutcome>
{
    internal string JobId { get; } = jobId;

    internal string Source { get; } = source;

    internal string? Reason { get; } = reason;

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>Asks for the end of one task.</summary>
public sealed class TerminateTaskCommand(string jobId, long taskId, string source, string? reason) : WriteRequest<TerminateOutcome>
{
    internal string JobId { get; } = jobId;

    internal long TaskId { get; } = taskId;

    internal string Source { get; } = source;

    internal string? Reason { get; } = reason;

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>Asks for the end of one instance of a task.</summary>
public sealed class TerminateInstanceCommand(string jobId, long taskId, int index, string source, string? reason) : WriteRequest<TerminateOutcome>
{
    internal string JobId { get; } = jobId;

    internal long TaskId { get; } = taskId;

    internal int Index { get; } = index;

    internal string Source { get; } = source;

    internal string? Reason { get; } = reason;

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>What became of a termination.</summary>
public abstract record TerminateOutcome
{
    private TerminateOutcome()
    {
    }

    /// <summary>There is no such job, task or instance.</summary>
    public sealed record NotFound : TerminateOutcome;

    /// <summary>The wish is stored, or there was nothing left to end; the job's state now.</summary>
    /// <param name="State">State after the transaction.</param>
    public sealed record Accepted(RunState State) : TerminateOutcome;
}

/// <summary>Changes a job that lives.</summary>
public sealed class ChangeJobCommand(string jobId, int priority, string source) : WriteRequest<ChangeJobOutcome>
{
    internal string JobId { get; } = jobId;

    internal int Priority { get; } = priority;

    internal string Source { get; } = source;

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>What became of a change.</summary>
public abstract record ChangeJobOutcome
{
    private ChangeJobOutcome()
    {
    }

    /// <summary>There is no such job.</summary>
    public sealed record NotFound : ChangeJobOutcome;

    /// <summary>Nothing of a job changes that has ended.</summary>
    /// <param name="State">The job's state.</param>
    public sealed record Ended(RunState State) : ChangeJobOutcome;

    /// <summary>It is as asked for.</summary>
    public sealed record Changed : ChangeJobOutcome;
}

/// <summary>Deletes a job that has ended.</summary>
public sealed class DeleteJobCommand(string jobId, string source) : WriteRequest<DeleteJobOutcome>
{
    internal string JobId { get; } = jobId;

    internal string Source { get; } = source;

    /// <summary>True when it was decided in a transaction of which it is not known whether it is stored.</summary>
    internal bool IsInDoubt { get; set; }

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];

    internal override void Reset(bool keepIds)
    {
        base.Reset(keepIds);
        IsInDoubt &= keepIds;
    }
}

/// <summary>What became of a deletion.</summary>
public abstract record DeleteJobOutcome
{
    private DeleteJobOutcome()
    {
    }

    /// <summary>There is no such job (any more).</summary>
    public sealed record NotFound : DeleteJobOutcome;

    /// <summary>Only a job in SUCCEED or FAILED can be deleted.</summary>
    /// <param name="State">The job's state.</param>
    public sealed record NotEnded(RunState State) : DeleteJobOutcome;

    /// <summary>Nobody sees it any more.</summary>
    public sealed record Deleted : DeleteJobOutcome;
}

/// <summary>Asks that failed instances of a job are tried again.</summary>
public sealed class RetryJobCommand(string jobId, RetrySelection? selection, IReadOnlyList<string> envIds, string source) : WriteRequest<RetryOutcome>
{
    internal string JobId { get; } = jobId;

    /// <summary>What to try again; null: all that failed.</summary>
    internal RetrySelection? Selection { get; } = selection;

    /// <summary>Makes the ids of environments for the tasks that have one of their own.</summary>
    internal Func<string> NewEnvId { get; init; } = static () => EntityId.New(EntityId.Environment);

    /// <summary>Environments that its tasks run in and that users made.</summary>
    internal IReadOnlyList<string> EnvIds { get; } = envIds;

    /// <summary>Those of them that take no jobs. Given by <see cref="SubmitAdmission"/>.</summary>
    internal IReadOnlyList<string> MissingEnvIds { get; set; } = [];

    internal string Source { get; } = source;

    /// <summary>What was decided in a transaction of which it is not known whether it is stored, and its time.</summary>
    internal (DateTimeOffset At, RetryOutcome Outcome)? Decided { get; set; }

    internal override int Weight => 1;

    internal override IEnumerable<string> JobIds => [JobId];

    internal override void Reset(bool keepIds)
    {
        base.Reset(keepIds);
        Decided = keepIds ? Decided : null;
    }
}

/// <summary>What became of a retry.</summary>
public abstract record RetryOutcome
{
    private RetryOutcome()
    {
    }

    /// <summary>There is no such job.</summary>
    public sealed record NotFound : RetryOutcome;

    /// <summary>The job has no task of this name.</summary>
    /// <param name="TaskName">As asked for.</param>
    public sealed record TaskNotFound(string TaskName) : RetryOutcome;

    /// <summary>The task has no instance of this index.</summary>
    /// <param name="TaskName">The task.</param>
    /// <param name="Index">The greatest index that was asked for.</param>
    public sealed record InstanceNotFound(string TaskName, int Index) : RetryOutcome;

    /// <summary>Only a job that ended badly can be retried.</summary>
    /// <param name="State">The job's state.</param>
    public sealed record NotFailed(RunState State) : RetryOutcome;

    /// <summary>These environments of its tasks take no jobs any more.</summary>
    /// <param name="EnvIds">One or more.</param>
    public sealed record EnvironmentsMissing(IReadOnlyList<string> EnvIds) : RetryOutcome;

    /// <summary>No instance that was asked for failed and can run.</summary>
    public sealed record NothingToRetry : RetryOutcome;

    /// <summary>Another life of the job has begun.</summary>
    /// <param name="Instances">Instances that are tried again, those included that had failed because of others.</param>
    public sealed record Accepted(long Instances) : RetryOutcome;
}

/// <summary>Takes attempts of one job from a node that was given up, or left.</summary>
public sealed class LoseAttempts(string jobId, string nodeId, long nodeEpoch, IReadOnlyList<(long TaskId, int Index)> attempts, string reason) : WriteRequest<LossOutcome>
{
    internal string JobId { get; } = jobId;

    internal string NodeId { get; } = nodeId;

    internal long NodeEpoch { get; } = nodeEpoch;

    internal IReadOnlyList<(long TaskId, int Index)> Attempts { get; } = attempts;

    internal string Reason { get; } = reason;

    /// <summary><see cref="Contracts.Cause.NodeLost"/> or <see cref="Contracts.Cause.NodeDrained"/>.</summary>
    public Cause Cause { get; init; } = Cause.NodeLost;

    internal override int Weight => Attempts.Count;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>Does what is due in one job: ends the waits that are over, and the tasks or the job whose time limit has passed, and tells what is to be told by time.</summary>
public sealed class DueRequest(string jobId, IReadOnlyList<(long TaskId, int Index)> delayed) : WriteRequest<DueOutcome>
{
    internal string JobId { get; } = jobId;

    internal IReadOnlyList<(long TaskId, int Index)> Delayed { get; } = delayed;

    internal override int Weight => 1 + Delayed.Count;

    internal override IEnumerable<string> JobIds => [JobId];
}

/// <summary>What was due.</summary>
/// <param name="Released">Instances that may be claimed again.</param>
/// <param name="Closed">Tasks whose time limit, or whose job's, had passed.</param>
/// <param name="Told">Jobs that missed their deadline, and tasks whose progress was to be told.</param>
public sealed record DueOutcome(int Released, int Closed, int Told = 0);

/// <summary>How many attempts were taken from the node.</summary>
/// <param name="Lost">Those it still held.</param>
public sealed record LossOutcome(int Lost);
