using System.Globalization;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Sessions;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchPlane.Agent.Tests.Limits;

/// <summary>What an agent finds, and does, in unified hierarchies of several kinds.</summary>
public sealed class LimitFinderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-finder-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void AgentAloneInItsGroup_MovesBelowItAndPassesControllersOn()
    {
        using var kernel = new UnifiedHierarchy("/system.slice/agent.service");

        var way = Finder(kernel).Find(kernel.ProcSelf);

        Assert.Equal("cgroup2", way.Name);
        Assert.StartsWith(kernel.Own + "/batchplane-", Assert.Single(way.Parents), StringComparison.Ordinal);
        Assert.Equal($"{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}\n", kernel.Read($"{kernel.Own}/batchplane-agent", "cgroup.procs"));
        Assert.Empty(kernel.Children(way.Parents[0]));
    }

    [Fact]
    public void GroupSharedWithOthers_IsNotUsable()
    {
        using var kernel = new UnifiedHierarchy("/system.slice/server.service", others: "1\n");

        Assert.Equal("prlimit", Finder(kernel).Find(kernel.ProcSelf).Name);
        Assert.Contains("cgroup.subtree_control", Assert.Throws<IOException>(() => Finder(kernel, LimitChoice.Cgroup).Find(kernel.ProcSelf)).Message, StringComparison.Ordinal);
        Assert.Empty(kernel.Children(kernel.Own));
    }

    [Fact]
    public void GroupOfTheOption_IsUsedWhereverTheAgentIs()
    {
        using var kernel = new UnifiedHierarchy("/", others: "1\n");
        kernel.Make(kernel.Top + "/free");
        File.WriteAllText(kernel.Top + "/free/cgroup.controllers", "cpu memory\n");

        var way = Finder(kernel, group: "/free").Find(kernel.ProcSelf);

        Assert.StartsWith(kernel.Top + "/free/batchplane-", Assert.Single(way.Parents), StringComparison.Ordinal);
    }

    [Fact]
    public void ControllerThatIsNotPassedOnToTheAgent_IsToldByName()
    {
        using var kernel = new UnifiedHierarchy("/user.slice", controllers: "memory pids");

        var refusal = Assert.Throws<IOException>(() => Finder(kernel, LimitChoice.Cgroup).Find(kernel.ProcSelf));

        Assert.Contains("has not both of memory and cpu", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Attempt_HasItsLimitsAndTellsOfMemory()
    {
        using var kernel = new UnifiedHierarchy("/agent");
        var order = Finder(kernel).Find(kernel.ProcSelf).For(new AttemptKey(7, 3, 1), new() { Cpu = 1.5m, MemoryMib = 100 });

        var group = ControlGroup.Make(order, kernel, TimeProvider.System)!;

        var directory = Assert.Single(order.Groups);
        Assert.Equal("104857600\n", kernel.Read(directory, "memory.max"));
        Assert.Equal("0\n", kernel.Read(directory, "memory.swap.max"));
        Assert.Equal("1\n", kernel.Read(directory, "memory.oom.group"));
        Assert.Equal("150000 100000\n", kernel.Read(directory, "cpu.max"));
        Assert.Equal(new GroupEnd(4096, 1), group.End(TimeProvider.System));
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public void LimitThatTheKernelRefuses_LeavesNoGroup()
    {
        using var kernel = new UnifiedHierarchy("/agent", controllers: "memory");
        var order = new LimitOrder(LimitMethod.Cgroup2, 1000, 100, [kernel.Own + "/1.0.1"]);

        Assert.Throws<IOException>(() => ControlGroup.Make(order, kernel, TimeProvider.System));

        Assert.Empty(kernel.Children(kernel.Own));
    }

    [Fact]
    public void EarlierAgentsGroups_GoExceptThoseThatAreAdopted()
    {
        using var kernel = new UnifiedHierarchy("/agent");
        var way = Finder(kernel).Find(kernel.ProcSelf);
        Finder(kernel).Sweep(way, []);
        var (going, left) = (new AttemptKey(1, 0, 1), new AttemptKey(2, 0, 1));
        kernel.Make(way.GroupsOf(going)[0]);
        kernel.Make(way.GroupsOf(left)[0] + "/made-by-the-command");

        // The next agent is told to use none, and cleans up all the same.
        Finder(kernel, LimitChoice.None).Sweep(LimitWay.None, [going]);

        Assert.True(Directory.Exists(way.GroupsOf(going)[0]));
        Assert.False(Directory.Exists(way.GroupsOf(left)[0]));
        Finder(kernel, LimitChoice.None).Sweep(LimitWay.None, []);
        Assert.False(Directory.Exists(way.Parents[0]));
    }

    [Theory]
    [InlineData("4:memory:/docker/c1/agent", "/docker/c1", "/cg/memory/agent")]
    [InlineData("4:memory:/docker/c1", "/docker/c1", "/cg/memory")]
    [InlineData("4:memory:/", "/", "/cg/memory")]
    [InlineData("4:memory:/other", "/docker/c1", null)]
    [InlineData("4:cpu,cpuacct:/", "/", null)]
    public void OwnGroup_IsFoundBelowWhatIsMounted(string own, string root, string? expected)
    {
        File.WriteAllText(Path.Combine(_directory, "cgroup"), $"3:cpu,cpuacct:/\n{own}\n0::/\n");
        File.WriteAllText(Path.Combine(_directory, "mountinfo"), $"40 32 0:31 {root} /cg/memory rw - cgroup cgroup rw,memory\n41 32 0:32 / /cg/cpu\\040x rw shared:1 master:2 - cgroup cgroup rw,cpu,cpuacct\n");

        var found = Hierarchies.Read(_directory);

        Assert.Equal(expected, found.Memory?.Own);
        Assert.Equal("/cg/cpu x", found.Cpu?.Own);
        Assert.Null(found.Unified);
    }

    private LimitFinder Finder(UnifiedHierarchy kernel, LimitChoice choice = LimitChoice.Auto, string? group = null) =>
        new(new LimitOptions { Choice = choice, ControlGroup = group }, _directory, kernel, TimeProvider.System, NullLogger.Instance);
}
