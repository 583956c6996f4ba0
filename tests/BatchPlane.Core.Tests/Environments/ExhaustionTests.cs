using BatchPlane.Contracts;

namespace BatchPlane.Core.Tests.Environments;

/// <summary>When no more nodes are made, which nodes are left alone, and what becomes of those whose host is gone.</summary>
public sealed class ExhaustionTests
{
    private const string JobId = "job-00000001";

    private static readonly HashSet<string> HostIsLost = new(StringComparer.Ordinal) { Pool.Host };

    [Fact]
    public void NodeThatJoinsAndDiesAgainAndAgain_IsStoppedAndSaysWhy()
    {
        var pool = new Pool(desired: 1, retries: 4);
        var starts = 0;
        for (var life = 0; life < 30; life++)
        {
            starts += pool.Pass().ToStart.Count;
            pool.Join();
            Lose(pool);
            pool.Wait(Pool.Rules.ReturnTime.TotalSeconds + 1);
        }

        Assert.Equal((5, NodeState.Abnormal), (pool.Environment.EarlyLosses, Assert.Single(pool.Nodes).State));
        Assert.True(starts is >= 5 and < 20, $"{starts} starts");
        Assert.StartsWith("5 times a node was lost soon after it joined, more than resource_max_retry_count allows", pool.Environment.Reason, StringComparison.Ordinal);

        pool.Change(environment => environment.Change(new()));
        pool.Pass();
        pool.Wait(1);
        pool.Pass();
        pool.Join();
        pool.Wait(Pool.Rules.SettleTime.TotalSeconds);
        pool.Pass();

        Assert.Equal((null, 0, 1), (pool.Environment.Reason, pool.Environment.EarlyLosses, pool.Count(NodeState.Running)));
    }

    [Fact]
    public void NodeThatRanWell_IsForgivenWhateverHappensLater()
    {
        var pool = new Pool(desired: 1, retries: 0);
        pool.Pass();
        for (var life = 0; life < 10; life++)
        {
            pool.Join();
            pool.Wait(Pool.Rules.SettleTime.TotalSeconds);
            pool.Pass();
            Lose(pool);
            pool.Wait(1);
            pool.Pass();
        }

        Assert.Equal((null, 0), (pool.Environment.Reason, pool.Environment.EarlyLosses));
    }

    [Theory]
    [InlineData(false, "2 nodes failed one after the other, more than resource_max_retry_count allows; the last one: no room")]
    [InlineData(true, null)]
    public void EnvironmentOfATaskWithoutNodes_GivesTheTaskUpUnlessItKeepsTrying(bool keepsTrying, string? why)
    {
        var pool = new Pool(desired: 0, max: 1, retries: 1, jobId: JobId, keepsTrying: keepsTrying);
        string? first = null;
        string? last = null;
        for (var pass = 0; pass < 10; pass++)
        {
            pool.Pass(backlog: 1, starts: false);
            pool.Change(environment => last = environment.WhyWithoutNodes());
            first = pass == 0 ? last : first;
            pool.Wait(20);
        }

        Assert.Null(first);
        Assert.Equal(why, last);
    }

    [Fact]
    public void EnvironmentOfATaskWithANodeThatRuns_GivesNothingUp()
    {
        var pool = new Pool(desired: 0, max: 2, retries: 0, jobId: JobId);
        pool.Pass(backlog: 1);
        pool.Join();
        pool.Pass(backlog: 100, starts: false);
        string? why = "";
        pool.Change(environment => why = environment.WhyWithoutNodes());

        Assert.True(pool.Environment.IsUsedUp);
        Assert.Null(why);
    }

    [Fact]
    public void NodeThatKeepsADirectory_IsTakenByUsersAlone()
    {
        var pool = new Pool(desired: 2);
        pool.Pass();
        pool.Join();
        var (keeper, other) = (pool.Nodes[0].NodeId, pool.Nodes[1].NodeId);
        pool.Keep(keeper, 1);

        pool.Change(environment => environment.Change(new() { DesiredComputeNodeCount = 0 }));
        pool.Pass();
        Assert.Equal([(keeper, NodeState.Running), (other, NodeState.Deleting)], States(pool, keeper, other));

        pool.Change(environment => environment.Lose(environment.Find(keeper)!, "no sign of life"));
        pool.Wait(Pool.Rules.ReturnTime.TotalSeconds * 2);
        pool.Pass(starts: false);
        Assert.Equal(NodeState.Abnormal, pool.Nodes.Single(node => node.NodeId == keeper).State);

        pool.Keep(keeper, 0);
        pool.Pass(starts: false);
        Assert.NotEqual(NodeState.Abnormal, pool.Nodes.FirstOrDefault(node => node.NodeId == keeper)?.State);
    }

    [Fact]
    public void NodesOfALostHost_AreGivenUpUnlessTheyLive()
    {
        var pool = new Pool(desired: 2);
        pool.Pass();
        var lost = pool.Nodes[0].NodeId;
        pool.Join();
        pool.Change(environment => environment.Lose(environment.Find(lost)!, "no sign of life"));

        // Another host looks: while this one is not lost, nothing happens to its nodes.
        pool.Pass(host: "host-00000002");
        Assert.Contains(lost, pool.Nodes.Select(node => node.NodeId));
        var plan = pool.Pass(host: "host-00000002", lostHosts: HostIsLost);

        Assert.True(plan.Lost);
        Assert.DoesNotContain(lost, pool.Nodes.Select(node => node.NodeId));
        Assert.Equal(1, pool.Count(NodeState.Running));
        Assert.Equal("host-00000002", Assert.Single(pool.Nodes, node => node.State != NodeState.Running).ProviderHost);
    }

    private static IEnumerable<(string, NodeState)> States(Pool pool, params string[] nodeIds) =>
        nodeIds.Select(nodeId => (nodeId, pool.Nodes.Single(node => node.NodeId == nodeId).State));

    private static void Lose(Pool pool) => pool.Change(environment =>
    {
        foreach (var node in environment.Nodes.Where(node => node.State == NodeState.Running).ToList())
        {
            pool.Crash(node.NodeId);
            environment.Lose(node, "no sign of life");
        }
    });
}
