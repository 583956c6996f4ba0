using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

public sealed class BuiltinAttemptsTests
{
    private static readonly RunSpec Noop = new() { Builtin = BuiltinApplications.Noop };

    [Fact]
    public async Task Noop_BeginsAndEndsWithoutATrace()
    {
        await using var agent = await StartAsync(slots: 1);

        agent.Server.Offer(Noop, count: 20_000);
        await Eventually.ReachAsync(() => agent.Server.EndCount() == 20_000, agent.Server.Describe);

        Assert.Equal(20_000, agent.Server.Reports.Count);
        Assert.All(agent.Server.Reports, told => Assert.Equal((AttemptOutcome.Exited, 0, null), (told.Report.Outcome, told.Report.ExitCode, told.Report.Stdout)));
        Assert.All(agent.Server.Reports, told => Assert.NotNull(told.Report.BeganMsAgo));
        Assert.InRange(agent.Server.ReportSizes.Count, 1, 2_000);
        Assert.Empty(Directory.GetFileSystemEntries(agent.Mark("attempts")));
        Assert.Empty(Directory.GetFileSystemEntries(agent.Mark("outputs")));
    }

    [Fact]
    public async Task NoopWhileTheServerIsAway_AsksForNoMoreThanItMayHold()
    {
        await using var agent = await StartAsync(slots: 1);
        agent.Server.LoseReportAnswers = true;

        agent.Server.Offer(Noop, count: 5_000);
        await Eventually.ReachAsync(() => !agent.Server.Reports.IsEmpty, agent.Server.Describe);
        var asked = agent.Server.WorkRequests.Sum(request => request.Capacity);
        agent.Server.LoseReportAnswers = false;
        await Eventually.ReachAsync(() => agent.Server.EndCount() == 5_000, agent.Server.Describe);

        Assert.InRange(asked, 1, AgentOptions.DefaultPrefillMax + 10);
    }

    [Fact]
    public async Task NoopOfATerminatedClaim_IsReportedTerminated()
    {
        await using var agent = await StartAsync();
        agent.Server.TerminateClaim(1);
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count > 1, agent.Server.Describe);

        agent.Server.Offer(Noop);
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Terminated, end.Outcome);
    }

    [Fact]
    public async Task UnknownBuiltin_CannotBeStarted()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(new RunSpec { Builtin = "from-a-newer-server" });
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.StartFailed, end.Outcome);
        Assert.Contains("from-a-newer-server", end.Reason, StringComparison.Ordinal);
    }
}
