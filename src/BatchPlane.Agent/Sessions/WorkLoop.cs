using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>Asks for work, one long poll at a time, whenever there is room for more than a few attempts.</summary>
internal sealed class WorkLoop(AgentOptions options, JoinResponse node, ServerClient client, AttemptBook book, ServerOrders orders, TimeProvider time)
{
    /// <summary>Room is looked at this often without a reason, since it grows as the rate of ends falls.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>A long poll that brings nothing in less than this is an answer to slow down for.</summary>
    private static readonly TimeSpan TooQuick = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest pause after such answers: work that comes meanwhile waits for it.</summary>
    private static readonly TimeSpan SlowDownMax = TimeSpan.FromSeconds(1);

    private readonly Backoff _retry = new(options.RetryPauseMax, time);
    private readonly Backoff _slowDown = new(options.RetryPauseMax < SlowDownMax ? options.RetryPauseMax : SlowDownMax, time);

    /// <summary>Runs until cancelled.</summary>
    internal async Task RunAsync(CancellationToken draining)
    {
        while (true)
        {
            var wanted = book.Wanted();
            if (wanted > 0)
            {
                await AskWithAllRoomAsync(wanted, draining);
                continue;
            }

            if (!await HasRoomSoonAsync(draining))
            {
                await ListenAsync(draining);
            }
        }
    }

    // What ends while a poll waits makes room that the server does not know of, and only an instance that needs much may be left to claim. So
    // another poll tells of it, to which the server sends the first one home: breaking that off could lose what it was just granted.
    private async Task AskWithAllRoomAsync(int wanted, CancellationToken draining)
    {
        var free = book.Free;
        var poll = AskAsync(wanted, draining);
        while (!poll.IsCompleted && !draining.IsCancellationRequested)
        {
            using var answered = CancellationTokenSource.CreateLinkedTokenSource(draining);
            var roomier = UntilRoomierAsync(wanted, free, answered.Token);
            if (await Task.WhenAny(poll, roomier) == roomier && !draining.IsCancellationRequested)
            {
                (wanted, free) = (book.Wanted(), book.Free);
                var next = AskAsync(wanted, draining);
                await poll;
                poll = next;
            }

            await answered.CancelAsync();
            await roomier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await poll;
    }

    private async Task UntilRoomierAsync(int wanted, ResourceAmounts free, CancellationToken answered)
    {
        var since = time.GetTimestamp();
        while (!IsRoomier(book.Wanted(), wanted, book.Free, free))
        {
            var isMore = book.Wanted() > wanted;
            var left = LookAgain - time.GetElapsedTime(since);
            if (isMore && left <= TimeSpan.Zero)
            {
                return;
            }

            await book.Room.WaitAsync(isMore ? left : Timeout.InfiniteTimeSpan, answered);
        }
    }

    // Twice the slots at least, so that a stream of ends makes few polls of it; or all there are. Less than that is told after a while.
    private bool IsRoomier(int wanted, int wantedBefore, ResourceAmounts free, ResourceAmounts freeBefore) =>
        wanted >= 2 * wantedBefore
        || wanted > wantedBefore && book.IsEmpty
        || wanted > 0 && (free.CpuMillis > freeBefore.CpuMillis || free.MemoryMib > freeBefore.MemoryMib);

    // Under load there is room again in a moment: too soon for a poll that would be broken off, and its connection with it.
    private async Task<bool> HasRoomSoonAsync(CancellationToken draining)
    {
        var since = time.GetTimestamp();
        while (book.Wanted() == 0)
        {
            var left = LookAgain - time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            await book.Room.WaitAsync(left, draining);
        }

        return true;
    }

    // Full for a while: a poll for no work brings the end of jobs at once instead of with the next heartbeat. Broken off as soon as there is
    // room; nothing is lost with it, as it grants nothing.
    private async Task ListenAsync(CancellationToken draining)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(draining);
        var poll = AskAsync(0, enough.Token);
        var room = UntilRoomAsync(enough.Token);
        await Task.WhenAny(poll, room);
        await enough.CancelAsync();
        await Task.WhenAll(poll, room).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        draining.ThrowIfCancellationRequested();
    }

    private async Task UntilRoomAsync(CancellationToken enough)
    {
        while (book.Wanted() == 0)
        {
            await book.Room.WaitAsync(LookAgain, enough);
        }
    }

    private async Task AskAsync(int capacity, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var free = book.Free;
        var answer = await client.WorkAsync(
            new WorkRequest
            {
                Epoch = node.Epoch,
                Capacity = capacity,
                FreeCpuMillis = free.CpuMillis,
                FreeMemoryMib = free.MemoryMib,
                WaitSeconds = options.WorkWaitSeconds,
            },
            cancellation);
        if (!orders.Hear(answer))
        {
            await _retry.PauseAsync(cancellation);
            return;
        }

        _retry.Reset();
        if (answer.Body!.Claims.Count == 0 && time.GetElapsedTime(asked) < TooQuick)
        {
            await _slowDown.PauseAsync(cancellation);
        }
        else
        {
            _slowDown.Reset();
        }
    }
}
