using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>What attempts used, and whose place they take, through the writer into the database and out of the read model.</summary>
public sealed class UsageTests : IAsyncLifetime
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
    public async Task Reported_IsShownOfTheLastAttemptAndGoesWithTheJob()
    {
        var (job, task) = await ClaimedAsync(3);

        await _server.ReportAsync(_node, job, task, Given.Exited(0) with { Usage = new(1_234, 5_678) }, Given.Exited(1) with { Usage = new(-1, -1) }, Given.Exited(2));

        var shown = (await _jobs.ListInstancesAsync(job, "task", 0, 10, default))!;
        Assert.Equal([new ResourceUsage(1_234, 5_678), new ResourceUsage(0, 0), null], shown.Select(instance => instance.Usage));
        Assert.All(shown, instance => Assert.Equal((ExecutionSources.NormalTrigger, null), (instance.ExecutionSource, instance.OriginalAttempt)));
        await _installation.AssertInvariantsAsync();

        await _server.Writer.WriteAsync(new DeleteJobCommand(job, Installation.Submitter), default);
        await new JobRemovalStore(_installation.DataSource).RemovePartsAsync(job, 1, default);
        Assert.Equal(0, await _installation.CountAsync("attempt_usage"));
    }

    [Fact]
    public async Task NodeLost_TheNextAttemptSaysWhosePlaceItTakes()
    {
        var (job, task) = await ClaimedAsync(1);
        await _installation.LoseAsync(_node);
        await _server.LoseAsync(Assert.Single(await _installation.Claims.OrphansAsync(10, default)));
        Assert.Equal((1, ExecutionSources.NormalTrigger), await SourceAsync(job));

        var next = await _installation.AddNodeAsync(_envId);
        await _server.ClaimAsync(next, job, task, 1);
        var shown = (await _jobs.ListInstancesAsync(job, "task", 0, 10, default))!;

        Assert.Equal((2, ExecutionSources.Failover, 1), (shown[0].Attempt, shown[0].ExecutionSource, shown[0].OriginalAttempt));
        await _installation.AssertInvariantsAsync();
    }

    private async Task<(int Attempt, string? Source)> SourceAsync(string job)
    {
        var shown = (await _jobs.ListInstancesAsync(job, "task", 0, 10, default))!;
        return (shown[0].Attempt, shown[0].ExecutionSource);
    }

    private async Task<(string Job, long Task)> ClaimedAsync(int instances)
    {
        var job = await _server.SubmittedAsync(Given.Job(_envId, instances: instances));
        var task = await _installation.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{job}'");
        await _server.ClaimAsync(_node, job, task, instances);
        return (job, task);
    }
}
