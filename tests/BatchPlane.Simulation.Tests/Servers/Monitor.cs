using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Loops;
using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Store;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>Gives up nodes whose lease ran out, takes from them what they held, does what is due, and forgets claims that hold nothing: after the loops of the server.</summary>
internal sealed class Monitor(Cluster cluster, SimulatedServer server)
{
    private long _since;
    private bool _isLooking;

    internal void Start()
    {
        _since = cluster.World.Clock.Milliseconds;
        server.Every((int)(cluster.Nodes.MonitorSeconds * 1_000), World.Quietly, GiveUpExpired);
        server.Every((int)(cluster.Nodes.OrphanSeconds * 1_000), World.Quietly, TakeOrphans);
        server.Every((int)(cluster.Scheduling.DuePollSeconds * 1_000), World.Quietly, DoWhatIsDue);
        server.Every((int)(cluster.Scheduling.PruneSeconds * 1_000), World.Quietly, Prune);
    }

    /// <summary>Lets instances be tried again whose wait is over, and ends what is out of time; after <see cref="Timekeeper"/>.</summary>
    private void DoWhatIsDue()
    {
        var (tables, now) = (cluster.Tables, cluster.Database.Now);
        var due = tables.Delays.Values.Where(delay => delay.DueAt <= now).ToLookup(delay => delay.JobId, delay => (delay.TaskId, delay.Index));
        var late = tables.Jobs.Values.Where(job => job.Record.ExpiresAt <= now || job.Tasks.Any(task => task.Record.ExpiresAt <= now)).Select(job => job.Record.JobId);
        foreach (var jobId in due.Select(waits => waits.Key).Concat(late).Distinct().ToList())
        {
            server.Writer.Write(new DueRequest(jobId, [.. due[jobId]]), _ => { });
        }
    }

    /// <summary>A node was lost or left: what it held is looked for now.</summary>
    internal void LookSoon() => cluster.World.After(1, server.Life, "looks for orphans soon", TakeOrphans);

    /// <summary>Attempts of a claim that are held under its node's epoch.</summary>
    internal IEnumerable<InstanceRecord> HeldBy(ClaimRow claim) => claim.Indexes
        .Select(index => cluster.Tables.Tasks[claim.Claim.TaskId].Instances[index])
        .OfType<InstanceRecord>()
        .Where(row => RunStates.IsHeldByNode(row.State) && row.NodeId == claim.Claim.NodeId && row.NodeEpoch == claim.Claim.NodeEpoch);

    private void GiveUpExpired()
    {
        var now = cluster.Database.Now;
        var expired = cluster.Tables.Nodes.Values
            .Where(node => node.LeaseUntil < now && node.State is NodeState.Running or NodeState.Deleting)
            .Select(node => node.NodeId)
            .ToHashSet();
        var isBlind = cluster.World.Clock.Milliseconds - _since < cluster.Nodes.LeaseSeconds * 1_000;
        if (expired.Count == 0 || isBlind || _isLooking)
        {
            return;
        }

        _isLooking = true;
        server.ChangeEnvironment(
            environment =>
            {
                var given = NodeMonitor.GiveUp(environment, expired);
                cluster.Seams.GivenUp(environment, given);
                return given;
            },
            given =>
            {
                _isLooking = false;
                if (given is { Count: > 0 } && !cluster.DiesHere(server.Life, "before it takes the orphans"))
                {
                    cluster.World.After(cluster.Dials.Pause(cluster.World, 1), server.Life, "takes what lost nodes held", TakeOrphans);
                }
            });
    }

    private void TakeOrphans()
    {
        var orphans =
            from claim in cluster.Tables.Claims.Values
            let node = cluster.Tables.Nodes[claim.Claim.NodeId]
            where node.Epoch != claim.Claim.NodeEpoch || node.State is not (NodeState.Running or NodeState.Deleting)
            from row in HeldBy(claim)
            group (row.TaskId, row.Index) by (claim.Claim.JobId, claim.Claim.NodeId, claim.Claim.NodeEpoch, HasLeft: node.LeftEpoch == claim.Claim.NodeEpoch);
        foreach (var group in orphans.ToList())
        {
            var (jobId, nodeId, epoch, hasLeft) = group.Key;
            server.Writer.Write(
                new LoseAttempts(jobId, nodeId, epoch, [.. group], $"node {nodeId} {(hasLeft ? "left" : "was lost")}") { Cause = hasLeft ? Cause.NodeDrained : Cause.NodeLost }, _ => { });
        }
    }

    private void Prune()
    {
        var before = cluster.Database.Now.AddSeconds(-cluster.Scheduling.PruneSeconds);
        foreach (var claim in cluster.Tables.Claims.Values.Where(claim => claim.ClaimedAt < before && !HeldBy(claim).Any()).ToList())
        {
            cluster.Tables.Claims.Remove(claim.Claim.ClaimId);
        }
    }
}
