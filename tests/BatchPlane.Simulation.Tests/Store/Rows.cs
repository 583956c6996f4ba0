using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;

namespace BatchPlane.Simulation.Tests.Store;

/// <summary>A stored job with its tasks.</summary>
internal sealed class JobRow(NewJob job, JobRecord record)
{
    /// <summary>Name in the document: one for each wish of a client.</summary>
    internal string Name { get; } = job.Document.JobName;

    internal JobRecord Record { get; set; } = record;

    internal TaskRow[] Tasks { get; set; } = [];
}

/// <summary>A stored task with the instances that were claimed.</summary>
internal sealed class TaskRow(JobRow job, NewTask task, TaskRecord record, RunSpec run, int priority)
{
    internal JobRow Job => job;

    internal TaskRecord Record { get; set; } = record;

    internal string EnvId { get; } = task.Record.EnvId;

    internal RunSpec Run => run;

    internal int Priority => priority;

    internal InstanceRecord?[] Instances { get; } = new InstanceRecord?[record.InstanceCount];
}

/// <summary>A stored claim.</summary>
internal sealed record ClaimRow(NewClaim Claim, DateTimeOffset ClaimedAt)
{
    internal IEnumerable<int> Indexes => Claim.Attempts.SelectMany(range => Enumerable.Range(range.FirstIndex, range.Count));
}

/// <summary>A row of the journal.</summary>
internal sealed record EventRow(ulong OrderTxid, long EventNo, JournalEntry Entry);

/// <summary>A dispatcher shard and its lease.</summary>
internal sealed class ShardRow
{
    internal string? Holder { get; set; }

    internal long Epoch { get; set; }

    internal DateTimeOffset LeaseUntil { get; set; }

    internal OutboxPosition Cursor { get; set; }
}

/// <summary>Everything that is committed.</summary>
internal sealed class Tables
{
    internal EnvironmentRecord Environment { get; set; } = null!;

    internal Dictionary<string, NodeRecord> Nodes { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, JobRow> Jobs { get; } = new(StringComparer.Ordinal);

    internal Dictionary<long, TaskRow> Tasks { get; } = [];

    /// <summary>Until when instances wait for another attempt.</summary>
    internal Dictionary<(long TaskId, int Index), InstanceDelay> Delays { get; } = [];

    internal SortedDictionary<long, ClaimRow> Claims { get; } = [];

    internal Dictionary<(string Scope, string Key), (byte[] BodyHash, string JobId)> Keys { get; } = [];

    /// <summary>Of each shard, in the order of delivery, what somebody asked for.</summary>
    internal List<EventRow>[] Outbox { get; } = [.. Enumerable.Range(0, DispatcherShard.Count).Select(_ => new List<EventRow>())];

    internal ShardRow[] Shards { get; } = [.. Enumerable.Range(0, DispatcherShard.Count).Select(_ => new ShardRow())];

    /// <summary>When each living dispatcher was last heard of.</summary>
    internal Dictionary<string, DateTimeOffset> Dispatchers { get; } = new(StringComparer.Ordinal);
}
