using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Database.Tests.Scheduling;

public sealed class ClaimStoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private Installation _installation = null!;
    private Server _server = null!;
    private string _envId = null!;
    private Node _node = null!;
    private string _jobId = null!;
    private long _taskId;

    private ClaimStore Claims => _installation.Claims;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
        _jobId = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 6, name: "count")));
        _taskId = await _installation.ScalarAsync<long>("SELECT task_id FROM tasks");
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
    public async Task TasksWithInstancesToClaim_ComeBestFirst()
    {
        var urgent = await _server.SubmittedAsync(Given.Job(Given.Task(_envId, instances: 9, ceiling: 4)) with { Priority = 7 });
        await _server.SubmittedAsync(Given.Job(await _installation.AddEnvironmentAsync("elsewhere")));

        var tasks = await Claims.ClaimableAsync(_envId, 10, CancellationToken.None);

        Assert.Equal([(urgent, 7, 4), (_jobId, 0, 6)], tasks.Select(task => (task.JobId, task.Priority, task.Claimable)));
        Assert.Single(await Claims.ClaimableAsync(_envId, 1, CancellationToken.None));
    }

    [Fact]
    public async Task ClaimThatTheAgentDoesNotKnow_IsToldAgainAfterTheGrace()
    {
        var granted = await _server.ClaimAsync(_node, _jobId, _taskId, limit: 4);
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Exited(1), Given.Report(2, AttemptOutcome.Running));
        Assert.Empty(await UnknownAsync());

        await AgeClaimsAsync();

        var grant = Assert.Single(await UnknownAsync());
        Assert.Equal((granted.Claims[0].ClaimId, _jobId, "count", 6), (grant.ClaimId, grant.JobId, grant.TaskName, grant.TaskInstanceNum));
        Assert.Equal(["true"], grant.Run.Argv);
        Assert.Equal([new(0, 1, 1), new(2, 1, 1), new(3, 1, 1)], grant.Attempts);
        Assert.Empty(await UnknownAsync(grant.ClaimId));
    }

    [Fact]
    public async Task ClaimOfAFormerIncarnation_IsNotToldToTheNext()
    {
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 4);
        await AgeClaimsAsync();
        var next = await _installation.RejoinAsync(_node);

        Assert.Empty(await Claims.UnknownAsync(next.NodeId, next.Epoch, [], Grace, CancellationToken.None));
    }

    [Fact]
    public async Task JobsWhoseEndWasAskedFor_AreToldToTheirNodesOnly()
    {
        var other = await _installation.AddNodeAsync(_envId);
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);
        Assert.Empty(await TerminatedAsync(_node));

        await _server.TerminateAsync(_jobId);

        Assert.Equal([_jobId], await TerminatedAsync(_node));
        Assert.Empty(await TerminatedAsync(other));
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Report(0, AttemptOutcome.Terminated), Given.Report(1, AttemptOutcome.Terminated));
        Assert.Empty(await TerminatedAsync(_node));
    }

    [Fact]
    public async Task AttemptsOfIncarnationsThatAreGone_AreOrphans()
    {
        var other = await _installation.AddNodeAsync(_envId);
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);
        await _server.ClaimAsync(other, _jobId, _taskId, limit: 2);
        Assert.Empty(await Claims.OrphansAsync(10, CancellationToken.None));

        var next = await _installation.RejoinAsync(_node);
        await _server.ClaimAsync(next, _jobId, _taskId, limit: 2);
        await _installation.LoseAsync(other);
        var orphans = (await Claims.OrphansAsync(10, CancellationToken.None)).OrderBy(orphan => orphan.Attempts.Min(attempt => attempt.Index)).ToList();

        Assert.Equal([(_node.NodeId, _node.Epoch), (other.NodeId, other.Epoch)], orphans.Select(orphan => (orphan.NodeId, orphan.NodeEpoch)));
        Assert.Equal([0, 1, 2, 3], orphans.SelectMany(orphan => orphan.Attempts).Select(attempt => attempt.Index).Order());
        Assert.Single(Assert.Single(await Claims.OrphansAsync(1, CancellationToken.None)).Attempts);
    }

    [Fact]
    public async Task Pruning_KeepsClaimsWithLiveAttempts()
    {
        await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2);
        var live = (await _server.ClaimAsync(_node, _jobId, _taskId, limit: 2)).Claims[0].ClaimId;
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Exited(0), Given.Exited(1), Given.Exited(2));
        Assert.Equal(0, await Claims.PruneAsync(Grace, 10, CancellationToken.None));

        await AgeClaimsAsync();

        Assert.Equal(1, await Claims.PruneAsync(Grace, 10, CancellationToken.None));
        Assert.Equal([$"{live}"], await _installation.RowsAsync("SELECT claim_id FROM claims"));
        await _server.ReportAsync(_node, _jobId, _taskId, Given.Exited(3));
        Assert.Equal(0, await Claims.PruneAsync(Grace, 0, CancellationToken.None));
        Assert.Equal(1, await Claims.PruneAsync(Grace, 10, CancellationToken.None));
    }

    /// <summary>As if the claims had been made a minute ago.</summary>
    private Task AgeClaimsAsync() => _installation.ExecuteAsync("UPDATE claims SET claimed_at = claimed_at - interval '1 minute'");

    private Task<IReadOnlyList<ClaimGrant>> UnknownAsync(params long[] known) => Claims.UnknownAsync(_node.NodeId, _node.Epoch, known, Grace, CancellationToken.None);

    private Task<IReadOnlyList<string>> TerminatedAsync(Node node) => Claims.TerminatedJobsAsync(node.NodeId, node.Epoch, CancellationToken.None);
}
