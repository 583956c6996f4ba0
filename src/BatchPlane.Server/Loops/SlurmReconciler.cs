using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Nodes.Slurm;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Brings the nodes of each Slurm environment to the desired count: one look at Slurm's queue for all of them, outside of any lock; then, for each environment, a pure decision under
/// its lock; then what was decided. Any number of servers may do so at once: a start is claimed in the decision, pilots are known by name, and to end one is safe to repeat.
/// </summary>
/// <remarks>
/// Nothing is remembered of Slurm but when a pilot was asked for: ids, states and what a dead server left are seen by the next look. A Slurm that cannot be asked proves nothing: nodes stay
/// as they are. Pilots without a live node are ended, those that run only after a while: an agent that leaves still clears up.
/// Beside <see cref="EnvironmentReconciler"/> and no <see cref="INodeProvider"/> of it, since a look serves all environments at once, a start is claimed before it is asked for and may stay unanswered, and
/// what is decided depends on pilots that have no node: one duty in one place would know both kinds of everything.
/// </remarks>
internal sealed partial class SlurmReconciler(
    EnvironmentStore environments,
    SlurmPilots pilots,
    TaskEnvironments taskEnvironments,
    NodeLossSignal losses,
    IOptions<SlurmOptions> options,
    IOptions<NodeOptions> nodes,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<SlurmReconciler> logger) : EngineLoop(time, logger)
{
    private static readonly TimeSpan LeftoverGrace = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = time;
    private readonly EnvironmentTroubles _troubles = new(environments, logger);
    private readonly Dictionary<(string Name, string JobId), long> _leftovers = [];
    private string? _trouble;

    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.LookSeconds);

    /// <summary>Agents are started only once the server can take them in.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.WhenStartedAsync(stoppingToken);
        await base.ExecuteAsync(stoppingToken);
    }

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        var began = await environments.ClockAsync(cancellationToken);
        var (seen, trouble) = await pilots.LookAsync(cancellationToken);
        // Read after the look: whatever node it saw a pilot of is known by now, or is gone.
        var envIds = await environments.OfProviderAsync(NodeProvider.Slurm, cancellationToken);
        Tell(seen is null ? trouble : null);
        if (seen is null)
        {
            foreach (var envId in envIds)
            {
                await _troubles.TryAsync(envId, () => environments.ChangeAsync(envId, environment => Unseen(environment, trouble), cancellationToken), cancellationToken);
            }

            return;
        }

        var queue = new PilotQueue(began, seen);
        var live = new HashSet<string>(StringComparer.Ordinal);
        foreach (var envId in envIds)
        {
            if (!await _troubles.TryAsync(envId, async () => live.UnionWith(await ReconcileAsync(envId, queue, cancellationToken)), cancellationToken))
            {
                // What is wrong with it says nothing about its pilots.
                live.UnionWith(await environments.NodeIdsAsync(envId, cancellationToken));
            }
        }

        await EndLeftoversAsync(queue, live, cancellationToken);
    }

    /// <summary>One environment; its nodes that are not deleted.</summary>
    private async Task<IEnumerable<string>> ReconcileAsync(string envId, PilotQueue queue, CancellationToken cancellationToken)
    {
        var backlog = await environments.BacklogAsync(envId, nodes.Value.BacklogTasks, cancellationToken);
        var decided = await environments.ChangeAsync(envId, environment => Decide(environment, queue, backlog), cancellationToken);
        if (decided is not var (todo, settings, slots, givenUp))
        {
            return [];
        }

        await taskEnvironments.GiveUpAsync(givenUp, cancellationToken);
        if (todo.Lost)
        {
            losses.Set();
        }

        await CancelAsync(todo.ToCancel, cancellationToken);
        if (todo.ToStart.Count > 0)
        {
            await StartAsync(pilots.Group(envId, todo.ToStart), settings, slots, cancellationToken);
        }

        return todo.Live;
    }

    private async Task StartAsync(PilotGroup group, SlurmDocument settings, int? slots, CancellationToken cancellationToken)
    {
        var answer = await pilots.SubmitAsync(group, settings, slots, cancellationToken);
        switch (answer)
        {
            case SlurmAnswer.Done:
                Log.Submitted(Logger, group.Members.Count, group.EnvId, group.Name);
                break;
            case SlurmAnswer.Refused { Words: var words }:
                Log.Refused(Logger, group.EnvId, words);
                break;
            case SlurmAnswer.Unreachable { Words: var words }:
                // Perhaps it was taken: the claim holds until a look can tell.
                Log.Unanswered(Logger, group.EnvId, words);
                return;
        }

        await environments.ChangeAsync(group.EnvId, environment => Told(environment, group, answer), cancellationToken);
    }

    /// <summary>Runs under the environment's lock: no waiting for anything in here.</summary>
    private Decided Decide(EnvironmentAggregate environment, PilotQueue queue, IReadOnlyList<BacklogPart> backlog)
    {
        var settings = JsonSerializer.Deserialize<SlurmDocument>(environment.Environment.ProviderSettings, BatchPlaneJson.Options)!;
        var todo = new PilotDecision(environment, settings, queue, backlog, nodes.Value, options.Value).Make();
        return new(todo, settings, environment.Environment.SlotsPerNode, GivenUp.Of(environment));
    }

    private EnvironmentAggregate Told(EnvironmentAggregate environment, PilotGroup group, SlurmAnswer answer)
    {
        var breaker = PilotBreaker.Read(environment.Environment.ProviderState);
        foreach (var node in group.Members.Select(member => environment.Find(member.NodeId)).OfType<NodeRecord>().Where(node => node.StartingUntil > environment.Now))
        {
            if (answer is SlurmAnswer.Refused { Words: var words })
            {
                environment.StartFailed(node, $"Slurm refused its pilot: {words}", nodes.Value.MaxStarts);
            }
            else
            {
                environment.StartAccepted(node);
            }
        }

        breaker = answer is SlurmAnswer.Refused refused
            ? breaker.SubmitRefused($"Slurm refused pilots: {refused.Words}", environment.Now, options.Value)
            : breaker.SubmitTaken();
        environment.NoteProvider(breaker.Write(), breaker.Reason(environment.Now));
        return environment;
    }

    private static EnvironmentAggregate Unseen(EnvironmentAggregate environment, string trouble)
    {
        environment.NoteProvider(environment.Environment.ProviderState, $"Slurm cannot be asked: {trouble}");
        return environment;
    }

    /// <summary>Ends pilots that are too many, and those whose node is not wanted any more.</summary>
    private async Task EndLeftoversAsync(PilotQueue queue, HashSet<string> live, CancellationToken cancellationToken)
    {
        var orphans = queue.Current.Where(pilot => pilot.Phase != PilotPhase.Ending && !live.Contains(pilot.Member.NodeId)).ToList();
        foreach (var gone in _leftovers.Keys.Except(orphans.Select(Key)).ToList())
        {
            _leftovers.Remove(gone);
        }

        var due = orphans.Where(pilot => pilot.Phase == PilotPhase.Queued || IsOverdue(pilot)).ToList();
        due.AddRange(queue.Surplus);
        foreach (var pilot in due)
        {
            Log.Leftover(Logger, pilot.JobId, pilot.Group.Name, pilot.Member.NodeId);
        }

        await CancelAsync(due, cancellationToken);
    }

    private bool IsOverdue(Pilot pilot)
    {
        if (_leftovers.TryGetValue(Key(pilot), out var since))
        {
            return _time.GetElapsedTime(since) > LeftoverGrace;
        }

        _leftovers.Add(Key(pilot), _time.GetTimestamp());
        return false;
    }

    private static (string Name, string JobId) Key(Pilot pilot) => (pilot.Group.Name, pilot.JobId);

    private async Task CancelAsync(List<Pilot> due, CancellationToken cancellationToken)
    {
        if (due.Count > 0 && await pilots.CancelAsync(due, cancellationToken) is { } trouble)
        {
            Log.NotEnded(Logger, trouble);
        }
    }

    /// <summary>Logs when Slurm stops to answer, and when it answers again.</summary>
    private void Tell(string? trouble)
    {
        if (trouble is not null && _trouble is null)
        {
            Log.Unreachable(Logger, trouble);
        }
        else if (trouble is null && _trouble is not null)
        {
            Log.Reachable(Logger);
        }

        _trouble = trouble;
    }

    private sealed record Decided(PilotTodo Todo, SlurmDocument Settings, int? Slots, GivenUp? GivenUp);

    private static partial class Log
    {
        [LoggerMessage(3040, LogLevel.Information, "Submitted {Count} pilots of {EnvId} as {Name}")]
        internal static partial void Submitted(ILogger logger, int count, string envId, string name);

        [LoggerMessage(3041, LogLevel.Warning, "Slurm refused pilots of {EnvId}: {Words}")]
        internal static partial void Refused(ILogger logger, string envId, string words);

        [LoggerMessage(3042, LogLevel.Warning, "Whether Slurm took pilots of {EnvId} is not known yet: {Words}")]
        internal static partial void Unanswered(ILogger logger, string envId, string words);

        [LoggerMessage(3043, LogLevel.Warning, "Slurm cannot be asked, its nodes stay as they are: {Words}")]
        internal static partial void Unreachable(ILogger logger, string words);

        [LoggerMessage(3044, LogLevel.Information, "Slurm answers again")]
        internal static partial void Reachable(ILogger logger);

        [LoggerMessage(3045, LogLevel.Information, "Ending pilot {JobId} ({Name}): nothing wants {NodeId} of it")]
        internal static partial void Leftover(ILogger logger, string jobId, string name, string nodeId);

        [LoggerMessage(3046, LogLevel.Warning, "Pilots could not be ended; the next look tries again: {Words}")]
        internal static partial void NotEnded(ILogger logger, string words);
    }
}
