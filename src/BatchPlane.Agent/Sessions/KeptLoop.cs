using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Sessions;

/// <summary>
/// Removes working directories that were kept for inspection and are wanted no more: their instance was released, tried again, or its job deleted;
/// or its attempt was followed by another one. The server is asked, so that it does not matter which agent of this directory kept them, nor
/// what was missed meanwhile.
/// </summary>
internal sealed partial class KeptLoop(AgentOptions options, JoinResponse node, ServerClient client, WorkDirectory directory, TimeProvider time, ILogger log)
{
    /// <summary>Runs until cancelled.</summary>
    internal async Task RunAsync(CancellationToken session)
    {
        using var timer = new PeriodicTimer(options.KeptInterval, time);
        while (await timer.WaitForNextTickAsync(session))
        {
            foreach (var some in Kept().Chunk(options.KeptMaxAsked))
            {
                var answer = await client.KeptAsync(new(node.Epoch, some), session);
                foreach (var released in answer.Body?.Released ?? [])
                {
                    Release(released);
                }
            }
        }
    }

    private List<KeptAttempt> Kept()
    {
        try
        {
            return [.. directory.KeptAttempts()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A job's directory that went away in the middle: next time.
            Log.NotListed(log, e);
            return [];
        }
    }

    private void Release(KeptAttempt released)
    {
        try
        {
            directory.Release(released);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NotReleased(log, e, released.JobId, released.TaskId, released.Index, released.Attempt);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6034, LogLevel.Debug, "The directories that are kept for inspection cannot be listed; trying again later")]
        internal static partial void NotListed(ILogger logger, Exception e);

        [LoggerMessage(6033, LogLevel.Warning, "The directory {JobId}/{TaskId}.{Index}.{Attempt}, which was kept for inspection, cannot be removed; trying again later")]
        internal static partial void NotReleased(ILogger logger, Exception e, string jobId, long taskId, int index, int attempt);
    }
}
