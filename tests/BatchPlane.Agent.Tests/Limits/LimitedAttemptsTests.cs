using System.Text;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests.Limits;

/// <summary>Processes that are held to their resources by what this machine has: control groups of its own, at the top of its hierarchies, where they may be made.</summary>
public sealed class LimitedAttemptsTests : IDisposable
{
    private const string MemoryHog = "dd if=/dev/zero of=/dev/null bs=200M count=1 2>/dev/null";

    private readonly ControlGroupSandbox _groups = new();

    public void Dispose() => _groups.Dispose();

    [GroupsFact]
    public async Task ProcessOverItsMemory_EndsForThatReason()
    {
        await using var agent = await StartAsync(new LimitOptions { Choice = LimitChoice.Cgroup, ControlGroup = _groups.Path });

        // A child of the shell needs it, and the shell goes on.
        agent.Server.Offer(Limited(MemoryHog + "; exit 3", memoryMib: 64));
        agent.Server.Offer(Limited("exec " + MemoryHog, memoryMib: 64), taskId: 2);

        var child = await agent.Server.EndAsync();
        Assert.Equal((AttemptOutcome.OutOfMemory, 3, (int?)null), (child.Outcome, child.ExitCode, child.Signal));
        Assert.Contains("64 MiB", child.Reason, StringComparison.Ordinal);
        var alone = await agent.Server.EndAsync(taskId: 2);
        Assert.Equal((AttemptOutcome.OutOfMemory, 137, "killed because it needed more than its memory of 64 MiB"), (alone.Outcome, alone.ExitCode, alone.Reason));
        Assert.InRange(alone.Usage!.PeakMemoryKib, 60 * 1024, 64 * 1024);
    }

    /// <summary>The control: the same command, with room; and what its processes held together is told.</summary>
    [GroupsFact]
    public async Task ProcessWithinItsMemory_EndsByItself()
    {
        await using var agent = await StartAsync(new LimitOptions { Choice = LimitChoice.Cgroup, ControlGroup = _groups.Path });

        agent.Server.Offer(Limited(MemoryHog, memoryMib: 2000));

        var ended = await agent.Server.EndAsync();
        Assert.Equal((AttemptOutcome.Exited, 0), (ended.Outcome, ended.ExitCode));
        Assert.InRange(ended.Usage!.PeakMemoryKib, 190 * 1024, 2000 * 1024);
    }

    [GroupsFact]
    public async Task ProcessesBeyondTheirProcessors_AreThrottled()
    {
        await using var agent = await StartAsync(new LimitOptions { Choice = LimitChoice.Cgroup, ControlGroup = _groups.Path });

        agent.Server.Offer(Limited($"for n in 1 2; do (while :; do :; done) & done; until grep -q 'nr_throttled [1-9]' {_groups.CpuDirectory}/batchplane-*/1.0.1/cpu.stat; do sleep 0.05; done; exit 7", cpu: 0.2m, timeoutSeconds: 60));

        Assert.Equal(7, (await agent.Server.EndAsync()).ExitCode);
    }

    [GroupsFact]
    public async Task Groups_GoWithTheirAttemptsAndAgents()
    {
        var agent = await StartAsync(new LimitOptions { ControlGroup = _groups.Path });
        await using (agent)
        {
            agent.Server.Offer(Limited($"cat /proc/self/cgroup > {agent.Mark("groups")}; (setsid sleep 300 &); exit 5", memoryMib: 100, cpu: 1));

            Assert.Equal(5, (await agent.Server.EndAsync()).ExitCode);
            Assert.Contains("/1.0.1", await File.ReadAllTextAsync(agent.Mark("groups")), StringComparison.Ordinal);
            Assert.Empty(_groups.OfAttempts());
            Assert.NotEmpty(_groups.OfAgents());
        }

        await Eventually.ReachAsync(() => _groups.OfAgents().Count == 0, () => string.Join(' ', _groups.OfAgents()));
    }

    [GroupsFact]
    public async Task TaskWithoutWishes_GetsNoGroup()
    {
        await using var agent = await StartAsync(new LimitOptions { Choice = LimitChoice.Cgroup, ControlGroup = _groups.Path });

        agent.Server.Offer(Shell("grep -c /1.0.1 /proc/self/cgroup"));

        Assert.Equal("0", Text((await agent.Server.EndAsync()).Stdout));
    }

    [Fact]
    public async Task Prlimit_RefusesEachProcessMoreMemory()
    {
        await using var agent = await StartAsync(new LimitOptions { Choice = LimitChoice.Prlimit });

        agent.Server.Offer(Limited(MemoryHog, memoryMib: 100, cpu: 1));
        agent.Server.Offer(Limited(MemoryHog, memoryMib: 1000, cpu: 1), taskId: 2);

        Assert.Equal(1, (await agent.Server.EndAsync()).ExitCode);
        Assert.Equal(0, (await agent.Server.EndAsync(taskId: 2)).ExitCode);
        Assert.Equal("prlimit", agent.Server.Joins.First().Limits);
    }

    [Fact]
    public async Task ProgramThatIsMissing_IsToldAsWithoutLimits()
    {
        await using var agent = await StartAsync(new LimitOptions { Choice = LimitChoice.Prlimit });

        agent.Server.Offer(Argv("./missing") with { Resources = new() { MemoryMib = 100 } });
        agent.Server.Offer(Argv("./missing"), taskId: 2);

        var limited = await agent.Server.EndAsync();
        Assert.Equal((AttemptOutcome.StartFailed, (await agent.Server.EndAsync(taskId: 2)).Reason), (limited.Outcome, limited.Reason));
    }

    [GroupsFact]
    public async Task AgentKilled_TheNextOneTellsOfMemoryAndRemovesWhatIsLeft()
    {
        await using var agent = await AgentUnderTest.StartAsync(slots: 2, null, "--limits", "cgroup", "--cgroup", _groups.Path);
        agent.Server.Offer(Limited($"until [ -e {agent.Mark("go")} ]; do sleep 0.05; done; exec {MemoryHog}", memoryMib: 64));
        await agent.Server.BegunAsync();
        await agent.KillAsync();
        await agent.StartAgainAsync();
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        Assert.Equal(AttemptOutcome.OutOfMemory, (await agent.Server.EndAsync()).Outcome);

        // Out of the session and with another parent, so that nothing but the group tells the next keeper whose it is.
        agent.Server.Offer(Limited($"(env -i setsid sh -c 'echo $$ > {agent.Mark("pid")}; exec sleep 300' &); sleep 300", memoryMib: 64), taskId: 2);
        await agent.MarkedAsync("pid");
        await agent.KillAsync();
        AgentUnderTest.Send(agent.KeeperPid, 9);
        Assert.True(IsAlive(agent.Read("pid")));
        Assert.NotEmpty(_groups.OfAttempts());
        await agent.StartAgainAsync();

        await agent.GoneAsync(agent.Read("pid"));
        Assert.Empty(_groups.OfAttempts());
    }

    private static Task<AgentHarness> StartAsync(LimitOptions limits) =>
        AgentHarness.StartAsync(options: (url, directory) => Options(url, directory, limits: limits));

    private static RunSpec Limited(string command, int? memoryMib = null, decimal? cpu = null, int timeoutSeconds = 0) =>
        Shell(command, timeoutSeconds) with { Resources = new() { MemoryMib = memoryMib, Cpu = cpu } };

    private static string Text(string? base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64 ?? "")).Trim();
}
