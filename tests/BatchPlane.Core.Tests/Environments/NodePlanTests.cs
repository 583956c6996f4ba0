using BatchPlane.Contracts;
using BatchPlane.Core.Environments;

namespace BatchPlane.Core.Tests.Environments;

public sealed class NodePlanTests
{
    [Fact]
    public void DesiredNodes_AreMadeAndJoin()
    {
        var pool = Running(desired: 3);

        Assert.Equal(3, pool.Count(NodeState.Running));
        Assert.Empty(pool.Pass().ToStart);
        Assert.All(pool.Activities, activity => Assert.Equal((ActivityType.CreateComputeNode, ActivityState.Succeed), (activity.Type, activity.State)));
    }

    [Fact]
    public void FewerDesired_IdleNodesGoFirstAndBusyOnesOnlyDrain()
    {
        var pool = Running(desired: 3);
        pool.BeatAll(2);
        var idle = pool.Nodes[1].NodeId;
        pool.Beat(idle, 0);

        pool.Change(environment => environment.Change(new() { DesiredComputeNodeCount = 2 }));
        var first = pool.Pass();
        pool.Change(environment => environment.Change(new() { DesiredComputeNodeCount = 1 }));
        var second = pool.Pass();

        Assert.Equal(NodeState.Deleting, pool.Nodes.Single(node => node.NodeId == idle).State);
        Assert.Equal((2, 1), (pool.Count(NodeState.Deleting), pool.Count(NodeState.Running)));
        // Those that go have a lease: nobody ends what they run.
        Assert.Empty(first.ToStop.Concat(second.ToStop));
    }

    [Fact]
    public void LookThatSawNothing_ChangesNothing()
    {
        var pool = Running(desired: 2);

        var plan = pool.Pass(isBlind: true);

        Assert.Empty(plan.ToStart.Select(node => node.NodeId).Concat(plan.ToStop).Concat(plan.ToForget));
        Assert.Equal(2, pool.Count(NodeState.Running));
    }

    [Fact]
    public void RunningNodeWithoutMachine_IsStartedAgainUnderItsEpoch()
    {
        var pool = Running(desired: 1);
        var (node, epoch) = (pool.Nodes[0].NodeId, pool.Nodes[0].Epoch);
        pool.Crash(node);

        var plan = pool.Pass();

        Assert.Equal([node], plan.ToStart.Select(started => started.NodeId));
        Assert.False(plan.Lost);
        Assert.Equal((NodeState.Running, epoch), (pool.Nodes[0].State, pool.Nodes[0].Epoch));
    }

    [Theory]
    [InlineData(InactiveNodeAction.Recreate, true)]
    [InlineData(InactiveNodeAction.None, false)]
    public void LostNodeThatDoesNotComeBack_IsReplacedOnlyWhenWished(InactiveNodeAction action, bool isReplaced)
    {
        var pool = Running(desired: 1, action: action);
        var node = pool.Nodes[0].NodeId;
        pool.Change(environment => environment.Lose(environment.Find(node)!, "no sign of life"));

        pool.Wait(Pool.Rules.ReturnTime.TotalSeconds - 1);
        pool.Pass();
        Assert.Equal(NodeState.Abnormal, Assert.Single(pool.Nodes).State);
        pool.Wait(2);
        var plan = pool.Pass();

        Assert.Equal(isReplaced, pool.Nodes.Any(other => other.NodeId != node));
        Assert.DoesNotContain(node, plan.ToStart.Select(started => started.NodeId));
    }

    [Fact]
    public void MoreFailuresThanAllowed_NothingIsMadeUntilAUserChangesTheEnvironment()
    {
        var pool = new Pool(desired: 1, retries: 2);
        for (var pass = 0; pass < 20; pass++)
        {
            pool.Pass(starts: false);
            pool.Wait(20);
        }

        Assert.Equal(3, pool.Activities.Count(activity => activity is { Type: ActivityType.CreateComputeNode, State: ActivityState.Failed, Reason: "no room" }));
        Assert.Equal(NodeState.CreationFailed, Assert.Single(pool.Nodes).State);
        Assert.Contains("resource_max_retry_count", pool.Environment.Reason, StringComparison.Ordinal);

        pool.Change(environment => environment.Change(new() { ResourceMaxRetryCount = 1 }));
        pool.Wait(20);
        pool.Pass();
        pool.Join();
        pool.Pass();

        Assert.Equal(1, pool.Count(NodeState.Running));
        Assert.Equal((null, 0), (pool.Environment.Reason, pool.Environment.FailedCreations));
    }

    [Fact]
    public void TerminatedNode_IsNotReplaced()
    {
        var pool = Running(desired: 3);
        var node = pool.Nodes[0].NodeId;

        pool.Change(environment => environment.Terminate([environment.Find(node)!], "user:test"));
        pool.Pass();
        // Again, while it is going: it counts once.
        pool.Change(environment => environment.Terminate([environment.Find(node)!], "user:test"));
        pool.Leave();
        pool.Pass();

        Assert.Equal((2, 2), (pool.Environment.DesiredNodeCount, pool.Count(NodeState.Running)));
        Assert.Equal(ActivityState.Succeed, Assert.Single(pool.Activities, activity => activity.Type == ActivityType.TerminateComputeNode).State);
    }

    [Fact]
    public void Backlog_RaisesTheNumberToWhatItNeedsAndNotAboveTheMaximum()
    {
        var pool = new Pool(desired: 0, min: 0, max: 3);

        pool.Pass(backlog: 5);
        Assert.Equal(2, pool.Nodes.Count);
        pool.Pass(backlog: 5);
        Assert.Equal(2, pool.Nodes.Count);
        pool.Pass(backlog: 1_000_000);

        Assert.Equal((3, 0), (pool.Nodes.Count, pool.Environment.DesiredNodeCount));
        Assert.Equal(["Scaling: desired compute nodes raised from 0 to 2, instances waiting: 5", "Scaling: desired compute nodes raised from 2 to 3, instances waiting: 1000000"],
            pool.Activities.Where(activity => activity.Type == ActivityType.ScaleComputeEnv).Select(activity => activity.Cause));
    }

    [Theory]
    [InlineData(2, 4_000, 0, 1, 4_000, 0, 1, 3)] // All processors are held, slots are free.
    [InlineData(2, 0, 8_192, 1, 0, 1, 1, 3)] // All memory.
    [InlineData(2, 0, 0, 3, 0, 0, 1, 3)] // Half of the slots of each are free, an instance needs more than one half.
    [InlineData(2, 0, 0, 2, 0, 0, 2, 2)] // What waits goes into what is free.
    [InlineData(2, 0, 0, 1, 0, 0, 5, 3)] // Four of them do.
    public void NodesThatHoldSomething_CountWholeAndGiveWhatIsFree(int busySlots, int heldCpu, int heldMemory, int slots, int cpu, int memory, int waiting, int expected)
    {
        NodeRecord Running(string id) => new()
        {
            NodeId = id,
            EnvId = "env-00000001",
            InstanceId = "ins-" + id,
            IsAttached = false,
            State = NodeState.Running,
            CreatedAt = DateTimeOffset.UnixEpoch,
            StateSince = DateTimeOffset.UnixEpoch,
            Slots = 4,
            Cpu = 4,
            MemoryMib = 8_192,
            BusySlots = busySlots,
            PromisedCpuMillis = heldCpu,
            PromisedMemoryMib = heldMemory,
        };
        var environment = new EnvironmentAggregate(
            new() { EnvId = "env-00000001", EnvName = "e", Provider = NodeProvider.Local, DesiredNodeCount = 2, MaxNodeCount = 5, State = EnvironmentState.Created },
            [Running("node-1"), Running("node-2")],
            DateTimeOffset.UnixEpoch);

        EnvironmentScaling.Follow(environment, [new(new(slots, cpu, memory), waiting)], new(4, 4_000, 8_192));

        Assert.Equal(expected, environment.Environment.TargetNodeCount);
    }

    [Fact]
    public void BacklogThatFitsOnNoNode_RaisesNothing()
    {
        var environment = new EnvironmentAggregate(new() { EnvId = "env-00000001", EnvName = "e", Provider = NodeProvider.Local, DesiredNodeCount = 0, MaxNodeCount = 5, State = EnvironmentState.Created }, [], DateTimeOffset.UnixEpoch);

        EnvironmentScaling.Follow(environment, [new(new(5, 0, 0), 10), new(new(1, 4_001, 0), 10), new(new(1, 0, 8_193), 10)], new(4, 4_000, 8_192));
        Assert.Equal(0, environment.Environment.TargetNodeCount);
        EnvironmentScaling.Follow(environment, [new(new(1, 2_000, 0), 5)], new(4, 4_000, 8_192));

        Assert.Equal(3, environment.Environment.TargetNodeCount);
    }

    [Fact]
    public void NodesWithNothingToDo_GoAfterTheIdleTimeAndNotBefore()
    {
        var pool = new Pool(desired: 3, min: 1, max: 3);
        pool.Pass();
        pool.Join();
        pool.BeatAll(1);
        pool.Wait(Pool.IdleSeconds * 2);
        pool.Pass();
        Assert.Equal(3, pool.Count(NodeState.Running));

        pool.BeatAll(0);
        pool.Wait(Pool.IdleSeconds - 1);
        pool.Pass();
        Assert.Equal(3, pool.Count(NodeState.Running));
        pool.Wait(1);
        pool.Pass();

        Assert.Equal((1, 2, 3), (pool.Count(NodeState.Running), pool.Count(NodeState.Deleting), pool.Environment.DesiredNodeCount));
    }

    [Fact]
    public void WishOfAUser_CountsAtOnceWhateverTheWorkAskedFor()
    {
        var pool = new Pool(desired: 0, max: 5);
        pool.Pass(backlog: 8);
        Assert.Equal(2, pool.Environment.TargetNodeCount);

        pool.Change(environment => environment.Change(new() { DesiredComputeNodeCount = 4 }));

        Assert.Equal(4, pool.Environment.TargetNodeCount);
        pool.Change(environment => environment.Change(new() { RemovesMaximum = true, DesiredComputeNodeCount = 1 }));
        pool.Pass(backlog: 100);
        Assert.Equal(1, pool.Environment.TargetNodeCount);
    }

    /// <summary>Whatever comes: the number stays within its bounds, nothing busy is ended, and once all is calm everything is as wished and stays so.</summary>
    [Fact]
    public void AnyHistory_KeepsTheBoundsAndComesToRest()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var chance = new Random(seed);
            var pool = new Pool(desired: 2, min: 1, max: 6, retries: 100);
            for (var step = 0; step < 40; step++)
            {
                Happen(pool, chance);
                Assert.True(pool.Environment.TargetNodeCount is >= 1 and <= 6, $"seed {seed}: {pool.Environment.TargetNodeCount} nodes");
            }

            for (var calm = 0; calm < 60; calm++)
            {
                pool.Pass();
                pool.Join();
                pool.Leave();
                pool.BeatAll(0);
                pool.Wait(Pool.IdleSeconds / 4.0);
            }

            Assert.True(pool.Count(NodeState.Running) == 1 && pool.Nodes.Count == 1, $"seed {seed}: {string.Join(", ", pool.Nodes.Select(node => node.State))}");
            var scalings = pool.Activities.Count(activity => activity.Type == ActivityType.ScaleComputeEnv);
            pool.Pass();
            Assert.Equal(scalings, pool.Activities.Count(activity => activity.Type == ActivityType.ScaleComputeEnv));
            // The node that is left is the only one whose story has not ended, and that of its creation has.
            Assert.DoesNotContain(pool.Activities, activity => activity.EndedAt is null);
        }
    }

    private static void Happen(Pool pool, Random chance)
    {
        var running = pool.Nodes.Where(node => node.State == NodeState.Running).ToList();
        switch (chance.Next(7))
        {
            case 0 when running.Count > 0:
                pool.Crash(running[chance.Next(running.Count)].NodeId);
                break;
            case 1 when running.Count > 0:
                var lost = running[chance.Next(running.Count)].NodeId;
                pool.Change(environment => environment.Lose(environment.Find(lost)!, "no sign of life"));
                break;
            case 2:
                pool.BeatAll(chance.Next(5));
                break;
            case 3:
                pool.Leave();
                break;
            case 4:
                pool.Join();
                break;
            default:
                var plan = pool.Pass(backlog: chance.Next(3) == 0 ? chance.Next(30) : 0, starts: chance.Next(4) > 0, isBlind: chance.Next(5) == 0);
                Assert.DoesNotContain(plan.ToStop, nodeId => running.Any(node => node.NodeId == nodeId && node.State == NodeState.Running));
                break;
        }

        pool.Wait(chance.Next(30));
    }

    private static Pool Running(int desired, InactiveNodeAction action = InactiveNodeAction.Recreate)
    {
        var pool = new Pool(desired, action: action);
        pool.Pass();
        pool.Join();
        pool.Pass();
        return pool;
    }
}
