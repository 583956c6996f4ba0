using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>Proves life at the pace the server asked for, and learns of grants that were lost on the way.</summary>
internal sealed class HeartbeatLoop(AgentOptions options, JoinResponse node, ServerClient client, AttemptBook book, ServerOrders orders, TimeProvider time)
{
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(Math.Max(1, node.HeartbeatSeconds));

    /// <summary>Runs until cancelled. The next heartbeat is due after the interval, or when one is wanted sooner.</summary>
    internal async Task RunAsync(CancellationToken session)
    {
        var retry = new Backoff(options.RetryPauseMax < _interval ? options.RetryPauseMax : _interval, time);
        while (true)
        {
            if (await BeatAsync(session))
            {
                retry.Reset();
                await orders.HeartbeatWanted.WaitAsync(_interval, session);
            }
            else
            {
                await retry.PauseAsync(session);
            }
        }
    }

    /// <summary>One heartbeat; true when the server answered it.</summary>
    internal async Task<bool> BeatAsync(CancellationToken session)
    {
        var (running, promised) = book.Load;
        var answer = await client.HeartbeatAsync(
            new HeartbeatRequest
            {
                Epoch = node.Epoch,
                Claims = book.ClaimIds(),
                Running = book.RunningCount,
                BusySlots = running.Slots,
                PromisedCpuMillis = promised.CpuMillis,
                PromisedMemoryMib = promised.MemoryMib,
                EndsPerSecond = book.EndsPerSecond,
                IdleSeconds = book.IdleSeconds,
                Load = HostFacts.Load(),
            },
            session);
        return orders.Hear(answer);
    }
}
