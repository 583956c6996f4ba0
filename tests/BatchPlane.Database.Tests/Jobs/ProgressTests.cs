using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>What commands post, through the writer into the database and out of the read model.</summary>
public sealed class ProgressTests : IAsyncLifetime
{
    private Installation _installation = null!;
    private Server _server = null!;
    private JobQueries _jobs = null!;
    private Node _node = null!;
    private string _envId = "";

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _jobs = new(new(_installation.DataSource));
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
    }

    public Task DisposeAsync() => _installation.DisposeAsync().AsTask();

    [Fact]
    public async Task Posted_IsStoredAndShownAndTheJournalHasItInOrder()
    {
        var (job, task) = await RunningAsync(instances: 4);

        await ReportAsync(job, task, Posting(0, 1, 50, "half way", "checkpoint"), Posting(1, 1, 20, null));
        var running = await _jobs.FindAsync(job, default);
        await ReportAsync(job, task, Posting(0, 2, 100, "done", "saved") with { Outcome = AttemptOutcome.Exited, ExitCode = 0, EndedMsAgo = 0 });

        Assert.Equal((17.5, 17.5), (running!.Progress.Percent, running.Tasks[0].Progress.Percent));
        Assert.Equal(30, (await _jobs.FindAsync(job, default))!.Progress.Percent);
        Assert.Equal(30, Assert.Single(await _jobs.ListAsync(new(), 10, default)).Progress.Percent);
        var shown = (await _jobs.ListInstancesAsync(job, "task", 0, 10, default))!;
        Assert.Equal((100.0, "done", 2), (shown[0].Progress!.Percent, shown[0].Progress!.Message, shown[0].Progress!.EventCount));
        Assert.NotNull(shown[0].Progress!.At);
        Assert.Equal((20.0, null), (shown[1].Progress!.Percent, shown[1].Progress!.Message));
        Assert.Null(shown[2].Progress);
        Assert.Equal(
            ["RUNNING -", "CUSTOM_EVENT checkpoint", "PROGRESS 50", "CUSTOM_EVENT saved", "PROGRESS 100", "SUCCEED 100"],
            await _installation.RowsAsync($"SELECT state, coalesce(details->>'name', details->>'percent') FROM events WHERE subject_id = '{job}' AND instance_index = 0 ORDER BY sequence"));
        await _installation.AssertInvariantsAsync();
    }

    [Fact]
    public async Task OfAnEpochThatIsOver_IsRefusedAndStoresNothing()
    {
        var (job, task) = await RunningAsync();

        await _installation.LoseAsync(_node);
        var given = await ReportAsync(job, task, Posting(0, 1, 50, "late", "late"));
        await _installation.RejoinAsync(_node);
        var old = await ReportAsync(job, task, Posting(0, 2, 60, "late", "late"));

        Assert.True(given.Fenced && old.Fenced);
        Assert.Equal(0, await _installation.CountAsync("instance_progress"));
        Assert.Equal(0L, await _installation.ScalarAsync<long>("SELECT count(*) FROM events WHERE state IN ('PROGRESS', 'CUSTOM_EVENT')"));
    }

    [Fact]
    public async Task OfAnAttemptOfAnotherNode_IsRefusedAndStoresNothing()
    {
        var (job, task) = await RunningAsync();
        var other = await _installation.AddNodeAsync(_envId);

        var outcome = await _server.ReportAsync(other, job, task, Posting(0, 1, 50, "not mine", "not mine"));

        Assert.Equal([new(task, 0, 1)], outcome.Refused);
        Assert.Equal(0, await _installation.CountAsync("instance_progress"));
        Assert.Equal(0L, await _installation.ScalarAsync<long>("SELECT count(*) FROM events WHERE state IN ('PROGRESS', 'CUSTOM_EVENT')"));
    }

    [Fact]
    public async Task Repeated_CountsOnce()
    {
        var (job, task) = await RunningAsync();

        for (var n = 0; n < 3; n++)
        {
            await ReportAsync(job, task, Posting(0, 1, 50, "half way", "once"));
        }

        Assert.Equal(1L, await _installation.ScalarAsync<long>("SELECT count(*) FROM events WHERE state = 'CUSTOM_EVENT'"));
        Assert.Equal(1L, await _installation.ScalarAsync<long>("SELECT count(*) FROM events WHERE state = 'PROGRESS'"));
        await _installation.AssertInvariantsAsync();
    }

    /// <summary>Each of these would end the transaction of everybody else with it.</summary>
    [Theory]
    [InlineData("""  "\u0000"  """)]
    [InlineData("""  {"a\u0000":1}  """)]
    [InlineData("""  "\ud800"  """)]
    [InlineData("""  1e999999  """)]
    [InlineData("""  0e-99999999  """)]
    public async Task DataThatTheDatabaseCannotHold_IsDropped(string data)
    {
        var (job, task) = await RunningAsync();
        var posting = Posting(0, 1, 50, "a\0b");

        await ReportAsync(job, task, posting with { Progress = posting.Progress! with { Events = [new("bad", JsonDocument.Parse(data).RootElement), new("good")] } });

        var progress = (await _jobs.ListInstancesAsync(job, "task", 0, 1, default))![0].Progress!;
        Assert.Equal((1, 1L, "a b"), (progress.EventCount, progress.DroppedEventCount, progress.Message));
    }

    /// <summary>What the rules let through, the database takes.</summary>
    [Theory]
    [InlineData("""  {"n":[1e308,-1e-400,0e-400,0e400,12345678901234567890123456789012345678901234567890,0.1]}  """)]
    [InlineData("""  "🚀 \uD83D\uDE80 \u0001 \\u0000"  """)]
    [InlineData("""  [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]  """)]
    [InlineData("""  {"a":1,"a":2,"":null}  """)]
    public async Task UnusualData_IsStored(string data)
    {
        var (job, task) = await RunningAsync();
        var posting = Posting(0, 1, null, null);
        var parsed = JsonDocument.Parse(data).RootElement;

        await ReportAsync(job, task, posting with { Progress = posting.Progress! with { Events = [new("e", parsed)] } });

        Assert.True(ProgressRules.IsStorable(parsed));
        Assert.Equal(1L, await _installation.ScalarAsync<long>("SELECT count(*) FROM events WHERE state = 'CUSTOM_EVENT' AND details ? 'data'"));
        await new EventQueries(new(_installation.DataSource)).ListOfJobAsync(job, 0, 100, default);
    }

    [Fact]
    public async Task AnotherAttempt_ShowsNothingOfTheOneBefore()
    {
        var (job, task) = await RunningAsync(retries: 1);
        await ReportAsync(job, task, Posting(0, 3, 80, "first") with { Outcome = AttemptOutcome.Exited, ExitCode = 1, EndedMsAgo = 0 });
        Assert.Equal(80, (await _jobs.ListInstancesAsync(job, "task", 0, 1, default))![0].Progress!.Percent);

        await _server.ClaimAsync(_node, job, task, 1);
        Assert.Null((await _jobs.ListInstancesAsync(job, "task", 0, 1, default))![0].Progress);
        Assert.Equal(0, (await _jobs.FindAsync(job, default))!.Progress.Percent);

        await ReportAsync(job, task, Posting(0, 1, 10, null) with { Attempt = 2 });
        Assert.Equal(10, (await _jobs.ListInstancesAsync(job, "task", 0, 1, default))![0].Progress!.Percent);
        Assert.Equal(10, (await _jobs.FindAsync(job, default))!.Progress.Percent);
    }

    [Fact]
    public async Task LostWithItsNode_CountsNoLonger()
    {
        var (job, task) = await RunningAsync();
        await ReportAsync(job, task, Posting(0, 1, 80, "lost"));

        await _installation.LoseAsync(_node);
        foreach (var orphans in await _installation.Claims.OrphansAsync(10, default))
        {
            await _server.LoseAsync(orphans);
        }

        Assert.Equal(0, (await _jobs.FindAsync(job, default))!.Progress.Percent);
    }

    private async Task<(string Job, long Task)> RunningAsync(int instances = 1, int retries = 0)
    {
        var job = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances, retries: retries)));
        var task = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{job}'");
        await _server.ClaimAsync(_node, job, task, instances);
        await ReportAsync(job, task, Enumerable.Range(0, instances).Select(index => Given.Report(index, AttemptOutcome.Running)));
        return (job, task);
    }

    private Task<ReportOutcome> ReportAsync(string job, long task, params IEnumerable<AttemptReport> reports) => _server.ReportAsync(_node, job, task, reports);

    private static AttemptReport Posting(int index, int number, double? percent, string? message, params string[] events) =>
        Given.Report(index, AttemptOutcome.Running) with
        {
            Progress = new() { Number = number, Percent = percent, Message = message, PostedMsAgo = 0, Events = [.. events.Select(name => new PostedEvent(name))] },
        };
}
