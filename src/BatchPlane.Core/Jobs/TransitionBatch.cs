using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Idempotency;
using Npgsql;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// One transaction of the transition path: locks and loads what its requests are about, lets <see cref="JobAggregate"/>
/// decide each in the order of arrival, stores all of it with set-based statements. Deciding changes nothing outside, so a
/// transaction that did not commit can simply be run again.
/// </summary>
internal sealed class TransitionBatch(IReadOnlyList<WriteRequest> requests, JobStore store, IdBlock claimIds, EngineLimits limits)
{
    private readonly Dictionary<SubmitRequest, SubmitRequest> _repeatedSubmits = [];
    private JobChanges? _changes;

    /// <summary>True when instances were left to claim. After <see cref="DecideAndStoreAsync"/>.</summary>
    internal bool LeftWork { get; private set; }

    /// <summary>True when somebody asked for an event. After <see cref="DecideAndStoreAsync"/>.</summary>
    internal bool LeftEvents => _changes!.Journal.Exists(row => row.Entry.Notify != 0);

    /// <summary>True when a job's end was asked for. After <see cref="DecideAndStoreAsync"/>.</summary>
    internal bool Terminated => requests.Any(request => request is TerminateJobCommand);

    /// <summary>Does everything but the commit. Results are in the requests, not yet told to the callers.</summary>
    internal async Task DecideAndStoreAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await AdmitSubmitsAsync(connection, cancellationToken);
        var locked = await store.LoadAsync(connection, Needs(), cancellationToken);
        _changes = new() { Now = locked.Now };
        var grants = new List<(ClaimRequest Request, TaskClaim Task, IReadOnlyList<AttemptRange> Attempts)>();
        foreach (var request in requests)
        {
            switch (request)
            {
                case SubmitRequest { Result: null } submit when !_repeatedSubmits.ContainsKey(submit):
                    Decide(submit, locked);
                    break;
                case ClaimRequest claim:
                    Decide(claim, locked, grants);
                    break;
                case NodeReport report:
                    Decide(report, locked);
                    break;
                case TerminateJobCommand terminate:
                    Decide(terminate, locked);
                    break;
                case LoseAttempts lose:
                    Decide(lose, locked);
                    break;
                default:
                    // A submit that was settled by its idempotency key or refused for its environment.
                    break;
            }
        }

        foreach (var (repeat, first) in _repeatedSubmits.Where(pair => pair.Key.Result is null))
        {
            repeat.Result = AsRepeat(repeat, first);
        }

        await GrantAsync(grants, cancellationToken);
        foreach (var aggregate in locked.Jobs.Values)
        {
            _changes.Add(aggregate);
        }

        LeftWork = _changes.NewJobs.Count > 0 || _changes.Tasks.Exists(JobAggregate.IsClaimable);
        await JobStore.StoreAsync(connection, _changes, cancellationToken);
    }

    /// <summary>Settles submits that repeat an earlier one, and refuses those whose environment takes no job.</summary>
    private async Task AdmitSubmitsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var submits = requests.OfType<SubmitRequest>().ToList();
        if (submits.Count == 0)
        {
            return;
        }

        var envIds = await JobStore.ShareEnvironmentsAsync(connection, submits.SelectMany(submit => submit.Job.EnvIds), cancellationToken);
        var refused = submits.Where(submit => submit.Job.EnvIds.Any(envId => !envIds.Contains(envId))).ToHashSet();
        var firsts = new Dictionary<(string, string), SubmitRequest>();
        foreach (var submit in submits.Where(submit => submit.IdempotencyKey is not null && !refused.Contains(submit)))
        {
            var key = (submit.IdempotencyKey!.Scope, submit.IdempotencyKey.Key);
            if (!firsts.TryAdd(key, submit))
            {
                _repeatedSubmits.Add(submit, firsts[key]);
            }
        }

        var used = firsts.Count == 0
            ? []
            : await IdempotencyStore.TakeAsync(connection, [.. firsts.Values.Select(submit => (submit.IdempotencyKey!, submit.Job.Job.JobId))], cancellationToken);
        var usedByRefused = await IdempotencyStore.FindAsync(
            connection,
            [.. refused.Where(submit => submit.IdempotencyKey is not null).Select(submit => submit.IdempotencyKey!)],
            cancellationToken);
        foreach (var submit in submits)
        {
            var earlier = submit.IdempotencyKey is { } key
                ? used.GetValueOrDefault((key.Scope, key.Key)) ?? usedByRefused.GetValueOrDefault((key.Scope, key.Key))
                : null;
            if (earlier is not null)
            {
                submit.Result = AsEarlier(submit, earlier);
            }
            else if (refused.Contains(submit))
            {
                submit.Result = new SubmitOutcome.EnvironmentsMissing([.. submit.Job.EnvIds.Where(envId => !envIds.Contains(envId))]);
            }
        }
    }

    private static SubmitOutcome AsEarlier(SubmitRequest submit, UsedKey earlier) =>
        earlier.BodyHash.AsSpan().SequenceEqual(submit.IdempotencyKey!.BodyHash)
            ? new SubmitOutcome.Submitted(earlier.ResourceId)
            : new SubmitOutcome.KeyReused();

    private static SubmitOutcome AsRepeat(SubmitRequest repeat, SubmitRequest first) =>
        repeat.IdempotencyKey!.BodyHash.AsSpan().SequenceEqual(first.IdempotencyKey!.BodyHash)
            ? first.Result!
            : new SubmitOutcome.KeyReused();

    private JobLoad Needs()
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
                    load.Instances.UnionWith(report.Report.Tasks.SelectMany(task => task.Attempts.Select(attempt => (task.TaskId, attempt.Index))));
                    break;
                case TerminateJobCommand terminate:
                    load.TerminatedJobIds.Add(terminate.JobId);
                    break;
                case LoseAttempts lose:
                    load.Instances.UnionWith(lose.Attempts);
                    break;
                default:
                    break;
            }
        }

        return load;
    }

    private void Decide(SubmitRequest submit, LockedJobs locked)
    {
        var aggregate = new JobAggregate(submit.Job.Job, [.. submit.Job.Tasks.Select(task => task.Record)], [], limits);
        aggregate.Expand(submit.Job.SubmittedBy, locked.Now);
        _changes!.NewJobs.Add(submit.Job);
        _changes.AddJournal(aggregate);
        submit.Result = new SubmitOutcome.Submitted(submit.Job.Job.JobId);
    }

    private static void Decide(ClaimRequest claim, LockedJobs locked, List<(ClaimRequest, TaskClaim, IReadOnlyList<AttemptRange>)> grants)
    {
        var mayClaim = locked.Nodes.TryGetValue(claim.NodeId, out var node) && node.Epoch == claim.NodeEpoch && node.State == NodeState.Running;
        var isCurrent = node.Epoch == claim.NodeEpoch && NodeLifecycle.HoldsInstances(node.State);
        claim.Result = new([], Fenced: !isCurrent);
        if (!mayClaim)
        {
            return;
        }

        foreach (var task in claim.Tasks)
        {
            if (locked.Jobs.TryGetValue(task.JobId, out var job)
                && job.Claim(task.TaskId, claim.NodeId, claim.NodeEpoch, task.Limit, locked.Now) is { Count: > 0 } attempts)
            {
                grants.Add((claim, task, attempts));
            }
        }
    }

    private static void Decide(NodeReport report, LockedJobs locked)
    {
        var isHeld = locked.Nodes.TryGetValue(report.NodeId, out var node) && node.Epoch == report.Report.Epoch && NodeLifecycle.HoldsInstances(node.State);
        var refused = new List<AttemptRef>();
        foreach (var task in isHeld ? report.Report.Tasks : [])
        {
            locked.Jobs.TryGetValue(task.JobId, out var job);
            foreach (var attempt in task.Attempts)
            {
                if (job?.Report(task.TaskId, report.NodeId, report.Report.Epoch, attempt, locked.Now) is not true)
                {
                    refused.Add(new(task.TaskId, attempt.Index, attempt.Attempt));
                }
            }
        }

        report.Result = new(refused, Fenced: !isHeld);
    }

    private static void Decide(TerminateJobCommand terminate, LockedJobs locked)
    {
        if (!locked.Jobs.TryGetValue(terminate.JobId, out var job))
        {
            terminate.Result = new TerminateOutcome.NotFound();
            return;
        }

        job.RequestTermination(terminate.Source, terminate.Reason, locked.Now);
        terminate.Result = new TerminateOutcome.Accepted(job.Job.State);
    }

    private static void Decide(LoseAttempts lose, LockedJobs locked)
    {
        var lost = locked.Jobs.TryGetValue(lose.JobId, out var job)
            ? lose.Attempts.Count(attempt => job.LoseAttempt(attempt.TaskId, attempt.Index, lose.NodeId, lose.NodeEpoch, lose.Reason, locked.Now))
            : 0;
        lose.Result = new(lost);
    }

    private async Task GrantAsync(List<(ClaimRequest Request, TaskClaim Task, IReadOnlyList<AttemptRange> Attempts)> grants, CancellationToken cancellationToken)
    {
        var ids = await claimIds.TakeAsync(grants.Count, cancellationToken);
        for (var n = 0; n < grants.Count; n++)
        {
            var (request, task, attempts) = grants[n];
            _changes!.Claims.Add(new(ids[n], request.NodeId, request.NodeEpoch, task.JobId, task.TaskId, attempts));
            request.Result = request.Result! with { Claims = [.. request.Result.Claims, new(ids[n], task.JobId, task.TaskId, attempts)] };
        }
    }
}
