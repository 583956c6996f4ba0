using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Database.Tests.Environments;

/// <summary>Environments that are made for one task: stored with it, deleted after it, made anew for its next life; what happens to their nodes is in the journal of the job.</summary>
public sealed class TaskEnvironmentTests : IAsyncLifetime
{
    private static readonly NotificationDocument[] Asked = [new() { TopicName = "topic", EventConfigs = [new() { EventName = "COMPUTE_NODE_RUNNING" }, new() { EventName = "COMPUTE_NODE_ABNORMAL" }] }];

    private Installation _installation = null!;
    private Server _server = null!;

    private EnvironmentStore Environments => _installation.Environments;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
    }

    public async Task DisposeAsync()
    {
        try
        {
            await _installation.AssertInvariantsAsync();
        }
        finally
        {
            await _installation.DisposeAsync();
        }
    }

    [Fact]
    public async Task TaskThatWaits_HasItsEnvironmentAndNobodyLooksAfterItUntilItMayRun()
    {
        var grid = await _installation.AddEnvironmentAsync();
        var node = await _installation.AddNodeAsync(grid);
        var jobId = await _server.SubmittedAsync(Given.Job(Given.Task(grid, name: "first"), Own("second")) with { Dependences = [new("first", "second")] });
        var envId = await EnvOfAsync(jobId, "second");

        Assert.Equal([$"CREATED 0 1 300 2 {jobId}.second"], await _installation.RowsAsync(
            $"SELECT state, desired_node_count, max_node_count, idle_seconds, max_retry_count, env_name FROM environments WHERE env_id = '{envId}'"));
        Assert.Empty(await LocalAsync());
        Assert.Empty(await UnneededAsync());

        var first = await TaskIdAsync(jobId, "first");
        await _server.ClaimAsync(node, jobId, first, 1);
        await _server.ReportAsync(node, jobId, first, Given.Exited(0));

        Assert.Equal([envId], await LocalAsync());
    }

    [Fact]
    public async Task NodesOfIt_AreInTheJournalOfTheJobAmongItsOwnEntries()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Own("solo", instances: 2)) with { Notifications = Asked });
        var envId = await EnvOfAsync(jobId, "solo");
        var node = await NodeAsync(envId);
        var taskId = await TaskIdAsync(jobId, "solo");
        await _server.ClaimAsync(node, jobId, taskId, 2);
        await _installation.LoseAsync(node);
        await _installation.AssertInvariantsAsync();

        Assert.Equal(
            [
                "1 job SUBMITTED 0", "2 job RUNNABLE 0", "3 task RUNNABLE 0", "4 compute_node SUBMITTED 0", "5 compute_node CREATING 0", "6 compute_node CREATED 0", "7 compute_node RUNNING 1",
                "8 task STARTING 0", "9 job STARTING 0", "10 compute_node ABNORMAL 1",
            ],
            await _installation.RowsAsync($"SELECT sequence, level, state, notify FROM events WHERE subject_id = '{jobId}' ORDER BY sequence"));
        Assert.Equal(["1 CREATING", "2 CREATED"], await _installation.RowsAsync($"SELECT sequence, state FROM events WHERE subject_id = '{envId}' ORDER BY sequence"));
        Assert.Equal(["0"], await _installation.RowsAsync($"SELECT DISTINCT task_no FROM events WHERE subject_id = '{jobId}' AND level = 'compute_node'"));
    }

    [Fact]
    public async Task NodesAndReportsAtOnce_LeaveNoGapInTheJobsJournal()
    {
        const int Instances = 40;
        var jobId = await _server.SubmittedAsync(Given.Job(Own("solo", Instances)));
        var envId = await EnvOfAsync(jobId, "solo");
        var taskId = await TaskIdAsync(jobId, "solo");
        var node = await NodeAsync(envId);
        await _server.ClaimAsync(node, jobId, taskId, Instances);

        var nodes = Enumerable.Range(0, 10).Select(_ => Task.Run(() => NodeAsync(envId)));
        var reports = Enumerable.Range(0, Instances).Select(index => Task.Run(() => _server.ReportAsync(node, jobId, taskId, Given.Exited(index))));
        await Task.WhenAll([.. nodes, .. reports]);

        Assert.Equal("SUCCEED", await _installation.JobStateAsync(jobId));
        Assert.Equal(44, await _installation.ScalarAsync<long>($"SELECT count(*) FROM events WHERE subject_id = '{jobId}' AND level = 'compute_node'"));
        await _installation.AssertInvariantsAsync();
    }

    [Fact]
    public async Task TaskThatEnded_NeedsItNoMoreAndAnotherLifeGetsAnother()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Own("solo")));
        var first = await EnvOfAsync(jobId, "solo");
        var node = await NodeAsync(first);
        var taskId = await TaskIdAsync(jobId, "solo");
        await _server.ClaimAsync(node, jobId, taskId, 1);
        await _server.ReportAsync(node, jobId, taskId, Given.Exited(0, exitCode: 1));
        Assert.Equal([first], await UnneededAsync());

        // Not deleted yet when the job is tried again: it goes all the same.
        var retried = await _server.Writer.WriteAsync(new RetryJobCommand(jobId, null, [], Installation.Submitter), CancellationToken.None);
        Assert.IsType<RetryOutcome.Accepted>(retried);
        var second = await EnvOfAsync(jobId, "solo");
        Assert.NotEqual(first, second);
        Assert.Equal([first], await UnneededAsync());
        await EndAsync(first);
        await _installation.AssertInvariantsAsync();

        Assert.Equal([$"{first} DELETING", $"{second} CREATED"], (await _installation.RowsAsync($"SELECT env_id, state FROM environments WHERE job_id = '{jobId}' ORDER BY created_at")));
        Assert.Equal([first, second], (await LocalAsync()).OrderBy(id => id == second));
        Assert.False((await GiveUpAsync(jobId, taskId, first)).IsClosed);
        Assert.True((await GiveUpAsync(jobId, taskId, second)).IsClosed);
        Assert.False((await GiveUpAsync(jobId, taskId, second)).IsClosed);
        Assert.Equal(["FAILED node_creation_failed no node"], await _installation.RowsAsync($"SELECT state, cause, reason FROM tasks WHERE job_id = '{jobId}'"));
    }

    [Fact]
    public async Task TaskKeptForInspection_KeepsItUntilItIsReleased()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Own("solo") with { FailedAction = FailedAction.Interrupt }));
        var envId = await EnvOfAsync(jobId, "solo");
        var node = await NodeAsync(envId);
        var taskId = await TaskIdAsync(jobId, "solo");
        await _server.ClaimAsync(node, jobId, taskId, 1);
        await _server.ReportAsync(node, jobId, taskId, Given.Exited(0, exitCode: 1));
        Assert.Equal("FAILED_INTERRUPTED", await _installation.JobStateAsync(jobId));
        Assert.Empty(await UnneededAsync());

        await _server.Writer.WriteAsync(new RetryJobCommand(jobId, null, [], Installation.Submitter), CancellationToken.None);
        Assert.Equal(envId, await EnvOfAsync(jobId, "solo"));
        await _server.TerminateAsync(jobId);

        Assert.Equal([envId], await UnneededAsync());
    }

    [Fact]
    public async Task DeletedJob_IsRemovedOnlyAfterIt()
    {
        var removal = new JobRemovalStore(_installation.DataSource);
        var jobId = await _server.SubmittedAsync(Given.Job(Own("solo")));
        var envId = await EnvOfAsync(jobId, "solo");
        var node = await NodeAsync(envId);
        await _server.TerminateAsync(jobId);
        await _server.Writer.WriteAsync(new DeleteJobCommand(jobId, Installation.Submitter), CancellationToken.None);
        await RemoveAsync();
        Assert.Equal(1, await _installation.CountAsync("jobs"));

        await EndAsync(envId);
        await _installation.AssertInvariantsAsync();
        await Environments.ChangeAsync(envId, environment => { environment.Remove(environment.Find(node.NodeId)!); environment.CloseIfEmpty(); return environment; }, CancellationToken.None);
        await RemoveAsync();

        Assert.Equal(["0 0 0 0"], await _installation.RowsAsync("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM environments), (SELECT count(*) FROM nodes), (SELECT count(*) FROM activities)"));

        async Task RemoveAsync()
        {
            await removal.RemovePartsAsync(jobId, 10, CancellationToken.None);
            await removal.RemoveEnvironmentsAsync(jobId, 1, CancellationToken.None);
            await removal.RemoveAsync(jobId, CancellationToken.None);
            await _installation.AssertInvariantsAsync();
        }
    }

    [Fact]
    public async Task EnvironmentOfATask_IsNobodyElses()
    {
        var jobId = await _server.SubmittedAsync(Given.Job(Own("solo")));
        var envId = await EnvOfAsync(jobId, "solo");

        Assert.IsType<SubmitOutcome.EnvironmentsMissing>(await _server.SubmitAsync(Given.Job(envId)));
        Assert.Null(await Environments.FindAsync(envId, CancellationToken.None));
        Assert.Null(await Environments.FindAsync($"{jobId}.solo", CancellationToken.None));
        Assert.Equal(new ChangeEnvironmentOutcome.OfTask(jobId), await Environments.ChangeWishesAsync(envId, new() { DesiredComputeNodeCount = 3 }, CancellationToken.None));
        Assert.Equal(new DeleteEnvironmentOutcome.OfTask(jobId), await Environments.DeleteAsync(envId, Installation.Submitter, CancellationToken.None));
    }

    [Fact]
    public async Task HostWithoutServerForLong_IsLostInTheEyesOfThoseThatWereThereAllTheTime()
    {
        var (gap, lost) = (TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(300));
        var envId = await _installation.AddEnvironmentAsync(provider: NodeProvider.Local);
        await Environments.ChangeAsync(envId, environment => environment.AddNode(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), "host-a"), CancellationToken.None);

        Assert.Empty(await Environments.BeatHostAsync("host-a", gap, lost, CancellationToken.None));
        Assert.Empty(await Environments.BeatHostAsync("host-b", gap, lost, CancellationToken.None));
        await _installation.ExecuteAsync("UPDATE hosts SET beat_at = beat_at - interval '301 seconds', alive_since = alive_since - interval '1 day'");
        Assert.Empty(await Environments.BeatHostAsync("host-b", gap, lost, CancellationToken.None));

        await _installation.ExecuteAsync("UPDATE hosts SET alive_since = alive_since - interval '301 seconds' WHERE host_id = 'host-b'");
        Assert.Equal(["host-a"], await Environments.BeatHostAsync("host-b", gap, lost, CancellationToken.None));
        Assert.Empty(await Environments.BeatHostAsync("host-a", gap, lost, CancellationToken.None));
        Assert.Empty(await Environments.BeatHostAsync("host-b", gap, lost, CancellationToken.None));
    }

    private static TaskDocument Own(string name, int instances = 1) => Given.Task("", instances, name) with { EnvId = null, ComputeEnv = new(), ResourceMaxRetryCount = 2 };

    private Task<string> EnvOfAsync(string jobId, string task) => _installation.ScalarAsync<string>($"SELECT env_id FROM tasks WHERE job_id = '{jobId}' AND task_name = '{task}'");

    private Task<long> TaskIdAsync(string jobId, string task) => _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}' AND task_name = '{task}'");

    private Task<IReadOnlyList<string>> LocalAsync() => Environments.OfProviderAsync(NodeProvider.Local, CancellationToken.None);

    private Task<IReadOnlyList<string>> UnneededAsync() => Environments.UnneededAsync(10, CancellationToken.None);

    private Task<GiveUpOutcome> GiveUpAsync(string jobId, long taskId, string envId) =>
        _server.Writer.WriteAsync(new GiveUpTask(jobId, taskId, envId, "no node"), CancellationToken.None);

    private Task<EnvironmentAggregate?> EndAsync(string envId) =>
        Environments.ChangeAsync(envId, environment => { environment.RequestDelete("engine"); return environment; }, CancellationToken.None);

    /// <summary>A node as the provider makes it, which joined.</summary>
    private async Task<Node> NodeAsync(string envId)
    {
        var made = (await Environments.ChangeAsync(
            envId,
            environment =>
            {
                var node = environment.AddNode(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), "host-a");
                environment.Join(node, Node.Machine with { Slots = 64 }, "1.0", TimeSpan.FromMinutes(1));
                return node;
            },
            CancellationToken.None))!;
        return new(envId, made.NodeId, made.Epoch);
    }
}
