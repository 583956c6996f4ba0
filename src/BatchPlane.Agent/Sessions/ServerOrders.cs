using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Sessions;

/// <summary>What the loops hear from the server, whichever of them hears it first.</summary>
internal sealed partial class ServerOrders(AttemptBook book, TimeProvider time, ILogger log)
{
    private readonly TaskCompletionSource _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failing;

    /// <summary>Completes when the server wants the node to finish and leave.</summary>
    internal Task DrainAsked => _drain.Task;

    /// <summary>Completes when the epoch is over.</summary>
    internal Task Fenced => _fenced.Task;

    /// <summary>Rung when a heartbeat should not wait for its time.</summary>
    internal Bell HeartbeatWanted { get; } = new(time);

    /// <summary>Carries out what an answer of the server says, in this order: what is terminated is never started.</summary>
    internal void Obey(IReadOnlyList<ClaimGrant> claims, IReadOnlyList<string> terminatedJobs, bool drain)
    {
        book.Terminate(terminatedJobs);
        if (claims.Count > 0)
        {
            book.Take(claims);
        }

        if (drain && _drain.TrySetResult())
        {
            Log.DrainAsked(log);
        }
    }

    /// <summary>The epoch is over.</summary>
    internal void Fence(string detail)
    {
        if (_fenced.TrySetResult())
        {
            Log.Fenced(log, detail);
        }
    }

    /// <summary>A request failed; a heartbeat soon tells more.</summary>
    internal void ServerFailed(string request, string detail)
    {
        if (Interlocked.Exchange(ref _failing, 1) == 0)
        {
            Log.ServerFailed(log, request, detail);
        }

        HeartbeatWanted.Ring();
    }

    /// <summary>The server is there (again).</summary>
    internal void ServerAnswered()
    {
        if (Interlocked.Exchange(ref _failing, 0) == 1)
        {
            Log.ServerBack(log);
        }
    }

    /// <summary>The server says that an attempt is not this node's.</summary>
    internal void Refused(AttemptRef attempt) => Log.AttemptRefused(log, attempt.TaskId, attempt.Index, attempt.Attempt);

    private static partial class Log
    {
        [LoggerMessage(6010, LogLevel.Information, "The server wants this node to finish what runs and to leave")]
        internal static partial void DrainAsked(ILogger logger);

        [LoggerMessage(6011, LogLevel.Warning, "This node was given up by the server ({Detail}): killing what runs and joining again")]
        internal static partial void Fenced(ILogger logger, string detail);

        [LoggerMessage(6012, LogLevel.Warning, "The server does not answer as it should ({Request}: {Detail}); what runs goes on, trying again")]
        internal static partial void ServerFailed(ILogger logger, string request, string detail);

        [LoggerMessage(6013, LogLevel.Information, "The server answers again")]
        internal static partial void ServerBack(ILogger logger);

        [LoggerMessage(6014, LogLevel.Warning, "Attempt {Attempt} of instance {Index} of task {TaskId} is not this node's any more; it is killed if it runs")]
        internal static partial void AttemptRefused(ILogger logger, long taskId, int index, int attempt);
    }
}
