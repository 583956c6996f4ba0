using System.Collections.Concurrent;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Loops;

public sealed class EnvironmentReconcilerTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly EnvironmentStore _environments = server.Services.GetRequiredService<EnvironmentStore>();

    /// <summary>The one that fails comes first, as environments are looked at by their ids.</summary>
    [Fact]
    public async Task EnvironmentWhoseProviderFails_IsToldOnceForEachReasonAndKeepsNoOtherFromItsNodes()
    {
        var ids = new[] { await CreateAsync("one"), await CreateAsync("two") }.Order(StringComparer.Ordinal).ToList();
        var (broken, whole) = (ids[0], ids[1]);
        var provider = new FailingProvider(broken) { Reason = "no machine can be looked at" };
        var log = new Messages();
        using var reconciler = Reconciler(provider, log);

        await reconciler.StartAsync(CancellationToken.None);
        await Until.ReachedAsync(() => NodesAsync(whole), count => count == 2, count => $"{count} nodes");
        await provider.LookedAsync(3);
        provider.Reason = "it is another reason";
        await provider.LookedAsync(3);
        provider.Reason = null;
        await Until.ReachedAsync(() => NodesAsync(broken), count => count == 2, count => $"{count} nodes");
        await Until.ReachedAsync(() => Task.FromResult(log.Ids.ToList()), ids => ids.Contains(3054), ids => string.Join(' ', ids));
        await reconciler.StopAsync(CancellationToken.None);

        Assert.Equal(
            [("Reconciliation: its nodes cannot be looked after", "it is another reason"), ("Reconciliation: its nodes cannot be looked after", "no machine can be looked at")],
            (await ActivitiesAsync(broken)).Where(activity => activity.ActivityState == ActivityState.Failed).Select(activity => (activity.Cause, activity.StateReason)));
        Assert.DoesNotContain(await ActivitiesAsync(whole), activity => activity.ActivityState == ActivityState.Failed);
        Assert.Equal([3053, 3053, 3054], log.Ids.Where(id => id is 3000 or 3053 or 3054));
    }

    private EnvironmentReconciler Reconciler(INodeProvider provider, Messages log)
    {
        var (options, writer) = (Options.Create(new NodeOptions { ReconcileSeconds = 0.1 }), server.Services.GetRequiredService<TransitionWriter>());
        return new(
            _environments,
            [provider],
            new TaskEnvironments(_environments, writer, NullLogger<TaskEnvironments>.Instance),
            new HostBeats(_environments, options, TimeProvider.System),
            new NodeLossSignal(),
            options,
            TimeProvider.System,
            server.Services.GetRequiredService<IHostApplicationLifetime>(),
            log);
    }

    private async Task<string> CreateAsync(string name)
    {
        using var created = await server.PostAsync("/v1/environments", $$"""{"env_name":"reconciled-{{name}}","desired_compute_node_count":2}""");
        return (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId;
    }

    private async Task<int> NodesAsync(string envId) => (await _environments.NodeIdsAsync(envId, CancellationToken.None)).Count;

    private async Task<IReadOnlyList<ActivityView>> ActivitiesAsync(string envId) => (await server.GetAsync<Page<ActivityView>>($"/v1/environments/{envId}/activities")).Items;

    /// <summary>Makes machines that are there at once, except for one environment while there is a reason.</summary>
    private sealed class FailingProvider(string broken) : INodeProvider
    {
        private readonly ConcurrentDictionary<string, bool> _machines = new(StringComparer.Ordinal);
        private int _looks;

        public NodeProvider Kind => NodeProvider.Local;

        public string? Host => null;

        internal string? Reason { get; set; }

        public MachineFacts Facts(EnvironmentRecord environment) => new("host", 1, 1, 1);

        public Task<MachineViews> LookAsync(string envId, IReadOnlyList<string> nodeIds, CancellationToken cancellationToken)
        {
            if (envId == broken)
            {
                Interlocked.Increment(ref _looks);
                return Reason is { } reason ? throw new InvalidOperationException(reason) : Task.FromResult(View(nodeIds));
            }

            return Task.FromResult(View(nodeIds));
        }

        public Task<IReadOnlyList<StartOutcome>> StartAsync(string envId, IReadOnlyList<string> nodeIds, MachineFacts facts, CancellationToken cancellationToken)
        {
            foreach (var nodeId in nodeIds)
            {
                _machines[nodeId] = true;
            }

            return Task.FromResult<IReadOnlyList<StartOutcome>>([.. nodeIds.Select(nodeId => new StartOutcome(nodeId, null))]);
        }

        public Task StopAsync(IReadOnlyList<string> nodeIds, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ForgetAsync(IReadOnlyList<string> nodeIds, CancellationToken cancellationToken) => Task.CompletedTask;

        internal Task<int> LookedAsync(int times)
        {
            var from = Volatile.Read(ref _looks);
            return Until.ReachedAsync(() => Task.FromResult(Volatile.Read(ref _looks)), looks => looks >= from + times, looks => $"{looks - from} looks");
        }

        private MachineViews View(IReadOnlyList<string> nodeIds) =>
            new(nodeIds.ToDictionary(id => id, id => _machines.ContainsKey(id) ? MachinePresence.Alive : MachinePresence.Absent, StringComparer.Ordinal), []);
    }

    private sealed class Messages : ILogger<EnvironmentReconciler>
    {
        private readonly ConcurrentQueue<int> _ids = new();

        internal IEnumerable<int> Ids => _ids;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _ids.Enqueue(eventId.Id);
    }
}
