using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Sessions;

/// <summary>What the loops hear from the server, whichever of them hears it first.</summary>
internal sealed partial class ServerOrders(AttemptBook book, TimeProvider time, ILogger log)
{
    private readonly TaskCompletionSource _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _fenced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failing;
    private int _storageFails;

    /// <summary>Completes when the server wants the node to finish and leave.</summary>
    internal Task DrainAsked => _drain.Task;

    /// <summary>Completes when the epoch is over.</summary>
    internal Task Fenced => _fenced.Task;

    /// <summary>Rung when a heartbeat should not wait for its time.</summary>
    internal Bell HeartbeatWanted { get; } = new(time);

    /// <summary>Takes the answer to a heartbeat; false when there was none.</summary>
    internal bool Hear(Answer<HeartbeatResponse> answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Ok:
                Obey(answer.Body!.Claims, answer.Body.Terminations, answer.Body.Drain);
                ServerAnswered();
                return true;
            case AnswerKind.Fenced:
            case AnswerKind.Unknown:
                Fence(answer.Detail);
                return false;
            case AnswerKind.Refused:
            case AnswerKind.NoStorage:
            case AnswerKind.Unavailable:
                ServerFailed("heartbeat", answer.Detail);
                return false;
        }

        return false;
    }

    /// <summary>Takes the answer to a request for work; false when it failed. Work may have been granted all the same: the answer to a heartbeat tells.</summary>
    internal bool Hear(Answer<WorkResponse> answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Ok:
                Obey(answer.Body!.Claims, answer.Body.Terminations, answer.Body.Drain);
                return true;
            case AnswerKind.Fenced:
                Fence(answer.Detail);
                return false;
            case AnswerKind.Unknown:
            case AnswerKind.Refused:
            case AnswerKind.NoStorage:
            case AnswerKind.Unavailable:
                ServerFailed("work", answer.Detail);
                return false;
        }

        return false;
    }

    /// <summary>Takes the answer to a report of <paramref name="batch"/>; false when the same has to be told again.</summary>
    internal bool Hear(IReadOnlyList<ReportItem> batch, Answer<ReportResponse> answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Ok:
                Settle(batch, answer.Body!);
                return true;
            case AnswerKind.Fenced:
                Fence(answer.Detail);
                return false;
            case AnswerKind.Unknown:
            case AnswerKind.Refused:
            case AnswerKind.NoStorage:
            case AnswerKind.Unavailable:
                ServerFailed("report", answer.Detail);
                return false;
        }

        return false;
    }

    /// <summary>The epoch is over.</summary>
    internal void Fence(string detail)
    {
        if (_fenced.TrySetResult())
        {
            Log.Fenced(log, detail);
        }
    }

    // In this order: what is terminated is never started.
    private void Obey(IReadOnlyList<ClaimGrant> claims, TerminationOrders terminations, bool drain)
    {
        book.Terminate(terminations);
        if (claims.Count > 0)
        {
            book.Take(claims);
        }

        if (drain && _drain.TrySetResult())
        {
            Log.DrainAsked(log);
        }
    }

    // A heartbeat soon tells more.
    private void ServerFailed(string request, string detail)
    {
        if (Interlocked.Exchange(ref _failing, 1) == 0)
        {
            Log.ServerFailed(log, request, detail);
        }

        HeartbeatWanted.Ring();
    }

    private void ServerAnswered()
    {
        if (Interlocked.Exchange(ref _failing, 0) == 1)
        {
            Log.ServerBack(log);
        }
    }

    private void Settle(IReadOnlyList<ReportItem> batch, ReportResponse response)
    {
        foreach (var (attempt, _, news) in batch.Where(item => item is { Result: null, Progress: not null }))
        {
            attempt.RememberProgress(news!.Mark.ToBytes());
        }

        var unstored = SettleOutputs(batch, response);
        foreach (var (attempt, _, _) in batch.Where(item => item.Result is not null && !unstored.Contains(item.Attempt.Key)))
        {
            if (attempt.OutputLost is { } why)
            {
                Log.OutputLost(log, attempt.Key.TaskId, attempt.Key.Index, attempt.Key.Number, why);
            }
        }

        book.Acknowledged(batch.Where(item => item.Result is not null && !unstored.Contains(item.Attempt.Key)).Select(item => item.Attempt));
        foreach (var refused in response.Refused)
        {
            Log.AttemptRefused(log, refused.TaskId, refused.Index, refused.Attempt);
            book.Refused(new AttemptKey(refused.TaskId, refused.Index, refused.Attempt));
        }
    }

    /// <summary>Keeps what could not be stored for another time; returns which attempts those are.</summary>
    private HashSet<AttemptKey> SettleOutputs(IReadOnlyList<ReportItem> batch, ReportResponse response)
    {
        var unstored = response.Unstored.Select(attempt => new AttemptKey(attempt.TaskId, attempt.Index, attempt.Attempt)).ToHashSet();
        var stored = batch.Any(item => item.Result is { HasOutput: true } && !unstored.Contains(item.Attempt.Key));
        if (stored)
        {
            book.Stored();
            if (Interlocked.Exchange(ref _storageFails, 0) == 1)
            {
                Log.StorageBack(log);
            }
        }

        if (unstored.Count > 0)
        {
            var why = response.UnstoredBecause ?? AgentRoutes.OutputStorageCode;
            book.Unstored([.. batch.Where(item => item.Result is not null && unstored.Contains(item.Attempt.Key))], stored, why);
            if (!stored && Interlocked.Exchange(ref _storageFails, 1) == 0)
            {
                Log.StorageFails(log, why);
            }
        }

        return unstored;
    }

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

        [LoggerMessage(6015, LogLevel.Warning, "The server cannot store outputs ({Detail}); those that ended with output are told again")]
        internal static partial void StorageFails(ILogger logger, string detail);

        [LoggerMessage(6016, LogLevel.Information, "The server stores outputs again")]
        internal static partial void StorageBack(ILogger logger);

        [LoggerMessage(6017, LogLevel.Warning, "Output of attempt {Attempt} of instance {Index} of task {TaskId} is lost: {Detail}")]
        internal static partial void OutputLost(ILogger logger, long taskId, int index, int attempt, string detail);
    }
}
