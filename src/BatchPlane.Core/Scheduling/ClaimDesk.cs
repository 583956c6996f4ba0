using System.Collections.Concurrent;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BatchPlane.Core.Scheduling;

/// <summary>
/// Where agents wait for work. One loop matches waiting nodes with claimable tasks, environment by environment: it reads
/// what there is, lets <see cref="PlacementPolicy"/> decide, and claims through the transition path. Nothing is remembered
/// between passes: a node that waits at another server, or a task another server took in, needs no word between servers.
/// </summary>
public sealed partial class ClaimDesk(
    ClaimStore store,
    TransitionWriter writer,
    WorkSignal workSignal,
    IOptions<SchedulingOptions> options,
    TimeProvider time,
    ILogger<ClaimDesk> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<string, Visitor> _visitors = new(StringComparer.Ordinal);
    private readonly Signals.Signal _arrival = new();

    /// <summary>Whose turn it was last, by environment. Used by the loop alone; forgetting it would do no harm.</summary>
    private readonly Dictionary<string, JobTurn> _turns = new(StringComparer.Ordinal);
    private volatile bool _isClosed;

    /// <summary>
    /// Waits until instances were claimed for the node, its epoch proved wrong, <paramref name="limit"/> passed or <paramref name="leave"/> ended.
    /// A node waits once: a newer visit ends an older one empty-handed.
    /// </summary>
    public async Task<ClaimOutcome> VisitAsync(string envId, WaitingNode node, TimeSpan limit, Task leave, CancellationToken cancellationToken)
    {
        var visitor = new Visitor(envId, node);
        while (!_visitors.TryAdd(node.NodeId, visitor))
        {
            if (_visitors.TryGetValue(node.NodeId, out var earlier))
            {
                earlier.Leave();
                await earlier.Done;
                _visitors.TryRemove(new(node.NodeId, earlier));
            }
        }

        if (_isClosed)
        {
            visitor.Leave();
        }

        _arrival.Set();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(visitor.Done, leave, Task.Delay(limit, time, ended.Token));
        await ended.CancelAsync();
        _visitors.TryRemove(new(node.NodeId, visitor));
        visitor.Leave();
        return await visitor.Done;
    }

    /// <summary>Sends everybody away, also those who come later. Not part of the loop, which never ran when the stop came early.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        _isClosed = true;
        foreach (var visitor in _visitors.Values)
        {
            visitor.Leave();
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var poll = TimeSpan.FromSeconds(options.Value.PollSeconds);
        while (!stoppingToken.IsCancellationRequested)
        {
            var work = workSignal.Next;
            var arrival = _arrival.Next;
            try
            {
                await PassAsync(stoppingToken);
                await Signals.Signal.WaitAsync(_visitors.IsEmpty ? arrival : Task.WhenAny(work, arrival), poll, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                Log.PassFailed(logger, ExpectedFaults.IsTransient(exception) ? LogLevel.Warning : LogLevel.Error, exception);
                await Task.Delay(poll, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Environments one after the other; within one, all nodes' claims go into one transaction.</summary>
    private async Task PassAsync(CancellationToken cancellationToken)
    {
        foreach (var environment in _visitors.Values.GroupBy(visitor => visitor.EnvId, StringComparer.Ordinal).ToList())
        {
            var turn = _turns.GetValueOrDefault(environment.Key);
            var window = await store.ClaimableAsync(environment.Key, Largest(environment), environment.Sum(visitor => (long)visitor.Node.Capacity), turn, options.Value.MaxTasksPerPass, cancellationToken);
            if (window.Tasks.Count == 0)
            {
                SetTurn(environment.Key, window.ResumeAt);
                continue;
            }

            var visitors = environment.Where(visitor => visitor.TryBeginClaim()).ToDictionary(visitor => visitor.Node);
            var plan = PlacementPolicy.Place(window, [.. visitors.Keys], turn);

            // What fills the room alone leaves the turn of those below as it is.
            var isOfLower = window.Tasks.Min(task => task.Priority) > turn?.Priority;
            SetTurn(environment.Key, isOfLower ? turn : plan.Turn);
            var placements = plan.Placements.ToLookup(placement => placement.Node);
            await Task.WhenAll(visitors.Select(pair => ClaimAsync(pair.Value, [.. placements[pair.Key]])));
        }
    }

    /// <summary>What no waiting node could ever hold is not looked at.</summary>
    private static ResourceAmounts Largest(IEnumerable<Visitor> visitors) =>
        visitors.Aggregate(default(ResourceAmounts), (largest, visitor) => largest.Max(visitor.Node.Size));

    private void SetTurn(string envId, JobTurn? turn)
    {
        if (turn is null)
        {
            _turns.Remove(envId);
        }
        else
        {
            _turns[envId] = turn;
        }
    }

    private async Task ClaimAsync(Visitor visitor, IReadOnlyList<Placement> placements)
    {
        var outcome = new ClaimOutcome([], Fenced: false);
        try
        {
            if (placements.Count > 0)
            {
                // Not cancellable: what was queued will be claimed, and the node must hear of it.
                outcome = await writer.WriteAsync(
                    new ClaimRequest(
                        visitor.Node.NodeId,
                        visitor.Node.Epoch,
                        [.. placements.Select(placement => new TaskClaim(placement.Task.JobId, placement.Task.TaskId, placement.Count))]),
                    CancellationToken.None);
            }
        }
        finally
        {
            visitor.EndClaim(outcome);
        }
    }

    /// <summary>A node at the desk. Leaves with a claim, or empty-handed; never while a claim for it is under way.</summary>
    private sealed class Visitor(string envId, WaitingNode node)
    {
        private readonly TaskCompletionSource<ClaimOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _lock = new();
        private bool _claiming;
        private bool _leaving;

        internal string EnvId { get; } = envId;

        internal WaitingNode Node { get; } = node;

        internal Task<ClaimOutcome> Done => _done.Task;

        internal bool TryBeginClaim()
        {
            lock (_lock)
            {
                if (_leaving || _claiming || _done.Task.IsCompleted)
                {
                    return false;
                }

                _claiming = true;
                return true;
            }
        }

        internal void EndClaim(ClaimOutcome outcome)
        {
            lock (_lock)
            {
                _claiming = false;
                if (outcome.Fenced || outcome.Claims.Count > 0 || _leaving)
                {
                    _done.TrySetResult(outcome);
                }
            }
        }

        internal void Leave()
        {
            lock (_lock)
            {
                _leaving = true;
                if (!_claiming)
                {
                    _done.TrySetResult(new([], Fenced: false));
                }
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 4001, Message = "Instances could not be claimed in this pass; trying again")]
        internal static partial void PassFailed(ILogger logger, LogLevel level, Exception exception);
    }
}
