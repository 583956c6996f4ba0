using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>
/// The writer of jobs of one server, after <see cref="TransitionWriter"/>: what waits goes into one transaction, callers are told after the commit, a
/// passing fault means to decide again from the start. The decisions themselves are the real ones.
/// </summary>
internal sealed class Writer(Cluster cluster, Life life, Action<TransitionDecision, IReadOnlyList<WriteRequest>> ring)
{
    private readonly Queue<WriteRequest> _waiting = new();
    private readonly Dictionary<WriteRequest, Action<bool>> _callers = [];
    private bool _isWriting;

    /// <summary>Queues a request; the caller is told its result, or null when it could not be stored.</summary>
    internal void Write<TResult>(WriteRequest<TResult> request, Action<TResult?> told)
        where TResult : class
    {
        _callers.Add(request, isStored => told(isStored ? request.Result : null));
        _waiting.Enqueue(request);
        Begin();
    }

    private void Begin()
    {
        if (_isWriting || _waiting.Count == 0)
        {
            return;
        }

        _isWriting = true;
        var requests = new List<WriteRequest>();
        var weight = 0;
        while (requests.Count < cluster.Limits.MaxBatchRequests && weight < cluster.Limits.MaxBatchAttempts && _waiting.TryDequeue(out var request))
        {
            requests.Add(request);
            weight += request.Weight;
        }

        Try(new(requests));
    }

    private void Try(Batch batch)
    {
        var requests = batch.Requests;
        var transaction = cluster.Database.Begin(life, isCommitUnknown => Failed(batch, isCommitUnknown));
        var admission = new SubmitAdmission(requests);
        var needs = TransitionDecision.Needs(requests);
        transaction.Shared.AddRange(needs.NodeIds.Select(nodeId => $"node:{nodeId}"));
        transaction.Exclusive.AddRange(requests.OfType<SubmitRequest>().Select(submit => submit.IdempotencyKey).OfType<IdempotencyKey>().Select(key => $"key:{key.Key}").Distinct());
        if (admission.EnvIds.Any())
        {
            transaction.Shared.Add("env");
        }

        if (cluster.Seams.LocksJobs)
        {
            transaction.Exclusive.AddRange(needs.JobIds.Concat(requests.OfType<SubmitRequest>().Select(submit => submit.Job.Job.JobId)).Distinct().Select(jobId => $"job:{jobId}"));
        }

        // The transaction has its id from its first statement on; another one may be faster to the locks.
        cluster.World.After(cluster.Dials.Pause(cluster.World, 4), life, World.Quietly, () => cluster.Database.Lock(transaction, () =>
        {
            Admit(admission, transaction);
            var locked = cluster.Seams.Loaded(cluster.Database.Load(needs), requests, cluster.Tables);
            cluster.World.After(cluster.Dials.Pause(cluster.World, 4), life, $"tx{transaction.Id} decides {string.Join(' ', requests.Select(request => request.GetType().Name))}", () => Decide(batch, transaction, admission, locked));
        }));
    }

    private void Admit(SubmitAdmission admission, Transaction transaction)
    {
        admission.Open(new HashSet<string> { Cluster.EnvId });
        var used = new Dictionary<(string, string), UsedKey>();
        foreach (var (key, jobId) in admission.KeysToTake)
        {
            if (cluster.Tables.Keys.TryGetValue((key.Scope, key.Key), out var earlier))
            {
                used[(key.Scope, key.Key)] = new(earlier.BodyHash, earlier.JobId);
            }
            else if (cluster.Seams.StoresKeys)
            {
                transaction.Keys.Add((key.Scope, key.Key, key.BodyHash, jobId));
            }
        }

        admission.Settle(used);
    }

    private void Decide(Batch batch, Transaction transaction, SubmitAdmission admission, LockedJobs locked)
    {
        if (transaction.IsOver)
        {
            return;
        }

        var decision = new TransitionDecision(batch.Requests, admission, locked, cluster.Limits);
        decision.Grant(cluster.Database.ClaimIds(decision.GrantCount));
        cluster.Seams.Decided(decision, batch.Requests, cluster.Tables);
        foreach (var request in batch.Requests.Where(cluster.Seams.IsToldBeforeCommit).ToList())
        {
            Tell(request, isStored: true);
        }

        var postponed = cluster.Seams.Postponed(decision.Changes, cluster.Tables);
        if (cluster.DiesHere(life, "before it stores"))
        {
            return;
        }

        if (!cluster.Database.Store(transaction, decision.Changes))
        {
            cluster.Database.BreakOff(transaction);
            return;
        }

        cluster.World.After(cluster.World.Between(0, 3), life, $"tx{transaction.Id} is stored", () =>
        {
            if (!transaction.IsOver && !cluster.DiesHere(life, "before the commit"))
            {
                cluster.Database.Commit(transaction, () => Committed(batch, decision, postponed));
            }
        });
    }

    private void Committed(Batch batch, TransitionDecision decision, JobChanges? postponed)
    {
        if (cluster.DiesHere(life, "after the commit"))
        {
            return;
        }

        if (postponed is not null)
        {
            StoreLater(postponed);
        }

        ring(decision, batch.Requests);
        foreach (var request in batch.Requests)
        {
            Tell(request, isStored: true);
        }

        Ended();
    }

    private void StoreLater(JobChanges postponed)
    {
        var second = cluster.Database.Begin(life, _ => { });
        second.Exclusive.AddRange(postponed.Jobs.Select(job => $"job:{job.JobId}"));
        cluster.Database.Lock(second, () =>
        {
            if (!cluster.DiesHere(life, "before a second transaction") && postponed.Jobs.TrueForAll(job => cluster.Tables.Jobs[job.JobId].Record.LastSequence == job.LoadedSequence))
            {
                cluster.Database.Store(second, postponed);
                cluster.Database.Commit(second, () => { });
            }
            else
            {
                cluster.Database.BreakOff(second);
            }
        });
    }

    private void Failed(Batch batch, bool isCommitUnknown)
    {
        batch.IsInDoubt |= isCommitUnknown;
        if (batch.Failures++ == cluster.Limits.MaxTransactionRetries)
        {
            batch.Requests.ForEach(request => Tell(request, isStored: false));
            Ended();
            return;
        }

        var stored = batch.IsInDoubt ? batch.Requests.OfType<SubmitRequest>().Where(IsStored).ToList() : [];
        stored.ForEach(submit => Tell(submit, isStored: true));
        batch.Requests.RemoveAll(request => stored.Contains(request));
        batch.Requests.ForEach(request => request.Reset(keepIds: batch.IsInDoubt));
        if (batch.Requests.Count == 0)
        {
            Ended();
            return;
        }

        cluster.World.After(cluster.World.Between(5, 50), life, "tries again", () => Try(batch));
    }

    private bool IsStored(SubmitRequest submit) =>
        submit.Result is SubmitOutcome.Submitted submitted && cluster.Tables.Jobs.ContainsKey(submitted.JobId);

    private void Ended()
    {
        _isWriting = false;
        Begin();
    }

    private void Tell(WriteRequest request, bool isStored)
    {
        if (_callers.Remove(request, out var told))
        {
            told(isStored);
        }
    }

    private sealed class Batch(List<WriteRequest> requests)
    {
        internal List<WriteRequest> Requests => requests;

        internal int Failures { get; set; }

        internal bool IsInDoubt { get; set; }
    }
}
