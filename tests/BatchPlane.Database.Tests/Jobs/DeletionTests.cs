using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Listeners;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>Deletion of jobs: gone at once, removed in steps. After each step every invariant holds.</summary>
public sealed class DeletionTests : IAsyncLifetime
{
    private static readonly NotificationDocument[] Asked = [new() { TopicName = "topic", EventConfigs = [new() { EventName = "JOB_FAILED" }] }];

    private Installation _installation = null!;
    private Server _server = null!;
    private string _envId = null!;
    private Node _node = null!;

    private JobRemovalStore Removal => new(_installation.DataSource);

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
    }

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task DeletedJob_IsGoneAtOnceAndRemovedInSteps()
    {
        var (jobId, taskId) = await EndedAsync(instances: 25);

        Assert.IsType<DeleteJobOutcome.Deleted>(await DeleteAsync(jobId));
        Assert.IsType<DeleteJobOutcome.NotFound>(await DeleteAsync(jobId));
        Assert.IsType<RetryOutcome.NotFound>(await _server.RetryAsync(_node, jobId));
        Assert.IsType<TerminateOutcome.NotFound>(await _server.TerminateAsync(jobId));
        Assert.Single((await _server.ReportAsync(_node, jobId, taskId, Given.Exited(0))).Refused);
        await _installation.AssertInvariantsAsync();

        await _installation.ExecuteAsync("DELETE FROM task_instances WHERE instance_index < 7");
        await _installation.AssertInvariantsAsync();
        Assert.Equal([jobId], await Removal.DeletedAsync(10, CancellationToken.None));
        await Removal.RemovePartsAsync(jobId, 4, CancellationToken.None);
        await _installation.AssertInvariantsAsync();
        Assert.Equal(["0 0 0"], await _installation.RowsAsync("SELECT (SELECT count(*) FROM task_instances), (SELECT count(*) FROM task_skips), (SELECT count(*) FROM claims)"));

        Assert.True(await Removal.RemoveAsync(jobId, CancellationToken.None));
        Assert.False(await Removal.RemoveAsync(jobId, CancellationToken.None));
        Assert.Equal(["0 0"], await _installation.RowsAsync("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM tasks)"));
        Assert.Equal("DELETED", (await _installation.RowsAsync($"SELECT state FROM events WHERE subject_id = '{jobId}' ORDER BY sequence"))[^1]);
        Assert.Empty(await Removal.DeletedAsync(10, CancellationToken.None));
        await _installation.AssertInvariantsAsync();
    }

    [Fact]
    public async Task JobThatHasNotEnded_IsNotDeleted()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId));

        Assert.Equal(new DeleteJobOutcome.NotEnded(RunState.Runnable), await DeleteAsync(jobId));
        Assert.IsType<DeleteJobOutcome.NotFound>(await DeleteAsync("job-nowhere0"));
        Assert.Equal("RUNNABLE", await _installation.JobStateAsync(jobId));
    }

    [Fact]
    public async Task JobWithEventsToDeliver_StaysUntilTheyAre()
    {
        var (jobId, _) = await EndedAsync(instances: 3, Asked);
        await DeleteAsync(jobId);
        await Removal.RemovePartsAsync(jobId, 100, CancellationToken.None);

        Assert.False(await Removal.RemoveAsync(jobId, CancellationToken.None));
        await _installation.ExecuteAsync("""
            UPDATE dispatcher_shards AS s
            SET cursor_txid = e.order_txid, cursor_event_no = e.event_no
            FROM events AS e
            WHERE e.shard = s.shard
                AND e.notify <> 0
            """);

        Assert.True(await Removal.RemoveAsync(jobId, CancellationToken.None));
        await _installation.AssertInvariantsAsync();
    }

    [Fact]
    public async Task SubmitWithTheKeyOfADeletedJob_MakesNoSecondOne()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId), key: "k");
        await _server.TerminateAsync(jobId);
        await DeleteAsync(jobId);

        Assert.Equal(jobId, await _server.SubmittedAsync(Given.Job(_envId), key: "k"));
        await Removal.RemoveAsync(jobId, CancellationToken.None);

        Assert.Equal(jobId, await _server.SubmittedAsync(Given.Job(_envId), key: "k"));
        Assert.Equal(0, await _installation.CountAsync("jobs"));
    }

    [Fact]
    public async Task RemovedJob_IsToldListenersAsItWanted_UntilItsJournalIsGone()
    {
        var jobs = new Dictionary<TracingMode, string>();
        foreach (var mode in Enum.GetValues<TracingMode>())
        {
            jobs[mode] = await _server.SubmittedAsync(Given.Job(_envId) with { Tracing = mode });
            await _server.TerminateAsync(jobs[mode]);
            await DeleteAsync(jobs[mode]);
            Assert.True(await Removal.RemoveAsync(jobs[mode], CancellationToken.None));
        }

        var told = await Condition.ReachedAsync(ToldAsync, ids => ids.Contains(jobs[TracingMode.Full]) && ids.Contains(jobs[TracingMode.Sampled]), "the journal is settled");
        Assert.DoesNotContain(jobs[TracingMode.Off], told);

        var journal = new JournalStore(_installation.DataSource);
        await _installation.ExecuteAsync("UPDATE removed_jobs SET removed_at = now() - interval '400 days'");
        await journal.PruneAsync(30, 100, CancellationToken.None);
        Assert.Equal(3, await _installation.CountAsync("removed_jobs"));
        await _installation.ExecuteAsync($"DELETE FROM events WHERE subject_id = '{jobs[TracingMode.Off]}'");
        await journal.PruneAsync(30, 100, CancellationToken.None);
        Assert.Equal([$"{jobs[TracingMode.Full]} full test", $"{jobs[TracingMode.Sampled]} sampled test"], await _installation.RowsAsync("SELECT job_id, tracing, job_name FROM removed_jobs ORDER BY tracing"));
    }

    /// <summary>Jobs of which a listener is told that begins at the beginning.</summary>
    private async Task<HashSet<string>> ToldAsync()
    {
        var reader = new ListenerReader(new(_installation.DataSource), default, 2, sampleEvery: 1_000_000);
        var told = new HashSet<string>();
        while (await reader.ReadAsync(100, CancellationToken.None) is ListenerPage.Found found)
        {
            told.UnionWith(found.Events.Select(one => one.Event.SubjectId));
        }

        return told;
    }

    private Task<DeleteJobOutcome> DeleteAsync(string jobId) => _server.Writer.WriteAsync(new DeleteJobCommand(jobId, Installation.Submitter), CancellationToken.None);

    /// <summary>A job of which one instance succeeded, one failed and the others were never claimed.</summary>
    private async Task<(string JobId, long TaskId)> EndedAsync(int instances, params NotificationDocument[] notifications)
    {
        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances) with { Notifications = notifications });
        var taskId = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}'");
        await _server.ClaimAsync(_node, jobId, taskId, limit: instances - 1);
        await _server.TerminateAsync(jobId);
        await _server.ReportAsync(_node, jobId, taskId, Enumerable.Range(0, instances - 1).Select(index => Given.Exited(index, exitCode: index % 2)));
        Assert.Equal("FAILED", await _installation.JobStateAsync(jobId));
        return (jobId, taskId);
    }
}
