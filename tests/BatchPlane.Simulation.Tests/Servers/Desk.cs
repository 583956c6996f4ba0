using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>Where agents wait for work at one server, after <see cref="ClaimDesk"/>: the policy that places instances is the real one.</summary>
internal sealed class Desk(Cluster cluster, Life life, Writer writer)
{
    private readonly Dictionary<string, Visitor> _visitors = new(StringComparer.Ordinal);
    private JobTurn? _turn;
    private bool _isPassDue;

    /// <summary>Waits for instances; <paramref name="left"/> is called once, at last after <paramref name="limit"/>.</summary>
    internal void Visit(WaitingNode node, int limit, Action<ClaimOutcome> left)
    {
        if (_visitors.TryGetValue(node.NodeId, out var earlier))
        {
            // A node waits once: the earlier visit ends first.
            earlier.Next = () => Visit(node, limit, left);
            Leave(earlier);
            return;
        }

        var visitor = new Visitor(node, left);
        _visitors.Add(node.NodeId, visitor);
        cluster.World.After(limit, life, $"{node.NodeId} waited long enough", () => Leave(visitor));
        PassSoon();
    }

    /// <summary>Sends a node away, unless a claim for it is under way.</summary>
    internal void SendAway(string nodeId)
    {
        if (_visitors.TryGetValue(nodeId, out var visitor))
        {
            Leave(visitor);
        }
    }

    /// <summary>Nodes that wait.</summary>
    internal IReadOnlyList<string> Waiting => [.. _visitors.Keys];

    /// <summary>Looks for work soon; called when there may be some, and now and then.</summary>
    internal void PassSoon()
    {
        if (!_isPassDue && _visitors.Count > 0)
        {
            _isPassDue = true;
            cluster.World.After(cluster.World.Between(0, 5), life, World.Quietly, Pass);
        }
    }

    private void Pass()
    {
        _isPassDue = false;
        var tasks = Claimable();
        if (tasks.Count == 0)
        {
            return;
        }

        var visitors = _visitors.Values.Where(visitor => !visitor.IsClaiming).ToDictionary(visitor => visitor.Node);
        var plan = PlacementPolicy.Place(new(tasks, ResumeAt: null), [.. visitors.Keys], _turn);
        _turn = plan.Turn;
        var placements = plan.Placements.ToLookup(placement => placement.Node);
        foreach (var (node, visitor) in visitors)
        {
            if (placements[node].Any())
            {
                Claim(visitor, [.. placements[node].Select(placement => new TaskClaim(placement.Task.JobId, placement.Task.TaskId, placement.Count))]);
            }
        }
    }

    private List<ClaimableTask> Claimable() =>
    [
        .. cluster.Tables.Tasks.Values.Where(task => JobAggregate.IsClaimable(task.Record))
            .OrderByDescending(task => task.Priority).ThenBy(task => task.Record.TaskId)
            .Select(task => new ClaimableTask(task.Job.Record.JobId, task.Record.TaskId, task.Priority, JobAggregate.ClaimableCount(task.Record))
            {
                JobNo = task.Job.Tasks[0].Record.TaskId,
                Held = task.Record.StartingCount + task.Record.RunningCount,
            }),
    ];

    private void Claim(Visitor visitor, IReadOnlyList<TaskClaim> tasks)
    {
        visitor.IsClaiming = true;
        writer.Write(new ClaimRequest(visitor.Node.NodeId, visitor.Node.Epoch, tasks), outcome =>
        {
            visitor.IsClaiming = false;
            if (outcome is { Fenced: true } or { Claims.Count: > 0 } || visitor.IsLeaving)
            {
                End(visitor, outcome ?? new([], Fenced: false));
            }
            else
            {
                PassSoon();
            }
        });
    }

    private void Leave(Visitor visitor)
    {
        visitor.IsLeaving = true;
        if (!visitor.IsClaiming)
        {
            End(visitor, new([], Fenced: false));
        }
    }

    private void End(Visitor visitor, ClaimOutcome outcome)
    {
        if (_visitors.GetValueOrDefault(visitor.Node.NodeId) == visitor)
        {
            _visitors.Remove(visitor.Node.NodeId);
            visitor.Left(outcome);
            visitor.Next?.Invoke();
        }
    }

    private sealed class Visitor(WaitingNode node, Action<ClaimOutcome> left)
    {
        internal WaitingNode Node => node;

        internal Action<ClaimOutcome> Left => left;

        internal Action? Next { get; set; }

        internal bool IsClaiming { get; set; }

        internal bool IsLeaving { get; set; }
    }
}
