using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Simulation.Tests.Bugs;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Proofs;

namespace BatchPlane.Simulation.Tests.Store;

/// <summary>
/// A database in memory, as far as BatchPlane leans on one: row locks, commit or nothing, ids of transactions in the order of their begin, numbers of
/// events taken before the commit, a horizon, and guards that refuse a change of what is not there any more. Survives everything.
/// </summary>
internal sealed class Database(World world, Dials dials, Seams seams, Invariants invariants, EngineLimits limits)
{
    private readonly Locks _locks = new();
    private readonly SortedDictionary<ulong, Transaction> _active = [];
    private readonly Dictionary<string, ulong> _subjectTxids = new(StringComparer.Ordinal);
    private ulong _nextTxid = 700;
    private long _nextEventNo = 1;
    private long _nextClaimId = 1;
    private long _nextTaskId = 1;

    internal Tables Tables { get; } = new();

    internal DateTimeOffset Now => world.Clock.Now;

    /// <summary>Everything of transactions before this one is settled.</summary>
    internal ulong Horizon => _active.Count > 0 ? _active.First().Key : _nextTxid;

    internal IReadOnlyList<long> ClaimIds(int count) => [.. Enumerable.Range(0, count).Select(_ => _nextClaimId++)];

    internal IReadOnlyList<long> TaskIds(int count) => [.. Enumerable.Range(0, count).Select(_ => _nextTaskId++)];

    internal Transaction Begin(Life owner, Action<bool> failed)
    {
        // Who died in the middle of a step has nothing more to begin.
        var transaction = new Transaction(_nextTxid++, owner, failed) { IsOver = owner.IsDead };
        if (!transaction.IsOver)
        {
            _active.Add(transaction.Id, transaction);
        }

        return transaction;
    }

    /// <summary>Gives a transaction its locks; <paramref name="locked"/> is a step of its owner.</summary>
    internal void Lock(Transaction transaction, Action locked)
    {
        if (!transaction.IsOver)
        {
            _locks.Take(transaction, () => Locked(transaction, locked));
        }
    }

    /// <summary>What a batch asked for and nothing else, so that a decision that needs more is seen.</summary>
    internal LockedJobs Load(JobLoad load)
    {
        var jobs = load.JobIds.Where(Tables.Jobs.ContainsKey).Select(jobId => Tables.Jobs[jobId]).ToList();
        return new()
        {
            Now = Now,
            Nodes = load.NodeIds.Where(Tables.Nodes.ContainsKey)
                .ToDictionary(nodeId => nodeId, nodeId => (Tables.Nodes[nodeId].Epoch, Tables.Nodes[nodeId].State), StringComparer.Ordinal),
            Jobs = jobs.ToDictionary(job => job.Record.JobId, job => Load(job, load), StringComparer.Ordinal),
        };
    }

    internal EnvironmentAggregate LoadEnvironment() => new(
        Images.Of(Tables.Environment, _subjectTxids.GetValueOrDefault(Tables.Environment.EnvId)),
        [.. Tables.Nodes.Values.Where(node => node.State != NodeState.Deleted).Select(Images.Of)],
        Now);

    /// <summary>False when a job of this id is there already.</summary>
    internal bool Store(Transaction transaction, JobChanges changes)
    {
        if (changes.NewJobs.Exists(job => Tables.Jobs.ContainsKey(job.Job.JobId)))
        {
            return false;
        }

        transaction.Jobs = changes;
        Append(transaction, changes.Journal);
        return true;
    }

    internal void Store(Transaction transaction, EnvironmentAggregate environment)
    {
        transaction.Environment = environment;
        Append(transaction, environment.Journal.Select(entry => (entry, environment.Environment.JournalTxid)));
    }

    /// <summary>Commits some time soon; <paramref name="heard"/> is a step of the owner, if it lives to hear it.</summary>
    internal void Commit(Transaction transaction, Action heard)
    {
        transaction.IsCommitting = true;
        world.After(dials.Pause(world, 6), world.Outside, $"tx{transaction.Id} commits", () =>
        {
            if (transaction.IsOver)
            {
                return;
            }

            Apply(transaction);
            End(transaction);
            if (world.Chance(dials.CommitUnheard))
            {
                world.After(world.Between(5, 50), transaction.Owner, $"tx{transaction.Id} not heard of", () => transaction.Failed(true));
            }
            else
            {
                world.After(dials.Pause(world, 3), transaction.Owner, $"tx{transaction.Id} committed", heard);
            }
        });
    }

    internal void BreakOff(Transaction transaction)
    {
        if (!transaction.IsOver)
        {
            End(transaction);
            world.After(world.Between(1, 5), transaction.Owner, $"tx{transaction.Id} broken off", () => transaction.Failed(transaction.IsCommitting));
        }
    }

    /// <summary>The database goes down and comes back: what was not committed is gone.</summary>
    internal void Restart()
    {
        foreach (var transaction in _active.Values.ToList())
        {
            BreakOff(transaction);
        }
    }

    /// <summary>The connections of a process are closed: what it had begun is broken off, unless the commit was sent already.</summary>
    internal void Disconnected(Life owner)
    {
        foreach (var transaction in _active.Values.Where(transaction => transaction.Owner == owner && !transaction.IsCommitting).ToList())
        {
            world.After(world.Between(0, 100), world.Outside, $"tx{transaction.Id} rolled back", () => End(transaction));
        }
    }

    private void Locked(Transaction transaction, Action locked) =>
        world.After(dials.Pause(world, 2), transaction.Owner, $"tx{transaction.Id} locked", () =>
        {
            if (world.Chance(dials.BrokenOff))
            {
                BreakOff(transaction);
            }
            else if (!transaction.IsOver)
            {
                locked();
            }
        });

    private JobAggregate Load(JobRow job, JobLoad load)
    {
        var instances = new Dictionary<(long, int), InstanceRecord>();
        foreach (var task in job.Tasks)
        {
            var id = task.Record.TaskId;
            var wanted = load.Instances.Where(run => run.TaskId == id).SelectMany(run => Enumerable.Range(run.First, run.Count))
                .Concat(Requeued(task.Record).Take(load.RequeuedLimits.GetValueOrDefault(id)));
            foreach (var index in wanted.Where(index => index < task.Instances.Length && task.Instances[index] is not null))
            {
                instances.TryAdd((id, index), Images.Of(task.Instances[index]!));
            }
        }

        return new(
            Images.Of(job.Record, _subjectTxids.GetValueOrDefault(job.Record.JobId)),
            [.. job.Tasks.Select(task => Images.Of(task.Record))],
            instances.Values,
            limits,
            load.Delays.Where(key => Tables.Tasks[key.TaskId].Job == job && Tables.Delays.ContainsKey(key)).Select(key => Tables.Delays[key]),
            load.TerminatedJobIds.Contains(job.Record.JobId) ? job.Tasks.ToDictionary(task => task.Record.TaskId, Kept) : null);
    }

    private static IEnumerable<int> Requeued(TaskRecord task) => task.Requeued.Ranges.SelectMany(range => Enumerable.Range(range.First, range.Count));

    /// <summary>What a termination releases.</summary>
    private static IndexSet Kept(TaskRow task)
    {
        var kept = new IndexSet();
        foreach (var row in task.Instances.OfType<InstanceRecord>().Where(row => row.State == RunState.FailedInterrupted))
        {
            kept.Add(row.Index);
        }

        return kept;
    }

    private void Append(Transaction transaction, IEnumerable<(JournalEntry Entry, ulong SubjectTxid)> entries) =>
        transaction.Events.AddRange(entries.Select(row => new EventRow(seams.OrderOf(transaction.Id, row.SubjectTxid), _nextEventNo++, row.Entry)));

    private void End(Transaction transaction)
    {
        transaction.IsOver = true;
        _active.Remove(transaction.Id);
        _locks.Release(transaction);
    }

    private void Apply(Transaction transaction)
    {
        if (transaction.Jobs is { } changes)
        {
            Apply(changes);
        }

        if (transaction.Environment is { } environment)
        {
            Tables.Environment = Images.Of(environment.Environment, 0);
            foreach (var node in environment.Nodes.Where(node => node.IsDirty))
            {
                Tables.Nodes[node.NodeId] = Images.Of(node);
            }
        }

        foreach (var (scope, key, bodyHash, jobId) in transaction.Keys)
        {
            Tables.Keys[(scope, key)] = (bodyHash, jobId);
        }

        foreach (var row in transaction.Events)
        {
            _subjectTxids[row.Entry.SubjectId] = Math.Max(row.OrderTxid, _subjectTxids.GetValueOrDefault(row.Entry.SubjectId));
            if (row.Entry.Notify != 0)
            {
                var outbox = Tables.Outbox[DispatcherShard.Of(row.Entry.SubjectId)];
                var behind = outbox.FindLastIndex(other => (other.OrderTxid, other.EventNo).CompareTo((row.OrderTxid, row.EventNo)) < 0);
                outbox.Insert(behind + 1, row);
            }
        }

        invariants.Committed(transaction, Tables);
    }

    private void Apply(JobChanges changes)
    {
        foreach (var job in changes.NewJobs)
        {
            Insert(job);
        }

        foreach (var record in changes.Jobs)
        {
            var job = Tables.Jobs[record.JobId];
            Guard(job.Record.LastSequence == record.LoadedSequence, record.JobId);
            job.Record = Images.Of(record, 0);
        }

        foreach (var record in changes.Tasks)
        {
            Tables.Tasks[record.TaskId].Record = Images.Of(record);
        }

        foreach (var record in changes.Fresh.SelectMany(run => run.ToRecords()).Concat(changes.NewInstances))
        {
            Guard(Tables.Tasks[record.TaskId].Instances[record.Index] is null, $"instance {record.TaskId}.{record.Index}");
            Tables.Tasks[record.TaskId].Instances[record.Index] = Images.Of(record);
        }

        foreach (var record in changes.Instances)
        {
            var stored = Tables.Tasks[record.TaskId].Instances[record.Index];
            Guard(stored?.Attempt == record.LoadedAttempt && stored.State == record.LoadedState, $"instance {record.TaskId}.{record.Index}");
            Tables.Tasks[record.TaskId].Instances[record.Index] = Images.Of(record);
        }

        // Those to which something else happened as well are stored with it.
        foreach (var record in changes.Terminations.Where(record => !record.IsDirty))
        {
            var stored = Tables.Tasks[record.TaskId].Instances[record.Index];
            Guard(stored?.Attempt == record.Attempt && stored.State == record.State, $"instance {record.TaskId}.{record.Index}");
            if (stored is not null)
            {
                stored.TerminateReason = record.TerminateReason;
            }
        }

        foreach (var closed in changes.ClosedInstances)
        {
            Apply(closed);
        }

        foreach (var (taskId, first, count) in changes.EndedDelays)
        {
            for (var index = first; index < first + count; index++)
            {
                Guard(Tables.Delays.Remove((taskId, index)), $"wait of {taskId}.{index}");
            }
        }

        changes.NewDelays.ForEach(delay => Tables.Delays[(delay.TaskId, delay.Index)] = delay);
        foreach (var claim in changes.Claims)
        {
            Tables.Claims.Add(claim.ClaimId, new(claim, changes.Now));
        }
    }

    /// <summary>Requeued or kept instances that end with their task, without having been loaded.</summary>
    private void Apply(ClosedInstances closed)
    {
        for (var index = closed.First; index < closed.First + closed.Count; index++)
        {
            var stored = Tables.Tasks[closed.TaskId].Instances[index];
            Guard(stored?.State == closed.From, $"instance {closed.TaskId}.{index}");
            if (stored is null)
            {
                continue;
            }

            (stored.State, stored.Cause, stored.Reason, stored.FinishedAt) = (RunState.Failed, closed.Cause, closed.Reason, closed.EndedAt ?? stored.FinishedAt);
        }
    }

    private void Guard(bool isAsLoaded, string what)
    {
        if (seams.LocksJobs && !isAsLoaded)
        {
            throw new Violation("guard", $"{what} was changed without its job's lock");
        }
    }

    private void Insert(NewJob job)
    {
        var row = new JobRow(job, Images.Of(job.Job, 0));
        row.Tasks = [.. job.Tasks.Select(task => new TaskRow(row, task, Images.Of(task.Record), JsonSerializer.Deserialize<RunSpec>(task.Run, BatchPlaneJson.Options)!, job.Document.Priority))];
        Tables.Jobs.Add(job.Job.JobId, row);
        foreach (var task in row.Tasks)
        {
            Tables.Tasks.Add(task.Record.TaskId, task);
        }
    }
}
