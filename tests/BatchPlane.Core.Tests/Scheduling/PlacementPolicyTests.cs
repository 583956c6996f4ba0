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

        var placements = PlacementPolicy.Place([huge, small], [Large]);

        Assert.Equal(3, placements.Where(placement => placement.Task == small).Sum(placement => placement.Count));
        Assert.Equal(9, placements.Where(placement => placement.Task == huge).Sum(placement => placement.Count));
    }

    [Fact]
    public void HigherPriority_GoesFirst()
    {
        var low = new ClaimableTask("job-1", 1, 0, 100);
        var high = new ClaimableTask("job-2", 2, 10, 100);

        Assert.All(PlacementPolicy.Place([low, high], [Small, Large]), placement => Assert.Equal(high, placement.Task));
    }

    [Fact]
    public void FewInstances_SpreadOverTheNodes()
    {
        var task = new ClaimableTask("job-1", 1, 0, 4);

        var placements = PlacementPolicy.Place([task], [Small, Large]);

        Assert.Equal([("node-a", 2), ("node-b", 2)], placements.Select(placement => (placement.Node.NodeId, placement.Count)).Order());
    }

    [Fact]
    public void AnyInput_NeverOverfillsNodesNorTasksAndLeavesNoRoomUnused()
    {
        var random = new Random(2);
        for (var round = 0; round < 2_000; round++)
        {
            var tasks = Enumerable.Range(0, random.Next(0, 8)).Select(n => new ClaimableTask($"job-{n}", n, random.Next(0, 3), random.Next(1, 30))).ToList();
            var nodes = Enumerable.Range(0, random.Next(0, 5)).Select(n => new WaitingNode($"node-{n}", 1, random.Next(1, 20))).ToList();

            var placements = PlacementPolicy.Place(tasks, nodes);

            Assert.All(placements.GroupBy(placement => placement.Node), group => Assert.True(group.Sum(placement => placement.Count) <= group.Key.Capacity));
            Assert.All(placements.GroupBy(placement => placement.Task), group => Assert.True(group.Sum(placement => placement.Count) <= group.Key.Claimable));
            Assert.Equal(Math.Min(tasks.Sum(task => task.Claimable), nodes.Sum(node => node.Capacity)), placements.Sum(placement => placement.Count));
        }
    }
}
