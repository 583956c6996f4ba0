using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>
/// Tells the server what happened: one request at a time, and what happens meanwhile goes into the next. A request is repeated with
/// the same content until it is acknowledged, however long that takes. What is late (see <see cref="ReportQueue"/>) goes beside that, one request at a time as well.
/// </summary>
internal sealed class ReportLoop(AgentOptions options, JoinResponse node, ServerClient client, ReportQueue queue, ServerOrders orders, TimeProvider time)
{
    /// <summary>Runs until cancelled.</summary>
    internal async Task RunAsync(CancellationToken session) => await await Task.WhenAny(TellAsync(session), TellLateAsync(session));

    private async Task TellAsync(CancellationToken session)
    {
        long? last = null;
        while (true)
        {
            if (last is { } sent && options.ReportInterval - time.GetElapsedTime(sent) is var early && early > TimeSpan.Zero)
            {
                await Task.Delay(early, time, session);
            }

            var batch = queue.Take(out var untilDue);
            if (batch.Count == 0)
            {
                await queue.Bell.WaitAsync(untilDue, session);
                continue;
            }

            last = time.GetTimestamp();
            await SendAsync(batch, session);
        }
    }

    // What the server has no storage for, apart from the rest, which does not wait for it.
    private async Task TellLateAsync(CancellationToken session)
    {
        var retry = new Backoff(options.RetryPauseMax, time);
        while (true)
        {
            var batch = queue.TakeLate();
            if (batch.Count == 0)
            {
                retry.Reset();
                await queue.LateBell.WaitAsync(Timeout.InfiniteTimeSpan, session);
                continue;
            }

            await SendAsync(batch, session);
            queue.ToldLate();
            if (queue.StorageFails)
            {
                await retry.PauseAsync(session);
            }
            else
            {
                retry.Reset();
            }
        }
    }

    private async Task SendAsync(List<ReportItem> batch, CancellationToken session)
    {
        var retry = new Backoff(options.RetryPauseMax, time);
        while (!orders.Hear(batch, await client.ReportAsync(ReportQueue.ToRequest(batch, node.Epoch, time), session)))
        {
            await retry.PauseAsync(session);
        }
    }
}
