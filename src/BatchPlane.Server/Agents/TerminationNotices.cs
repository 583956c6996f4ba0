using System.Collections.Concurrent;
using BatchPlane.Contracts;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Server.Agents;

/// <summary>
/// Remembers up to which termination each node was told by this server, so that a termination that comes between two polls
/// is told by the next one. Terminations that other servers took in reach a node with its heartbeat.
/// </summary>
internal sealed class TerminationNotices
{
    private readonly ConcurrentDictionary<(string NodeId, long Epoch), Task> _told = new();
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ClaimStore _claims;
    private readonly TerminationSignal _signal;

    /// <summary>One for the process.</summary>
    public TerminationNotices(ClaimStore claims, TerminationSignal signal, IHostApplicationLifetime lifetime)
    {
        _claims = claims;
        _signal = signal;
        lifetime.ApplicationStopping.Register(_stopping.SetResult);
    }

    /// <summary>Ends when a poll has to: an end was asked for after the node was last told, or the server stops.</summary>
    internal Task PollEnd(string nodeId, long epoch) => Next(nodeId, epoch);

    /// <summary>What to end, when something was asked to end since the node was last told; otherwise nothing.</summary>
    internal async Task<TerminationOrders> TakeAsync(string nodeId, long epoch, CancellationToken cancellationToken)
    {
        if (!Next(nodeId, epoch).IsCompleted)
        {
            return new();
        }

        // First the mark, then the look: what is asked for in between is told twice rather than never.
        _told[(nodeId, epoch)] = Mark();
        return await _claims.TerminationsAsync(nodeId, epoch, cancellationToken);
    }

    /// <summary>The node's epoch ended.</summary>
    internal void Forget(string nodeId, long epoch) => _told.TryRemove((nodeId, epoch), out _);

    private Task Next(string nodeId, long epoch) => _told.GetOrAdd((nodeId, epoch), _ => Mark());

    /// <summary>One for all polls up to the next termination: each would otherwise leave a continuation on tasks that may not end for days.</summary>
    private Task<Task> Mark() => Task.WhenAny(_stopping.Task, _signal.Next);
}
