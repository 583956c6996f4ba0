using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>Proves life at the pace the server asked for, and learns of grants that were lost on the way.</summary>
/// <remarks>In a resumed epoch an earlier agent may have been granted what this one does not know.</remarks>
internal sealed class HeartbeatLoop(
    AgentOptions options, JoinResponse node, bool isResumed, ServerClient client, AttemptBook book, ServerOrders orders, WorkDirectory directory, TimeProvider time)
{
    private bool _asksForAll = isResumed;
    private volatile bool _toldOfKept;

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

    /// <summary>A directory is kept for inspection. The first one is told at once, as from then on the node is not to be taken away.</summary>
    internal void NoteKept()
    {
        if (!_toldOfKept)
        {
            _toldOfKept = true;
            orders.HeartbeatWanted.Ring();
        }
    }

    /// <summary>One heartbeat; true when the server answered it.</summary>
    internal async Task<bool> BeatAsync(CancellationToken session)
    {
        var (running, promised) = book.Load;
        var kept = directory.KeptCount();
        _toldOfKept = kept > 0;
        var disk = HostFacts.Disk(options.Directory);
        var answer = await client.HeartbeatAsync(
            new HeartbeatRequest
            {
                Epoch = node.Epoch,
                Claims = _asksForAll ? [] : book.ClaimIds(),
                Resumed = _asksForAll,
                Running = book.RunningCount,
                BusySlots = running.Slots,
                PromisedCpuMillis = promised.CpuMillis,
                PromisedMemoryMib = promised.MemoryMib,
                EndsPerSecond = book.EndsPerSecond,
                IdleSeconds = book.IdleSeconds,
                KeptAttempts = kept,
                Load = HostFacts.Load(),
                MemoryFreeMib = HostFacts.MemoryFreeMib(),
                DiskFreeMib = disk?.FreeMib,
                DiskTotalMib = disk?.TotalMib,
            },
            session);
        _asksForAll &= answer.Kind != AnswerKind.Ok;
        return orders.Hear(answer);
    }
}
