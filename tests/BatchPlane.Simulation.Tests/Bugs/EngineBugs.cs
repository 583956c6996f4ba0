using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests.Bugs;

/// <summary>A report is taken whatever the node's epoch is.</summary>
internal sealed class EpochCheckRemoved : Seams
{
    internal override LockedJobs Loaded(LockedJobs locked, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        foreach (var report in requests.OfType<NodeReport>())
        {
            locked.Nodes[report.NodeId] = (report.Report.Epoch, NodeState.Running);
        }

        return locked;
    }
}

/// <summary>A node is given up and its epoch goes on.</summary>
internal sealed class EpochKeptWhenGivenUp : Seams
{
    internal override void GivenUp(EnvironmentAggregate environment, IReadOnlyList<string> nodeIds)
    {
        foreach (var nodeId in nodeIds)
        {
            environment.Find(nodeId)!.Epoch--;
        }
    }
}

/// <summary>Jobs are changed without a lock and without a guard: the last writer wins.</summary>
internal sealed class JobLockForgotten : Seams
{
    internal override bool LocksJobs => false;
}

/// <summary>A counter is the number of rows at hand instead of what was there plus the difference.</summary>
internal sealed class CounterByRow : Seams
{
    private LockedJobs? _locked;

    internal override LockedJobs Loaded(LockedJobs locked, IReadOnlyList<WriteRequest> requests, Tables tables) => _locked = locked;

    internal override void Decided(TransitionDecision decision, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        foreach (var job in _locked!.Jobs.Values)
        {
            foreach (var task in job.Tasks.Where(task => task.IsDirty))
            {
                task.RunningCount = job.Instances.Count(instance => instance.TaskId == task.TaskId && instance.State == RunState.Running);
            }
        }
    }
}

/// <summary>A success that is reported again counts again.</summary>
internal sealed class DuplicateCountedTwice : Seams
{
    private LockedJobs? _locked;

    internal override LockedJobs Loaded(LockedJobs locked, IReadOnlyList<WriteRequest> requests, Tables tables) => _locked = locked;

    internal override void Decided(TransitionDecision decision, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        var reported =
            from report in requests.OfType<NodeReport>()
            from part in report.Report.Tasks
            from attempt in part.Attempts
            where attempt is { Outcome: AttemptOutcome.Exited, ExitCode: 0 } && tables.Tasks[part.TaskId].Instances[attempt.Index]?.State == RunState.Succeed
            select (part.JobId, part.TaskId);
        foreach (var (jobId, taskId) in reported)
        {
            var task = _locked!.Jobs[jobId].Tasks.Single(task => task.TaskId == taskId);
            task.SucceedCount++;
            if (!decision.Changes.Tasks.Contains(task))
            {
                decision.Changes.Tasks.Add(task);
            }
        }
    }
}

/// <summary>A late report of an attempt that has ended is taken as if it ran.</summary>
internal sealed class TerminalOverwritten : Seams
{
    internal override LockedJobs Loaded(LockedJobs locked, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        foreach (var part in requests.OfType<NodeReport>().SelectMany(report => report.Report.Tasks).Where(part => locked.Jobs.ContainsKey(part.JobId)))
        {
            var job = locked.Jobs[part.JobId];
            var isOpen = !RunStates.IsFinal(job.Tasks.Single(task => task.TaskId == part.TaskId).State);
            foreach (var instance in job.Instances.Where(instance => isOpen && instance.TaskId == part.TaskId && instance.State is RunState.Succeed or RunState.Failed))
            {
                instance.State = RunState.Running;
            }
        }

        return locked;
    }
}

/// <summary>An attempt that was lost is given out again under the same number.</summary>
internal sealed class NumberKeptForNextAttempt : Seams
{
    internal override void Decided(TransitionDecision decision, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        foreach (var instance in decision.Changes.Instances.Where(instance => instance.State == RunState.Starting && instance.Attempt > instance.LoadedAttempt))
        {
            instance.Attempt--;
        }

        for (var n = 0; n < decision.Changes.Claims.Count; n++)
        {
            decision.Changes.Claims[n] = decision.Changes.Claims[n] with { Attempts = Renumbered(decision.Changes.Claims[n].Attempts) };
        }

        foreach (var claim in requests.OfType<ClaimRequest>())
        {
            claim.Result = claim.Result! with { Claims = [.. claim.Result.Claims.Select(granted => granted with { Attempts = Renumbered(granted.Attempts) })] };
        }
    }

    private static IReadOnlyList<AttemptRange> Renumbered(IReadOnlyList<AttemptRange> ranges) =>
        [.. ranges.Select(range => range with { Attempt = Math.Max(1, range.Attempt - 1) })];
}

/// <summary>Which instances wait for another attempt is kept in memory.</summary>
internal sealed class RetryKeptInMemory : Seams
{
    private readonly Dictionary<long, IndexSet> _requeued = [];

    internal override LockedJobs Loaded(LockedJobs locked, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        foreach (var task in locked.Jobs.Values.SelectMany(job => job.Tasks).Where(task => _requeued.ContainsKey(task.TaskId)))
        {
            foreach (var (first, count) in _requeued[task.TaskId].Ranges)
            {
                task.Requeued.Add(first, count);
            }
        }

        return locked;
    }

    internal override void Decided(TransitionDecision decision, IReadOnlyList<WriteRequest> requests, Tables tables)
    {
        foreach (var task in decision.Changes.Tasks)
        {
            _requeued[task.TaskId] = Images.Of(task.Requeued);
            task.Requeued.TakeAll();
        }
    }

    internal override void ServerDied() => _requeued.Clear();
}

/// <summary>Callers hear of their jobs and reports before the commit.</summary>
internal sealed class AcknowledgedBeforeCommit : Seams
{
    internal override bool IsToldBeforeCommit(WriteRequest request) => request is SubmitRequest or NodeReport;
}

/// <summary>A node gets its instances before the commit.</summary>
internal sealed class GrantedBeforeCommit : Seams
{
    internal override bool IsToldBeforeCommit(WriteRequest request) => request is ClaimRequest;
}

/// <summary>An idempotency key is not stored with the job it made.</summary>
internal sealed class KeyNotStored : Seams
{
    internal override bool StoresKeys => false;
}

/// <summary>A transition is stored without its event.</summary>
internal sealed class EventLeftOut : Seams
{
    internal override void Decided(TransitionDecision decision, IReadOnlyList<WriteRequest> requests, Tables tables) =>
        decision.Changes.Journal.RemoveAll(row => row.Entry is { Level: Core.Catalogue.EventLevel.Task, State: "RUNNING" });
}

/// <summary>The tasks that waited for one that ended are settled by a second transaction.</summary>
internal sealed class DependentsSettledLater : Seams
{
    internal override JobChanges? Postponed(JobChanges changes, Tables tables)
    {
        if (changes.Jobs.Count != 1 || changes.NewJobs.Count > 0)
        {
            return null;
        }

        var job = changes.Jobs[0];
        var stored = tables.Jobs[job.JobId];
        bool Waited(int? taskNo) => taskNo is { } number && stored.Tasks[number].Record.State == RunState.Pending;
        var first = changes.Journal.FindIndex(row => Waited(row.Entry.TaskNo));
        if (first < 0 || changes.Journal.Skip(first).Any(row => row.Entry.TaskNo is not null && !Waited(row.Entry.TaskNo)))
        {
            return null;
        }

        var later = new JobChanges { Now = changes.Now };
        var until = changes.Journal[first].Entry.Sequence - 1;
        later.Jobs.Add(Images.Of(job, job.JournalTxid, until));
        later.Journal.AddRange(changes.Journal[first..]);
        later.Tasks.AddRange(changes.Tasks.Where(task => Waited(task.TaskNo)));
        changes.Journal.RemoveRange(first, changes.Journal.Count - first);
        changes.Tasks.RemoveAll(task => Waited(task.TaskNo));
        var before = Images.Of(stored.Record, job.JournalTxid);
        before.LastSequence = until;
        before.State = changes.Journal.FindLast(row => row.Entry.Level == Core.Catalogue.EventLevel.Job).Entry is { } entry ? Core.WireName.Parse<RunState>(entry.State) : before.State;
        (before.TerminateRequestedAt, before.TerminateRequestedBy, before.TerminateReason) = (job.TerminateRequestedAt, job.TerminateRequestedBy, job.TerminateReason);
        changes.Jobs[0] = before;
        return later;
    }
}
