using System.Text;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>What real commands post, and what the server is told of it.</summary>
public sealed class ProgressAttemptsTests
{
    private static readonly ProgressTerms Fast = new() { IntervalMs = 100 };

    [Fact]
    public async Task PostedWhileItRuns_IsToldAndTheLastValueComesWithTheEnd()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = Fast });

        agent.Server.Offer(Shell($"echo '50 half way' >> \"$BATCH_PROGRESS_FILE\"; while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; printf '100%% done' >> \"$BATCH_PROGRESS_FILE\""));
        await Eventually.ReachAsync(() => Posted(agent).Any(), agent.Server.Describe);
        var running = Posted(agent).First();
        await File.WriteAllTextAsync(agent.Mark("go"), "go");
        var end = await agent.Server.EndAsync();

        Assert.Equal((AttemptOutcome.Running, 1, 50.0, "half way"), (running.Outcome, running.Progress!.Number, running.Progress.Percent, running.Progress.Message));
        Assert.InRange(running.Progress.PostedMsAgo!.Value, 0, 20_000);
        Assert.NotNull(running.BeganMsAgo);
        Assert.Equal((AttemptOutcome.Exited, 2, 100.0, "done"), (end.Outcome, end.Progress!.Number, end.Progress.Percent, end.Progress.Message));
        Assert.Empty(Directory.GetFileSystemEntries(agent.Mark("progress")));
    }

    [Fact]
    public async Task PostedOften_IsToldOncePerInterval()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = new() { IntervalMs = 500 } });

        // For about two seconds, whatever the machine makes of a hundredth.
        agent.Server.Offer(Shell("end=$(($(date +%s) + 2)); n=0; while [ $(date +%s) -le $end ]; do echo $((n % 100)) >> \"$BATCH_PROGRESS_FILE\"; n=$((n + 1)); sleep 0.01; done; echo $n"));
        var end = await agent.Server.EndAsync();

        var count = int.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(end.Stdout!)));
        Assert.InRange(Posted(agent).Count(), 2, ((end.BeganMsAgo!.Value - end.EndedMsAgo!.Value) / 500) + 1);
        Assert.True(count > 20, $"only {count} posts: this shows nothing");
        Assert.Equal((count - 1) % 100, end.Progress!.Percent);
        Assert.Equal(Enumerable.Range(1, Posted(agent).Count()), Posted(agent).Select(report => report.Progress!.Number));
    }

    [Fact]
    public async Task ManyEvents_AreTakenInOrderAsFarAsTheAllowanceGoesAndTheRestIsCounted()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = Fast with { EventBurst = 10, EventsPerSecond = 0 } });

        agent.Server.Offer(Shell("for n in $(seq 1 25); do echo '{\"event\":{\"name\":\"step\",\"data\":'$n'}}' >> \"$BATCH_PROGRESS_FILE\"; done"));
        await agent.Server.EndAsync();

        var events = Posted(agent).SelectMany(report => report.Progress!.Events).ToList();
        Assert.Equal(Enumerable.Range(1, 10), events.Select(posted => posted.Data!.Value.GetInt32()));
        Assert.Equal(15, Posted(agent).Sum(report => report.Progress!.DroppedEvents));
    }

    [Fact]
    public async Task BadLines_AreCountedAndNothingElseHappens()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = Fast });

        agent.Server.Offer(Shell("printf 'nonsense\\n150\\n{\"percent\":\\n\\377\\376\\n42\\n' > \"$BATCH_PROGRESS_FILE\"; exit 3"));
        var end = await agent.Server.EndAsync();

        Assert.Equal(3, end.ExitCode);
        Assert.Equal(42, end.Progress!.Percent);
        Assert.Equal(4, Posted(agent).Sum(report => report.Progress!.BadLines));
        Assert.Contains("neither a percentage nor a JSON object", end.Progress.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NothingPosted_NothingIsToldAndNoFileIsMade()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = Fast });

        agent.Server.Offer(Shell("sleep 0.5; echo $BATCH_PROGRESS_FILE; ls $(dirname $BATCH_PROGRESS_FILE)"), attempt: 4);
        var end = await agent.Server.EndAsync(attempt: 4);

        Assert.Equal($"{agent.Mark("progress")}/1.0.4\n", Encoding.UTF8.GetString(Convert.FromBase64String(end.Stdout!)));
        Assert.Empty(Posted(agent));
    }

    [Fact]
    public async Task AnswerLost_TheSameProgressIsToldAgain()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = Fast });
        string Post(string name) => $"echo '{{\"event\":{{\"name\":\"{name}\"}}}}' >> \"$BATCH_PROGRESS_FILE\"";

        agent.Server.Offer(Shell($"{Post("first")}; while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; {Post("second")}"));
        await Eventually.ReachAsync(() => Posted(agent).Any(), agent.Server.Describe);
        agent.Server.LoseReportAnswers = true;
        await File.WriteAllTextAsync(agent.Mark("go"), "go");
        await Eventually.ReachAsync(() => Posted(agent).GroupBy(report => report.Progress!.Number).Any(same => same.Count() > 1), agent.Server.Describe);
        agent.Server.LoseReportAnswers = false;
        await agent.Server.EndAsync();

        var told = Posted(agent).GroupBy(report => report.Progress!.Number, report => string.Join(' ', report.Progress!.Events.Select(posted => posted.Name))).ToList();
        Assert.All(told, same => Assert.Single(same.Distinct()));
        Assert.Equal(["first", "second"], told.Select(same => same.First()).Where(names => names.Length > 0));
    }

    [Fact]
    public async Task ServerAway_EventsAreKeptAndTheLatestValueCounts()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = Fast });
        var post = ">> \"$BATCH_PROGRESS_FILE\"";

        agent.Server.Offer(Shell($"echo 1 {post}; while [ ! -e {agent.Mark("away")} ]; do sleep 0.05; done; for n in 2 3 4; do echo $n {post}; echo '{{\"event\":{{\"name\":\"e'$n'\"}}}}' {post}; sleep 0.3; done; echo x > {agent.Mark("posted")}; sleep 1000"));
        await Eventually.ReachAsync(() => Posted(agent).Any(), agent.Server.Describe);
        agent.Server.Away = true;
        await File.WriteAllTextAsync(agent.Mark("away"), "away");
        await agent.MarkedAsync("posted");
        agent.Server.Away = false;
        await Eventually.ReachAsync(() => Posted(agent).Last().Progress!.Percent == 4, agent.Server.Describe);

        Assert.Equal(["e2", "e3", "e4"], Posted(agent).DistinctBy(report => report.Progress!.Number).SelectMany(report => report.Progress!.Events).Select(posted => posted.Name));
    }

    [Fact]
    public async Task LeftByADeadAgent_IsRemovedAtTheStart()
    {
        var directory = Directory.CreateTempSubdirectory("batchplane-agent-").FullName;
        Directory.CreateDirectory(Path.Combine(directory, "progress"));
        await File.WriteAllTextAsync(Path.Combine(directory, "progress", "1.0.1"), "77\n");
        await using var agent = await StartAsync(options: (url, _) => Options(url, directory), terms: terms => terms with { Progress = Fast });

        agent.Server.Offer(Shell("true"));
        var end = await agent.Server.EndAsync();

        Assert.Null(end.Progress);
        await agent.StopAsync();
        await agent.Run;
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Terminated_ItsLastProgressIsTold()
    {
        await using var agent = await StartAsync(terms: terms => terms with { Progress = new() { IntervalMs = 60_000 } });

        agent.Server.Offer(Shell($"echo 33 >> \"$BATCH_PROGRESS_FILE\"; echo x > {agent.Mark("posted")}; sleep 1000"));
        await agent.MarkedAsync("posted");
        agent.Server.Terminate("job-00000001");
        var end = await agent.Server.EndAsync();

        Assert.Equal((AttemptOutcome.Terminated, 33.0), (end.Outcome, end.Progress!.Percent));
    }

    private static IEnumerable<AttemptReport> Posted(AgentHarness agent) => agent.Server.Reports.Select(told => told.Report).Where(report => report.Progress is not null);
}
