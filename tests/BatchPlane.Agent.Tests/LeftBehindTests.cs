using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>Processes that get away from their attempt, and what an attempt is said to have used.</summary>
public sealed class LeftBehindTests
{
    [Theory]
    [InlineData("setsid")]
    [InlineData("env -i setsid")]
    public async Task DaemonOfAnAttempt_EndsWithIt(string how)
    {
        await using var agent = await StartAsync();

        // Out of the session, and its parent ends at once.
        agent.Server.Offer(Shell($"({how} /bin/sh -c 'echo $$ > {agent.Mark("pid")}; exec sleep 300' &); until [ -s {agent.Mark("pid")} ]; do sleep 0.02; done; exit 5"));

        Assert.Equal(5, (await agent.Server.EndAsync()).ExitCode);
        Assert.False(IsAlive((await File.ReadAllTextAsync(agent.Mark("pid"))).Trim()), "the end is told before everything of it is gone");
    }

    [Fact]
    public async Task DaemonOfAnAttemptThatIsKilled_EndsWithIt()
    {
        await using var agent = await StartAsync();
        agent.Server.Offer(Shell($"(setsid sh -c 'trap \"\" TERM; echo $$ > {agent.Mark("pid")}; while :; do sleep 1; done' &); sleep 300"));
        await agent.MarkedAsync("pid");

        agent.Server.TerminateAttempt(0);

        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync()).Outcome);
        await agent.GoneAsync("pid");
    }

    /// <summary>The control: what is killed is what belongs to the attempt that ended.</summary>
    [Fact]
    public async Task DaemonOfAnotherAttempt_LivesOn()
    {
        await using var agent = await StartAsync(slots: 2);
        agent.Server.Offer(Shell($"(setsid sh -c 'echo $$ > {agent.Mark("pid")}; exec sleep 300' &); sleep 300"));
        await agent.MarkedAsync("pid");

        agent.Server.Offer(Shell("(setsid sleep 300 &); exit 5"), taskId: 2);
        Assert.Equal(5, (await agent.Server.EndAsync(taskId: 2)).ExitCode);

        Assert.True(IsAlive((await File.ReadAllTextAsync(agent.Mark("pid"))).Trim()));
        Assert.False(agent.Server.HasEnd(0));
    }

    [Fact]
    public async Task Usage_IsThatOfAllItsProcesses()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell("dd if=/dev/zero of=/dev/null bs=64M count=20 2>/dev/null"));
        agent.Server.Offer(Argv("/bin/true"), taskId: 2);

        var busy = (await agent.Server.EndAsync()).Usage!;
        var idle = (await agent.Server.EndAsync(taskId: 2)).Usage!;
        Assert.InRange(busy.PeakMemoryKib, 60 * 1024, 200 * 1024);
        Assert.InRange(idle.PeakMemoryKib, 1, 20 * 1024);
        Assert.True(busy.CpuMs > idle.CpuMs, $"{busy} {idle}");
    }
}
