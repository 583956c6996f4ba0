using System.Collections.Concurrent;
using BatchPlane.Core.Scheduling;

namespace BatchPlane.Server.Agents;

/// <summary>
/// Remembers up to which termination each node was told by this server, so that a termination that comes between two polls
/// is told by the next one. Terminations that other servers took in reach a node with its heartbeat.
/// </summary>
internal sealed class TerminationNotices(ClaimStore claims, TerminationSignal signal)
{
    private readonly ConcurrentDictionary<(string NodeId, long Epoch), Task> _told = new();

    /// <summary>Ends when a job's end is asked for after the node was last told.</summary>
    internal Task Next(string nodeId, long epoch) => _told.GetOrAdd((nodeId, epoch), _ => signal.Next);

    /// <summary>Jobs to end, when there was a termination since the node was last told; otherwise none.</summary>
    internal async Task<IReadOnlyList<string>> TakeAsync(string nodeId, long epoch, CancellationToken cancellationToken)
    {
        if (!Next(nodeId, epoch).IsCompleted)
        {
            return [];
        }

        // First the mark, then the look: what is asked for in between is told twice rather than never.
        _told[(nodeId, epoch)] = signal.Next;
        return await claims.TerminatedJobsAsync(nodeId, epoch, cancellationToken);
    }

    /// <summary>The node's epoch ended.</summary>
    internal void Forget(string nodeId, long epoch) => _told.TryRemove((nodeId, epoch), out _);
}
