using BatchPlane.Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>The agent's side of the protocol, through good and bad days.</summary>
public sealed class NodeAgentTests
{
    private const string JobId = "job-00000001";
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(1.5);

    [Fact]
    public async Task Joins_TellsItsMachineAndAsksForSlotsAndPrefill()
    {
        await using var agent = await StartAsync(slots: 3);

        await Eventually.ReachAsync(() => !agent.Server.WorkRequests.IsEmpty && !agent.Server.Heartbeats.IsEmpty, agent.Server.Describe);

        var join = Assert.Single(agent.Server.Joins);
        Assert.Equal(3, join.Slots);
        Assert.Equal(Environment.ProcessorCount, join.Cpu);
        Assert.True(join.Mem > 0);
        Assert.Equal("0.1.0", join.AgentVersion);
        Assert.NotEmpty(join.HostName);
        Assert.Equal(6, agent.Server.WorkRequests.First().Capacity);
        Assert.NotNull(agent.Server.Heartbeats.First().Load);
    }

    [Fact]
    public async Task WithoutOptions_AsksForNoMoreThanItHasSlots()
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, slots: 3, prefill: AgentOptions.DefaultPrefillFactor));

        await Eventually.ReachAsync(() => !agent.Server.WorkRequests.IsEmpty, agent.Server.Describe);

        Assert.Equal(3, agent.Server.WorkRequests.First().Capacity);
    }

    [Fact]
    public async Task OneMoreFreeSlot_IsToldWhileAPollWaits()
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, slots: 4, prefill: 0));
        agent.Server.Offer(Shell($"until [ -e {agent.Mark("go")} ]; do sleep 0.05; done"));
        agent.Server.Offer(Shell("sleep 300"), taskId: 2);
        await Eventually.ReachAsync(() => agent.Server.WorkRequests.LastOrDefault()?.Capacity == 2, agent.Server.Describe);

        await File.WriteAllTextAsync(agent.Mark("go"), "");

        await Eventually.ReachAsync(() => agent.Server.WorkRequests.Last().Capacity == 3, agent.Server.Describe);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    public async Task JoinRefused_EndsWithItsExitCode(int status)
    {
        await using var agent = await StartAsync(script: server => server.JoinStatus = status);

        Assert.Equal(NodeAgent.ExitRefused, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task ServerNotThereYet_JoinsWhenItIs()
    {
        await using var agent = await StartAsync(script: server => server.Away = true);

        agent.Server.Away = false;
        agent.Server.Offer(Shell("true"));

        await agent.Server.EndAsync();
    }

    [Fact]
    public async Task ServerGoneForTooLong_EndsWhenNothingRuns()
    {
        await using var agent = await StartAsync(options: GivesUp);
        agent.Server.Offer(Shell($"echo runs >{agent.Mark("runs")}; until [ -e {agent.Mark("go")} ]; do sleep 0.05; done"));
        await agent.MarkedAsync("runs");
        await Eventually.ReachAsync(() => !agent.Server.Heartbeats.IsEmpty, agent.Server.Describe);

        agent.Server.Away = true;
        // Twice the time that it would wait with nothing to run.
        Assert.NotEqual(agent.Run, await Task.WhenAny(agent.Run, Task.Delay(2 * GiveUp)));
        await File.WriteAllTextAsync(agent.Mark("go"), "");

        Assert.Equal(NodeAgent.ExitUntold, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task ServerNeverThere_EndsWhenPatienceIsOver()
    {
        await using var agent = await StartAsync(options: GivesUp, script: server => server.Away = true);

        Assert.Equal(NodeAgent.ExitUntold, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task AnswerOfItsJoinIsLost_TellsAgainThatItIsTheSameJoin()
    {
        await using var agent = await StartAsync(slots: 1, script: server => server.LoseJoinAnswers = true);
        await Eventually.ReachAsync(() => agent.Server.Joins.Count >= 2, agent.Server.Describe);
        agent.Server.LoseJoinAnswers = false;
        agent.Server.Offer(Shell("true"));
        await agent.Server.EndAsync();
        var tries = agent.Server.Joins.Count;

        agent.Server.Fence();
        await Eventually.ReachAsync(() => agent.Server.Joins.Count > tries, agent.Server.Describe);

        var told = agent.Server.Joins.Select(join => join.JoinId!).ToList();
        Assert.Single(told.Take(tries).Distinct());
        Assert.NotEqual(told[0], told[tries]);
    }

    [Fact]
    public async Task DirectoryInUse_Refuses()
    {
        await using var agent = await StartAsync();
        await Eventually.ReachAsync(() => !agent.Server.Joins.IsEmpty, agent.Server.Describe);

        var second = new NodeAgent(Options(agent.Server.Url, agent.Directory), NullLoggerFactory.Instance, TimeProvider.System);

        Assert.Equal(NodeAgent.ExitRefused, await second.RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task NeverRunsMoreThanItsSlots_AndNamesItsClaims()
    {
        await using var agent = await StartAsync(slots: 2);

        var claim = agent.Server.Offer(Shell($"while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done"), count: 4);
        await agent.Server.BegunAsync(0);
        await agent.Server.BegunAsync(1);
        var seen = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count > seen + 1, agent.Server.Describe);

        Assert.Equal(2, agent.Server.Heartbeats.Last().Running);
        Assert.Equal([claim.ClaimId], agent.Server.Heartbeats.Last().Claims);
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await Eventually.ReachAsync(() => agent.Server.EndCount() == 4 && agent.Server.Heartbeats.Last().Claims.Count == 0, agent.Server.Describe);
    }

    [Fact]
    public async Task JobTerminated_KillsRunningAndDropsReady()
    {
        await using var agent = await StartAsync(slots: 1);

        agent.Server.Offer(Shell($"trap '' TERM; echo $$ > {agent.Mark("pid")}; while :; do sleep 1; done"), count: 2);
        agent.Server.Offer(Shell("true"), taskId: 2, jobId: "job-00000002");
        await agent.MarkedAsync("pid");
        agent.Server.Terminate(JobId);

        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync(0)).Outcome);
        var unstarted = await agent.Server.EndAsync(1);
        Assert.Equal(AttemptOutcome.Terminated, unstarted.Outcome);
        Assert.Null(unstarted.BeganMsAgo);
        await agent.GoneAsync("pid");
        Assert.Equal(AttemptOutcome.Exited, (await agent.Server.EndAsync(0, taskId: 2)).Outcome);
    }

    [Fact]
    public async Task AttemptTerminated_LeavesTheOthersOfItsClaim()
    {
        await using var agent = await StartAsync(slots: 2);
        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid")}-$BATCH_TASK_INSTANCE_INDEX; sleep 300"), count: 3);
        await agent.MarkedAsync("pid-1");

        agent.Server.TerminateAttempt(1);
        agent.Server.TerminateAttempt(2);

        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync(1)).Outcome);
        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync(2)).Outcome);
        await agent.GoneAsync("pid-1");
        Assert.False(agent.Server.HasEnd(0));
    }

    [Fact]
    public async Task FullNode_LearnsOfATerminatedJobBeforeItsHeartbeat()
    {
        await using var agent = await StartAsync(slots: 1, terms: t => t with { HeartbeatSeconds = 3600, LeaseSeconds = 10_800 });
        agent.Server.Offer(Shell("sleep 300"), count: 2);
        await Eventually.ReachAsync(() => agent.Server.WorkRequests.Any(request => request.Capacity == 0), agent.Server.Describe);

        agent.Server.Terminate(JobId);

        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync(0)).Outcome);
        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync(1)).Outcome);
    }

    [Fact]
    public async Task GrantAfterTermination_IsNeverStarted()
    {
        await using var agent = await StartAsync(script: server => server.TerminateClaim(1));
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count > 1, agent.Server.Describe);

        agent.Server.Offer(Shell($"echo x > {agent.Mark("ran")}"));

        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync()).Outcome);
        Assert.False(File.Exists(agent.Mark("ran")));
    }

    [Fact]
    public async Task Fenced_KillsForgetsAndJoinsAgain()
    {
        await using var agent = await StartAsync(slots: 1);
        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid")}; sleep 300"), count: 2);
        await agent.MarkedAsync("pid");

        agent.Server.Fence();
        await agent.GoneAsync("pid");
        agent.Server.Offer(Shell("exit 4"), taskId: 5);

        Assert.Equal(4, (await agent.Server.EndAsync(taskId: 5)).ExitCode);
        Assert.Equal([null, "node-00000001"], agent.Server.Joins.Select(join => join.NodeId));
        Assert.Equal(1, agent.Server.EndCount());
        await Eventually.ReachAsync(() => Directory.GetFileSystemEntries(agent.Mark("attempts")).Length == 0, () => "directories are left");
    }

    [Fact]
    public async Task Refused_KillsAndForgets()
    {
        await using var agent = await StartAsync(slots: 1, script: server => server.Refuse[new AttemptRef(1, 0, 1)] = true);

        agent.Server.Offer(Shell($"echo $$ > {agent.Mark("pid")}; sleep 300"));
        await agent.GoneAsync("pid");
        agent.Server.Offer(Shell("true"), taskId: 2);
        await agent.Server.EndAsync(taskId: 2);

        Assert.False(agent.Server.HasEnd(0));
        Assert.DoesNotContain(agent.Server.Reports, r => r.Attempt.TaskId == 1 && r.Report.Outcome != AttemptOutcome.Running);
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Last().Claims.Count == 0, agent.Server.Describe);
    }

    [Fact]
    public async Task GrantLostOnTheWay_ComesWithAHeartbeatAndRunsOnce()
    {
        await using var agent = await StartAsync();

        agent.Server.Lose(Shell($"echo ran >> {agent.Mark("runs")}"));
        await agent.Server.EndAsync();
        var seen = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count > seen + 2, agent.Server.Describe);

        Assert.Equal("ran\n", await File.ReadAllTextAsync(agent.Mark("runs")));
        Assert.Single(agent.Server.Reports, r => r.Report.Outcome == AttemptOutcome.Exited);
    }

    [Fact]
    public async Task ServerAway_RunsOnAndReportsLater()
    {
        await using var agent = await StartAsync(slots: 2);
        agent.Server.Offer(Shell($"while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; echo done > {agent.Mark("ended")}; echo kept"), count: 3);
        await agent.Server.BegunAsync();

        agent.Server.Away = true;
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await agent.MarkedAsync("ended");
        Assert.Equal(0, agent.Server.EndCount());
        agent.Server.Away = false;

        await Eventually.ReachAsync(() => agent.Server.EndCount() == 3, agent.Server.Describe);
        Assert.Equal("a2VwdAo=", (await agent.Server.EndAsync()).Stdout);
        Assert.Single(agent.Server.Joins);
    }

    [Fact]
    public async Task ReportAnswersLost_RepeatsTheSame()
    {
        await using var agent = await StartAsync();
        agent.Server.Offer(Shell($"while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; exit 6"));
        await agent.Server.BegunAsync();

        // That it began is told and answered: else that alone would be repeated.
        var beats = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count >= beats + 2, agent.Server.Describe);
        agent.Server.LoseReportAnswers = true;
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await Eventually.ReachAsync(() => agent.Server.Reports.Count(r => r.Report.ExitCode == 6) >= 3, agent.Server.Describe);
        agent.Server.LoseReportAnswers = false;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Last().Claims.Count == 0, agent.Server.Describe);

        Assert.All(agent.Server.Reports.Where(r => r.Report.Outcome != AttemptOutcome.Running), r => Assert.Equal(6, r.Report.ExitCode));
    }

    [Fact]
    public async Task ManyEnds_KeepTheLimitOfAReport()
    {
        await using var agent = await StartAsync(
            options: (url, directory) => Options(url, directory, slots: 8, reportMaxAttempts: 3), script: server => server.LoseReportAnswers = true);

        agent.Server.Offer(Argv("/bin/true"), count: 16);
        await Eventually.ReachAsync(() => agent.Server.ReportSizes.Count > 1, agent.Server.Describe);
        agent.Server.LoseReportAnswers = false;
        await Eventually.ReachAsync(() => agent.Server.EndCount() == 16, agent.Server.Describe);

        Assert.InRange(agent.Server.ReportSizes.Max(), 1, 3);
    }

    [Fact]
    public async Task Drained_GivesBackFinishesAndLeaves()
    {
        await using var agent = await StartAsync(slots: 1);
        agent.Server.Offer(Shell($"while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; exit 2"), count: 2);
        await agent.Server.BegunAsync();

        agent.Server.Drain = true;
        Assert.Equal(AttemptOutcome.Returned, (await agent.Server.EndAsync(1)).Outcome);
        Assert.False(agent.Run.IsCompleted);
        await File.WriteAllTextAsync(agent.Mark("go"), "");

        Assert.Equal(NodeAgent.ExitDone, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(2, (await agent.Server.EndAsync(0)).ExitCode);
        Assert.Equal(1, agent.Server.Left);
    }

    [Fact]
    public async Task Stopped_LetsRunningFinish()
    {
        await using var agent = await StartAsync(slots: 1);
        agent.Server.Offer(Shell($"while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; exit 2"), count: 2);
        await agent.Server.BegunAsync();

        await agent.StopAsync();
        Assert.Equal(AttemptOutcome.Returned, (await agent.Server.EndAsync(1)).Outcome);
        await File.WriteAllTextAsync(agent.Mark("go"), "");

        Assert.Equal(NodeAgent.ExitDone, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(2, (await agent.Server.EndAsync(0)).ExitCode);
        Assert.Equal(1, agent.Server.Left);
    }

    [Fact]
    public async Task StoppedAndDrainTimeOver_KillsWithoutAReportAndLeaves()
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, slots: 1, drainTimeout: TimeSpan.FromMilliseconds(100)));
        agent.Server.Offer(Shell($"trap '' TERM; echo $$ > {agent.Mark("pid")}; while :; do sleep 1; done"));
        await agent.MarkedAsync("pid");

        await agent.StopAsync();

        Assert.Equal(NodeAgent.ExitDone, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
        await agent.GoneAsync("pid");
        Assert.Equal(0, agent.Server.EndCount());
        Assert.Equal(1, agent.Server.Left);
    }

    [Fact]
    public async Task StoppedWhileServerAway_GivesUpInTime()
    {
        await using var agent = await StartAsync(
            options: (url, directory) => Options(url, directory, slots: 1, deliveryTimeout: TimeSpan.FromMilliseconds(300)));
        agent.Server.Offer(Shell("true"));
        await agent.Server.EndAsync();

        agent.Server.Away = true;
        await agent.StopAsync();

        Assert.Equal(NodeAgent.ExitUntold, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static AgentOptions GivesUp(Uri url, string directory) => new()
    {
        ServerUrl = url,
        JoinToken = FakeServer.JoinToken,
        Slots = 2,
        Directory = directory,
        KeeperCommand = KeeperCommand,
        Containers = new() { Engine = ContainerOptions.NoEngine },
        Limits = new() { Choice = LimitChoice.None },
        DeliveryTimeout = TimeSpan.FromSeconds(1),
        RetryPauseMax = TimeSpan.FromMilliseconds(300),
        GiveUpAfter = GiveUp,
    };
}
