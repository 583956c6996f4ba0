using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Signals;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>The database ends the writers' connections again and again while jobs are submitted, claimed and reported.</summary>
public sealed class LostConnectionTests : IAsyncLifetime
{
    private const int JobCount = 200;

    private Installation _installation = null!;

    public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task ConnectionsLostAgainAndAgain_EveryJobEndsOnce()
    {
        using var ended = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var progress = new Signal();
        var server = await _installation.StartServerAsync();
        var other = await _installation.StartServerAsync();
        var envId = await _installation.AddEnvironmentAsync();
        var node = await _installation.AddNodeAsync(envId);
        var killer = KillConnectionsAsync(progress, ended.Token);
        var agent = RunEverythingAsync([server, other], node, progress, ended.Token);

        var jobIds = new List<string>();
        foreach (var chunk in Enumerable.Range(0, JobCount).Chunk(10))
        {
            jobIds.AddRange(await Task.WhenAll(chunk.Select(n => SubmitAsync(n % 2 == 0 ? server : other, envId, $"key-{n}", ended.Token))));
            progress.Set();
        }

        await agent;
        progress.Set();
        await ended.CancelAsync();
        var killed = await killer;
        Assert.True(killed > 10, $"only {killed} connections were lost: the test proves nothing");
        Assert.Equal(JobCount, jobIds.Distinct().Count());
        Assert.Equal([$"SUCCEED {JobCount}"], await _installation.RowsAsync("SELECT state, count(*) FROM jobs GROUP BY state"));
        Assert.Equal([$"SUCCEED {JobCount * 2}"], await _installation.RowsAsync("SELECT state, count(*) FROM task_instances GROUP BY state"));
        await _installation.AssertInvariantsAsync();
    }

    /// <summary>As a client with an idempotency key does: again until there is an answer.</summary>
    private static async Task<string> SubmitAsync(Server server, string envId, string key, CancellationToken bound)
    {
        while (true)
        {
            try
            {
                return await server.SubmittedAsync(Given.Job(envId, instances: 2), key);
            }
            catch (Exception exception) when (ExpectedFaults.IsTransient(exception))
            {
                bound.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>As an agent does: claims, asks what it holds, reports, all of it again when there was no answer; until all jobs ended.</summary>
    private async Task RunEverythingAsync(Server[] servers, Node node, Signal progress, CancellationToken bound)
    {
        for (var turn = 0; await _installation.ScalarAsync<long>("SELECT count(*) FROM jobs WHERE finished_at IS NOT NULL") < JobCount; turn++)
        {
            bound.ThrowIfCancellationRequested();
            var server = servers[turn % servers.Length];
            try
            {
                var window = await _installation.Claims.ClaimableAsync(node.EnvId, ResourceAmounts.OneSlot, room: 8, turn: null, 50, bound);
                await server.Writer.WriteAsync(
                    new ClaimRequest(node.NodeId, node.Epoch, [.. window.Tasks.Select(task => new TaskClaim(task.JobId, task.TaskId, 8))]), bound);
                var held = await _installation.Claims.UnknownAsync(node.NodeId, node.Epoch, [], TimeSpan.Zero, bound);
                var outcome = await server.Writer.WriteAsync(new NodeReport(node.NodeId, new() { Epoch = node.Epoch, Tasks = [.. held.Select(Done)] }), bound);
                Assert.Empty(outcome.Refused);
                progress.Set();
            }
            catch (Exception exception) when (ExpectedFaults.IsTransient(exception))
            {
                // Asked again in the next turn.
            }
        }
    }

    private static TaskReport Done(ClaimGrant claim) => new()
    {
        JobId = claim.JobId,
        TaskId = claim.TaskId,
        Attempts = [.. claim.Attempts.SelectMany(range => Enumerable.Range(range.FirstIndex, range.Count).Select(index => Given.Exited(index, attempt: range.Attempt)))],
    };

    /// <summary>Ends the writers' connections each time something got through, so that there is always some progress. Returns how many.</summary>
    private async Task<long> KillConnectionsAsync(Signal progress, CancellationToken ended)
    {
        var killed = 0L;
        while (!ended.IsCancellationRequested)
        {
            var next = progress.Next;
            killed += await _installation.ScalarAsync<long>(
                $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{Server.ConnectionName}'");
            await next;
        }

        return killed;
    }
}
