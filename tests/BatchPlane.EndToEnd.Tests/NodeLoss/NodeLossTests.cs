using System.Diagnostics;
using System.Text.Json;
using BatchPlane.EndToEnd.Tests.Stack;

namespace BatchPlane.EndToEnd.Tests.NodeLoss;

/// <summary>Hosts cut off from the server for longer and shorter than their lease, and a server that is away.</summary>
public sealed class NodeLossTests
{
    private static readonly TimeSpan Limit = NetworkedStack.Limit;

    [Fact]
    public async Task OneOfThreeHostsCutOffAndHealed_ItsInstanceRunsElsewhereAndItComesBack()
    {
        await using var stack = await NetworkedStack.StartAsync(3);
        var job = await stack.SubmitAsync("first", 3);
        var begun = new[] { await stack.BegunAsync("first", 0), await stack.BegunAsync("first", 1), await stack.BegunAsync("first", 2) };
        var cut = stack.Networks.Single(network => network.Id == begun[0].Network);
        var lost = Enumerable.Range(0, 3).Where(n => begun[n].Network == cut.Id).ToList();
        var node = (await stack.InstanceAsync(job, 0)).GetProperty("compute_node_id").GetString()!;

        await stack.RunningAsync(job, 3);
        var watch = Stopwatch.StartNew();
        cut.Cut();
        var given = await stack.NodeReachesAsync(node, "ABNORMAL");
        Assert.InRange(watch.Elapsed.TotalSeconds, NetworkedStack.LeaseSeconds - 2, NetworkedStack.LeaseSeconds + 2);
        foreach (var n in lost)
        {
            var (_, network) = await stack.BegunAsync("first", n, attempt: 2);
            Assert.NotEqual(cut.Id, network);
        }

        Assert.True(NetworkedStack.IsRunning(begun[0].Pid), "a host that is cut off goes on with what it runs");
        await Eventually.TrueAsync(() => Told(stack, "COMPUTE_NODE_ABNORMAL", node) == 1, Limit, () => $"{stack.Queue.Messages.Count} messages");

        cut.Heal();
        await Eventually.TrueAsync(() => !lost.Exists(n => NetworkedStack.IsRunning(begun[n].Pid)), Limit, () => $"an orphan lives\n{stack.Output}");
        var back = await stack.NodeReachesAsync(node, "RUNNING");
        Assert.True(back.GetProperty("epoch").GetInt64() > given.GetProperty("epoch").GetInt64());
        stack.Go("first");
        Assert.Equal("SUCCEED", await stack.EndedAsync(job));
        await TheStoryIsToldAsync(stack, job, lost);

        // As many as there are slots: the healed node takes its share.
        var second = await stack.SubmitAsync("second", 6);
        var networks = new List<string>();
        for (var n = 0; n < 6; n++)
        {
            networks.Add((await stack.BegunAsync("second", n)).Network);
        }

        Assert.Equal(2, networks.Count(network => network == cut.Id));
        stack.Go("second");
        Assert.Equal("SUCCEED", await stack.EndedAsync(second));
    }

    /// <summary>The control of the test above: the same cut, healed within the lease, is noticed by nobody.</summary>
    [Fact]
    public async Task HostCutOffForLessThanItsLease_NothingHappens()
    {
        await using var stack = await NetworkedStack.StartAsync(1);
        var job = await stack.SubmitAsync("calm", 1);
        var (pid, _) = await stack.BegunAsync("calm", 0);
        var node = (await stack.InstanceAsync(job, 0)).GetProperty("compute_node_id").GetString()!;

        stack.Networks[0].Cut();
        await Task.Delay(TimeSpan.FromSeconds(1));
        stack.Networks[0].Heal();
        stack.Go("calm");

        Assert.Equal("SUCCEED", await stack.EndedAsync(job));
        var instance = await stack.InstanceAsync(job, 0);
        Assert.Equal((1, "NORMAL_TRIGGER"), (instance.GetProperty("attempt").GetInt32(), instance.GetProperty("execution_source").GetString()));
        Assert.Equal(0, Told(stack, "COMPUTE_NODE_ABNORMAL", node));
        Assert.False(NetworkedStack.IsRunning(pid));
    }

    [Fact]
    public async Task ServerAwayForLongerThanALease_DisturbsNothingThatRuns()
    {
        await using var stack = await NetworkedStack.StartAsync(1);
        var job = await stack.SubmitAsync("alone", 2);
        var pids = new[] { (await stack.BegunAsync("alone", 0)).Pid, (await stack.BegunAsync("alone", 1)).Pid };
        var urls = stack.Urls;

        await stack.StopServerAsync();
        await Task.Delay(TimeSpan.FromSeconds(NetworkedStack.LeaseSeconds + 1));
        Assert.All(pids, pid => Assert.True(NetworkedStack.IsRunning(pid)));
        await stack.StartServerAsync(urls);
        stack.Go("alone");

        Assert.Equal("SUCCEED", await stack.EndedAsync(job));
        Assert.Equal(1, (await stack.InstanceAsync(job, 0)).GetProperty("attempt").GetInt32());
        Assert.Equal(1, (await stack.InstanceAsync(job, 1)).GetProperty("attempt").GetInt32());
    }

    private static async Task TheStoryIsToldAsync(NetworkedStack stack, string job, List<int> lost)
    {
        var events = await stack.EventsAsync(job);
        foreach (var n in lost)
        {
            var rows = events.Where(row => row.TryGetProperty("task_instance_index", out var index) && index.ValueKind == JsonValueKind.Number && index.GetInt32() == n).ToList();
            Assert.Equal(
                ["RUNNING 1", "RUNNABLE 1", "RUNNING 2 FAILOVER of 1", "SUCCEED 2 FAILOVER of 1"],
                rows.Select(row => $"{row.GetProperty("state").GetString()} {row.GetProperty("attempt").GetInt32()}{Failover(row)}"));
            Assert.Equal("NODE_LOST", rows[1].GetProperty("cause").GetString()!.ToUpperInvariant());
            var instance = await stack.InstanceAsync(job, n);
            Assert.Equal(
                (2, "FAILOVER", 1), (instance.GetProperty("attempt").GetInt32(), instance.GetProperty("execution_source").GetString(), instance.GetProperty("original_attempt").GetInt32()));
        }
    }

    private static string Failover(JsonElement row) =>
        row.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object && details.TryGetProperty("execution_source", out var source)
            ? $" {source.GetString()} of {details.GetProperty("original_attempt").GetInt32()}"
            : "";

    private static int Told(NetworkedStack stack, string name, string nodeId) =>
        stack.Queue.Messages.Count(message => message.Body.Contains(name, StringComparison.Ordinal) && message.Body.Contains(nodeId, StringComparison.Ordinal));
}
