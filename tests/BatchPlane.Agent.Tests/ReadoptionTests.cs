using System.Text;
using System.Globalization;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>Agents and keepers that are killed, and what becomes of what they ran.</summary>
public sealed class ReadoptionTests
{
    [Fact]
    public async Task AgentKilled_TheNextOneGoesOnWithWhatRunsAndWhatEnded()
    {
        await using var agent = await AgentUnderTest.StartAsync(slots: 2);
        agent.Server.Offer(Shell($"echo $$ >> {agent.Mark("pid")}-$BATCH_TASK_INSTANCE_INDEX; echo early; until [ -e {agent.Mark("go")}-$BATCH_TASK_INSTANCE_INDEX ]; do sleep 0.05; done; echo late; exit 7"), count: 4);
        await agent.Server.BegunAsync(0);
        await agent.Server.BegunAsync(1);

        await agent.KillAsync();
        await File.WriteAllTextAsync(agent.Mark("go-0"), "");
        await agent.GoneAsync(agent.Read("pid-0"));
        Assert.True(IsAlive(agent.Read("pid-1")));
        await agent.StartAgainAsync();

        var ended = await agent.Server.EndAsync(0);
        Assert.Equal((AttemptOutcome.Exited, 7, "early\nlate\n"), (ended.Outcome, ended.ExitCode, OutputOf(agent, ended)));
        Assert.False(agent.Server.HasEnd(1));
        foreach (var index in new[] { 1, 2, 3 })
        {
            await File.WriteAllTextAsync(agent.Mark($"go-{index}"), "");
            var next = await agent.Server.EndAsync(index);
            Assert.Equal((7, "early\nlate\n"), (next.ExitCode, OutputOf(agent, next)));
            Assert.Single(agent.Read($"pid-{index}").Split('\n'));
        }

        Assert.Single(agent.Server.Joins);
    }

    [Fact]
    public async Task AgentKilledWhileServerAway_TimeLimitsAndOrdersStillHold()
    {
        await using var agent = await AgentUnderTest.StartAsync(slots: 2);
        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid-0")}; sleep 300", timeoutSeconds: 3));
        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid-1")}; sleep 300"), taskId: 2);
        await agent.Server.BegunAsync();
        await agent.Server.BegunAsync(taskId: 2);

        agent.Server.Away = true;
        await agent.KillAsync();
        agent.StartAgainUnheard();
        await agent.GoneAsync(agent.Read("pid-0"));
        agent.Server.TerminateAttempt(0, taskId: 2);
        Assert.True(IsAlive(agent.Read("pid-1")));
        agent.Server.Away = false;

        Assert.Equal(AttemptOutcome.Timeout, (await agent.Server.EndAsync()).Outcome);
        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync(taskId: 2)).Outcome);
        Assert.Single(agent.Server.Joins);
    }

    [Fact]
    public async Task AgentKilledAndGivenUp_TheNextOneKillsAndJoinsAnew()
    {
        await using var agent = await AgentUnderTest.StartAsync();
        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid")}; sleep 300"));
        await agent.MarkedAsync("pid");
        await agent.KillAsync();

        agent.Server.Fence();
        await agent.StartAgainAsync();

        await agent.GoneAsync(agent.Read("pid"));
        Assert.Equal([null, "node-00000001"], agent.Server.Joins.Select(join => join.NodeId));
        Assert.Equal(0, agent.Server.EndCount());
    }

    [Fact]
    public async Task NoAgentForLongerThanTheLease_TheKeeperKillsAndEnds()
    {
        await using var agent = await AgentUnderTest.StartAsync(terms: terms => terms with { LeaseSeconds = 2 });
        agent.Server.Offer(Shell($"setsid sh -c 'echo $$ > {agent.Mark("away")}; exec sleep 300' & echo $$ > {agent.Mark("pid")}; sleep 300"));
        await agent.MarkedAsync("pid");
        await agent.MarkedAsync("away");

        await agent.KillAsync();

        await agent.GoneAsync(agent.Read("pid"));
        await agent.GoneAsync(agent.Read("away"));
        await agent.GoneAsync(agent.KeeperPid.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task KeeperKilled_WhatItRanIsKilledAndTheAgentJoinsAnew()
    {
        await using var agent = await AgentUnderTest.StartAsync();
        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid")}; sleep 300"));
        await agent.Server.BegunAsync();

        AgentUnderTest.Send(agent.KeeperPid, 9);

        await agent.GoneAsync(agent.Read("pid"));
        await Eventually.ReachAsync(() => agent.Server.Joins.Count == 2, agent.Server.Describe);
        Assert.Equal(0, agent.Server.EndCount());
        agent.Server.Offer(Shell("exit 3"), taskId: 2);
        Assert.Equal(3, (await agent.Server.EndAsync(taskId: 2)).ExitCode);
    }

    [Fact]
    public async Task AgentAndKeeperKilled_TheNextOneKillsWhatIsLeft()
    {
        await using var agent = await AgentUnderTest.StartAsync();
        agent.Server.Offer(Shell($"sh -c 'echo $$ > {agent.Mark("child")}; exec sleep 300' & echo $$ > {agent.Mark("pid")}; sleep 300"));
        await agent.MarkedAsync("pid");
        await agent.MarkedAsync("child");
        await agent.KillAsync();
        AgentUnderTest.Send(agent.KeeperPid, 9);
        Assert.True(IsAlive(agent.Read("pid")));

        await agent.StartAgainAsync();

        await agent.GoneAsync(agent.Read("pid"));
        await agent.GoneAsync(agent.Read("child"));
        Assert.Equal(2, agent.Server.Joins.Count);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(agent.WorkRoot, "attempts")));
    }

    [Fact]
    public async Task AgentKilled_ProgressIsToldOnceOnly()
    {
        await using var agent = await AgentUnderTest.StartAsync();
        agent.Server.Offer(Shell($"printf '10\\n{{\"event\":{{\"name\":\"a\"}}}}\\n' >> $BATCH_PROGRESS_FILE; until [ -e {agent.Mark("more")} ]; do sleep 0.05; done; printf '20\\n{{\"event\":{{\"name\":\"b\"}}}}\\n' >> $BATCH_PROGRESS_FILE; echo x > {agent.Mark("told")}; until [ -e {agent.Mark("go")} ]; do sleep 0.05; done"));
        await Eventually.ReachAsync(() => agent.Server.Reports.Any(report => report.Report.Progress is not null), agent.Server.Describe);
        var heard = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count > heard, agent.Server.Describe);

        await agent.KillAsync();
        await File.WriteAllTextAsync(agent.Mark("more"), "");
        await agent.MarkedAsync("told");
        await agent.StartAgainAsync();
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await agent.Server.EndAsync();

        var told = agent.Server.Reports.Select(report => report.Report.Progress).OfType<AttemptProgress>().DistinctBy(progress => progress.Number).ToList();
        Assert.Equal(["a", "b"], told.SelectMany(progress => progress.Events).Select(posted => posted.Name));
        Assert.Equal(20, told[^1].Percent);
    }

    [Fact]
    public async Task SecondSigterm_EndsAtOnce()
    {
        await using var agent = await AgentUnderTest.StartAsync();
        agent.Server.Offer(Shell($"trap '' TERM; echo $$ > {agent.Mark("pid")}; while :; do sleep 1; done"));
        await agent.MarkedAsync("pid");

        agent.Signal(15);
        await Eventually.ReachAsync(() => agent.Log.Contains("6003", StringComparison.Ordinal), () => agent.Log);
        var before = agent.Server.WorkRequests.Count;
        agent.Server.Offer(Shell($"echo x > {agent.Mark("taken")}"), taskId: 2);
        var heard = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count > heard + 1, agent.Server.Describe);
        Assert.True(IsAlive(agent.Read("pid")), "the first one lets it finish");
        agent.Signal(15);

        Assert.Equal(NodeAgent.ExitDone, await agent.ExitCodeAsync());
        await agent.GoneAsync(agent.Read("pid"));
        Assert.Equal(1, agent.Server.Left);
        Assert.False(File.Exists(agent.Mark("taken")));
        Assert.Equal(before, agent.Server.WorkRequests.Count);
        await agent.GoneAsync(agent.KeeperPid.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>In the report, or uploaded before it where the machine was slow.</summary>
    private static string OutputOf(AgentUnderTest agent, AttemptReport report) =>
        Encoding.UTF8.GetString(report.Stdout is { } text ? Convert.FromBase64String(text) : agent.Server.Output("stdout", report.Index));
}
