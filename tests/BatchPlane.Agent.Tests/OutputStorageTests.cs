using System.Text;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>A server that cannot store outputs, or takes smaller pieces than it said.</summary>
public sealed class OutputStorageTests
{
    private const string Long = "seq 1 5000";

    [Fact]
    public async Task StorageFails_OnlyWhatHasOutputWaitsAndComesWhole()
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, slots: 3), script: server => server.StorageFails = true);

        agent.Server.Offer(Shell("echo short; exit 3"));
        agent.Server.Offer(Shell(Long), taskId: 2);
        await agent.Server.BegunAsync();
        await agent.Server.BegunAsync(taskId: 2);
        agent.Server.Offer(Shell("true"), count: 5, taskId: 3);
        foreach (var index in Enumerable.Range(0, 5))
        {
            Assert.Equal(AttemptOutcome.Exited, (await agent.Server.EndAsync(index, taskId: 3)).Outcome);
        }

        agent.Server.Offer(Shell("echo another"), taskId: 4);
        await agent.Server.BegunAsync(taskId: 4);
        Assert.Equal(5, agent.Server.EndCount());
        agent.Server.StorageFails = false;

        var end = await agent.Server.EndAsync();
        Assert.Equal((3, null, "short\n"), (end.ExitCode, end.Reason, Text(end.Stdout)));
        Assert.Null((await agent.Server.EndAsync(taskId: 2)).Reason);
        Assert.Equal(string.Concat(Enumerable.Range(1, 5000).Select(i => $"{i}\n")), Encoding.UTF8.GetString(agent.Server.Output("stdout", taskId: 2)));
        Assert.Equal("another\n", Text((await agent.Server.EndAsync(taskId: 4)).Stdout));
    }

    [Fact]
    public async Task StorageFailsForLong_TheEndIsToldAndSaysThatOutputIsLost()
    {
        await using var agent = await StartAsync(
            options: (url, directory) => Options(url, directory, outputPatience: TimeSpan.FromMilliseconds(500)), script: server => server.StorageFails = true);

        agent.Server.Offer(Shell("echo short; exit 3"));
        agent.Server.Offer(Shell(Long), taskId: 2);

        var end = await agent.Server.EndAsync();
        Assert.Equal((AttemptOutcome.Exited, 3, "exit code 3; output lost: no space", null), (end.Outcome, end.ExitCode, end.Reason, end.Stdout));
        Assert.Equal((0, "output lost: 503 output_storage: output_storage"), ((await agent.Server.EndAsync(taskId: 2)).ExitCode, (await agent.Server.EndAsync(taskId: 2)).Reason));
        Assert.Empty(agent.Server.Output("stdout", taskId: 2));
    }

    [Fact]
    public async Task TerminatedWhileStorageFails_IsWaitedForNoLonger()
    {
        await using var agent = await StartAsync(script: server => server.StorageFails = true);
        agent.Server.Offer(Shell("echo short"));
        agent.Server.Offer(Shell(Long), taskId: 2);
        await agent.Server.BegunAsync();
        await agent.Server.BegunAsync(taskId: 2);
        var beats = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count >= beats + 2, agent.Server.Describe);
        Assert.Equal(0, agent.Server.EndCount());

        agent.Server.TerminateAttempt(0);
        agent.Server.TerminateAttempt(0, taskId: 2);

        Assert.Equal("output lost: no space", (await agent.Server.EndAsync()).Reason);
        Assert.StartsWith("output lost: 503", (await agent.Server.EndAsync(taskId: 2)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyOutputsWait_NoWorkIsAskedFor()
    {
        await using var agent = await StartAsync(
            options: (url, directory) => Options(url, directory, slots: 1, prefill: 0, outputsWaiting: 2, prefillMax: 0), script: server => server.StorageFails = true);
        agent.Server.Offer(Shell("echo x"), count: 2);

        // What comes a second time is known to wait, and goes on waiting while it is told again.
        await Eventually.ReachAsync(() => agent.Server.Unstored.Values.Count(times => times > 1) == 2, agent.Server.Describe);
        agent.Server.Offer(Shell("echo x"), count: 8, first: 2);
        var beats = agent.Server.Heartbeats.Count;
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Count >= beats + 2, agent.Server.Describe);

        // One more may have been asked for before the second was known to wait.
        Assert.DoesNotContain(agent.Server.Unstored.Keys.Concat(agent.Server.Reports.Select(report => report.Attempt)), attempt => attempt.Index > 2);
        agent.Server.StorageFails = false;
        await agent.Server.EndAsync(9);
    }

    [Fact]
    public async Task ServerTakesSmallPieces_NoneIsLarger()
    {
        await using var agent = await StartAsync(terms: terms => terms with { MaxOutputBytes = 1_000_000, MaxPieceBytes = 70_000 });

        agent.Server.Offer(Shell("head -c 200000 /dev/zero"));

        Assert.Null((await agent.Server.EndAsync()).Reason);
        Assert.Equal([70_000, 70_000, 60_000], agent.Server.Pieces.Select(piece => piece.Size));
    }

    [Fact]
    public async Task PieceIsRefused_SmallerOnesAreTriedAndThenTheEndSaysThatOutputIsLost()
    {
        await using var agent = await StartAsync(
            terms: terms => terms with { MaxOutputBytes = 1_000_000, MaxPieceBytes = 1_000_000 }, script: server => server.TakesPieceBytes = JoinResponse.SmallestPieceBytes);

        agent.Server.Offer(Shell("head -c 200000 /dev/zero"));
        Assert.Null((await agent.Server.EndAsync()).Reason);
        Assert.Equal(200_000, agent.Server.Output("stdout").Length);

        agent.Server.TakesPieceBytes = 1;
        agent.Server.Offer(Shell("head -c 200000 /dev/zero; echo err >&2"), taskId: 2);
        var end = await agent.Server.EndAsync(taskId: 2);
        Assert.Equal((0, "output lost: 413 body_too_large: body_too_large", "err\n"), (end.ExitCode, end.Reason, Text(end.Stderr)));
    }

    private static string? Text(string? base64) => base64 is null ? null : Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
