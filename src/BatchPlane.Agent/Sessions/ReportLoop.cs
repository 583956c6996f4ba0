using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>
/// Tells the server what happened: one request at a time, and what happens meanwhile goes into the next. A request is repeated with
/// the same content until it is acknowledged, however long that takes.
/// </summary>
internal sealed class ReportLoop(AgentOptions options, JoinResponse node, ServerClient client, AttemptBook book, ReportQueue queue, ServerOrders orders, TimeProvider time)
{
    /// <summary>Runs until cancelled.</summary>
    internal async Task RunAsync(CancellationToken session)
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
            var response = await SendAsync(batch, session);
            Settle(batch, response);
        }
    }

    private async Task<ReportResponse> SendAsync(List<ReportItem> batch, CancellationToken session)
    {
        var retry = new Backoff(options.RetryPauseMax, time);
        while (true)
        {
            var answer = await client.ReportAsync(ReportQueue.ToRequest(batch, node.Epoch, time), session);
            switch (answer.Kind)
            {
                case AnswerKind.Ok:
                    return answer.Body!;
                case AnswerKind.Fenced:
                    orders.Fence(answer.Detail);
                    break;
                case AnswerKind.Unknown:
                case AnswerKind.Refused:
                case AnswerKind.Unavailable:
                    orders.ServerFailed("report", answer.Detail);
                    break;
            }

            await retry.PauseAsync(session);
        }
    }

    private void Settle(List<ReportItem> batch, ReportResponse response)
    {
        book.Acknowledged(batch.Where(item => item.Result is not null).Select(item => item.Attempt));
        foreach (var refused in response.Refused)
        {
            orders.Refused(refused);
            book.Refused(new AttemptKey(refused.TaskId, refused.Index, refused.Attempt));
        }
    }
}
