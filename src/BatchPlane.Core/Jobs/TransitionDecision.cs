using BatchPlane.Contracts;
using BatchPlane.Core.Environments;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// What one transaction decides, without any storage: <see cref="Needs"/> says what to load, <see cref="JobAggregate"/> decides each request
/// in the order of arrival on what was loaded, <see cref="Changes"/> is what to store. <see cref="TransitionBatch"/> does that with
/// PostgreSQL, the simulator of the tests in memory.
/// </summary>
internal sealed class TransitionDecision
{
    private readonly List<(ClaimRequest Request, TaskClaim Task, IReadOnlyList<AttemptRange> Attempts)> _grants = [];
    private readonly LockedJobs _locked;
    private readonly EngineLimits _limits;

    /// <summary>Decides. Results are in the requests from then on, those of claims after <see cref="Grant"/>; nobody is told yet.</summary>
    internal TransitionDecision(IReadOnlyList<WriteRequest> requests, SubmitAdmission admission, LockedJobs locked, EngineLimits limits)
    {
        _locked = locked;
        _limits = limits;
        Changes = new() { Now = locked.Now };
        foreach (var request in requests)
        {
            switch (request)
            {
                case SubmitRequest submit when admission.Admits(submit):
                    Decide(submit);
                    break;
                case ClaimRequest claim:
                    Decide(claim);
                    break;
                case NodeReport report:
                    Decide(report);
                    break;
                case TerminateJobCommand terminate:
                    Decide(terminate);
                    break;
                case TerminateTaskCommand terminate:
                    Decide(terminate);
                    break;
                case TerminateInstanceCommand terminate:
                    Decide(terminate);
                    break;
                case RetryJobCommand retry:
                    Decide(retry);
                    break;
                case ChangeJobCommand change:
                    Decide(change);
                    break;
                case DeleteJobCommand delete:
                    Decide(delete);
                    break;
                case LoseAttempts lose:
                    Decide(lose);
                    break;
                case DueRequest due:
                    Decide(due);
                    break;
                case TellBlocked tell:
                    tell.Result = new(locked.Jobs.TryGetValue(tell.JobId, out var blocked) && blocked.TellBlocked(tell.TaskId, tell.Kind, tell.Reason, locked.Now));
                    break;
                case GiveUpTask give:
                    give.Result = new(locked.Jobs.TryGetValue(give.JobId, out var job) && job.CloseWithoutNodes(give.TaskId, give.EnvId, give.Reason, locked.Now));
                    break;
                default:
                    // A submit that was settled by its idempotency key or refused for its environment.
                    break;
            }
        }

        admission.AnswerRepeats();
        foreach (var aggregate in locked.Jobs.Values)
        {
            Changes.Add(aggregate);
        }
    }

    /// <summary>Everything that differs from what was loaded.</summary>
    internal JobChanges Changes { get; }

    /// <summary>Claims that were granted and want ids.</summary>
    internal int GrantCount => _grants.Count;

    /// <summary>True when instances are left to claim.</summary>
    internal bool LeftWork => Changes.NewJobs.Count > 0 || Changes.Tasks.Exists(JobAggregate.IsClaimable);

    /// <summary>What has to be loaded, under locks, before the requests can be decided.</summary>
    internal static JobLoad Needs(IReadOnlyList<WriteRequest> requests)
    {
        var load = new JobLoad();
        foreach (var request in requests)
        {
            load.JobIds.UnionWith(request.JobIds);
            switch (request)
            {
                case ClaimRequest claim:
                    load.NodeIds.Add(claim.NodeId);
                    foreach (var task in claim.Tasks)
                    {
                        load.RequeuedLimits[task.TaskId] = load.RequeuedLimits.GetValueOrDefault(task.TaskId) + task.Limit;
                    }

                    break;
                case NodeReport report:
                    load.NodeIds.Add(report.NodeId);
                    foreach (var task in report.Tasks)
                    {
                        load.AddInstances(task.Attempts.Select(attempt => (task.TaskId, attempt.Index)));
                        load.Progress.UnionWith(task.Attempts.Where(attempt => attempt.Progress is not null).Select(attempt => (task.TaskId, attempt.Index)));
                    }

                    break;
                case TerminateJobCommand terminate:
                    load.TerminatedJobIds.Add(terminate.JobId);
                    break;
                case TerminateTaskCommand terminate:
                    load.TerminatedJobIds.Add(terminate.JobId);
                    break;
                case TerminateInstanceCommand terminate:
                    load.Instances.Add((terminate.TaskId, terminate.Index, 1));
                    break;
                case RetryJobCommand retry:
                    load.RetriedJobIds.Add(retry.JobId);
                    break;
                case LoseAttempts lose:
                    load.AddInstances(lose.Attempts);
                    break;
                case DueRequest due:
                    // The instances, too: a claim of the same batch may take them.
                    load.AddInstances(due.Delayed);
                    load.Delays.UnionWith(due.Delayed);
                    break;
                default:
                    break;
            }
        }

        return load;
    }

    /// <summary>Gives the granted claims their ids, <see cref="GrantCount"/> of them, and tells the requests.</summary>
    internal void Grant(IReadOnlyList<long> claimIds)
    {
        for (var n = 0; n < _grants.Count; n++)
        {
            var (request, task, attempts) = _grants[n];
            Changes.Claims.Add(new(claimIds[n], request.NodeId, request.NodeEpoch, task.JobId, task.TaskId, attempts));
            request.Result = request.Result! with { Claims = [.. request.Result.Claims, new(claimIds[n], task.JobId, task.TaskId, attempts)] };
        }
    }

    private void Decide(SubmitRequest submit)
    {
        var aggregate = new JobAggregate(submit.Job.Job, [.. submit.Job.Tasks.Select(task => task.Record)], [], _limits);
        aggregate.Expand(submit.Job.SubmittedBy, _locked.Now);
        Changes.Add(submit.Job, aggregate);
        submit.Result = new SubmitOutcome.Submitted(submit.Job.Job.JobId);
    }

    private void Decide(ClaimRequest claim)
    {
        var mayClaim = _locked.Nodes.TryGetValue(claim.NodeId, out var node) && node.Epoch == claim.NodeEpoch && node.State == NodeState.Running;
        var isCurrent = node.Epoch == claim.NodeEpoch && NodeLifecycle.HoldsInstances(node.State);
        claim.Result = new([], Fenced: !isCurrent);
        if (!mayClaim)
        {
            return;
        }

        foreach (var task in claim.Tasks)
        {
            if (_locked.Jobs.TryGetValue(task.JobId, out var job)
                && job.Claim(task.TaskId, claim.NodeId, claim.NodeEpoch, task.Limit, _locked.Now) is { Count: > 0 } attempts)
            {
                _grants.Add((claim, task, attempts));
            }
        }
    }

    private void Decide(NodeReport report)
    {
        var isHeld = _locked.Nodes.TryGetValue(report.NodeId, out var node) && node.Epoch == report.Report.Epoch && NodeLifecycle.HoldsInstances(node.State);
        var refused = new List<AttemptRef>();
        foreach (var task in isHeld ? report.Tasks : [])
        {
            _locked.Jobs.TryGetValue(task.JobId, out var job);
            foreach (var attempt in task.Attempts)
            {
                if (job?.Report(task.TaskId, report.NodeId, report.Report.Epoch, attempt, _locked.Now, report.Progress) is not true)
                {
                    refused.Add(new(task.TaskId, attempt.Index, attempt.Attempt));
                }
            }
        }

        report.Result = new(refused, Fenced: !isHeld);
    }

    private void Decide(TerminateJobCommand terminate)
    {
        if (!_locked.Jobs.TryGetValue(terminate.JobId, out var job))
        {
            terminate.Result = new TerminateOutcome.NotFound();
            return;
        }

        job.RequestTermination(terminate.Source, terminate.Reason, _locked.Now);
        terminate.Result = new TerminateOutcome.Accepted(job.Job.State);
    }

    private void Decide(DueRequest due)
    {
        if (!_locked.Jobs.TryGetValue(due.JobId, out var job))
        {
            due.Result = new(0, 0);
            return;
        }

        var told = (job.TellOverdue(_locked.Now) ? 1 : 0) + job.TellProgress(_locked.Now);
        var closed = job.CloseOverdue(_locked.Now);
        var released = due.Delayed.Count(instance => job.ReleaseDelayed(instance.TaskId, instance.Index, _locked.Now));
        due.Result = new(released, closed, told);
    }

    private void Decide(TerminateTaskCommand terminate) =>
        terminate.Result = _locked.Jobs.TryGetValue(terminate.JobId, out var job)
            && job.RequestTaskTermination(terminate.TaskId, terminate.Source, terminate.Reason, _locked.Now)
                ? new TerminateOutcome.Accepted(job.Job.State)
                : new TerminateOutcome.NotFound();

    private void Decide(TerminateInstanceCommand terminate) =>
        terminate.Result = _locked.Jobs.TryGetValue(terminate.JobId, out var job)
            && job.RequestInstanceTermination(terminate.TaskId, terminate.Index, terminate.Source, terminate.Reason, _locked.Now)
                ? new TerminateOutcome.Accepted(job.Job.State)
                : new TerminateOutcome.NotFound();

    private void Decide(DeleteJobCommand delete)
    {
        if (!_locked.Jobs.TryGetValue(delete.JobId, out var job) || job.Job.DeletedAt is not null)
        {
            // Gone since the answer to an earlier commit was lost: by that commit.
            delete.Result = delete.IsInDoubt ? new DeleteJobOutcome.Deleted() : new DeleteJobOutcome.NotFound();
            return;
        }

        var isDeleted = job.Delete(delete.Source, _locked.Now);
        delete.IsInDoubt = isDeleted;
        delete.Result = isDeleted ? new DeleteJobOutcome.Deleted() : new DeleteJobOutcome.NotEnded(job.Job.State);
    }

    private void Decide(ChangeJobCommand change) => change.Result = _locked.Jobs.TryGetValue(change.JobId, out var job)
        ? job.ChangePriority(change.Priority, change.Source, _locked.Now) ? new ChangeJobOutcome.Changed() : new ChangeJobOutcome.Ended(job.Job.State)
        : new ChangeJobOutcome.NotFound();

    private void Decide(RetryJobCommand retry)
    {
        if (!_locked.Jobs.TryGetValue(retry.JobId, out var job))
        {
            retry.Result = new RetryOutcome.NotFound();
        }
        else if (retry.Decided is var (at, outcome) && job.Job.RetriedAt == at)
        {
            // The answer to its commit was lost, and it is stored.
            retry.Result = outcome;
        }
        else if (retry.MissingEnvIds.Count > 0)
        {
            retry.Result = new RetryOutcome.EnvironmentsMissing(retry.MissingEnvIds);
        }
        else
        {
            retry.Result = job.Retry(retry.Selection, _locked.Ends, retry.NewEnvId, retry.Source, _locked.Now);
            retry.Decided = retry.Result is RetryOutcome.Accepted accepted ? (_locked.Now, accepted) : null;
        }
    }

    private void Decide(LoseAttempts lose)
    {
        var lost = _locked.Jobs.TryGetValue(lose.JobId, out var job)
            ? lose.Attempts.Count(attempt => job.LoseAttempt(attempt.TaskId, attempt.Index, lose.NodeId, lose.NodeEpoch, lose.Reason, _locked.Now, lose.Cause))
            : 0;
        lose.Result = new(lost);
    }
}
