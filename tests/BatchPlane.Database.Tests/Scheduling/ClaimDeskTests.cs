using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Database.Tests.Scheduling;

public sealed class ClaimDeskTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private Installation _installation = null!;
    private Server _server = null!;
    private ClaimDesk _desk = null!;
    private string _envId = null!;
    private Node _node = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _server = await _installation.StartServerAsync();
        _envId = await _installation.AddEnvironmentAsync();
        _node = await _installation.AddNodeAsync(_envId);
        _desk = NewDesk(_server, pollSeconds: 60);
        await _desk.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _desk.StopAsync(CancellationToken.None);
        _desk.Dispose();
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
    public async Task NodeThatWaits_IsGrantedWhatComesIn()
    {
        var visit = VisitAsync(_node, capacity: 3);
        Assert.False(visit.IsCompleted);

        var jobId = await _server.SubmittedAsync(Given.Job(_envId, instances: 5));

        var outcome = await visit.WaitAsync(Long);
        Assert.Equal(jobId, Assert.Single(outcome.Claims).JobId);
        Assert.Equal([(0, 1), (1, 1), (2, 1)], Given.Attempts(outcome));
    }

    [Fact]
    public async Task WorkThatWaits_IsGrantedAtOnce()
    {
        await _server.SubmittedAsync(Given.Job(_envId, instances: 5));

        Assert.Equal(5, Given.Attempts(await VisitAsync(_node, capacity: 8).WaitAsync(Long)).Count());
    }

    [Fact]
    public async Task WorkOfAnotherServer_IsFoundByPolling()
    {
        var other = await _installation.StartServerAsync();
        using var polling = NewDesk(other, pollSeconds: 0.05);
        await polling.StartAsync(CancellationToken.None);
        var visit = polling.VisitAsync(_envId, new(_node.NodeId, _node.Epoch, 8), Long, Never, CancellationToken.None);

        await _server.SubmittedAsync(Given.Job(_envId));

        Assert.Single((await visit.WaitAsync(Long)).Claims);
        await polling.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task WorkOfAnotherEnvironment_IsNotGranted()
    {
        await _server.SubmittedAsync(Given.Job(await _installation.AddEnvironmentAsync("elsewhere")));

        Assert.Empty((await _desk.VisitAsync(_envId, new(_node.NodeId, _node.Epoch, 8), TimeSpan.FromMilliseconds(200), Never, CancellationToken.None)).Claims);
    }

    [Fact]
    public async Task NewerVisit_EndsTheOlderEmptyHanded()
    {
        var older = VisitAsync(_node, capacity: 1);
        var newer = VisitAsync(_node, capacity: 1);

        Assert.Empty((await older.WaitAsync(Long)).Claims);
        Assert.False(newer.IsCompleted);
        await _server.SubmittedAsync(Given.Job(_envId));
        Assert.Single((await newer.WaitAsync(Long)).Claims);
    }

    [Fact]
    public async Task ManyVisitsOfOneNodeAtOnce_LeaveOneWaiting()
    {
        var visits = Enumerable.Range(0, 20).Select(_ => Task.Run(() => VisitAsync(_node, capacity: 1))).ToList();

        await Condition.ReachedAsync(() => Task.FromResult(visits.Count(visit => visit.IsCompleted)), ended => ended == 19, "all but one visit ended");
        await _server.SubmittedAsync(Given.Job(_envId));

        Assert.Single((await Task.WhenAll(visits).WaitAsync(Long)).SelectMany(outcome => outcome.Claims));
    }

    [Fact]
    public async Task LeaveSignal_EndsTheVisit()
    {
        var leave = new TaskCompletionSource();
        var visit = _desk.VisitAsync(_envId, new(_node.NodeId, _node.Epoch, 8), Long, leave.Task, CancellationToken.None);

        leave.SetResult();

        Assert.Empty((await visit.WaitAsync(Long)).Claims);
        await _server.SubmittedAsync(Given.Job(_envId));
        Assert.Equal(0, await _installation.CountAsync("claims"));
    }

    [Fact]
    public async Task CallerThatGoes_EndsTheVisit()
    {
        using var gone = new CancellationTokenSource();
        var visit = _desk.VisitAsync(_envId, new(_node.NodeId, _node.Epoch, 8), Long, Never, gone.Token);

        await gone.CancelAsync();

        Assert.Empty((await visit.WaitAsync(Long)).Claims);
    }

    [Fact]
    public async Task FormerIncarnation_IsToldThatItIsFenced()
    {
        await _installation.RejoinAsync(_node);
        await _server.SubmittedAsync(Given.Job(_envId));

        Assert.True((await VisitAsync(_node, capacity: 1).WaitAsync(Long)).Fenced);
    }

    [Fact]
    public async Task StoppingServer_SendsEverybodyAway()
    {
        var visit = VisitAsync(_node, capacity: 1);

        await _desk.StopAsync(CancellationToken.None);

        Assert.Empty((await visit.WaitAsync(Long)).Claims);
        Assert.Empty((await VisitAsync(_node, capacity: 1).WaitAsync(TimeSpan.FromSeconds(5))).Claims);
    }

    private static Task Never => new TaskCompletionSource().Task;

    private ClaimDesk NewDesk(Server server, double pollSeconds) => new(
        _installation.Claims,
        server.Writer,
        server.Work,
        Options.Create(new SchedulingOptions { PollSeconds = pollSeconds }),
        TimeProvider.System,
        NullLogger<ClaimDesk>.Instance);

    private Task<ClaimOutcome> VisitAsync(Node node, int capacity) =>
        _desk.VisitAsync(_envId, new(node.NodeId, node.Epoch, capacity), Long, Never, CancellationToken.None);
}
