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

    /// <summary>Runs until cancelled.</summary>
    internal async Task RunAsync(CancellationToken draining)
    {
        var retry = new Backoff(options.RetryPauseMax, time);
        while (true)
        {
            var wanted = book.Wanted();
            if (wanted == 0)
            {
                await book.Room.WaitAsync(LookAgain, draining);
                continue;
            }

            var asked = time.GetTimestamp();
            var answer = await client.WorkAsync(
                new WorkRequest { Epoch = node.Epoch, Capacity = wanted, WaitSeconds = options.WorkWaitSeconds }, draining);
            if (!Obey(answer) || (answer.Body!.Claims.Count == 0 && time.GetElapsedTime(asked) < TooQuick))
            {
                await retry.PauseAsync(draining);
            }
            else
            {
                retry.Reset();
            }
        }
    }

    // False when the request failed. Work may have been granted all the same: the answer to a heartbeat tells.
    private bool Obey(Answer<WorkResponse> answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Ok:
                orders.Obey(answer.Body!.Claims, answer.Body.TerminatedJobs, answer.Body.Drain);
                return true;
            case AnswerKind.Fenced:
                orders.Fence(answer.Detail);
                return false;
            case AnswerKind.Unknown:
            case AnswerKind.Refused:
            case AnswerKind.Unavailable:
                orders.ServerFailed("work", answer.Detail);
                return false;
        }

        return false;
    }
}
