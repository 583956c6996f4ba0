using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>A row for many instances, from the report to those who read the journal: each event as if it had a row of its own.</summary>
public sealed class JournalSpanTests : IAsyncLifetime
{
    private const int Instances = 6;
    private static readonly OutboxPosition Start = new(0, 0, 0);

    private Installation _installation = null!;
    private Server _server = null!;
    private string _jobId = "";

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        var envId = await _installation.AddEnvironmentAsync();
        var node = await _installation.AddNodeAsync(envId);
        _jobId = await _server.SubmittedAsync(Given.Job(envId, Instances) with
        {
            Notifications = [new() { TopicName = "t", EventConfigs = [new() { EventName = "TASK_INSTANCE_RUNNING" }, new() { EventName = "TASK_INSTANCE_SUCCEED" }] }],
        });
        var taskId = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{_jobId}'");
        await _server.ClaimAsync(node, _jobId, taskId, Instances);

        // As if claimed a minute ago, so that commands may have begun since; reported in the order of their ends.
        await _installation.ExecuteAsync("UPDATE task_instances SET launched_at = launched_at - interval '1 minute'");
        await _server.ReportAsync(node, _jobId, taskId, new[] { 0, 3, 1, 5, 2, 4 }.Select(index => Given.Exited(index) with { BeganMsAgo = 1_000 + (100 * index) }));
    }

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task Report_SharesRowsAndKeepsEveryInvariant()
    {
        Assert.Equal(
            ["RUNNING 0 1", "SUCCEED 0 1", "RUNNING 1 5", "SUCCEED 1 5"],
            await _installation.RowsAsync("SELECT state, instance_index, span FROM events WHERE level = 'task_instance' ORDER BY sequence"));
        await _installation.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Outbox_TellsOfEachInstanceWhenItBegan()
    {
        // Writers of other databases on the same server hold the horizon back for a moment.
        var page = new OutboxPage([], Full: false, Unsettled: false);
        await Condition.ReachedAsync(
            async () => (page = await new OutboxReader(_installation.DataSource).ReadAsync(DispatcherShard.Of(_jobId), Start, 100, CancellationToken.None)).Rows.Sum(row => row.Span),
            events => events == 2 * Instances,
            "rows of the outbox");

        var told = page.Rows
            .SelectMany(row => Enumerable.Range(0, row.Span).Select(offset => new JournalEvent(row, offset)))
            .Select(one => $"{one.Row.State} {one.InstanceIndex} {one.RunningAt:O}")
            .Order(StringComparer.Ordinal);
        var stored = (await _installation.RowsAsync(
            "SELECT instance_index, to_char(running_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"0+00:00\"') FROM task_instances ORDER BY instance_index"));
        Assert.Equal(Instances, stored.Select(row => row[2..]).Distinct().Count());
        Assert.Equal(stored.Select(row => "RUNNING " + row).Concat(stored.Select(row => "SUCCEED " + row)), told);
    }

    [Fact]
    public async Task EventsOfAJob_AreListedOneByOneFromAnySequenceOn()
    {
        var events = new EventQueries(new ReadContexts(_installation.DataSource));
        var all = (await events.ListOfJobAsync(_jobId, 0, 100, CancellationToken.None))!;

        Assert.Equal(Enumerable.Range(1, all.Count).Select(n => (long)n), all.Select(one => one.Sequence));
        foreach (var state in new[] { "RUNNING", "SUCCEED" })
        {
            Assert.Equal(Enumerable.Range(0, Instances).Cast<int?>(), all.Where(one => one.EventName == $"TASK_INSTANCE_{state}").Select(one => one.TaskInstanceIndex));
        }

        for (var after = 0; after < all.Count; after++)
        {
            var next = Assert.Single((await events.ListOfJobAsync(_jobId, after, 1, CancellationToken.None))!);
            Assert.Equal((all[after].EventId, all[after].State, all[after].TaskInstanceIndex), (next.EventId, next.State, next.TaskInstanceIndex));
        }
    }
}
