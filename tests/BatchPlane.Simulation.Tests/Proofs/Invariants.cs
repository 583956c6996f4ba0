using System.Runtime.CompilerServices;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Nodes;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests.Proofs;

/// <summary>
/// What must hold at every moment, looked at whenever something is committed, started or acknowledged. Keeps its own account of what was
/// journalled, and knows what the processes really did.
/// </summary>
internal sealed class Invariants(Cluster cluster)
{
    private readonly Dictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Subject, EventLevel Level, string? What, int? Index), string> _states = [];
    private readonly Dictionary<(long TaskId, int Index), int> _attempts = [];
    private readonly Dictionary<string, long> _epochs = new(StringComparer.Ordinal);

    /// <summary>Events that somebody asked for, as they were committed.</summary>
    internal List<(string SubjectId, long Sequence)> Asked { get; } = [];

    /// <summary>A transaction was just committed.</summary>
    internal void Committed(Transaction transaction, Tables tables)
    {
        foreach (var row in transaction.Events)
        {
            Journalled(row.Entry, tables);
        }

        if (transaction.Environment is { } environment)
        {
            foreach (var node in environment.Nodes)
            {
                Fenced(node);
            }
        }

        foreach (var claim in transaction.Jobs?.Claims ?? [])
        {
            Claimed(claim);
        }

        foreach (var jobId in transaction.Events.Select(row => row.Entry.SubjectId).Distinct().Where(tables.Jobs.ContainsKey))
        {
            AddsUp(tables.Jobs[jobId]);
        }

        foreach (var task in transaction.Jobs?.Tasks ?? [])
        {
            AddsUp(tables.Tasks[task.TaskId]);
        }
    }

    /// <summary>A process began.</summary>
    internal void Spawned(SimulatedProcess process)
    {
        Demand(!cluster.Hosts.Any(host => host.History.ContainsKey(process.Key)), "attempt number", $"attempt {process} is begun a second time");
        var row = Row(process.Key);
        Demand(row is not null && row.Attempt >= process.Key.Number, "durable", $"attempt {process} is begun and nobody has it on record");
        var other = cluster.Hosts.SelectMany(host => host.Running).FirstOrDefault(other =>
            (other.Key.TaskId, other.Key.Index) == (process.Key.TaskId, process.Key.Index) && IsEntitled(other) && IsEntitled(process));
        Demand(other is null, "one live attempt", $"attempt {process} is begun on {process.NodeId} while {other} runs on {other?.NodeId}");
    }

    /// <summary>An agent heard that its report is on record.</summary>
    internal void Acknowledged(JoinResponse node, IReadOnlyList<ReportItem> batch, ReportResponse response)
    {
        foreach (var key in batch.Where(item => item.Result is not null).Select(item => item.Attempt.Key))
        {
            var row = Row(key);
            var isOpen = row is not null && row.Attempt == key.Number && RunStates.IsHeldByNode(row.State) && row.NodeId == node.NodeId && row.NodeEpoch == node.Epoch;
            Demand(!isOpen, "durable", $"the end of {key} was acknowledged and is not on record");
        }
    }

    /// <summary>A client heard that its job is on record.</summary>
    internal void Submitted(string name, string jobId) =>
        Demand(cluster.Tables.Jobs.TryGetValue(jobId, out var job) && job.Name == name, "durable", $"{name} was acknowledged as {jobId} and is not on record");

    /// <summary>A client heard that the end of its job is on record.</summary>
    internal void Terminated(string jobId) =>
        Demand(
            cluster.Tables.Jobs[jobId].Record is { TerminateRequestedAt: not null } or { State: RunState.Succeed or RunState.Failed },
            "durable",
            $"the end of {jobId} was acknowledged and is not on record");

    /// <summary>A client heard that the end of a task, or of one instance, is on record.</summary>
    internal void PartTerminated(long taskId, int? index)
    {
        var task = cluster.Tables.Tasks[taskId];
        var isToEnd = task.Record.Closed || RunStates.IsFinal(task.Record.State);
        if (index is { } one)
        {
            isToEnd |= task.Instances[one] is { } row ? row.TerminateReason is not null || RunStates.IsFinal(row.State) : task.Record.Skipped.Contains(one);
        }

        Demand(isToEnd, "durable", $"the end of {taskId}.{index} was acknowledged and is not on record");
    }

    private static void Demand(bool holds, string check, [InterpolatedStringHandlerArgument(nameof(holds))] Detail detail)
    {
        if (!holds)
        {
            throw new Violation(check, detail.ToString());
        }
    }

    private static bool IsLegal<TState, TEvent>(Lifecycle<TState, TEvent> table, string from, string to)
        where TState : struct, Enum
        where TEvent : struct, Enum =>
        table.Transitions.Any(pair => WireName.Of(pair.Key.From) == from && WireName.Of(pair.Value) == to);

    private InstanceRecord? Row(AttemptKey key) => cluster.Tables.Tasks.GetValueOrDefault(key.TaskId)?.Instances[key.Index];

    private bool IsEntitled(SimulatedProcess process) =>
        cluster.Tables.Nodes[process.NodeId] is var node && node.Epoch == process.Epoch && NodeLifecycle.HoldsInstances(node.State);

    /// <summary>Sequences have no gap, states follow the tables, what agents say counts only in their epoch, and success is what the process says it is.</summary>
    private void Journalled(JournalEntry entry, Tables tables)
    {
        var last = _sequences.GetValueOrDefault(entry.SubjectId);
        Demand(entry.Sequence == last + 1, "gapless", $"event {entry.Sequence} of {entry.SubjectId} follows {last}");
        _sequences[entry.SubjectId] = last + entry.Span;
        for (var offset = 0; offset < entry.Span; offset++)
        {
            Walked(entry, offset);
            if (entry.Notify != 0)
            {
                Asked.Add((entry.SubjectId, entry.Sequence + offset));
            }
        }

        if (entry is { Level: EventLevel.TaskInstance, Source: JournalSource.Agent })
        {
            for (var offset = 0; offset < entry.Span; offset++)
            {
                SaidByItsHolder(entry, entry.InstanceIndex!.Value + offset, tables.Jobs[entry.SubjectId].Tasks[entry.TaskNo!.Value], tables);
            }
        }
    }

    private void Walked(JournalEntry entry, int offset)
    {
        if (EventCatalogue.Of(entry.Level, entry.State) is { IsOfState: false })
        {
            return;
        }

        var key = (entry.SubjectId, entry.Level, entry.Level == EventLevel.ComputeNode ? entry.NodeId : entry.TaskNo?.ToString(), entry.InstanceIndex + offset);
        var to = entry.State;
        if (_states.TryGetValue(key, out var from))
        {
            var isFinal = from is "SUCCEED" or "FAILED" or "DELETED";
            Demand(IsLegalStep(entry.Level, from, to), isFinal ? "one ending" : "legal steps", $"{entry.Level} {key} goes from {from} to {to}");
        }

        _states[key] = to;
    }

    private static bool IsLegalStep(EventLevel level, string from, string to) => level switch
    {
        EventLevel.Job => IsLegal(JobLifecycle.Table, from, to),
        EventLevel.Task => IsLegal(TaskLifecycle.Table, from, to),

        // STARTING is not journalled: the next entry follows it.
        EventLevel.TaskInstance => IsLegal(InstanceLifecycle.Table, from, to) || (from == "RUNNABLE" && IsLegal(InstanceLifecycle.Table, "STARTING", to)),
        EventLevel.ComputeEnv => IsLegal(EnvironmentLifecycle.Table, from, to),
        EventLevel.ComputeNode => IsLegal(NodeLifecycle.Table, from, to),
        EventLevel.Subscription => throw new ArgumentOutOfRangeException(nameof(level), level, "No job has a subscription."),
    };

    private void SaidByItsHolder(JournalEntry entry, int index, TaskRow task, Tables tables)
    {
        var row = task.Instances[index]!;
        if (row.NodeId == entry.NodeId && row.Attempt == entry.Attempt)
        {
            var node = tables.Nodes[row.NodeId];
            Demand(node.Epoch == row.NodeEpoch, "fencing", $"{row.NodeId} in epoch {node.Epoch} has changed attempt {row.TaskId}.{row.Index}.{row.Attempt} of epoch {row.NodeEpoch}");
        }

        if (entry.State == "SUCCEED" && task.Run.Builtin is null)
        {
            var key = new AttemptKey(task.Record.TaskId, index, entry.Attempt!.Value);
            var process = cluster.Hosts.Select(host => host.History.GetValueOrDefault(key)).FirstOrDefault(process => process is not null);
            Demand(process?.Exit?.ExitCode == 0 && process.NodeId == entry.NodeId, "truth", $"attempt {key} succeeded on {entry.NodeId}, says the journal; its process: {process?.Exit?.ToString() ?? "none"} on {process?.NodeId}");
        }
    }

    private void Fenced(NodeRecord node)
    {
        var before = _epochs.GetValueOrDefault(node.NodeId);
        Demand(node.Epoch >= before, "fencing", $"epoch of {node.NodeId} falls from {before} to {node.Epoch}");
        Demand(node.State != NodeState.Abnormal || !node.IsDirty || node.Epoch > before, "fencing", $"{node.NodeId} was given up in epoch {before}, which goes on");
        _epochs[node.NodeId] = node.Epoch;
    }

    private void Claimed(NewClaim claim)
    {
        foreach (var range in claim.Attempts)
        {
            for (var index = range.FirstIndex; index < range.FirstIndex + range.Count; index++)
            {
                var before = _attempts.GetValueOrDefault((claim.TaskId, index));
                Demand(range.Attempt == before + 1, "attempt number", $"{claim.TaskId}.{index} is claimed as attempt {range.Attempt} after {before}");
                _attempts[(claim.TaskId, index)] = range.Attempt;
            }
        }
    }

    /// <summary>The rows of a job say what its journal says, and its state follows from its tasks.</summary>
    private void AddsUp(JobRow job)
    {
        var record = job.Record;
        Demand(record.LastSequence == _sequences[record.JobId], "gapless", $"{record.JobId} counts {record.LastSequence} events, its journal {_sequences[record.JobId]}");
        Demand(_states[(record.JobId, EventLevel.Job, null, null)] == WireName.Of(record.State), "event of each step", $"{record.JobId} is {record.State} without an event");
        Demand(
            RunStates.IsFinal(record.State) == job.Tasks.All(task => RunStates.IsFinal(task.Record.State)),
            "ends with its tasks",
            $"{record.JobId} is {record.State}, its tasks are {string.Join(' ', job.Tasks.Select(task => task.Record.State))}");
    }

    private void AddsUp(TaskRow task)
    {
        var record = task.Record;
        var rows = task.Instances.OfType<InstanceRecord>().ToList();
        int In(RunState state) => rows.Count(row => row.State == state);
        var isRight = rows.Count + record.Ready.Count + record.Waiting.Count + record.Skipped.Count == record.NextIndex
            && In(RunState.Starting) == record.StartingCount
            && In(RunState.Running) == record.RunningCount
            && In(RunState.Succeed) == record.SucceedCount
            && In(RunState.FailedInterrupted) == record.InterruptedCount
            && In(RunState.Failed) + record.Skipped.Count == record.FailedCount
            && In(RunState.Runnable) == record.Requeued.Count + record.Delayed.Count
            && record.Delayed.Ranges.All(range => Enumerable.Range(range.First, range.Count).All(index => cluster.Tables.Delays.ContainsKey((record.TaskId, index))));
        Demand(isRight, "counters equal rows", $"task {record.TaskId}: {record.NextIndex} of {record.InstanceCount} claimed, starting {record.StartingCount}, running {record.RunningCount}, succeed {record.SucceedCount}, failed {record.FailedCount}, interrupted {record.InterruptedCount}, requeued {record.Requeued.Count}; rows: {string.Join(' ', rows.Select(row => $"{row.Index}:{row.State}"))}");
        Demand(RunStates.IsFinal(record.State) == (record.FinishedCount == record.InstanceCount), "ends with its instances", $"task {record.TaskId} is {record.State} with {record.FinishedCount} of {record.InstanceCount} ended");
        Demand(
            _states.GetValueOrDefault((task.Job.Record.JobId, EventLevel.Task, record.TaskNo.ToString(), null)) == WireName.Of(record.State),
            "event of each step",
            $"task {record.TaskId} is {record.State} without an event");
        foreach (var row in rows.Where(row => RunStates.IsFinal(row.State)))
        {
            Demand(
                _states.GetValueOrDefault((task.Job.Record.JobId, EventLevel.TaskInstance, record.TaskNo.ToString(), row.Index)) == WireName.Of(row.State),
                "event of each step",
                $"instance {row.TaskId}.{row.Index} is {row.State} without an event");
        }
    }
}
