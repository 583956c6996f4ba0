using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

public sealed class ResourcesTests
{
    [Fact]
    public async Task HeldWishes_AreTakenFromWhatIsToldFree()
    {
        await using var agent = await StartAsync(options: (url, directory) => Sized(url, directory, slots: 4));
        agent.Server.Offer(Wishing("sleep 60", cpu: 1.5m, memory: 300), count: 2);

        await Eventually.ReachAsync(
            () => agent.Server.WorkRequests.Any(request => request.FreeCpuMillis == 1_000 && request.FreeMemoryMib == 400), agent.Server.Describe);

        Assert.Contains(agent.Server.WorkRequests, request => request.FreeCpuMillis == 4_000 && request.FreeMemoryMib == 1_000);
        Assert.Equal((4, 1_000), (Assert.Single(agent.Server.Joins).Cpu, agent.Server.Joins.Single().MemoryMib));
    }

    [Fact]
    public async Task EndedWish_IsToldFreeWhileAnotherPollWaits()
    {
        await using var agent = await StartAsync(options: (url, directory) => Sized(url, directory, slots: 4));
        agent.Server.Offer(Wishing($"until test -e {agent.Mark("go")}; do sleep 0.02; done", cpu: 3));
        await Eventually.ReachAsync(() => agent.Server.WorkRequests.LastOrDefault()?.FreeCpuMillis == 1_000, agent.Server.Describe);

        await File.WriteAllTextAsync(agent.Mark("go"), "now");

        await Eventually.ReachAsync(() => agent.Server.WorkRequests.Last().FreeCpuMillis == 4_000, agent.Server.Describe);
    }

    [Fact]
    public async Task InstanceOfManySlots_RunsAloneAndInItsTurn()
    {
        await using var agent = await StartAsync(options: (url, directory) => Sized(url, directory, slots: 2));
        var log = agent.Mark("log");

        // Each writes how many run at the same time as it begins.
        string Counting(string name, int weight) => $"echo {name} $(ls {agent.Directory}/*.runs 2>/dev/null | wc -l) >> {log}; touch {agent.Directory}/{name}.runs; sleep 0.2; rm {agent.Directory}/{name}.runs; : {weight}";
        agent.Server.Offer(new RunSpec { Command = Counting("first", 1) }, taskId: 1);
        agent.Server.Offer(new RunSpec { Command = Counting("wide", 2), Resources = new() { Slots = 2 } }, taskId: 2);
        agent.Server.Offer(new RunSpec { Command = Counting("last", 1) }, taskId: 3);
        await Eventually.ReachAsync(() => agent.Server.EndCount() == 3, agent.Server.Describe);

        Assert.Equal(["first 0", "wide 0", "last 0"], await File.ReadAllLinesAsync(log));
    }

    [Fact]
    public async Task MoreThanTheNodeHas_IsStartedAloneAndHoldsNothingUp()
    {
        await using var agent = await StartAsync(options: (url, directory) => Sized(url, directory, slots: 2));
        agent.Server.Offer(Wishing("true", memory: 5_000), taskId: 1);
        agent.Server.Offer(Shell("true"), taskId: 2);

        await Eventually.ReachAsync(() => agent.Server.EndCount() == 2, agent.Server.Describe);
    }

    private static AgentOptions Sized(Uri url, string directory, int slots) => new()
    {
        ServerUrl = url,
        JoinToken = FakeServer.JoinToken,
        Slots = slots,
        Cpu = 4,
        MemoryMib = 1_000,
        Directory = directory,
        KeeperCommand = AgentHarness.KeeperCommand,
        PrefillFactor = 1,
        RetryPauseMax = TimeSpan.FromMilliseconds(300),
    };

    private static RunSpec Wishing(string command, decimal? cpu = null, int? memory = null) =>
        new() { Command = command, Resources = new() { Cpu = cpu, MemoryMib = memory } };
}
