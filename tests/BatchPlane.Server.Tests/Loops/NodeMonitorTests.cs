using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Tests.Dispatch;
using BatchPlane.Server.Tests.Outputs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Loops;

public sealed class NodeMonitorTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly MachineFacts Facts = new("host", 2, 4, 2);
    private readonly EnvironmentStore _environments = server.Services.GetRequiredService<EnvironmentStore>();

    [Fact]
    public async Task LeasesThatRanOutWhileNoServerRan_AreJudgedOnlyAfterAgentsHadTheTimeOfALease()
    {
        var alive = await JoinAsync();
        var dead = await JoinAsync();
        await ExpireAllAsync();
        var time = new ObservedTime();
        using var monitor = Monitor(time);

        await monitor.StartAsync(CancellationToken.None);
        await time.LookedAsync(1);
        var heard = await HeartbeatAsync(alive);
        var given = await GivenUpAsync(dead);
        await monitor.StopAsync(CancellationToken.None);

        Assert.Equal((NodeState.Running, NodeState.Abnormal, NodeState.Running), (heard, given, await StateAsync(alive)));
    }

    [Fact]
    public async Task ServerThatDoesNotAnswerYet_JudgesNobody()
    {
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var (time, controlTime) = (new ObservedTime(), new ObservedTime());
        using var monitor = Monitor(time, lifetime);
        using var control = Monitor(controlTime);

        await monitor.StartAsync(CancellationToken.None);
        await control.StartAsync(CancellationToken.None);
        await controlTime.LookedAsync(3);
        var before = time.Looks;
        lifetime.NotifyStarted();
        await time.LookedAsync(1);
        await control.StopAsync(CancellationToken.None);
        await monitor.StopAsync(CancellationToken.None);

        Assert.Equal(0, before);
    }

    [Fact]
    public async Task LeasesThatRanOutWhileTheServerWasSuspended_AreNotJudgedAtItsFirstLook()
    {
        var first = await JoinAsync();
        var time = new ObservedTime();
        using var monitor = Monitor(time);
        await monitor.StartAsync(CancellationToken.None);
        await ExpireAllAsync();
        await GivenUpAsync(first);

        var alive = await JoinAsync();
        time.Skip(TimeSpan.FromMinutes(1));
        await ExpireAllAsync();
        await time.LookedAsync(2);
        var heard = await HeartbeatAsync(alive);
        await monitor.StopAsync(CancellationToken.None);

        Assert.Equal(NodeState.Running, heard);
    }

    /// <summary>The control is what the next node loses, which leaves without a word.</summary>
    [Fact]
    public async Task WhatANodeHeldThatLeftInOrder_GoesElsewhereWithACauseOfItsOwn()
    {
        using var submitted = await server.PostAsync("/v1/jobs", """{"tasks":[{"application":{"command":"true"}}]}""");
        var job = (await ServerFixture.ReadAsync<SubmitJobResponse>(submitted)).JobId;
        var first = await OutputAgent.JoinAsync(server);
        await first.TakeAsync();
        using var monitor = Monitor(new ObservedTime());
        await monitor.StartAsync(CancellationToken.None);

        await first.LeaveAsync();
        var second = await OutputAgent.JoinAsync(server);
        await second.TakeAsync();
        await _environments.ChangeAsync(ServerFixture.DefaultEnvId, environment => { environment.Lose(environment.Find(second.Terms.NodeId)!, "lost"); return environment; }, CancellationToken.None);
        var ended = await Until.ReachedAsync(() => ExecutionsAsync(job), ends => ends.Count == 2, ends => $"{ends.Count} ends");
        await monitor.StopAsync(CancellationToken.None);

        Assert.Equal(
            [(1, "RETURNED", Cause.NodeDrained, $"node {first.Terms.NodeId} left before it had ended"), (2, "LOST", Cause.NodeLost, $"node {second.Terms.NodeId} was lost")],
            ended.OrderBy(end => end.Attempt).Select(end => (end.Attempt, end.Result, end.Cause!.Value, end.FailureCause!)));
        Assert.Equal(("FAILOVER", 1), ended.Where(end => end.Attempt == 2).Select(end => (end.ExecutionSource, end.OriginalAttempt ?? 0)).Single());
    }

    private async Task<IReadOnlyList<ExecutionView>> ExecutionsAsync(string job) =>
        [.. (await server.GetAsync<Page<ExecutionView>>($"/v1/executions?job={job}")).Items.Where(execution => execution.CompleteTime is not null)];

    private NodeMonitor Monitor(TimeProvider time, IHostApplicationLifetime? lifetime = null) => new(
        _environments,
        server.Services.GetRequiredService<ClaimStore>(),
        server.Services.GetRequiredService<TransitionWriter>(),
        new NodeLossSignal(),
        Options.Create(new NodeOptions { LeaseSeconds = 2, MonitorSeconds = 0.1 }),
        time,
        lifetime ?? server.Services.GetRequiredService<IHostApplicationLifetime>(),
        NullLogger<NodeMonitor>.Instance);

    private Task ExpireAllAsync() => server.ExecuteAsync("UPDATE nodes SET lease_until = now() - interval '1 minute' WHERE lease_until IS NOT NULL");

    private Task<NodeState?> HeartbeatAsync(NodeRecord node) =>
        _environments.HeartbeatAsync(node.NodeId, new() { Epoch = node.Epoch, Claims = [] }, TimeSpan.FromMinutes(1), CancellationToken.None);

    private Task<NodeState?> GivenUpAsync(NodeRecord node) => Until.ReachedAsync(() => StateAsync(node), state => state == NodeState.Abnormal, state => $"{state}");

    private async Task<NodeRecord> JoinAsync() => (await _environments.ChangeAsync(
        ServerFixture.DefaultEnvId,
        environment =>
        {
            var node = environment.Attach(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), Facts);
            environment.Join(node, Facts, "1.0", TimeSpan.FromMinutes(1));
            return node;
        },
        CancellationToken.None))!;

    private async Task<NodeState?> StateAsync(NodeRecord node) => (await _environments.FindHolderAsync(node.NodeId, CancellationToken.None))?.State;

    /// <summary>Counts the pauses of the loop, each of which begins after a look, and moves the clock on the wall.</summary>
    private sealed class ObservedTime : TimeProvider
    {
        private int _pauses;
        private TimeSpan _skipped;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _skipped;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _pauses);
            return base.CreateTimer(callback, state, dueTime, period);
        }

        internal int Looks => Volatile.Read(ref _pauses);

        internal void Skip(TimeSpan span) => _skipped = span;

        internal Task<int> LookedAsync(int times)
        {
            var from = Volatile.Read(ref _pauses);
            return Until.ReachedAsync(() => Task.FromResult(Volatile.Read(ref _pauses)), pauses => pauses >= from + times, pauses => $"{pauses - from} looks");
        }
    }
}
