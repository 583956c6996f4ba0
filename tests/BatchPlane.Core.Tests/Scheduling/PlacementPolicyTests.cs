using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Core.Tests.Scheduling;

public sealed class PlacementPolicyTests
{
    private static readonly WaitingNode Small = new("node-a", 1, 4);
    private static readonly WaitingNode Large = new("node-b", 1, 12);

    [Fact]
    public void HugeTaskBesideSmallOne_DoesNotStarveIt()
    {
        var huge = new ClaimableTask("job-1", 1, 0, 1_000_000);
        var small = new ClaimableTask("job-2", 2, 0, 3);

        var placements = Place([huge, small], [Large]);

        Assert.Equal(3, placements.Where(placement => placement.Task == small).Sum(placement => placement.Count));
        Assert.Equal(9, placements.Where(placement => placement.Task == huge).Sum(placement => placement.Count));
    }

    [Fact]
    public void JobOfManyTasks_GetsNoMoreThanAJobOfOne()
    {
        var many = Enumerable.Range(1, 50).Select(n => new ClaimableTask("job-1", n, 0, 100) { JobNo = 1 }).ToList();
        var one = new ClaimableTask("job-2", 51, 0, 100);

        var placements = Place([.. many, one], [Large]);

        Assert.Equal(6, placements.Where(placement => placement.Task == one).Sum(placement => placement.Count));
        Assert.Equal(6, placements.Where(placement => placement.Task != one).Sum(placement => placement.Count));
    }

    [Fact]
    public void JobThatHoldsLess_CatchesUpFirst()
    {
        var long1 = new ClaimableTask("job-1", 1, 0, 1_000) { Held = 10 };
        var late = new ClaimableTask("job-2", 2, 0, 1_000) { Held = 1 };

        var placements = Place([long1, late], [Large]);

        Assert.Equal(10, placements.Where(placement => placement.Task == late).Sum(placement => placement.Count));
        Assert.Equal(2, placements.Where(placement => placement.Task == long1).Sum(placement => placement.Count));
    }

    [Fact]
    public void JobWhoseOtherTasksHoldSlots_IsNoBetterOffForThem()
    {
        // A job of many tasks of one instance: those that hold slots have nothing to claim and are not seen here.
        var many = Enumerable.Range(1, 20).Select(n => new ClaimableTask("job-1", n, 0, 1) { JobNo = 1, HeldByJob = 10 }).ToList();
        var one = new ClaimableTask("job-2", 51, 0, 1_000) { Held = 1, HeldByJob = 1 };

        var placements = Place([.. many, one], [Large]);

        Assert.Equal(10, placements.Where(placement => placement.Task == one).Sum(placement => placement.Count));
        Assert.Equal(2, placements.Where(placement => placement.Task != one).Sum(placement => placement.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OneSlotAtATime_EqualJobsTakeTurns(bool withWishes)
    {
        var tasks = Enumerable.Range(1, 3).Select(n => new ClaimableTask($"job-{n}", n, 0, 1_000_000) { Needs = withWishes && n == 2 ? new(1, 100, 0) : ResourceAmounts.OneSlot }).ToList();
        var node = new WaitingNode("node-a", 1, 1) { Size = new(1, 1_000, 0), FreeCpuMillis = 1_000 };
        var served = new List<string>();
        JobTurn? turn = null;
        for (var pass = 0; pass < 6; pass++)
        {
            // As instances that end at once: nobody holds anything in the next pass.
            var plan = PlacementPolicy.Place(new(tasks, null), [node], turn);
            served.Add(Assert.Single(plan.Placements).Task.JobId);
            turn = plan.Turn;
        }

        Assert.Equal(["job-1", "job-2", "job-3", "job-1", "job-2", "job-3"], served);
        Assert.Equal("job-1", Assert.Single(Place(tasks, [node])).Task.JobId);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(9)]
    public void MoreJobsThanAPassLooksAt_AllHaveTheirTurn(int slots)
    {
        const int Window = 4;
        var jobs = Enumerable.Range(1, 11).Select(n => new ClaimableTask($"job-{n}", n, 0, 1_000_000)).ToList();
        var served = new HashSet<long>();
        JobTurn? turn = null;
        for (var pass = 0; pass < 2 * jobs.Count; pass++)
        {
            // As the database answers: the first half of a window, and another half behind the turn.
            var behind = jobs.Where(job => job.JobNo > (turn?.JobNo ?? 0)).Take(Window / 2).ToList();
            var window = new ClaimWindow(
                [.. jobs.Take(Window / 2).Union(behind).OrderBy(job => job.JobNo)],
                behind.Count == Window / 2 ? new(0, behind[^1].JobNo) : null);
            var plan = PlacementPolicy.Place(window, [new("node-a", 1, slots)], turn);
            served.UnionWith(plan.Placements.Select(placement => placement.Task.JobNo));
            turn = plan.Turn;
        }

        Assert.Equal(jobs.Select(job => job.JobNo), served.Order());

        // The control: without turns only the first are ever seen.
        Assert.True(Place(jobs[..Window], [new("node-a", 1, slots)]).Max(placement => placement.Task.JobNo) <= Window);
    }

    [Fact]
    public void HigherPriority_GoesFirst()
    {
        var low = new ClaimableTask("job-1", 1, 0, 100);
        var high = new ClaimableTask("job-2", 2, 10, 100);

        Assert.All(Place([low, high], [Small, Large]), placement => Assert.Equal(high, placement.Task));
    }

    [Fact]
    public void FewInstances_SpreadOverTheNodes()
    {
        var task = new ClaimableTask("job-1", 1, 0, 4);

        var placements = Place([task], [Small, Large]);

        Assert.Equal([("node-a", 2), ("node-b", 2)], placements.Select(placement => (placement.Node.NodeId, placement.Count)).Order());
    }

    [Fact]
    public void InstanceWithWishes_GoesWhereTheLeastIsLeftOver()
    {
        var roomy = Machine("node-a", 8, freeCpu: 8_000, freeMemory: 16_000);
        var tight = Machine("node-b", 8, freeCpu: 2_000, freeMemory: 4_000);
        var large = new ClaimableTask("job-1", 1, 0, 1) { Needs = new(1, 8_000, 16_000) };
        var small = new ClaimableTask("job-2", 2, 0, 1) { Needs = new(1, 1_000, 2_000) };

        var placements = Place([small, large], [roomy, tight]);

        Assert.Equal([("job-1", "node-a"), ("job-2", "node-b")], placements.Select(placement => (placement.Task.JobId, placement.Node.NodeId)).Order());
    }

    [Fact]
    public void WishThatNoNodeCanEverMeet_HoldsNobodyUp()
    {
        var impossible = new ClaimableTask("job-1", 1, 100, 5) { Needs = new(1, 64_000, 0) };
        var modest = new ClaimableTask("job-2", 2, 0, 8) { Needs = new(1, 1_000, 0) };

        var placements = Place([impossible, modest], [Machine("node-a", 8, freeCpu: 8_000, freeMemory: 0)]);

        Assert.Equal(("job-2", 8), (Assert.Single(placements).Task.JobId, placements[0].Count));
    }

    [Fact]
    public void RoomForALargeInstance_IsNotTakenBySmallOnesOfLowerPriority()
    {
        var large = new ClaimableTask("job-1", 1, 10, 1) { Needs = new(1, 6_000, 0) };
        var small = new ClaimableTask("job-2", 2, 0, 100) { Needs = new(1, 1_000, 0) };
        var plain = new ClaimableTask("job-3", 3, 0, 100);

        var placements = Place([large, small, plain], [Machine("node-a", 8, freeCpu: 4_000, freeMemory: 0)]);

        Assert.Equal(("job-3", 7), (Assert.Single(placements).Task.JobId, placements[0].Count));

        // The control: without the large one they get it.
        Assert.Contains(Place([small], [Machine("node-a", 8, freeCpu: 4_000, freeMemory: 0)]), placement => placement.Task == small);
    }

    [Fact]
    public void InstanceOfManySlots_GoesOnlyToANodeThatHasThem()
    {
        var task = new ClaimableTask("job-1", 1, 0, 10) { Needs = new(6, 0, 0) };
        var holdsReady = new WaitingNode("node-a", 1, 8) { Size = new(4, 0, 0) };
        var wide = new WaitingNode("node-b", 1, 16) { Size = new(8, 0, 0) };

        var placement = Assert.Single(Place([task], [holdsReady, wide]));

        Assert.Equal(("node-b", 2), (placement.Node.NodeId, placement.Count));
    }

    [Fact]
    public void AnyInput_NeverOverfillsNodesNorTasksAndLeavesNoRoomUnused()
    {
        var random = new Random(2);
        for (var round = 0; round < 2_000; round++)
        {
            var tasks = Enumerable.Range(0, random.Next(0, 8)).Select(n => new ClaimableTask($"job-{n}", n, random.Next(0, 3), random.Next(1, 30)) { JobNo = n / 2, Held = random.Next(0, 4) }).ToList();
            var nodes = Enumerable.Range(0, random.Next(0, 5)).Select(n => new WaitingNode($"node-{n}", 1, random.Next(1, 20))).ToList();

            var placements = Place(tasks, nodes);

            Assert.All(placements.GroupBy(placement => placement.Node), group => Assert.True(group.Sum(placement => placement.Count) <= group.Key.Capacity));
            Assert.All(placements.GroupBy(placement => placement.Task), group => Assert.True(group.Sum(placement => placement.Count) <= group.Key.Claimable));
            Assert.Equal(Math.Min(tasks.Sum(task => task.Claimable), nodes.Sum(node => node.Capacity)), placements.Sum(placement => placement.Count));
        }
    }

    [Fact]
    public void AnyWishes_NeverPromiseMoreThanANodeHasFree()
    {
        var random = new Random(3);
        for (var round = 0; round < 2_000; round++)
        {
            var tasks = Enumerable.Range(0, random.Next(0, 8)).Select(n => new ClaimableTask($"job-{n}", n, random.Next(0, 3), random.Next(1, 30))
            {
                Needs = random.Next(2) == 0 ? ResourceAmounts.OneSlot : new(random.Next(1, 5), random.Next(0, 3) * 500, random.Next(0, 3) * 700),
                Held = random.Next(0, 3),
            }).ToList();
            var nodes = Enumerable.Range(0, random.Next(0, 5)).Select(n => new WaitingNode($"node-{n}", 1, random.Next(1, 20))
            {
                Size = new(random.Next(1, 10), 4_000, 4_000),
                FreeCpuMillis = random.Next(-1, 9) * 500,
                FreeMemoryMib = random.Next(-1, 9) * 500,
            }).ToList();

            var placements = Place(tasks, nodes);

            Assert.All(placements.GroupBy(placement => placement.Task), group => Assert.True(group.Sum(placement => placement.Count) <= group.Key.Claimable));
            Assert.All(placements, placement => Assert.True(placement.Task.Needs.FitsIn(placement.Node.Size)));
            Assert.All(placements.GroupBy(placement => placement.Node), group =>
            {
                Assert.True(group.Sum(placement => placement.Count * placement.Task.Needs.Slots) <= group.Key.Capacity);
                Assert.True(group.Sum(placement => placement.Count * placement.Task.Needs.CpuMillis) <= Math.Max(0, group.Key.FreeCpuMillis));
                Assert.True(group.Sum(placement => placement.Count * placement.Task.Needs.MemoryMib) <= Math.Max(0, group.Key.FreeMemoryMib));
            });
        }
    }

    [Fact]
    public void TaskInContainers_GoesWhereAnEngineIsAndKeepsNobodyElseWaiting()
    {
        var boxed = new ClaimableTask("job-1", 1, 0, 100) { Needs = ResourceAmounts.OneSlot with { Containers = true } };
        var plain = new ClaimableTask("job-2", 2, 0, 100);
        var engine = new WaitingNode("node-c", 1, 4) { Size = new(4, 0, 0) { Containers = true } };

        var placements = Place([boxed, plain], [Small, engine]);

        Assert.Equal([engine], placements.Where(placement => placement.Task == boxed).Select(placement => placement.Node));
        Assert.Equal(8, placements.Sum(placement => placement.Count));
        Assert.Equal(4, placements.Where(placement => placement.Node == Small).Sum(placement => placement.Count));
    }

    [Fact]
    public void TasksInContainers_AreSpreadOverTheNodesWithAnEngine()
    {
        var boxed = new ClaimableTask("job-1", 1, 0, 4) { Needs = ResourceAmounts.OneSlot with { Containers = true } };
        WaitingNode[] engines = [.. Enumerable.Range(0, 4).Select(n => new WaitingNode($"node-{n}", 1, 4) { Size = new(4, 0, 0) { Containers = true } })];

        Assert.Equal([1, 1, 1, 1], Place([boxed], engines).Select(placement => placement.Count));
    }

    private static IReadOnlyList<Placement> Place(IReadOnlyList<ClaimableTask> tasks, IReadOnlyList<WaitingNode> nodes) =>
        PlacementPolicy.Place(new(tasks, ResumeAt: null), nodes, turn: null).Placements;

    private static WaitingNode Machine(string nodeId, int slots, int freeCpu, int freeMemory) =>
        new(nodeId, 1, slots) { Size = new(slots, 8_000, 16_000), FreeCpuMillis = freeCpu, FreeMemoryMib = freeMemory };
}
